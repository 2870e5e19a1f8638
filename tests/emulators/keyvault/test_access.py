"""Who gets into the vault: the challenge, tokens that count, roles, the network; and calls that go wrong."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import httpx
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.rest import HttpResponse
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

from emulators.certificates import CertificateAuthority
from emulators.graph import Fault, GraphEmulator
from emulators.graph.external_issuer import ExternalIssuer
from emulators.graph.tenant.tenant import Tenant
from emulators.keyvault import KeyVaultEmulator, Network, Role

VERSION = {"api-version": "7.6"}


def get(vault: KeyVaultEmulator, token: str = "", path: str = "secrets/any", **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    trusted = ssl.create_default_context(cafile=vault.ca_file)
    return httpx.get(f"{vault.url}/{path}", params=VERSION | query, headers=headers, verify=trusted)


def test_who_has_no_token_is_told_where_to_get_one(graph: GraphEmulator, vault: KeyVaultEmulator) -> None:
    answer = get(vault)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer authorization="{graph.authority}/{graph.tenant.id}", resource="https://vault.azure.net"'
    )
    assert answer.json() == {
        "error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}
    }


def test_tokens_for_something_else_do_not_count(vault: KeyVaultEmulator, credential: ClientSecretCredential) -> None:
    answer = get(vault, credential.get_token("https://graph.microsoft.com/.default").token)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("AKV10022: Invalid audience.")


def test_tokens_of_another_tenant_do_not_count(graph: GraphEmulator, credential: ClientSecretCredential) -> None:
    token = credential.get_token("https://vault.azure.net/.default").token
    with KeyVaultEmulator(
        tenant_id="11111111-1111-4111-8111-111111111111", authority=graph.authority, keys=graph.key_set
    ) as other:
        assert get(other, token).json()["error"]["message"].startswith("AKV10032: Invalid issuer.")


def test_tokens_that_somebody_else_signed_do_not_count(vault: KeyVaultEmulator) -> None:
    answer = get(vault, ExternalIssuer().token("me", audience="https://vault.azure.net"))
    assert answer.json()["error"]["message"].startswith("AKV10046")
    assert get(vault, "not.a.token").status_code == 401


def test_tokens_that_were_changed_do_not_count(
    vault: KeyVaultEmulator, credential: ClientSecretCredential, connector_id: str
) -> None:
    vault.grant(connector_id)
    vault.vault.set_secret("any", "x")
    token = credential.get_token("https://vault.azure.net/.default").token
    other = credential.get_token("https://graph.microsoft.com/.default").token
    forged = token.rpartition(".")[0] + "." + other.rpartition(".")[2]
    assert (get(vault, token).status_code, get(vault, forged).status_code) == (200, 401)


def test_tokens_whose_time_is_over_do_not_count(
    graph: GraphEmulator, vault: KeyVaultEmulator, credential: ClientSecretCredential, connector_id: str
) -> None:
    vault.grant(connector_id)
    vault.vault.set_secret("any", "x")
    token = credential.get_token("https://vault.azure.net/.default").token
    assert get(vault, token).status_code == 200
    graph.clock.advance(3600)
    try:
        assert "TokenExpired" in get(vault, token).json()["error"]["message"]
    finally:
        graph.clock.rewind()


def test_a_client_that_compares_the_challenge_refuses_another_name(
    vault: KeyVaultEmulator, credential: ClientSecretCredential
) -> None:
    client = SecretClient(vault.url, credential, connection_verify=vault.ca_file)
    with pytest.raises(ValueError, match="does not match the requested domain"):
        client.get_secret("any")


def test_roles_decide_and_may_change(vault: KeyVaultEmulator, client: SecretClient, connector_id: str) -> None:
    vault.revoke(connector_id)
    vault.vault.set_secret("any", "x")
    actions: dict[str, Callable[[], object]] = {
        "getSecret/action": lambda: client.get_secret("any"),
        "readMetadata/action": lambda: list(client.list_properties_of_secrets()),
        "setSecret/action": lambda: client.set_secret("any", "y"),
        "delete'": lambda: client.begin_delete_secret("any"),
    }

    def allowed() -> set[str]:
        refused = {}
        for name, act in actions.items():
            try:
                act()
            except HttpResponseError as error:
                refused[name] = error
        for name, met in refused.items():
            assert met.error is not None
            assert (met.status_code, met.error.innererror) == (403, {"code": "ForbiddenByRbac"})
            assert name in str(met)
            assert connector_id in str(met)
        return actions.keys() - refused

    assert allowed() == set()
    vault.grant(connector_id, Role.READER)
    assert allowed() == {"readMetadata/action"}
    vault.grant(connector_id, Role.SECRETS_USER)
    assert allowed() == {"getSecret/action", "readMetadata/action"}
    vault.grant(connector_id, Role.SECRETS_OFFICER)
    assert allowed() == set(actions)


@pytest.mark.parametrize(
    ("network", "code"), [(Network.FIREWALL, "ForbiddenByFirewall"), (Network.PRIVATE, "ForbiddenByConnection")]
)
def test_the_network_decides_before_roles(
    vault: KeyVaultEmulator, client: SecretClient, network: Network, code: str
) -> None:
    vault.vault.set_secret("any", "x")
    vault.network = network
    with pytest.raises(HttpResponseError) as refused:
        client.get_secret("any")
    assert refused.value.error is not None
    assert (refused.value.status_code, refused.value.error.innererror) == (403, {"code": code})
    vault.network = Network.OPEN
    assert client.get_secret("any").value == "x"


def test_calls_can_be_throttled_and_fail(vault: KeyVaultEmulator, client: SecretClient) -> None:
    vault.vault.set_secret("any", "x")
    client.get_secret("any")
    vault.fail(Fault(path="^/secrets/any", status=429, retry_after=7))
    with pytest.raises(HttpResponseError, match="Throttled") as throttled:
        client.get_secret("any")
    answered = throttled.value.response
    assert isinstance(answered, HttpResponse)
    assert answered.headers["Retry-After"] == "7"
    vault.fail(Fault(path="/secrets/any", method="PUT", status=500, after_effect=True))
    with pytest.raises(HttpResponseError):
        client.set_secret("any", "y")
    assert client.get_secret("any").value == "y"
    vault.fail(Fault(drop="before"))
    with pytest.raises(ServiceResponseError):
        client.get_secret("any")
    vault.fail(Fault(status=401))
    assert client.get_secret("any").value == "y", "the client answers one challenge"


def test_a_vault_that_stops_comes_back_on_the_same_port(vault: KeyVaultEmulator, client: SecretClient) -> None:
    vault.vault.set_secret("any", "x")
    assert client.get_secret("any").value == "x"
    before = vault.url
    vault.stop()
    with pytest.raises(ServiceRequestError):
        client.get_secret("any")
    vault.start()
    assert (vault.url, client.get_secret("any").value) == (before, "x")


def test_requests_are_counted_by_operation(
    vault: KeyVaultEmulator, credential: ClientSecretCredential, connector_id: str
) -> None:
    vault.grant(connector_id, Role.SECRETS_OFFICER)
    with SecretClient(
        vault.url, credential, connection_verify=vault.ca_file, verify_challenge_resource=False
    ) as client:  # by its port: clients remember challenges by host and port as long as the process lives
        client.set_secret("any", "x")
        client.get_secret("any")
        client.get_secret("any")
    assert vault.counted() == {"Authentication": 1, "SecretSet": 1, "SecretGet": 2}
    vault.forget_counts()
    assert vault.counted() == {}


def test_whoever_is_refused_at_sign_in_does_not_get_in(graph: GraphEmulator, vault: KeyVaultEmulator) -> None:
    wrong = ClientSecretCredential(
        graph.tenant.id,
        graph.client_id,
        "wrong",
        authority=graph.authority,
        connection_verify=graph.ca_file,
        disable_instance_discovery=True,
    )
    with (
        vault.public_name() as url,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        SecretClient(url, wrong, connection_verify=vault.ca_file).get_secret("any")


def test_both_emulators_can_be_trusted_with_one_file(graph: GraphEmulator) -> None:
    with KeyVaultEmulator.beside(graph) as vault:
        assert vault.ca_file == graph.ca_file


def test_an_authority_in_a_folder_is_used_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("certificates")
    with GraphEmulator(Tenant.empty(1), certificates=CertificateAuthority(folder)) as graph:
        later = CertificateAuthority(folder)
        with KeyVaultEmulator(
            tenant_id=graph.tenant.id, authority=graph.authority, keys=graph.key_set, certificates=later
        ) as vault:
            assert get(vault).status_code == 401
            trusted = ssl.create_default_context(cafile=vault.ca_file)
            assert httpx.get(f"{graph.base_url}/users", verify=trusted).status_code == 401
