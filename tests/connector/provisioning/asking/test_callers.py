"""Who asks, by what the platform says: strictly, because whoever gets past here may grant roles."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.provisioning.asking.callers import (
    MOST_CHARACTERS,
    READ,
    WRITE,
    NotAuthenticated,
    NotAuthorized,
    Requester,
    read_caller,
)

TENANT, OTHER, ADELE = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")
LONG = "http://schemas.microsoft.com/identity/claims/"
TOKEN = [("oid", ADELE), ("tid", TENANT), ("roles", WRITE), ("preferred_username", "adele@contoso.com")]
MAPPED = [
    (LONG + "objectidentifier", ADELE.upper()),
    (LONG + "tenantid", TENANT.upper()),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", WRITE),
    ("name", "Adele Vance"),
]


def header(claims: Any = TOKEN, **changes: Any) -> str:
    document = {
        "auth_typ": "aad",
        "claims": [{"typ": typ, "val": val} for typ, val in claims],
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        **changes,
    }
    return encoded(json.dumps(document).encode())


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def without(name: str) -> list[tuple[str, str]]:
    return [claim for claim in TOKEN if claim[0] != name]


@pytest.mark.parametrize(("claims", "name"), [(TOKEN, "adele@contoso.com"), (MAPPED, "Adele Vance")])
def test_the_caller_is_the_requester(claims: Any, name: str) -> None:
    assert read_caller(header(claims), TENANT, WRITE) == Requester(kind="entra", id=ADELE, name=name)


def test_an_application_is_a_caller_with_its_own_name() -> None:
    claims = [*without("preferred_username"), ("azp", OTHER), ("idtyp", "app")]

    assert read_caller(header(claims), TENANT, WRITE) == Requester(kind="entra", id=ADELE, name=OTHER)


def test_a_name_is_one_short_line_and_may_be_missing() -> None:
    assert read_caller(header(without("preferred_username")), TENANT, WRITE).name == ""
    claims = [*without("preferred_username"), ("name", "Adele\n\x1b[2J" + "x" * 1000)]
    name = read_caller(header(claims), TENANT, WRITE).name
    assert (name[:10], len(name)) == ("Adele  [2J", 256)


@pytest.mark.parametrize(
    ("roles", "asked", "allowed"),
    [
        ([WRITE], WRITE, True),
        ([WRITE], READ, True),
        ([READ], READ, True),
        ([READ], WRITE, False),
        (["provisioning.write"], WRITE, False),
        (["Other", WRITE], WRITE, True),
        ([f"{READ} {WRITE}"], READ, False),
        ([], READ, False),
    ],
)
def test_the_role_decides_and_who_may_write_may_read(roles: list[str], asked: str, allowed: bool) -> None:
    given_header = header([*without("roles"), *(("roles", role) for role in roles)])

    if allowed:
        assert read_caller(given_header, TENANT, asked).id == ADELE
    else:
        with pytest.raises(NotAuthorized, match=asked):
            read_caller(given_header, TENANT, asked)


def test_a_caller_of_another_tenant_is_a_stranger_whatever_roles_that_gave() -> None:
    with pytest.raises(NotAuthorized, match="another tenant"):
        read_caller(header([*without("tid"), ("tid", OTHER)]), TENANT, READ)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "not base64!",
        header() + "=",
        header() + "," + header(),
        header().replace("e", "\u0435", 1),
        encoded(b""),
        encoded(b"{"),
        encoded(b"null"),
        encoded(b"[" * 20_000),
        encoded(b'{"auth_typ": "aad"}'),
        header(auth_typ="google"),
        header(auth_typ=None),
        encoded(b'{"auth_typ": "aad", "claims": null}'),
        header([("oid", 7), *without("oid")]),
        header(without("oid")),
        header(without("tid")),
        header([*TOKEN, ("oid", OTHER)]),
        header([*TOKEN, (LONG + "objectidentifier", OTHER)]),
        header([*TOKEN, ("tid", OTHER)]),
        header([*without("oid"), ("oid", "adele")]),
        header([*without("oid"), ("oid", ADELE + "\n")]),
        header([*TOKEN, ("groups", "x" * MOST_CHARACTERS)]),
    ],
    ids=lambda text: str(text)[:24],
)
def test_what_is_not_wholly_understood_is_nobody(text: str | None) -> None:
    with pytest.raises(NotAuthenticated) as raised:
        read_caller(text, TENANT, READ)

    assert ADELE not in str(raised.value)


@given(st.text(max_size=60) | st.binary(max_size=60).map(encoded))
def test_nobody_gets_in_by_chance(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_caller(text, TENANT, READ)
