"""The token is given back as it is, and as nothing but text."""

from __future__ import annotations

import pytest

from connector.notifications.handshake import answer_to


@pytest.mark.parametrize(
    "token",
    [
        "Validation: Testing client application reachability for subscription Request-Id: 75460509-aaaa-bbbb",
        "a+b/c==%20",
        "x" * 1024,
    ],
)
def test_a_token_comes_back_unchanged(token):
    assert answer_to(token) == token


def test_a_script_comes_back_as_text():
    assert answer_to("<script>alert('x')</script>") == "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"


@pytest.mark.parametrize("token", ["", "x" * 1025, "a\r\nSet-Cookie: b", "a\x00", "\u202eabc"])
def test_what_no_token_looks_like_is_refused(token):
    assert answer_to(token) is None
