"""Managed identities as azure-identity asks for their tokens, and what the tokens open."""

from __future__ import annotations

import base64
import json
import ssl
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientAssertionCredential, CredentialUnavailableError, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from emulators.graph import GraphEmulator
from emulators.graph.external_issuer import ExternalIssuer
from emulators.graph.managed_identity import ManagedIdentityEndpoint
from emulators.graph.service.audiences import EXCHANGE_APP_ID, version_2_issuer
from emulators.graph.service.faults import Fault
from emulators.keyvault import KeyVaultEmulator, Role

GRAPH = "https://graph.microsoft.com/.default"


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


@pytest.fixture
def app(graph: GraphEmulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run this process as an app that has these identities."""
    endpoints: list[ManagedIdentityEndpoint] = []

    def run(*identities: str) -> ManagedIdentityEndpoint:
        endpoint = ManagedIdentityEndpoint(graph, identities).__enter__()
        endpoints.append(endpoint)
        for name, value in endpoint.environment().items():
            monkeypatch.setenv(name, value)
        return endpoint

    yield run
    for endpoint in endpoints:
        endpoint.__exit__(None, None, None)


def identity(graph: GraphEmulator, name: str, *permissions: str, system_assigned: bool = False) -> str:
    return graph.tenant.create_managed_identity(name, permissions=permissions, system_assigned=system_assigned)


def get(graph: GraphEmulator, path: str, token: str) -> httpx.Response:
    return httpx.get(
        f"{graph.base_url}/{path}",
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=graph.ca_file),
    )


def test_a_user_assigned_identity_reads_graph_with_its_own_permissions(graph: GraphEmulator, app: Any) -> None:
    object_id = identity(graph, "id-reader", "User.Read.All")
    app(object_id)
    known = graph.tenant.managed_identity(object_id)

    token = ManagedIdentityCredential(client_id=known.client_id).get_token(GRAPH).token

    said = claims(token)
    assert (said["oid"], said["sub"], said["appid"]) == (object_id, object_id, known.client_id)
    assert (said["roles"], said["idtyp"], said["xms_mirid"]) == (["User.Read.All"], "app", known.resource_id)
    assert get(graph, "users?$top=1", token).status_code == 200
    assert get(graph, "groups?$top=1", token).status_code == 403


def test_a_system_assigned_identity_needs_no_name(graph: GraphEmulator, app: Any) -> None:
    user, system = identity(graph, "id-other"), identity(graph, "func-contoso", system_assigned=True)
    app(user, system)
    assert claims(ManagedIdentityCredential().get_token(GRAPH).token)["oid"] == system


@pytest.mark.parametrize(
    ("client_id", "told"),
    [
        (None, "Unable to load the proper Managed Identity"),
        ("0" * 36, "No User Assigned or Delegated Managed Identity"),
    ],
)
def test_which_identity_is_meant_must_be_said_and_be_right(
    graph: GraphEmulator, app: Any, client_id: str | None, told: str
) -> None:
    app(identity(graph, f"id-one-{client_id}"))
    with pytest.raises(CredentialUnavailableError, match=told):
        ManagedIdentityCredential(client_id=client_id).get_token(GRAPH)


def test_only_who_knows_the_header_gets_tokens(graph: GraphEmulator, app: Any) -> None:
    endpoint = app(identity(graph, "func-guarded", system_assigned=True))
    address = endpoint.environment()["IDENTITY_ENDPOINT"]
    query = {"api-version": "2019-08-01", "resource": "https://graph.microsoft.com"}
    header = {"X-IDENTITY-HEADER": endpoint.environment()["IDENTITY_HEADER"]}
    assert httpx.get(address, params=query).status_code == 401
    assert httpx.get(address, params=query | {"api-version": "2017-09-01"}, headers=header).status_code == 400
    answer = httpx.get(address, params=query, headers=header)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "expires_on", "resource", "token_type", "client_id"}
    assert isinstance(answer.json()["expires_on"], str)


def test_an_unknown_resource_is_an_error_of_the_endpoint(graph: GraphEmulator, app: Any) -> None:
    app(identity(graph, "func-unknown", system_assigned=True))
    with pytest.raises(CredentialUnavailableError, match="500011"):
        ManagedIdentityCredential(retry_total=0).get_token("https://nothing.example.com/.default")


def test_the_endpoint_can_fail(graph: GraphEmulator, app: Any) -> None:
    endpoint = app(identity(graph, "func-failing", system_assigned=True))
    endpoint.fail(Fault(status=500, body={"statusCode": 500, "message": "broken"}, times=9))
    with pytest.raises(CredentialUnavailableError, match="broken"):
        ManagedIdentityCredential(retry_total=0).get_token(GRAPH)
    endpoint.faults.clear()
    assert ManagedIdentityCredential().get_token(GRAPH).token
    assert endpoint.tokens_issued == 1


def test_an_identity_reads_secrets_once_it_has_the_role(
    graph: GraphEmulator, vault: KeyVaultEmulator, app: Any
) -> None:
    object_id = identity(graph, "func-secrets", system_assigned=True)
    app(object_id)
    vault.vault.set_secret("entra-secret", "s3cret")
    with vault.public_name() as url:
        client = SecretClient(url, ManagedIdentityCredential(), connection_verify=vault.ca_file)
        with pytest.raises(HttpResponseError) as refused:
            client.get_secret("entra-secret")
        assert refused.value.status_code == 403
        assert object_id in str(refused.value)
        vault.grant(object_id, Role.SECRETS_USER)
        assert client.get_secret("entra-secret").value == "s3cret"


@pytest.mark.parametrize("trusted", [True, False])
def test_an_identity_vouches_for_an_application_that_trusts_it(graph: GraphEmulator, app: Any, trusted: bool) -> None:
    object_id = identity(graph, f"func-federated-{trusted}", system_assigned=True)
    app(object_id)
    subject = object_id if trusted else "someone else"
    issuer = version_2_issuer(graph.tenant.id)
    federated = graph.tenant.add_federated_credential(issuer, subject)
    assertion = ManagedIdentityCredential().get_token("api://AzureADTokenExchange/.default").token
    said = claims(assertion)
    assert (said["aud"], said["iss"], said["sub"], said["ver"]) == (EXCHANGE_APP_ID, issuer, object_id, "2.0")

    credential = ClientAssertionCredential(
        graph.tenant.id,
        graph.client_id,
        lambda: assertion,
        authority=graph.authority,
        disable_instance_discovery=True,
        connection_verify=graph.ca_file,
    )
    try:
        if trusted:
            assert claims(credential.get_token(GRAPH).token)["appid"] == graph.client_id
        else:
            with pytest.raises(Exception, match="AADSTS700213"):
                credential.get_token(GRAPH)
    finally:
        graph.tenant.remove_credential(federated)


def test_a_token_for_something_else_does_not_open_graph(graph: GraphEmulator, app: Any) -> None:
    app(identity(graph, "func-elsewhere", "User.Read.All", system_assigned=True))
    token = ManagedIdentityCredential().get_token("https://storage.azure.com/.default").token
    assert claims(token)["aud"] == "https://storage.azure.com"
    assert "roles" not in claims(token)
    assert get(graph, "users", token).status_code == 401


def test_a_federated_token_opens_the_vault_as_the_application(
    graph: GraphEmulator, vault: KeyVaultEmulator, connector_id: str
) -> None:
    cluster = ExternalIssuer()
    graph.tenant.set_issuer_keys(cluster.url, cluster.key_set())
    federated = graph.tenant.add_federated_credential(cluster.url, "system:serviceaccount:entra:connector")
    vault.grant(connector_id, Role.SECRETS_USER)
    vault.vault.set_secret("entra-secret", "s3cret")
    credential = ClientAssertionCredential(
        graph.tenant.id,
        graph.client_id,
        lambda: cluster.token("system:serviceaccount:entra:connector"),
        authority=graph.authority,
        disable_instance_discovery=True,
        connection_verify=graph.ca_file,
    )
    try:
        with vault.public_name() as url:
            client = SecretClient(url, credential, connection_verify=vault.ca_file)
            assert client.get_secret("entra-secret").value == "s3cret"
    finally:
        graph.tenant.remove_credential(federated)
