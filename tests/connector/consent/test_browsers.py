"""The cookie by which a browser is known again."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.consent.browsers import browser_secret, new_secret, set_cookie

PUBLIC = "https://contoso-entra.azurewebsites.net"
LOCAL = "http://127.0.0.1:7071"
SECRET = "PjOK4C2vZgNZxN8HxgEQLLMyaARHX0SVF88dRPTQbkc"


def test_over_tls_only_this_very_host_gets_it_and_no_script() -> None:
    [morsel] = SimpleCookie(set_cookie(SECRET, PUBLIC)).values()

    assert (morsel.key, morsel.value, morsel["path"]) == ("__Host-connect", SECRET, "/")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
    assert (morsel["domain"], morsel["max-age"]) == ("", "600")


def test_on_the_machine_itself_it_does_without_tls() -> None:
    [morsel] = SimpleCookie(set_cookie(SECRET, LOCAL)).values()

    assert (morsel.key, morsel["secure"], morsel["httponly"], morsel["samesite"]) == ("connect", "", True, "Lax")


@pytest.mark.parametrize("url", [PUBLIC, LOCAL])
def test_what_was_set_is_known_again_among_others(url: str) -> None:
    brought = set_cookie(SECRET, url).partition(";")[0]

    assert browser_secret(f'a="b;c"; {brought};d=e', url) == SECRET


@pytest.mark.parametrize(
    "cookies",
    [
        "",
        "__Host-connect=",
        f"connect={SECRET}",
        f"X__Host-connect={SECRET}",
        f"__host-connect={SECRET}",
        f"__Host-connect={SECRET}A",
        f"__Host-connect={SECRET[:-1]}",
        f"__Host-connect={SECRET[:-1]}%",
        "x" * 20_000 + f"; __Host-connect={SECRET}",
    ],
)
def test_anything_else_is_no_secret(cookies: str) -> None:
    assert browser_secret(cookies, PUBLIC) == ""


@given(st.text())
def test_nothing_that_browsers_send_is_an_error(cookies: str) -> None:
    assert browser_secret(cookies, PUBLIC) == ""


def test_no_two_are_alike() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
