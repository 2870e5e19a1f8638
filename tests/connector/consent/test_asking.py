"""Where an administrator is sent, and what must be set for that."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from connector.consent.asking import consent_url, is_served, not_set_up
from connector.settings import Settings
from tests.support.consent import CLIENT, TENANT, environment


def test_the_page_is_the_tenants_and_asks_for_all_that_the_registration_lists() -> None:
    settings = Settings.load(environment())

    url = urlsplit(consent_url(settings, "https://graph.microsoft.com/.default", "a-state"))

    assert f"{url.scheme}://{url.netloc}{url.path}" == (f"https://login.microsoftonline.com/{TENANT}/v2.0/adminconsent")
    assert parse_qs(url.query, strict_parsing=True) == {
        "client_id": [CLIENT],
        "scope": ["https://graph.microsoft.com/.default"],
        "redirect_uri": ["https://contoso-entra.azurewebsites.net/api/connect/callback"],
        "state": ["a-state"],
    }


@pytest.mark.parametrize(
    ("cloud", "authority"),
    [("us_government", "https://login.microsoftonline.us/"), ("china", "https://login.partner.microsoftonline.cn/")],
)
def test_other_clouds_have_pages_of_their_own(cloud: str, authority: str) -> None:
    settings = Settings.load(environment(ENTRA_CLOUD=cloud))

    assert consent_url(settings, "s", "t").startswith(authority)


@pytest.mark.parametrize(
    ("tenant", "served"),
    [
        (None, True),
        (TENANT, True),
        (TENANT.upper(), True),
        ("1c5ff1d1-3d0f-4f0e-8a4e-6e5a7a4b7b10", False),
        ("contoso.com", False),
        ("common", False),
        ("", False),
    ],
)
def test_one_tenant_is_served(tenant: str | None, served: bool) -> None:
    assert is_served(tenant, Settings.load(environment())) is served


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, []),
        ({"CONNECT_STATE_KEY": ""}, ["CONNECT_STATE_KEY"]),
        (
            {"CONNECT_STATE_KEY": "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/k/)"},
            ["CONNECT_STATE_KEY"],
        ),
        ({"NOTIFICATION_URL": ""}, ["NOTIFICATION_URL"]),
        ({"NOTIFICATION_URL": "", "CONNECT_STATE_KEY": ""}, ["CONNECT_STATE_KEY", "NOTIFICATION_URL"]),
        ({"ENTRA_AUTH": "managed_identity"}, ["managed identity"]),
        (
            {"ENTRA_AUTH": "workload_identity", "ENTRA_CLIENT_ID": "", "AZURE_CLIENT_ID": CLIENT},
            ["ENTRA_CLIENT_ID"],
        ),
    ],
)
def test_what_is_not_set_is_named(changed: dict[str, str], named: list[str]) -> None:
    missing = not_set_up(Settings.load(environment(**changed)))

    assert len(missing) == len(named)
    assert all(name in sentence for name, sentence in zip(named, missing, strict=True))
