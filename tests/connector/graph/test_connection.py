"""One connection signs in for all who use it, as whoever it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest
from aiohttp import web

from connector.credentials import SignIn, open_credential, signing_in, transport
from connector.graph.connection import GraphConnection, SharedConnection
from connector.graph.errors import SignInFailed, SignInUnavailable
from connector.settings import Settings


async def empty(_: web.Request) -> web.Response:
    return web.json_response({"value": []})


def test_it_signs_in_as_whoever_it_is_opened_with(cloud) -> None:
    """An administrator, where the connector is set up in a tenant."""

    async def run() -> None:
        opened: list[SignIn] = []

        def opening(settings: Settings, trusted: ssl.SSLContext) -> SignIn:
            opened.append(open_credential(settings, trusted))
            return opened[-1]

        async with cloud(empty) as it, GraphConnection(it.settings, opening=opening) as connection:
            assert connection.credential is opened[0]

    asyncio.run(run())


def busy() -> web.Response:
    words = "AADSTS90033: A transient error has occurred. Please try again.\r\nTrace ID: 1"
    return web.json_response({"error": "temporarily_unavailable", "error_description": words}, status=400)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (busy, "AADSTS90033"),
        (lambda: web.Response(status=502), "status 502"),
        (lambda: web.json_response({"error": "throttled"}, status=429), "status 429"),
        (
            lambda: web.Response(text="<html>Please sign in to the guest network</html>", content_type="text/html"),
            "does not speak",
        ),
        (lambda: web.Response(text="<html>Blocked</html>", status=403, content_type="text/html"), "does not speak"),
        (lambda: web.json_response({"expires_in": 3599}), "does not speak"),
        (lambda: web.json_response({"access_token": "a", "expires_in": "soon"}), "does not speak"),
    ],
)
def test_a_sign_in_endpoint_that_is_out_of_order_refuses_nobody(
    cloud, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], web.Response], words: str
) -> None:
    """What has begun goes on later, and nobody is told to look for a wrong secret."""
    monkeypatch.setitem(transport.RETRIES, "retry_backoff_factor", 0)

    async def run() -> None:
        async with cloud(empty) as it:
            it.sign_in = answer
            with pytest.raises(SignInUnavailable, match=words):
                await GraphConnection(it.settings).__aenter__()

    asyncio.run(run())


def refused() -> web.Response:
    words = "AADSTS7000222: The provided client secret keys for app are expired.\r\nTrace ID: 1"
    return web.json_response({"error": "invalid_client", "error_description": words}, status=401)


def test_those_who_are_refused_together_ask_once(cloud) -> None:
    """Microsoft Entra ID locks out applications that go on asking for what it refuses."""

    async def run() -> None:
        async with cloud(empty) as it, GraphConnection(it.settings) as connection:
            it.sign_in = refused
            before, number = it.tokens, connection.token_number
            outcomes = await asyncio.gather(
                *(connection.renew_token(number) for _ in range(20)), return_exceptions=True
            )
            assert [type(one) for one in outcomes] == [SignInFailed] * 20
            assert it.tokens - before == 1

            shared = SharedConnection()
            openings = await asyncio.gather(*(shared.open(it.settings) for _ in range(20)), return_exceptions=True)
            assert [type(one) for one in openings] == [SignInFailed] * 20
            assert it.tokens - before == 2

    asyncio.run(run())


def test_an_endpoint_that_wants_to_be_left_alone_for_long_is_not_waited_for(
    cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_in, "_PATIENCE", 0.2)

    async def run() -> None:
        async with cloud(empty) as it:
            it.sign_in = lambda: web.json_response({"error": "throttled"}, status=429, headers={"Retry-After": "3600"})
            with pytest.raises(SignInUnavailable, match="in time"):
                await GraphConnection(it.settings).__aenter__()

    asyncio.run(run())
