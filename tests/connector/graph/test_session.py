"""What a session does with every kind of answer, and with none."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from connector.graph.errors import (
    GraphUnreachable,
    PremiumLicenseRequired,
    RequestRefused,
    SignInFailed,
    SyncStateLost,
    Throttled,
    UnexpectedAnswer,
)
from connector.graph.retry import MOST_ATTEMPTS
from connector.graph.session import GraphSession
from connector.settings import Settings, SettingsError

Graph = Callable[[web.Request], Awaitable[web.Response]]
SECRET = "the-secret-that-nobody-may-see"


class Waits(list[float]):
    """Stands in for the clock: notes how long would have been waited."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def scripted(*answers: Any) -> Graph:
    """Answers in turn; the last one for ever."""
    left = list(answers)

    async def graph(request: web.Request) -> web.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        return answer(request) if callable(answer) else web.json_response({"value": []}, headers=answer or {})

    return graph


def refused(
    status: int, code: str = "Some_Code", headers: dict[str, str] | None = None, **inner: Any
) -> Callable[[web.Request], web.Response]:
    body = {"error": {"code": code, "message": "Because.", "innerError": inner}}
    return lambda _: web.json_response(body, status=status, headers=headers)


def vanish(request: web.Request) -> web.Response:
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.abort()
    return web.Response()


def ask(cloud: Any, graph: Graph, path: str = "/users", *, deadline: float | None = None, **options: Any) -> Any:
    """One GET; returns its outcome, the session, the cloud and the waits."""
    waits = Waits()

    async def run() -> Any:
        outcome: Any
        async with cloud(graph, **options) as it, GraphSession(it.settings, deadline=deadline, sleep=waits) as session:
            try:
                outcome = await session.get(f"{it.base}{path}")
            except Exception as error:
                outcome = error
            return outcome, session, it, waits

    return asyncio.run(run())


def test_an_answer_comes_back_as_it_was_sent_and_is_counted(cloud):
    reply, session, it, _ = ask(cloud, scripted({"x-ms-resource-unit": "3"}), "/users?$top=5")
    assert json.loads(reply.body) == {"value": []}
    assert it.asked == ["/users?$top=5"]
    stats = session.stats
    assert (stats.requests, stats.resource_units, stats.throttled) == (1, 3, 0)
    assert stats.bytes_received == len(reply.body)


def test_retry_after_is_obeyed_to_the_second(cloud):
    _, session, it, waits = ask(cloud, scripted(refused(429, headers={"Retry-After": "17"}), None))
    assert waits == [17]
    assert len(it.asked) == 2
    assert session.stats.throttled == 1


def test_without_retry_after_the_waits_grow_and_differ(cloud):
    reply, _, _, waits = ask(cloud, scripted(*[refused(429)] * 4, None))
    assert reply.status == 200
    assert len(set(waits)) == 4
    assert all(0.25 * 2**attempt <= wait <= 0.5 * 2**attempt for attempt, wait in enumerate(waits, 1))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_for_a_moment_is_asked_again(cloud, status):
    reply, *_ = ask(cloud, scripted(refused(status), None))
    assert reply.status == 200


def test_a_lost_connection_is_tried_again(cloud):
    reply, _, it, waits = ask(cloud, scripted(vanish, None))
    assert reply.status == 200
    assert len(waits) == 1
    assert len(set(it.request_ids)) == 2


def test_a_server_that_never_answers_is_unreachable(cloud):
    error, session, it, _ = ask(cloud, scripted(vanish))
    assert isinstance(error, GraphUnreachable)
    assert len(it.asked) == session.stats.requests == MOST_ATTEMPTS


def test_a_wait_beyond_the_deadline_is_left_to_the_next_step(cloud):
    error, _, it, waits = ask(
        cloud, scripted(refused(429, headers={"Retry-After": "30"})), deadline=time.monotonic() + 20
    )
    assert isinstance(error, Throttled)
    assert error.retry_after == 30
    assert waits == []
    assert len(it.asked) == 1


def test_a_refusal_says_what_was_refused_and_which_permission_helps(cloud):
    error, _, it, _ = ask(
        cloud, scripted(refused(403, "Authorization_RequestDenied", None, **{"request-id": "r-1"})), "/groups?$top=1"
    )
    assert isinstance(error, RequestRefused)
    assert (error.status, error.code, error.request_id, error.path) == (
        403,
        "Authorization_RequestDenied",
        "r-1",
        "/groups",
    )
    assert error.permission == "Group.Read.All"
    assert "Group.Read.All" in error.advice
    assert len(it.asked) == 1


def test_not_found_is_told_apart(cloud):
    error, *_ = ask(cloud, scripted(refused(404, "Request_ResourceNotFound")))
    assert error.not_found
    assert not error.forbidden


@pytest.mark.parametrize("code", ["AadPremiumLicenseRequired", "Authentication_RequestFromNonPremiumTenantOrB2CTenant"])
def test_a_missing_license_is_no_missing_permission(cloud, code):
    error, *_ = ask(cloud, scripted(refused(403, code)))
    assert isinstance(error, PremiumLicenseRequired)


@pytest.mark.parametrize(
    ("status", "code"),
    [(410, ""), (400, "syncStateNotFound"), (400, "SyncStateNotFound"), (400, "Directory_ExpiredPageToken")],
)
def test_a_lost_sync_state_is_told_apart_whatever_its_spelling(cloud, status, code):
    error, *_ = ask(cloud, scripted(refused(status, code, {"Location": "/users/delta?$deltatoken="})))
    assert isinstance(error, SyncStateLost)
    assert error.location == "/users/delta?$deltatoken="


def test_an_answer_that_is_html_is_still_a_refusal_with_its_status(cloud):
    error, *_ = ask(cloud, scripted(lambda _: web.Response(status=403, text="<html>", content_type="text/html")))
    assert isinstance(error, RequestRefused)
    assert (error.status, error.code, error.message) == (403, "", "")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/v1.0/users", "https://127.0.0.1:1/v1.0/users", "/users"])
def test_the_token_goes_nowhere_else(cloud, elsewhere):
    async def run() -> Any:
        async with cloud(scripted(None)) as it, GraphSession(it.settings) as session:
            with pytest.raises(UnexpectedAnswer):
                await session.get(elsewhere)
            with pytest.raises(UnexpectedAnswer):
                await session.get(f"{it.base}.evil.example/users")
            assert it.asked == []

    asyncio.run(run())


def test_one_token_serves_a_whole_session(cloud):
    async def run() -> Any:
        async with cloud(scripted(None)) as it, GraphSession(it.settings) as session:
            await asyncio.gather(*(session.get(f"{it.base}/users") for _ in range(5)))
            assert it.tokens == 1
            assert session.stats.requests == len(set(it.request_ids)) == 5

    asyncio.run(run())


def oauth_error(code: int, text: str, error: str = "invalid_client", status: int = 401) -> Callable[[], web.Response]:
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {text}\r\nTrace ID: t\r\nCorrelation ID: c\r\nTimestamp: 2024-01-01 00:00:00Z",
        "error_codes": [code],
    }
    return lambda: web.json_response(body, status=status)


@pytest.mark.parametrize(
    ("code", "text", "advice"),
    [
        (7000215, f"Invalid client secret provided: {SECRET}.", "ENTRA_CLIENT_SECRET"),
        (7000222, "The provided client secret keys are expired.", "expired"),
        (700016, "Application with identifier 'x' was not found in the directory 'y'.", "ENTRA_CLIENT_ID"),
        (90002, "Tenant 'y' not found.", "ENTRA_TENANT_ID"),
        (7000112, "Application 'x' is disabled.", "disabled"),
        (999999, "Something new.", "ENTRA_TENANT_ID"),
    ],
)
def test_a_sign_in_that_fails_gives_microsofts_code_and_our_advice_but_no_secret(cloud, code, text, advice):
    async def run() -> Any:
        async with cloud(scripted(None), sign_in=oauth_error(code, text)) as it:
            with pytest.raises(SignInFailed) as failed:
                async with GraphSession(it.settings):
                    pass
            return failed.value

    error = asyncio.run(run())
    assert error.code == code
    assert f"AADSTS{code}" in str(error)
    assert advice in error.advice
    assert "Trace ID" not in str(error)
    assert SECRET not in str(error) + error.advice + repr(error)


def test_an_authority_that_is_not_trusted_is_unreachable_and_the_advice_names_the_setting(cloud):
    async def run() -> Any:
        async with cloud(scripted(None)) as it:
            with pytest.raises(GraphUnreachable) as failed:
                async with GraphSession(replace(it.settings, ca_file=None)):
                    pass
            return failed.value

    assert "TLS_CA_FILE" in asyncio.run(run()).advice


def test_a_session_must_be_open(cloud):
    async def run() -> Any:
        async with cloud(scripted(None)) as it:
            settings: Settings = it.settings
            with pytest.raises(RuntimeError):
                await GraphSession(settings).get(f"{it.base}/users")

    asyncio.run(run())


def test_a_ca_file_without_certificates_is_a_wrong_setting(cloud, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.touch()

    async def run() -> Any:
        async with cloud(scripted(None)) as it:
            with pytest.raises(SettingsError, match="TLS_CA_FILE"):
                async with GraphSession(replace(it.settings, ca_file=empty)):
                    pass

    asyncio.run(run())
