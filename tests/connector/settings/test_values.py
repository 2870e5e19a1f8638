"""What is set is checked, and what was put into the wrong setting is not shown."""

from __future__ import annotations

import pytest

from connector.settings import Auth, Settings, SettingsError

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
LIKE_A_SECRET = "abc8Q~" + "x" * 34
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----"
PKCS12 = "MII" + "A" * 3_000
REFERENCE = "@Microsoft.KeyVault(SecretUri=https://contoso.vault.azure.net/secrets/entra)"


def load(**given: str) -> Settings:
    base = {"ENTRA_TENANT_ID": TENANT, "ENTRA_CLIENT_ID": TENANT, "AzureWebJobsStorage__accountName": "contoso"}
    return Settings.load(base | given)


def problems(**given: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(**given)
    return raised.value.problems


@pytest.mark.parametrize(
    ("setting", "value", "hidden"),
    [
        ("ENTRA_CLIENT_SECRET_NAME", LIKE_A_SECRET, LIKE_A_SECRET),
        ("ENTRA_CLIENT_ID", LIKE_A_SECRET, LIKE_A_SECRET),
        ("ENTRA_CERTIFICATE_FILE", PEM, "MIIEvQ"),
        ("ENTRA_CERTIFICATE_FILE", PKCS12, "AAAA"),
        ("ENTRA_CERTIFICATE_NAME", PEM, "MIIEvQ"),
        ("AzureWebJobsStorage__blobServiceUri", "https://contoso.blob.core.windows.net/?sig=abc", "sig=abc"),
        ("GRAPH_ENDPOINT", "https://anna:c2VjcmV0@graph.microsoft.com", "c2VjcmV0"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(setting: str, value: str, hidden: str) -> None:
    told = "\n".join(problems(**({"ENTRA_CLIENT_SECRET": "x"} | {setting: value})))

    assert f"{setting} must be" in told
    assert hidden not in told


@pytest.mark.parametrize("setting", ["ENTRA_CLIENT_SECRET", "ENTRA_CERTIFICATE", "AzureWebJobsStorage"])
def test_a_reference_that_the_platform_could_not_follow_is_no_secret(setting: str) -> None:
    signs_in = {"ENTRA_CERTIFICATE_FILE": "/c.pem"} if setting == "AzureWebJobsStorage" else {}

    [problem] = problems(**signs_in, **{setting: REFERENCE})

    assert problem.startswith(f"{setting} is a Key Vault reference")
    assert "Key Vault Secrets User" in problem


def test_a_credential_that_is_wrong_is_not_told_as_missing_as_well() -> None:
    [problem] = problems(ENTRA_CLIENT_SECRET_NAME="entra/secret", KEY_VAULT="contoso")

    assert problem.startswith("ENTRA_CLIENT_SECRET_NAME must be")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("contoso", "https://contoso.vault.azure.net"),
        ("Contoso-KV", "https://contoso-kv.vault.azure.net"),
        ("https://contoso.vault.azure.net/", "https://contoso.vault.azure.net"),
        ("contoso.vault.azure.net", "https://contoso.vault.azure.net"),
    ],
)
def test_a_vault_has_a_name_or_an_address(value: str, address: str) -> None:
    assert load(KEY_VAULT=value, ENTRA_CLIENT_SECRET_NAME="entra").key_vault_url == address


@pytest.mark.parametrize(
    "value",
    [
        "https://contoso.vault.azure.net/secrets/entra",
        "http://contoso.vault.azure.net",
        "https://anna:secret@contoso.vault.azure.net",
        "a--b",
        "kv",
    ],
)
def test_what_is_no_vault(value: str) -> None:
    [problem] = problems(KEY_VAULT=value, ENTRA_CLIENT_SECRET_NAME="entra")

    assert problem.startswith("KEY_VAULT must be the name of a Key Vault, or its address")


def test_empty_settings_are_not_set() -> None:
    assert load(ENTRA_CLIENT_SECRET=" ", ENTRA_CERTIFICATE_FILE="", IDENTITY_ENDPOINT="http://x").auth is (
        Auth.MANAGED_IDENTITY
    )
