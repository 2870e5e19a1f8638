"""Secrets and certificates come from Key Vault, and each way in which it refuses has a sentence and a remedy of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.credentials.errors import (
    CertificateWithoutKey,
    CredentialProblem,
    KeyVaultClosed,
    KeyVaultForbidden,
    KeyVaultUnreachable,
    SecretDisabled,
    SecretEmpty,
    SecretMissing,
)
from connector.settings import Settings
from emulators.graph import Fault, GraphEmulator
from emulators.keyvault import KeyVaultEmulator, Network
from emulators.keyvault.vault import Attributes
from tests.connector.credentials.conftest import Load, new_identity
from tests.connector.credentials.test_signing_in import problem_of, reads, sign_in
from tests.support.certificates import Made

NAME = "entra-secret"
PLAIN = "what-was-the-old-secret"


def seconds(**ahead: float) -> int:
    return int((datetime.now(UTC) + timedelta(**ahead)).timestamp())


def secret_of(settings: Settings) -> bytes:
    """What the vault hands over."""
    from connector.credentials.sources import open_source
    from connector.credentials.tls import trust

    async def run() -> bytes:
        source = open_source(settings, trust(settings.ca_file))
        try:
            return (await source.read()).data
        finally:
            await source.close()

    return asyncio.run(run())


def test_a_client_secret_of_the_vault(graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load) -> None:
    ends = seconds(days=100)
    vault.vault.set_secret(NAME, graph.client_secret, attributes=Attributes(exp=ends))

    credential, token = sign_in(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME))

    assert reads(graph, token)
    assert credential.expires_at == datetime.fromtimestamp(ends, UTC)
    assert credential.described == f"client secret from {NAME} in Key Vault {vault.url.removeprefix('https://')}"
    assert vault.counted() == {"Authentication": 1, "SecretGet": 1}


@pytest.mark.parametrize("form", ["pem", "pfx"])
def test_a_certificate_of_the_vault(graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load, form: str) -> None:
    made = Made(1)
    graph.tenant.add_certificate(made.public.decode())
    content, password = (
        (made.pem().decode(), None) if form == "pem" else (made.base64("correct horse"), "correct horse")
    )
    vault.vault.import_certificate("connector", content, password=password)

    credential, token = sign_in(in_vault(ENTRA_CERTIFICATE_NAME="connector"))

    assert reads(graph, token)
    assert credential.expires_at == made.certificate.not_valid_after_utc


def test_a_certificate_that_was_uploaded_as_a_secret_with_its_password(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    made = Made(1)
    graph.tenant.add_certificate(made.public.decode())
    vault.vault.set_secret("connector", made.base64("correct horse"))

    given = in_vault(ENTRA_CERTIFICATE_NAME="connector", ENTRA_CERTIFICATE_PASSWORD="correct horse")

    assert reads(graph, sign_in(given)[1])


def test_the_cloud_s_own_name_of_a_vault_is_checked_against_its_challenge(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    vault.vault.set_secret(NAME, graph.client_secret)
    with vault.public_name() as url:
        settings = in_vault(ENTRA_CLIENT_SECRET_NAME=NAME, KEY_VAULT="contoso-kv")
        assert settings.key_vault_url == url

        assert reads(graph, sign_in(settings)[1])


# --- versions


def test_the_newest_version_that_is_enabled_and_in_force_counts(vault: KeyVaultEmulator, in_vault: Load) -> None:
    settings = in_vault(ENTRA_CLIENT_SECRET_NAME=NAME)
    vault.vault.set_secret(NAME, "first")
    vault.vault.set_secret(NAME, "second")
    assert secret_of(settings) == b"second"

    vault.vault.set_secret(NAME, "third", attributes=Attributes(enabled=False))
    assert secret_of(settings) in (b"first", b"second")  # both were made in the same second

    vault.vault.update(NAME, attributes=Attributes(enabled=True, nbf=seconds(days=1)))
    assert secret_of(settings) in (b"first", b"second")

    vault.vault.update(NAME, attributes=Attributes(nbf=seconds(days=-1)))
    assert secret_of(settings) == b"third"


# --- refusals


def problem(vault: KeyVaultEmulator, settings: Settings) -> CredentialProblem:
    found = problem_of(settings)
    told = str(found)
    assert vault.url.removeprefix("https://") in found.sentence
    assert "correlation" not in told.lower()
    assert PLAIN not in told
    return found


def test_a_vault_that_refuses(graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load, identity: str) -> None:
    vault.vault.set_secret(NAME, graph.client_secret)
    settings = in_vault(ENTRA_CLIENT_SECRET_NAME=NAME)
    vault.revoke(identity)

    found = problem(vault, settings)

    assert isinstance(found, KeyVaultForbidden)
    assert found.code == "ForbiddenByRbac"
    assert "Key Vault Secrets User" in found.advice
    assert "to the system-assigned managed identity (ForbiddenByRbac)" in found.sentence


@pytest.mark.parametrize(
    ("network", "words"), [(Network.FIREWALL, "firewall does not let"), (Network.PRIVATE, "private connections only")]
)
def test_a_vault_that_is_closed_to_this_network(
    vault: KeyVaultEmulator, in_vault: Load, network: Network, words: str
) -> None:
    vault.vault.set_secret(NAME, PLAIN)
    vault.network = network

    found = problem(vault, in_vault(ENTRA_CLIENT_SECRET_NAME=NAME))

    assert isinstance(found, KeyVaultForbidden)
    assert words in found.advice


def test_a_vault_of_another_tenant(vault: KeyVaultEmulator, in_vault: Load) -> None:
    vault.vault.set_secret(NAME, PLAIN)
    body = {"error": {"code": "Unauthorized", "message": "AKV10032: Invalid issuer. Expected one of https://sts…"}}
    vault.fail(Fault(path="/secrets", status=401, body=body, times=9, skip=1))

    found = problem(vault, in_vault(ENTRA_CLIENT_SECRET_NAME=NAME))

    assert isinstance(found, KeyVaultForbidden)
    assert "another tenant" in found.advice


def test_a_secret_that_is_not_there_or_was_deleted(vault: KeyVaultEmulator, in_vault: Load) -> None:
    vault.vault.set_secret(NAME, PLAIN)
    vault.vault.delete(NAME)

    for name in ("entra-secrt", NAME):
        found = problem(vault, in_vault(ENTRA_CLIENT_SECRET_NAME=name))

        assert isinstance(found, SecretMissing)
        assert name in found.sentence
        assert "Check ENTRA_CLIENT_SECRET_NAME" in found.advice
        assert "recover it" in found.advice


def test_a_secret_of_which_no_version_is_enabled(vault: KeyVaultEmulator, in_vault: Load) -> None:
    vault.vault.set_secret(NAME, PLAIN, attributes=Attributes(enabled=False))

    found = problem(vault, in_vault(ENTRA_CLIENT_SECRET_NAME=NAME))

    assert isinstance(found, SecretDisabled)
    assert "Enable the newest version" in found.advice


def test_a_secret_that_is_empty(vault: KeyVaultEmulator, in_vault: Load) -> None:
    vault.vault.set_secret(NAME, "")

    assert isinstance(problem(vault, in_vault(ENTRA_CLIENT_SECRET_NAME=NAME)), SecretEmpty)


def test_a_certificate_whose_key_stays_in_the_vault(vault: KeyVaultEmulator, in_vault: Load) -> None:
    vault.vault.set_secret("connector", Made(1).public.decode())

    found = problem(vault, in_vault(ENTRA_CERTIFICATE_NAME="connector"))

    assert isinstance(found, CertificateWithoutKey)
    assert "exported" in found.advice


@pytest.mark.usefixtures("impatient")
def test_a_vault_that_cannot_be_reached(vault: KeyVaultEmulator, in_vault: Load) -> None:
    settings = in_vault(ENTRA_CLIENT_SECRET_NAME=NAME)
    vault.stop()

    found = problem(vault, settings)

    assert isinstance(found, KeyVaultUnreachable)
    assert found.transient


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("times", "reached"), [(2, True), (9, False)])
def test_a_vault_that_is_busy_for_a_moment_is_asked_again(
    vault: KeyVaultEmulator, in_vault: Load, times: int, reached: bool
) -> None:
    vault.vault.set_secret(NAME, PLAIN)
    settings = in_vault(ENTRA_CLIENT_SECRET_NAME=NAME)
    vault.fail(Fault(path="/secrets", status=503, times=times, skip=1))

    if reached:
        assert secret_of(settings) == PLAIN.encode()
    else:
        assert isinstance(problem(vault, settings), KeyVaultUnreachable)


def test_an_app_without_an_identity(
    graph: GraphEmulator, vault: KeyVaultEmulator, app: Callable[..., Any], load: Load
) -> None:
    app(new_identity(graph))  # not system-assigned, and AZURE_CLIENT_ID names none

    found = problem_of(load(vault.environment(), ENTRA_CLIENT_SECRET_NAME=NAME))

    assert isinstance(found, KeyVaultClosed)
    assert not found.transient
    assert "check AZURE_CLIENT_ID" in found.advice
