"""What a token tells of its permissions."""

import base64
import json

import pytest

from connector.graph.credentials import permissions_in


def token(payload: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', payload, b"x"))


def test_the_roles_of_a_token_are_its_permissions():
    claims = {"aud": "https://graph.microsoft.com", "roles": ["User.Read.All", "Group.Read.All"]}

    assert permissions_in(token(json.dumps(claims).encode())) == frozenset({"User.Read.All", "Group.Read.All"})


def test_a_token_without_roles_was_given_none():
    assert permissions_in(token(b'{"aud": "https://graph.microsoft.com"}')) == frozenset()


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.*.c", token(b"no JSON"), token(b'{"roles": 7}'), token(b"\xff")]
)
def test_of_anything_else_nothing_can_be_told(text):
    assert permissions_in(text) is None
