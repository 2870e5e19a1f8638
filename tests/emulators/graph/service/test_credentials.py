"""Secrets, certificates and federated credentials of applications: what is accepted, and how the rest is refused."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from emulators.graph.external_issuer import ExternalIssuer
from emulators.graph.service.variants import Variants

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SUBJECT = "system:serviceaccount:access:connector"


def ask(graph: Any, path: str = "oauth2/v2.0/token", tenant_id: str | None = None, **form: str) -> httpx.Response:
    url = f"{graph.emulator.authority}/{tenant_id or graph.emulator.tenant.id}/{path}"
    fields = {
        "grant_type": "client_credentials",
        "client_id": graph.emulator.client_id,
        "scope": "https://graph.microsoft.com/.default",
    }
    response: httpx.Response = graph.http.post(url, data=fields | form)
    return response


def number(response: httpx.Response) -> tuple[int, str, int]:
    body = response.json()
    return response.status_code, body["error"], body["error_codes"][0]


def claims(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = jwt.decode(response.json()["access_token"], options={"verify_signature": False})
    return found


class Certificate:
    """A self-signed certificate and the assertions that its owner makes."""

    def __init__(self, days: int = 30) -> None:
        self.key: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "connector")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        dated = builder.not_valid_before(now - timedelta(days=40)).not_valid_after(now + timedelta(days=days))
        self._certificate = dated.sign(self.key, SHA256())
        self.pem = self._certificate.public_bytes(Encoding.PEM).decode()

    def thumbprint(self, algorithm: HashAlgorithm) -> str:
        return jwt.utils.base64url_encode(self._certificate.fingerprint(algorithm)).decode()

    def assertion(self, graph: Any, algorithm: str = "PS256", **changes: Any) -> str:
        emulator, now = graph.emulator, int(time.time())
        payload = {
            "aud": f"{emulator.authority}/{emulator.tenant.id}/oauth2/v2.0/token",
            "iss": emulator.client_id,
            "sub": emulator.client_id,
            "jti": str(uuid.uuid4()),
            "nbf": now,
            "exp": now + 600,
        } | changes
        named = {"x5t": self.thumbprint(SHA1())} if algorithm == "RS256" else {"x5t#S256": self.thumbprint(SHA256())}  # noqa: S303
        return jwt.encode(payload, self.key, algorithm, headers=named)


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return Certificate()


@pytest.fixture(scope="module")
def issuer() -> ExternalIssuer:
    return ExternalIssuer()


def with_assertion(graph: Any, assertion: str, **form: str) -> httpx.Response:
    return ask(graph, client_assertion_type=JWT_BEARER, client_assertion=assertion, **form)


def test_an_application_may_have_several_secrets(graph, tenant):
    second = tenant.add_client_secret("second")
    assert ask(graph, client_secret="second").status_code == 200
    assert ask(graph, client_secret=tenant.client_secret).status_code == 200
    tenant.remove_credential(second)
    assert number(ask(graph, client_secret="second")) == (401, "invalid_client", 7000215)


def test_secrets_begin_and_end(graph, tenant):
    now = datetime.now(UTC)
    ends, starts = (now + timedelta(hours=1)).isoformat(), (now + timedelta(hours=2)).isoformat()
    tenant.add_client_secret("old", ends_at=ends)
    tenant.add_client_secret("new", starts_at=starts)
    assert ask(graph, client_secret="old").status_code == 200
    assert number(ask(graph, client_secret="new")) == (401, "invalid_client", 7000215)
    graph.emulator.clock.advance(2.5 * 3600)
    assert number(ask(graph, client_secret="old")) == (401, "invalid_client", 7000222)
    assert ask(graph, client_secret="new").status_code == 200


def test_other_applications_of_the_tenant_sign_in_with_their_own_secrets_and_permissions(graph, tenant):
    app_id = str(uuid.uuid4())
    tenant.create_service_principal("Auditor", properties={"appId": app_id})
    tenant.add_client_secret("theirs", app_id=app_id)
    mine = ask(graph, client_id=app_id, client_secret=tenant.client_secret)
    assert number(mine) == (401, "invalid_client", 7000215)
    found = claims(ask(graph, client_id=app_id, client_secret="theirs"))
    assert (found["appid"], found["app_displayname"]) == (app_id, "Auditor")
    assert "roles" not in found  # nothing was consented, and still there is a token
    tenant.set_permissions(["User.Read.All"], app_id=app_id)
    assert claims(ask(graph, client_id=app_id, client_secret="theirs"))["roles"] == ["User.Read.All"]


def test_a_disabled_application_does_not_sign_in(graph, tenant):
    (own,) = graph.all(f"/servicePrincipals?$filter=appId eq '{tenant.client_id}'")
    tenant.update_service_principal(own["id"], {"accountEnabled": False})
    response = ask(graph, client_secret=tenant.client_secret)
    assert number(response) == (400, "unauthorized_client", 7000112)
    assert f"Application '{tenant.client_id}'(Access connector) is disabled." in response.json()["error_description"]


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_certificates_sign_in(graph, tenant, certificate, algorithm):
    tenant.add_certificate(certificate.pem)
    assert claims(with_assertion(graph, certificate.assertion(graph, algorithm)))["appidacr"] == "2"


def test_an_assertion_may_name_the_public_cloud(graph, tenant, certificate):
    tenant.add_certificate(certificate.pem)
    audience = f"https://login.microsoftonline.com/{tenant.id}/oauth2/v2.0/token"
    assert with_assertion(graph, certificate.assertion(graph, aud=audience)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://login.microsoftonline.com/somebody/oauth2/v2.0/token"}, 700023),
        ({"iss": "11111111-2222-3333-4444-555555555555"}, 700021),
        ({"sub": "11111111-2222-3333-4444-555555555555"}, 700021),
        ({"exp": 1_700_000_000, "nbf": 1_690_000_000}, 700024),
        ({"nbf": 4_000_000_000, "exp": 4_000_000_600}, 700024),
    ],
)
def test_assertions_with_wrong_claims_are_refused(graph, tenant, certificate, changes, code):
    tenant.add_certificate(certificate.pem)
    response = with_assertion(graph, certificate.assertion(graph, **changes))
    assert number(response) == (401, "invalid_client", code)


def test_assertions_of_unregistered_foreign_and_expired_certificates_are_refused(graph, tenant, certificate):
    unknown = with_assertion(graph, certificate.assertion(graph))
    assert number(unknown) == (401, "invalid_client", 700027)
    assert "Reason - The key was not found." in unknown.json()["error_description"]
    tenant.add_certificate(certificate.pem)
    header, payload, _ = certificate.assertion(graph).split(".")
    forged = with_assertion(graph, f"{header}.{payload}.{Certificate().assertion(graph).rpartition('.')[2]}")
    assert number(forged) == (401, "invalid_client", 700027)
    expired = Certificate(days=-1)
    tenant.add_certificate(expired.pem)
    late = with_assertion(graph, expired.assertion(graph))
    assert "Reason - The key used is expired." in late.json()["error_description"]


def test_an_unsigned_assertion_is_no_assertion(graph, tenant, certificate):
    tenant.add_certificate(certificate.pem)
    payload = jwt.decode(certificate.assertion(graph), options={"verify_signature": False})
    unsigned = jwt.encode(payload, "", "none", headers={"x5t#S256": certificate.thumbprint(SHA256())})
    assert number(with_assertion(graph, unsigned)) == (401, "invalid_client", 700027)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, (401, "invalid_client", 7000216)),
        ({"client_assertion_type": JWT_BEARER}, (401, "invalid_client", 7000218)),
        ({"client_assertion": "a.b.c"}, (400, "invalid_request", 900144)),
        ({"client_assertion": "nonsense", "client_assertion_type": JWT_BEARER}, (400, "invalid_request", 50027)),
        ({"scope": "https://graph.microsoft.com/.default https://vault.azure.net/.default"}, None),
    ],
)
def test_incomplete_requests_are_refused(graph, tenant, form, expected):
    if expected is None:
        form, expected = form | {"client_secret": tenant.client_secret}, (400, "invalid_scope", 700022)
    assert number(ask(graph, **form)) == expected


def test_tokens_of_a_trusted_issuer_sign_in(graph, tenant, issuer):
    tenant.set_issuer_keys(issuer.url, issuer.key_set())
    tenant.add_federated_credential(issuer.url, SUBJECT)
    assert claims(with_assertion(graph, issuer.token(SUBJECT)))["appidacr"] == "2"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (("https://oidc.example.com/other", SUBJECT, "api://AzureADTokenExchange"), 700211),
        (("", "system:serviceaccount:access:other", "api://AzureADTokenExchange"), 700213),
        (("", SUBJECT.upper(), "api://AzureADTokenExchange"), 7002138),
        (("", SUBJECT, "api://somebody"), 700212),
    ],
)
def test_tokens_that_no_federated_credential_matches(graph, tenant, issuer, token, code):
    url, subject, audience = token
    tenant.set_issuer_keys(issuer.url, issuer.key_set())
    tenant.add_federated_credential(issuer.url, SUBJECT)
    token = (ExternalIssuer(url) if url else issuer).token(subject, audience=audience)
    assert number(with_assertion(graph, token)) == (401, "invalid_client", code)
    graph.emulator.variants = Variants(federation_refusal_says_why=False)
    assert number(with_assertion(graph, token)) == (400, "invalid_request", 70021)


def test_federation_needs_a_credential_reachable_keys_a_good_signature_and_time(graph, tenant, issuer):
    assert number(with_assertion(graph, issuer.token(SUBJECT)))[2] == 70025
    tenant.add_federated_credential(issuer.url, SUBJECT)
    assert number(with_assertion(graph, issuer.token(SUBJECT)))[2] == 50166
    tenant.set_issuer_keys(issuer.url, ExternalIssuer(issuer.url).key_set())
    assert number(with_assertion(graph, issuer.token(SUBJECT)))[2] == 700027
    tenant.set_issuer_keys(issuer.url, issuer.key_set())
    assert number(with_assertion(graph, issuer.token(SUBJECT, lifetime_seconds=-3600)))[2] == 700024


def test_an_unknown_tenant_is_refused_at_discovery_as_well(graph):
    url = f"{graph.emulator.authority}/contoso.example/v2.0/.well-known/openid-configuration"
    assert number(graph.http.get(url)) == (400, "invalid_request", 90002)


def test_version_1_of_the_endpoint_names_a_resource_and_writes_numbers_as_text(graph, tenant):
    response = ask(graph, "oauth2/token", client_secret=tenant.client_secret, resource="https://graph.microsoft.com")
    assert response.json()["expires_in"] == "3599"
    missing = ask(graph, "oauth2/token", client_secret=tenant.client_secret)
    assert number(missing) == (400, "invalid_request", 900144)


def test_credentials_and_permissions_change_through_the_admin_address(graph):
    verbs = f"{graph.emulator.admin_url}/verbs"
    made = graph.send(f"{verbs}/add_client_secret", "POST", json={"secret": "theirs"}).json()["result"]
    assert ask(graph, client_secret="theirs").status_code == 200
    graph.send(f"{verbs}/remove_credential", "POST", json={"credential_id": made})
    assert ask(graph, client_secret="theirs").status_code == 401
    graph.send(f"{verbs}/set_permissions", "POST", json={"values": ["Group.Read.All"]})
    graph.sign_in()
    assert graph.send("/groups").status_code == 200
    assert graph.error("/users")[0] == 403
