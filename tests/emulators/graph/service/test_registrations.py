"""Registrations are made and changed through Graph, and what is added to them signs in."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.identity
import pytest
from azure.core.exceptions import ClientAuthenticationError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from emulators.graph import GraphEmulator, Variants
from emulators.graph.external_issuer import ExternalIssuer
from emulators.graph.tenant.tenant import Tenant
from tests.emulators.graph.service.conftest import Graph

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214"
AUDIENCE = "api://AzureADTokenExchange"
PERMISSIONS = ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All"]


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[Graph]:
    """A client that may register applications and grant permissions."""
    tenant.set_permissions(PERMISSIONS)
    with GraphEmulator(tenant) as emulator:
        client = Graph(emulator)
        yield client
        client.http.close()


@pytest.fixture
def app(graph: Graph) -> dict[str, Any]:
    """A new registration with its service principal."""
    made = post(graph, "/applications", displayName="Connector")
    post(graph, "/servicePrincipals", appId=made["appId"])
    return made


def post(graph: Graph, path: str, status: int = 201, **body: Any) -> dict[str, Any]:
    """What is answered to a write that must succeed."""
    answer = graph.send(path, "POST", json=body)
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


def signs_in(graph: Graph, make: Callable[..., Any], *credential: Any, **more: Any) -> bool:
    """Whether azure-identity gets a token."""
    known = {"authority": graph.emulator.authority, "disable_instance_discovery": True}
    made = make(graph.emulator.tenant.id, *credential, connection_verify=graph.emulator.ca_file, **known, **more)
    try:
        return bool(made.get_token("https://graph.microsoft.com/.default").token)
    except ClientAuthenticationError:
        return False


def federated(subject: str, name: str = "cluster", issuer: str = "https://oidc.example.com/one") -> dict[str, Any]:
    """The body of a federated credential."""
    return {"name": name, "issuer": issuer, "subject": subject, "audiences": [AUDIENCE], "description": "Pods"}


def test_a_registration_is_found_by_either_id_and_by_filter(graph, app):
    by_app_id = f"(appId='{app['appId']}')"
    assert graph.get(f"/applications{by_app_id}")["id"] == app["id"]
    principal = graph.get(f"/servicePrincipals{by_app_id}")
    assert principal["appOwnerOrganizationId"] == graph.emulator.tenant.id
    for name in ("applications", "servicePrincipals"):
        for wanted in (f"appId eq '{app['appId']}'", "displayName eq 'Connector'"):
            assert len(graph.get(f"/{name}?$filter={wanted}")["value"]) == 1
    assert graph.send(f"/applications{by_app_id}", "PATCH", json={"notes": "by client id"}).status_code == 204
    assert graph.get(f"/applications/{app['id']}")["notes"] == "by client id"


def test_what_a_registration_asks_for_is_kept_as_it_was_written(graph, app):
    access = [{"resourceAppId": GRAPH_APP, "resourceAccess": [{"id": USER_READ_ALL, "type": "Role"}]}]
    written = {
        "requiredResourceAccess": access,
        "web": {"redirectUris": ["https://connector.example/api/consented", "http://localhost:7071/back"]},
        "signInAudience": "AzureADMultipleOrgs",
        "identifierUris": [f"api://{app['appId']}"],
    }
    assert graph.send(f"/applications/{app['id']}", "PATCH", json=written).status_code == 204
    read = graph.get(f"/applications/{app['id']}")
    assert {name: read[name] for name in written} == written


@pytest.mark.parametrize(
    "body",
    [
        {"signInAudience": "Everybody"},
        {"web": {"redirectUris": ["http://connector.example/"]}},
        {"web": {"redirectUris": ["connector"]}},
        {"requiredResourceAccess": [{"resourceAppId": "Graph", "resourceAccess": []}]},
        {
            "requiredResourceAccess": [
                {"resourceAppId": GRAPH_APP, "resourceAccess": [{"id": GRAPH_APP, "type": "App"}]}
            ]
        },
        {"keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": "bm8="}]},
        {"passwordCredentials": [{"displayName": "by PATCH"}]},
    ],
)
def test_what_a_registration_cannot_be(graph, app, body):
    assert graph.error(f"/applications/{app['id']}", "PATCH", json=body)[0] == 400


def test_an_identifier_belongs_to_one_application(graph, app):
    graph.send(f"/applications/{app['id']}", "PATCH", json={"identifierUris": ["api://one"]})
    refusal = graph.error("/applications", "POST", json={"displayName": "Other", "identifierUris": ["api://one"]})
    assert refusal[0] == 400
    assert "identifierUris" in refusal[2]


def test_a_secret_is_shown_once_and_signs_in_until_it_is_removed(graph, app):
    path = f"/applications/{app['id']}"
    made = post(graph, f"{path}/addPassword", 200, passwordCredential={"displayName": "Key Vault"})
    lifetime = datetime.fromisoformat(made["endDateTime"]) - datetime.fromisoformat(made["startDateTime"])
    assert lifetime == timedelta(days=730)
    secret = made["secretText"]
    kept = graph.get(path)["passwordCredentials"]
    assert [(one["keyId"], one["displayName"], one["hint"], one["secretText"]) for one in kept] == [
        (made["keyId"], "Key Vault", secret[:3], None)
    ]
    assert secret not in graph.send(path).text
    assert signs_in(graph, azure.identity.ClientSecretCredential, app["appId"], secret)
    assert graph.send(f"{path}/removePassword", "POST", json={"keyId": made["keyId"]}).status_code == 204
    assert graph.error(f"{path}/removePassword", "POST", json={"keyId": made["keyId"]})[0] == 400
    assert not signs_in(graph, azure.identity.ClientSecretCredential, app["appId"], secret)


def test_a_secret_may_come_with_the_application_and_ends_when_it_says(graph):
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    made = post(graph, "/applications", displayName="New", passwordCredentials=[{"endDateTime": soon}])
    post(graph, "/servicePrincipals", appId=made["appId"])
    secret = made["passwordCredentials"][0]["secretText"]
    assert signs_in(graph, azure.identity.ClientSecretCredential, made["appId"], secret)
    graph.emulator.clock.advance(3 * 3600)
    assert not signs_in(graph, azure.identity.ClientSecretCredential, made["appId"], secret)


def test_a_policy_may_limit_how_long_secrets_live(graph, app):
    graph.emulator.variants = replace(Variants(), longest_secret_days=180)
    path = f"/applications/{app['id']}/addPassword"
    assert "Credential lifetime exceeds" in graph.error(path, "POST", json={})[2]
    end = (datetime.now(UTC) + timedelta(days=179)).isoformat()
    post(graph, path, 200, passwordCredential={"endDateTime": end})


def test_a_certificate_is_registered_by_patch_and_replaced_by_the_next(graph, app):
    path, (first, signing) = f"/applications/{app['id']}", certificate()
    assert graph.send(path, "PATCH", json={"keyCredentials": [first]}).status_code == 204
    shown = graph.get(path)["keyCredentials"]
    assert [(one["displayName"], one["key"], one["type"]) for one in shown] == [("CN=a", None, "AsymmetricX509Cert")]
    certified = azure.identity.CertificateCredential
    assert signs_in(graph, certified, app["appId"], certificate_data=signing)
    second, _ = certificate()
    both = [{"keyId": shown[0]["keyId"]}, second]
    assert graph.send(path, "PATCH", json={"keyCredentials": both}).status_code == 204
    assert len(graph.get(path)["keyCredentials"]) == 2
    assert signs_in(graph, certified, app["appId"], certificate_data=signing)
    graph.send(path, "PATCH", json={"keyCredentials": [second]})
    assert not signs_in(graph, certified, app["appId"], certificate_data=signing)


def certificate() -> tuple[dict[str, Any], bytes]:
    """A ``keyCredential``, and what signs in with it."""
    key, now = generate_private_key(public_exponent=65537, key_size=2048), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    signed = dated.sign(key, SHA256())
    body = {"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=a"}
    body["key"] = base64.b64encode(signed.public_bytes(Encoding.DER)).decode()
    return body, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(
        Encoding.PEM
    )


def test_a_federated_credential_trusts_one_subject(graph, app, tmp_path: Path):
    issuer = ExternalIssuer("https://oidc.example.com/one")
    graph.emulator.tenant.set_issuer_keys(issuer.url, issuer.key_set())
    file = tmp_path / "token"
    file.write_text(issuer.token("system:serviceaccount:a:b"), encoding="ascii")
    workload = {"client_id": app["appId"], "tenant_id": graph.emulator.tenant.id, "token_file_path": str(file)}

    def trusted() -> bool:
        return signs_in(graph, lambda _tenant, **more: azure.identity.WorkloadIdentityCredential(**workload, **more))

    path = f"/applications/{app['id']}/federatedIdentityCredentials"
    assert not trusted()
    made = post(graph, path, **federated("system:serviceaccount:a:b"))
    assert trusted()
    assert graph.get(f"{path}/{made['id']}")["audiences"] == [AUDIENCE]
    assert graph.get(f"{path}/cluster".replace("/cluster", "(name='cluster')"))["id"] == made["id"]
    changed = {"subject": "system:serviceaccount:a:c"}
    assert graph.send(f"{path}/{made['id']}", "PATCH", json=changed).status_code == 204
    assert not trusted()
    assert graph.send(f"{path}/{made['id']}", "DELETE").status_code == 204
    assert graph.get(path)["value"] == []


def test_federated_credentials_are_unique_and_at_most_twenty(graph, app):
    path = f"/applications/{app['id']}/federatedIdentityCredentials"
    for number in range(20):
        post(graph, path, **federated(f"subject {number}", f"name-{number}"))
    taken = graph.error(path, "POST", json=federated("another", "name-3"))
    assert taken[:2] == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert taken[2] == "FederatedIdentityCredential with name name-3 already exists."
    same = graph.error(path, "POST", json=federated("subject 3", "another"))
    assert same[:2] == (400, "InvalidFederatedIdentityCredentialValue")
    assert graph.error(path, "POST", json=federated("another", "another"))[0] == 400
    no_name = graph.error(f"{path}(name='name-3')", "PATCH", json={"name": "other"})
    assert no_name[0] == 400
    assert graph.error(path, "POST", json=federated("another") | {"audiences": [AUDIENCE, "more"]})[0] == 400


def test_what_is_missing_is_created_where_that_is_asked_for(graph, app):
    prefer = {"Prefer": "create-if-missing"}
    path = f"/applications(appId='{app['appId']}')/federatedIdentityCredentials(name='cluster')"
    body = {name: value for name, value in federated("a").items() if name != "name"}
    assert graph.error(path, "PATCH", json=body)[0] == 404
    assert graph.send(path, "PATCH", json=body, headers=prefer).status_code == 201
    assert graph.send(path, "PATCH", json=body | {"subject": "b"}, headers=prefer).status_code == 204
    new = post(graph, "/applications", displayName="Another")
    principal = f"/servicePrincipals(appId='{new['appId']}')"
    assert graph.error(principal, "PATCH", json={"notes": "n"})[0] == 404
    assert graph.send(principal, "PATCH", json={"notes": "n"}, headers=prefer).status_code == 201
    assert graph.send(principal, "PATCH", json={"notes": "m"}, headers=prefer).status_code == 204
    assert graph.get(principal)["notes"] == "m"


def test_an_application_of_another_tenant_is_made_usable_through_graph(graph):
    theirs = graph.emulator.tenant.publish_application("Theirs", publisher_id="99999999-2222-4333-8444-555555555555")
    made = post(graph, "/servicePrincipals", appId=theirs)
    assert made["appOwnerOrganizationId"] == "99999999-2222-4333-8444-555555555555"
    assert graph.send(f"/applications(appId='{theirs}')").status_code == 404


def test_consent_through_graph_is_an_app_role_assignment(graph, app):
    principal = graph.get(f"/servicePrincipals(appId='{app['appId']}')")["id"]
    resource = graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')")
    names = {role["value"]: role["id"] for role in resource["appRoles"]}
    body = {"principalId": principal, "resourceId": resource["id"], "appRoleId": names["User.Read.All"]}
    post(graph, f"/servicePrincipals(appId='{app['appId']}')/appRoleAssignments", **body)
    again = graph.error(f"/servicePrincipals/{principal}/appRoleAssignments", "POST", json=body)
    assert again == (400, "Request_BadRequest", "Permission being assigned already exists on the object")


def test_microsoft_graph_has_the_permissions_that_connectors_ask_for(graph):
    names = {role["value"] for role in graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')")["appRoles"]}
    assert names >= {
        "ServicePrincipalEndpoint.Read.All",
        "ServicePrincipalEndpoint.ReadWrite.All",
        "RoleManagementAlert.Read.Directory",
        "User.EnableDisableAccount.All",
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "RoleEligibilitySchedule.ReadWrite.Directory",
    }


def test_what_was_just_created_may_be_unknown_for_a_while(graph):
    graph.emulator.variants = replace(Variants(), new_object_seconds=10)
    made = post(graph, "/applications", displayName="New")
    assert graph.error(f"/applications/{made['id']}/addPassword", "POST", json={})[:2] == (
        404,
        "Request_ResourceNotFound",
    )
    unknown = graph.send("/servicePrincipals", "POST", json={"appId": made["appId"]})
    assert re.search("NoBackingApplicationObject", unknown.text)
    graph.emulator.clock.advance(11)
    post(graph, f"/applications/{made['id']}/addPassword", 200)
    principal = post(graph, "/servicePrincipals", appId=made["appId"])["id"]
    resource = graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')")["id"]
    body = {"principalId": principal, "resourceId": resource, "appRoleId": USER_READ_ALL}
    assert graph.error(f"/servicePrincipals/{principal}/appRoleAssignments", "POST", json=body)[0] == 404
    graph.emulator.clock.advance(11)
    post(graph, f"/servicePrincipals/{principal}/appRoleAssignments", **body)


def test_licenses_can_be_told_from_organization_and_subscriptions(graph):
    graph.emulator.tenant.set_permissions(["Organization.Read.All"])
    graph.sign_in()
    organization = graph.get("/organization")["value"][0]
    assert organization["displayName"] == "Contoso"
    assert [one["name"] for one in organization["verifiedDomains"] if one["isDefault"]] == ["contoso.onmicrosoft.com"]
    plans = {one["servicePlanId"] for one in organization["assignedPlans"] if one["capabilityStatus"] == "Enabled"}
    assert {"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"} <= plans
    assert graph.send("/subscribedSkus").status_code == 200
    graph.emulator.tenant.set_fact("entra_id_p2", "false")
    plans = graph.get("/organization")["value"][0]["assignedPlans"]
    assert [one["capabilityStatus"] for one in plans] == ["Enabled", "Deleted"]
