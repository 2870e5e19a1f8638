"""azure-identity signs in as it does in the cloud: with a secret, a certificate, and another provider's token in a file."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.identity as sync_identity
import azure.identity.aio as async_identity
import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from emulators.graph import GraphEmulator
from emulators.graph.external_issuer import ExternalIssuer

SCOPE = "https://graph.microsoft.com/.default"
SUBJECT = "system:serviceaccount:access:connector"
KINDS = ("ClientSecretCredential", "CertificateCredential", "WorkloadIdentityCredential")


def common(emulator: GraphEmulator) -> dict[str, Any]:
    return {
        "authority": emulator.authority,
        "disable_instance_discovery": True,
        "connection_verify": emulator.ca_file,
    }


@pytest.fixture(scope="module")
def certificate(tenant) -> bytes:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "connector")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = (
        builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30)).sign(key, SHA256())
    )
    public = made.public_bytes(Encoding.PEM)
    tenant.add_certificate(public.decode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + public


@pytest.fixture
def token_file(tenant, tmp_path: Path) -> str:
    issuer = ExternalIssuer(f"https://oidc.example.com/{tmp_path.name}")
    tenant.set_issuer_keys(issuer.url, issuer.key_set())
    tenant.add_federated_credential(issuer.url, SUBJECT)
    path = tmp_path / "token"
    path.write_text(issuer.token(SUBJECT), encoding="ascii")
    return str(path)


@pytest.fixture
def arguments(emulator, certificate, token_file) -> Mapping[str, dict[str, Any]]:
    """What each kind of credential is made with."""
    who = {"tenant_id": emulator.tenant.id, "client_id": emulator.client_id} | common(emulator)
    return {
        "ClientSecretCredential": who | {"client_secret": emulator.client_secret},
        "CertificateCredential": who | {"certificate_data": certificate},
        "WorkloadIdentityCredential": who | {"token_file_path": token_file},
    }


def accepted(emulator: GraphEmulator, token: str) -> bool:
    tls = ssl.create_default_context(cafile=emulator.ca_file)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{emulator.base_url}/organization", headers=headers, verify=tls).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_in_the_caller_s_thread(emulator, arguments, kind):
    with getattr(sync_identity, kind)(**arguments[kind]) as credential:
        token = credential.get_token(SCOPE)
    assert accepted(emulator, token.token)


@pytest.mark.parametrize("kind", KINDS)
def test_asynchronously(emulator, arguments, kind):
    async def sign_in() -> str:
        async with getattr(async_identity, kind)(**arguments[kind]) as credential:
            token = await credential.get_token(SCOPE)
            return str(token.token)

    assert accepted(emulator, asyncio.run(sign_in()))


@pytest.mark.parametrize(
    ("kind", "changes", "number"),
    [
        ("ClientSecretCredential", {"client_secret": "wrong"}, 7000215),
        ("ClientSecretCredential", {"client_id": "11111111-2222-3333-4444-555555555555"}, 700016),
        ("WorkloadIdentityCredential", {"tenant_id": "11111111-2222-3333-4444-555555555555"}, 90002),
    ],
)
def test_refusals_are_told_in_entra_s_words(arguments, kind, changes, number):
    with (
        getattr(sync_identity, kind)(**arguments[kind] | changes) as credential,
        pytest.raises(ClientAuthenticationError, match=f"AADSTS{number}: "),
    ):
        credential.get_token(SCOPE)


def test_an_unknown_tenant_fails_at_discovery(arguments):
    unknown = {"tenant_id": "11111111-2222-3333-4444-555555555555"}
    with (
        sync_identity.ClientSecretCredential(**arguments["ClientSecretCredential"] | unknown) as credential,
        pytest.raises((ClientAuthenticationError, ValueError), match=r"openid-configuration|AADSTS90002|authority"),
    ):
        credential.get_token(SCOPE)
