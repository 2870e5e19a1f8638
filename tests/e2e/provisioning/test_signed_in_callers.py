"""Callers of the operations API where App Service authentication is on, and where it is not: the same header, worth everything or nothing.

The tests play the platform in front of the host: it alone may send the header, and it says that it does in WEBSITE_AUTH_ENABLED.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.hosted_operations import TENANT, HostedOperations, hosted_operations

ADELE = "aaaaaaaa-0000-4000-8000-000000000000"
LEAST = {
    "action": "grant",
    "entitlement": "group:8a4eb9f4-2c0d-4d9c-a1de-4f4c2f0f3c11:member",
    "principal": "adele@contoso.com",
    "justification": "x",
}
PATHS = [
    ("POST", "/api/operations", LEAST),
    ("GET", "/api/operations", None),
    ("GET", "/api/operations/x", None),
    ("POST", "/api/operations/x/cancel", None),
    ("POST", "/api/operations/x/retry", None),
    ("GET", "/api/openapi.json", None),
]


def signed_in(*roles: str, tenant: str = TENANT) -> dict[str, str]:
    claims = {"oid": ADELE, "tid": tenant, "preferred_username": "adele@contoso.com"}
    told = [{"typ": name, "val": value} for name, value in [*claims.items(), *(("roles", role) for role in roles)]]
    text = json.dumps({"auth_typ": "aad", "claims": told, "name_typ": "name", "role_typ": "roles"})
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(text.encode()).decode()}


@pytest.fixture(scope="module")
def authenticating(new_storage_account: Callable[[], str]) -> Iterator[HostedOperations]:
    with hosted_operations(new_storage_account(), WEBSITE_AUTH_ENABLED="True") as running:
        yield running


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_nobody_who_has_not_signed_in_is_heard_not_even_with_a_key(
    authenticating: HostedOperations, method: str, path: str, body: object
) -> None:
    for headers in ({}, {"X-MS-CLIENT-PRINCIPAL": "e30="}, {"X-MS-CLIENT-PRINCIPAL-ID": ADELE}):
        answer = authenticating.ask(method, path, body, headers=headers)

        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json["type"].endswith(":not_authenticated")


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_the_app_role_decides_what_a_caller_may_do(
    authenticating: HostedOperations, method: str, path: str, body: object
) -> None:
    asked = {
        role: authenticating.ask(method, path, body, key=False, headers=signed_in(role)).status
        for role in ("Provisioning.Write", "Provisioning.Read", "Other")
    }
    stranger = authenticating.ask(method, path, body, key=False, headers=signed_in("Provisioning.Write", tenant=ADELE))

    assert asked["Provisioning.Write"] in (200, 202, 404)
    assert asked["Provisioning.Read"] == (asked["Provisioning.Write"] if method == "GET" else 403)
    assert asked["Other"] == 403
    assert (stranger.status, stranger.json["type"].rpartition(":")[2]) == (403, "not_authorized")


def test_the_caller_is_recorded_as_the_requester(authenticating: HostedOperations) -> None:
    accepted = authenticating.ask("POST", "/api/operations", LEAST, key=False, headers=signed_in("Provisioning.Write"))

    assert accepted.status == 202
    assert accepted.json["requester"] == {"kind": "entra", "id": ADELE, "name": "adele@contoso.com"}


def test_what_others_need_no_sign_in_for_stays_as_it_is(authenticating: HostedOperations) -> None:
    assert authenticating.ask("GET", "/api/live", key=False).status == 200
    assert authenticating.ask("GET", "/api/changes", key=False).status == 401


def test_the_description_tells_of_tokens(authenticating: HostedOperations) -> None:
    described = authenticating.ask("GET", "/api/openapi.json", key=False, headers=signed_in("Provisioning.Read")).json

    assert list(described["components"]["securitySchemes"]) == ["entra"]
    assert "403" in described["paths"]["/api/operations"]["get"]["responses"]


def test_where_the_platform_does_not_authenticate_the_header_is_worthless(
    new_storage_account: Callable[[], str],
) -> None:
    forged = signed_in("Provisioning.Write")
    with hosted_operations(new_storage_account()) as running:
        assert running.ask("POST", "/api/operations", LEAST, key=False, headers=forged).status == 401

        accepted = running.ask("POST", "/api/operations", LEAST, headers=forged)

    assert accepted.json["requester"] == {"kind": "function_key", "id": "", "name": ""}
