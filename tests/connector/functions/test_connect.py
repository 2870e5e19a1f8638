"""The triggers of consent: redirects, pages, and what is said where the settings cannot be read."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import azure.functions as func
import pytest

from connector.functions import connect
from tests.support.consent import KEY, TENANT, environment

NAMES = ("connect", "connect_callback")


@pytest.fixture(autouse=True)
def deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)


def call(name: str, cookie: str = "", **params: str) -> func.HttpResponse:
    app = func.FunctionApp()
    app.register_functions(connect.blueprint)
    function: Any = next(one.get_user_function() for one in app.get_functions() if one.get_function_name() == name)
    request = func.HttpRequest(
        method="GET", url="https://contoso/api/connect", params=params, headers={"cookie": cookie}, body=b""
    )
    answer = function(request)
    found: func.HttpResponse = asyncio.run(answer) if inspect.iscoroutine(answer) else answer
    return found


def test_a_browser_is_sent_to_microsoft_and_nobody_keeps_or_is_told_the_address() -> None:
    answer = call("connect", tenant=TENANT)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"https://login.microsoftonline.com/{TENANT}/v2.0/adminconsent?")
    assert answer.headers["Set-Cookie"].startswith("__Host-connect=")
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert answer.get_body() == b""


def test_the_cookie_that_a_browser_has_is_found() -> None:
    first = call("connect").headers["Set-Cookie"]

    assert call("connect", cookie=first.partition(";")[0]).headers["Set-Cookie"] == first


@pytest.mark.parametrize(
    ("name", "params", "status"), [("connect", {"tenant": "contoso.com"}, 403), ("connect_callback", {}, 400)]
)
def test_a_page_is_html_with_its_status(name: str, params: dict[str, str], status: int) -> None:
    answer = call(name, **params)

    assert (answer.status_code, answer.mimetype, answer.charset) == (status, "text/html", "utf-8")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.get_body().startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("name", NAMES)
def test_settings_that_cannot_be_read_are_told_without_saying_what_they_are(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENTRA_CLIENT_ID", "no-guid-at-all")

    answer = call(name)

    assert answer.status_code == 500
    assert "no-guid-at-all" not in answer.get_body().decode()
    assert "no-guid-at-all" in caplog.text
    assert KEY not in caplog.text
