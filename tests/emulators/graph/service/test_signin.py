"""Signing in: what official clients need, and what Entra ID refuses."""

import base64
import json
import ssl
from typing import Any

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

from emulators.graph import GraphEmulator

SCOPE = "https://graph.microsoft.com/.default"


def credential(emulator: GraphEmulator, secret: str | None = None) -> ClientSecretCredential:
    return ClientSecretCredential(
        emulator.tenant.id,
        emulator.client_id,
        secret or emulator.client_secret,
        authority=emulator.authority,
        disable_instance_discovery=True,
        connection_verify=emulator.ca_file,
    )


def ask(
    graph: Any, tenant_id: str | None = None, auth: tuple[str, str] | None = None, **changes: str | None
) -> httpx.Response:
    emulator = graph.emulator
    form = {
        "grant_type": "client_credentials",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        "scope": SCOPE,
    } | changes
    url = f"{emulator.authority}/{tenant_id or emulator.tenant.id}/oauth2/v2.0/token"
    form = {name: value for name, value in form.items() if value is not None}
    tls = ssl.create_default_context(cafile=emulator.ca_file)
    return httpx.post(url, data=form, auth=auth, verify=tls)


def test_azure_identity_gets_a_token_that_graph_accepts(graph):
    token = credential(graph.emulator).get_token(SCOPE).token
    assert graph.send("/organization", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_token_is_a_signed_v1_application_token_with_its_permissions(graph):
    emulator = graph.emulator
    token = ask(graph).json()["access_token"]
    configuration = graph.get(f"{emulator.authority}/{emulator.tenant.id}/v2.0/.well-known/openid-configuration")
    (key,) = graph.get(configuration["jwks_uri"])["keys"]
    claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["RS256"], audience="https://graph.microsoft.com")
    assert claims["iss"] == f"https://sts.windows.net/{emulator.tenant.id}/"
    assert (claims["ver"], claims["idtyp"], claims["appidacr"]) == ("1.0", "app", "1")
    assert (claims["appid"], claims["tid"]) == (emulator.client_id, emulator.tenant.id)
    assert claims["oid"] == claims["sub"]
    assert "User.Read.All" in claims["roles"]
    assert "scp" not in claims


def test_http_basic_credentials_are_accepted(graph):
    emulator = graph.emulator
    response = ask(graph, client_id=None, client_secret=None, auth=(emulator.client_id, emulator.client_secret))
    assert response.status_code == 200
    assert response.json()["token_type"] == "Bearer"
    assert "refresh_token" not in response.json()


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000216),
        ({"client_id": "11111111-2222-3333-4444-555555555555"}, 400, "unauthorized_client", 700016),
        ({"tenant_id": "11111111-2222-3333-4444-555555555555"}, 400, "invalid_request", 90002),
        ({"tenant_id": "no tenant"}, 400, "invalid_request", 900023),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "User.Read"}, 400, "invalid_scope", 70011),
        ({"scope": "https://api.loganalytics.io/.default"}, 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
def test_refusals_have_the_documented_body(graph, changes, status, error, number):
    response = ask(graph, **changes)
    body = response.json()
    assert (response.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert f"Trace ID: {body['trace_id']}" in body["error_description"]
    assert graph.emulator.client_secret not in response.text


def test_azure_identity_reports_a_wrong_secret(graph):
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(graph.emulator, secret="wrong").get_token(SCOPE)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"Authorization": ""}, "Access token is empty."),
        ({"Authorization": "Bearer nonsense"}, "CompactToken parsing failed with error code: 80049217"),
    ],
)
def test_graph_refuses_calls_without_a_good_token(graph, header, message):
    assert graph.error("/users", headers=header) == (401, "InvalidAuthenticationToken", message)


def test_a_changed_token_is_refused(graph):
    header, payload, signature = graph.http.headers["Authorization"].removeprefix("Bearer ").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["roles"] = ["Everything.ReadWrite.All"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    response = graph.send("/users", headers={"Authorization": f"Bearer {header}.{forged}.{signature}"})
    assert response.status_code == 401


def test_a_token_expires(graph):
    graph.emulator.clock.advance(3600)
    _, code, message = graph.error("/users")
    assert (code, message) == ("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")


def test_permissions_are_those_of_the_time_of_the_token(graph, tenant):
    tenant.set_fact("permissions", '["Group.Read.All"]')
    assert graph.send("/users").status_code == 200
    graph.sign_in()
    denied = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    assert graph.error("/users") == denied
    assert graph.send("/groups").status_code == 200
    tenant.set_fact("permissions", "[]")
    graph.sign_in()
    assert graph.error("/groups") == denied


def test_without_that_fact_consent_is_what_was_granted_in_the_tenant(graph, tenant):
    (connector,) = graph.all(f"/servicePrincipals?$filter=appId eq '{tenant.client_id}'&$select=id")
    for assignment in graph.all(f"/servicePrincipals/{connector['id']}/appRoleAssignments"):
        tenant.remove_app_role_assignment(assignment["id"])
    tenant.grant_permissions(connector["id"], ["User.Read.All"])
    graph.sign_in()
    assert graph.send("/users").status_code == 200
    assert graph.error("/groups")[0] == 403


def test_members_of_a_type_that_may_not_be_read_show_only_their_id(graph, tenant):
    group, user = tenant.create_group("Finance"), tenant.create_user("Ada")
    tenant.add_member(group, user)
    tenant.set_fact("permissions", '["GroupMember.Read.All"]')
    graph.sign_in()
    (member,) = graph.all(f"/groups/{group}/members?$select=id,displayName")
    assert member == {"@odata.type": "#microsoft.graph.user", "displayName": None, "id": user}
