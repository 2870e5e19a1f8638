"""Storage and Key Vault are opened as the platform's identity, which is taken in a fixed order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connector.credentials import SignIn, platform_credential
from connector.credentials.errors import IdentitySilent, NobodySignedIn
from connector.credentials.tls import trust
from connector.graph.tokens import told_by
from connector.settings import Auth, Settings
from emulators.graph import GraphEmulator
from emulators.graph.external_issuer import ExternalIssuer
from tests.connector.credentials.conftest import Load, new_identity

VAULTS = "https://vault.azure.net/.default"
CLIENT = "8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11"


def using(settings: Settings, work: Callable[[SignIn], Any]) -> Any:
    async def run() -> Any:
        async with platform_credential(settings, trust(settings.ca_file)) as credential:
            return await work(credential)

    return asyncio.run(run())


async def told(credential: SignIn) -> Auth:
    return credential.auth


@pytest.mark.parametrize(
    ("environ", "given", "chosen"),
    [
        ({}, {"AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_CLIENT_ID": CLIENT}, Auth.WORKLOAD_IDENTITY),
        ({"IDENTITY_ENDPOINT": "http://127.0.0.1:9"}, {}, Auth.MANAGED_IDENTITY),
        ({}, {"AZURE_CLIENT_ID": CLIENT}, Auth.MANAGED_IDENTITY),
        ({}, {"ENTRA_AUTH": "managed_identity"}, Auth.MANAGED_IDENTITY),
        ({}, {"AZURE_FEDERATED_TOKEN_FILE": "/t"}, Auth.AUTO),
        ({}, {}, Auth.AUTO),
    ],
)
def test_the_order(
    load: Load, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], given: dict[str, str], chosen: Auth
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert using(load({"ENTRA_CLIENT_SECRET": "x", "ENTRA_AUTH": "client_secret"}, **given), told) is chosen


def test_a_workload_identity_of_another_application_than_the_connector(
    graph: GraphEmulator, load: Load, tmp_path: Path
) -> None:
    """In Kubernetes, the identity that opens storage need not be the app registration that reads Graph."""
    issuer, subject = ExternalIssuer(), "system:serviceaccount:access:worker"
    identity = new_identity(graph)
    client_id = graph.tenant.managed_identity(identity).client_id
    graph.tenant.set_issuer_keys(issuer.url, issuer.key_set())
    graph.tenant.add_federated_credential(issuer.url, subject, app_id=client_id)
    path = tmp_path / "token"
    path.write_text(issuer.token(subject), encoding="ascii")
    settings = load(
        AZURE_FEDERATED_TOKEN_FILE=str(path),
        AZURE_CLIENT_ID=client_id,
        AZURE_TENANT_ID=graph.tenant.id,
        ENTRA_TENANT_ID=CLIENT,
        ENTRA_CLIENT_SECRET="of another tenant",
    )

    token = using(settings, lambda credential: credential.get_token(VAULTS))

    assert told_by(token.token).object_id == identity


def test_where_nobody_is_signed_in_it_says_what_to_do(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no tools of developers
    settings = load(ENTRA_CLIENT_SECRET="x")

    with pytest.raises(NobodySignedIn, match="az login"):
        using(settings, lambda credential: credential.get_token(VAULTS))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_endpoint_of_identities_that_is_out_of_order_is_not_a_missing_identity(
    load: Load, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """What has begun goes on later."""

    async def run() -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.json_response({"message": "busy"}, status=status)

        app = web.Application()
        app.router.add_get("/token", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        settings = load(ENTRA_AUTH="managed_identity")
        monkeypatch.setattr(asyncio, "sleep", no_wait)
        async with platform_credential(settings, trust(settings.ca_file)) as credential:
            with pytest.raises(IdentitySilent, match=str(status)):
                await credential.get_token(VAULTS)
        await runner.cleanup()

    waited = asyncio.sleep

    async def no_wait(_: float) -> None:
        await waited(0)

    asyncio.run(run())
