"""What a token tells of the application that it was issued to."""

import base64
import json

import pytest

from connector.graph.tokens import Told, told_by


def token(payload: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', payload, b"x"))


def test_the_roles_of_a_token_are_its_permissions():
    claims = {"aud": "https://graph.microsoft.com", "roles": ["User.Read.All", "Group.Read.All"]}

    told = told_by(token(json.dumps(claims).encode()))

    assert told.permissions == frozenset({"User.Read.All", "Group.Read.All"})


def test_its_object_id_is_the_service_principal():
    claims = {"oid": "DC6E7BC0-0CF5-4C7F-9F4B-2C2F0F2FDEC8", "sub": "…", "appid": "…"}

    assert told_by(token(json.dumps(claims).encode())).object_id == "dc6e7bc0-0cf5-4c7f-9f4b-2c2f0f2fdec8"


def test_a_token_without_roles_was_given_none():
    assert told_by(token(b'{"aud": "https://graph.microsoft.com"}')) == Told(frozenset(), "")


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.*.c", token(b"no JSON"), token(b'{"roles": 7}'), token(b"\xff")]
)
def test_of_anything_else_nothing_can_be_told(text):
    assert told_by(text) == Told(None, "")
