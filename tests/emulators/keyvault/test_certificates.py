"""Certificates: imported as PEM or PKCS#12, read as secrets of the same name, with key and content type."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from emulators.keyvault import KeyVaultEmulator, Role
from emulators.keyvault.errors import VaultError

ENDS = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def certificate(key: RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "connector")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return made.not_valid_before(ENDS - timedelta(days=900)).not_valid_after(ENDS).sign(key, SHA256())


@pytest.fixture
def pem(key: RSAPrivateKey, certificate: x509.Certificate) -> str:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (certificate.public_bytes(Encoding.PEM) + private).decode()


@pytest.fixture
def pfx(key: RSAPrivateKey, certificate: x509.Certificate) -> str:
    protected = pkcs12.serialize_key_and_certificates(b"c", key, certificate, None, BestAvailableEncryption(b"pass"))
    return base64.b64encode(protected).decode()


def test_pem_is_read_as_a_secret(vault: KeyVaultEmulator, client: SecretClient, pem: str, key: RSAPrivateKey) -> None:
    vault.vault.import_certificate("entra-certificate", pem)
    read = client.get_secret("entra-certificate")
    assert read.properties.content_type == "application/x-pem-file"
    assert (read.properties.managed, read.properties.expires_on) == (True, ENDS)
    assert read.properties.key_id is not None
    assert read.value is not None
    loaded = load_pem_private_key(read.value.encode(), None)
    assert isinstance(loaded, RSAPrivateKey)
    assert loaded.private_numbers() == key.private_numbers()
    assert x509.load_pem_x509_certificate(read.value.encode()).not_valid_after_utc == ENDS


def test_pkcs12_is_kept_without_its_password(
    vault: KeyVaultEmulator, client: SecretClient, pfx: str, certificate: x509.Certificate
) -> None:
    vault.vault.import_certificate("entra-certificate", pfx, password="pass")
    read = client.get_secret("entra-certificate")
    assert read.properties.content_type == "application/x-pkcs12"
    assert read.value is not None
    _, found, _ = pkcs12.load_key_and_certificates(base64.b64decode(read.value), None)
    assert found == certificate


def test_what_is_no_certificate_with_its_key_is_refused(
    vault: KeyVaultEmulator, pfx: str, certificate: x509.Certificate
) -> None:
    alone = certificate.public_bytes(Encoding.PEM).decode()
    for content, password in ((alone, None), ("rubbish!", None), (pfx, "wrong")):
        with pytest.raises(VaultError) as refused:
            vault.vault.import_certificate("entra-certificate", content, password=password)
        assert (refused.value.status, refused.value.code) == (400, "BadParameter")


def test_an_officer_imports_over_http_and_the_secret_cannot_be_set(
    vault: KeyVaultEmulator, client: SecretClient, connector_id: str, pfx: str
) -> None:
    body = {"value": pfx, "pwd": "pass"}
    request = HttpRequest("POST", "/certificates/entra-certificate/import", json=body)
    assert client.send_request(request).status_code == 403, "an officer for secrets is none for certificates"
    vault.grant(connector_id, Role.CERTIFICATES_OFFICER)
    made = client.send_request(request).json()
    assert made["sid"] == client.get_secret("entra-certificate").id
    assert client.send_request(HttpRequest("GET", "/certificates/entra-certificate")).json() == made
    listed = client.send_request(HttpRequest("GET", "/certificates")).json()["value"]
    assert [one["id"] for one in listed] == ["https://contoso-kv.vault.azure.net/certificates/entra-certificate"]
    with pytest.raises(HttpResponseError) as refused:
        client.set_secret("entra-certificate", "other")
    assert refused.value.status_code == 403
    assert client.send_request(HttpRequest("GET", "/certificates/nothing")).json()["error"]["code"] == (
        "CertificateNotFound"
    )
