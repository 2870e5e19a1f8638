"""A secret or certificate is replaced while a connection to Graph is open, and nothing has to be restarted."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from connector.graph.errors import SignInFailed, SignInUnavailable
from connector.graph.session import GraphSession
from connector.settings import Settings
from emulators.graph import Fault, GraphEmulator
from emulators.keyvault import KeyVaultEmulator
from tests.connector.credentials.conftest import Load
from tests.support.certificates import Made

NAME = "entra-secret"


def connected(settings: Settings, work: Callable[[GraphSession], Awaitable[None]]) -> None:
    """Do ``work`` while one connection is open, which has asked Graph before."""

    async def run() -> None:
        async with GraphSession(settings) as session:
            await ask(session)
            await work(session)

    asyncio.run(run())


async def ask(session: GraphSession) -> None:
    await session.get(f"{session.base_url}/users?$top=1")


def revoke_tokens(graph: GraphEmulator) -> None:
    """Let Graph refuse the next token, as it does those that were revoked."""
    graph.fail(Fault(path="/v1.0/users", status=401, code="InvalidAuthenticationToken"))


def secret(graph: GraphEmulator, value: str) -> str:
    """Id of a client secret that works from now on."""
    return graph.tenant.add_client_secret(value)


def test_a_secret_is_replaced_and_the_old_one_removed(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    old = secret(graph, "old-secret")
    vault.vault.set_secret(NAME, "old-secret")

    async def work(session: GraphSession) -> None:
        secret(graph, "new-secret")
        vault.vault.set_secret(NAME, "new-secret")
        graph.tenant.remove_credential(old)
        revoke_tokens(graph)
        await ask(session)

    connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)
    assert vault.counted()["SecretGet"] == 2


def test_a_secret_that_is_refused_is_read_anew_at_once(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    """It was read a moment ago, and replaced since."""
    old = secret(graph, "old-1")
    vault.vault.set_secret(NAME, "old-1")

    async def work(session: GraphSession) -> None:
        graph.tenant.remove_credential(old)
        secret(graph, "new-1")
        vault.vault.set_secret(NAME, "new-1")
        claims = '{"access_token": {"nbf": {"essential": true}}}'  # what continuous access evaluation asks for
        await session.connection.credential.get_token("https://graph.microsoft.com/.default", claims=claims)

    connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)
    assert vault.counted()["SecretGet"] == 2


def test_a_certificate_is_replaced(graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load) -> None:
    old, new = Made(11), Made(12, ends=timedelta(days=365))
    number = graph.tenant.add_certificate(old.public.decode())
    vault.vault.import_certificate("connector", old.pem().decode())

    async def work(session: GraphSession) -> None:
        graph.tenant.add_certificate(new.public.decode())
        vault.vault.import_certificate("connector", new.base64())
        graph.tenant.remove_credential(number)
        revoke_tokens(graph)
        await ask(session)
        assert session.connection.credential.expires_at == new.certificate.not_valid_after_utc

    connected(in_vault(ENTRA_CERTIFICATE_NAME="connector"), work)


def test_a_new_secret_that_entra_does_not_know_yet_waits_while_the_old_one_works(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load, caplog: pytest.LogCaptureFixture
) -> None:
    secret(graph, "old-2")
    vault.vault.set_secret(NAME, "old-2")

    async def work(session: GraphSession) -> None:
        vault.vault.set_secret(NAME, "new-2")
        revoke_tokens(graph)
        await ask(session)
        secret(graph, "new-2")  # a few minutes later it is known everywhere
        revoke_tokens(graph)
        await ask(session)

    with caplog.at_level(logging.INFO, logger="connector.credentials"):
        connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)

    events = [json.loads(record.message)["event"] for record in caplog.records if record.name.startswith("connector")]
    assert events.count("credential_kept") == 1
    assert "old-2" not in caplog.text
    assert "new-2" not in caplog.text


def test_whoever_begins_while_a_new_secret_is_not_known_yet_signs_in_with_the_one_before(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    """Azure starts processes at any time."""
    secret(graph, "old-5")
    vault.vault.set_secret(NAME, "old-5")
    vault.vault.set_secret(NAME, "new-5")

    async def work(session: GraphSession) -> None:
        secret(graph, "new-5")
        revoke_tokens(graph)
        await ask(session)

    connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)


def test_where_neither_is_taken_it_is_told_of_the_newest(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    vault.vault.set_secret(NAME, "never-known")
    graph.tenant.add_client_secret("over-by-now", ends_at="2020-01-01T00:00:00Z")
    vault.vault.set_secret(NAME, "over-by-now")

    with pytest.raises(SignInFailed, match="AADSTS7000222"):
        connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), ask)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["down", "forbidden", "deleted"])
def test_while_the_vault_hands_nothing_over_what_was_read_before_goes_on_working(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load, identity: str, how: str
) -> None:
    vault.vault.set_secret(NAME, graph.client_secret)

    async def work(session: GraphSession) -> None:
        match how:
            case "down":
                vault.stop()
            case "forbidden":
                vault.revoke(identity)
            case "deleted":
                vault.vault.delete(NAME)
        for _ in range(2):
            revoke_tokens(graph)
            await ask(session)

    connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)


@pytest.mark.usefixtures("impatient")
def test_while_the_vault_is_down_nobody_begins_and_after_that_everybody_does(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    vault.vault.set_secret(NAME, graph.client_secret)
    settings = in_vault(ENTRA_CLIENT_SECRET_NAME=NAME)
    vault.stop()

    async def nothing(session: GraphSession) -> None:
        pass

    with pytest.raises(SignInUnavailable, match=r"Key Vault localhost:\d+ cannot be reached") as failed:
        connected(settings, nothing)
    assert "KEY_VAULT" in failed.value.advice

    vault.start()
    connected(settings, nothing)


def test_a_secret_that_is_wrong_in_the_vault_as_well_is_told_as_such(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    number = secret(graph, "old-3")
    vault.vault.set_secret(NAME, "old-3")

    async def work(session: GraphSession) -> None:
        graph.tenant.remove_credential(number)
        revoke_tokens(graph)
        with pytest.raises(SignInFailed) as failed:
            await ask(session)
        assert failed.value.code == 7000215
        assert f"{NAME} in Key Vault localhost" in failed.value.advice
        assert "old-3" not in str(failed.value) + failed.value.advice
        secret(graph, "new-3")
        vault.vault.set_secret(NAME, "new-3")
        revoke_tokens(graph)
        await ask(session)

    connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)


def test_requests_that_are_refused_together_read_the_vault_once(
    graph: GraphEmulator, vault: KeyVaultEmulator, in_vault: Load
) -> None:
    vault.vault.set_secret(NAME, graph.client_secret)

    async def work(session: GraphSession) -> None:
        vault.forget_counts()
        refused = session.token_number
        await asyncio.gather(*(session.renew_token(refused) for _ in range(8)))
        await ask(session)

    connected(in_vault(ENTRA_CLIENT_SECRET_NAME=NAME), work)
    assert vault.counted()["SecretGet"] == 1
