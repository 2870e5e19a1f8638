"""A certificate with its key is found in every form that it comes in, and what is wrong with it is told without showing it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from connector.credentials.certificates import read_certificate
from connector.credentials.errors import (
    CertificateKeyUnsuitable,
    CertificateNotInForce,
    CertificatePasswordWrong,
    CertificateUnreadable,
    CertificateUnusable,
    CertificateWithoutKey,
)
from tests.support.certificates import Made

ONE, OTHER = Made(1), Made(2, name="other")
PASSWORD = "correct horse"
FORMS = {
    "PEM": (ONE.pem(), ""),
    "PEM with the certificate first": (ONE.public + ONE.key(), ""),
    "PEM with a password": (ONE.pem(PASSWORD), PASSWORD),
    "PEM without a password, while one is set": (ONE.pem(), PASSWORD),
    "PEM in one line": (ONE.pem().replace(b"\n", b"\\n"), ""),
    "PEM with carriage returns": (ONE.pem().replace(b"\n", b"\r\n"), ""),
    "PEM whose chain comes first": (OTHER.public + ONE.pem(), ""),
    "PKCS#12": (ONE.pfx(), ""),
    "PKCS#12 with a password": (ONE.pfx(PASSWORD), PASSWORD),
    "PKCS#12 without a password, while one is set": (ONE.pfx(), PASSWORD),
    "PKCS#12 in Base64": (ONE.base64().encode(), ""),
    "PKCS#12 in Base64 of many lines": (base64.encodebytes(ONE.pfx(PASSWORD)), PASSWORD),
}


@pytest.mark.parametrize(("data", "password"), FORMS.values(), ids=FORMS.keys())
def test_every_form_is_read(data: bytes, password: str) -> None:
    read = read_certificate(data, password, "here")

    found = load_pem_x509_certificate(read.pem)
    key = load_pem_private_key(read.pem, None)
    assert found.public_key() == key.public_key() == ONE.certificate.public_key()
    assert read.expires_at == found.not_valid_after_utc
    assert read.expires_at == ONE.certificate.not_valid_after_utc
    assert read.thumbprint.isupper()
    assert len(read.thumbprint) == 40


@pytest.mark.parametrize("old", [timedelta(days=-1), timedelta(days=5)])
def test_of_those_that_were_renewed_with_their_key_the_one_that_ends_last_signs(old: timedelta) -> None:
    before = Made(1, begins=timedelta(days=-60), ends=old)
    later = Made(1, begins=timedelta(days=1), ends=timedelta(days=200))

    for data in (before.public + ONE.pem() + later.public, ONE.pem() + before.public):
        assert read_certificate(data, "", "here").expires_at == ONE.certificate.not_valid_after_utc


WRONG = {
    "no certificate at all": (b"hello", "", CertificateUnreadable),
    "nothing": (b"", "", CertificateUnreadable),
    "binary that is something else": (bytes(range(256)), "", CertificateUnreadable),
    "a damaged key": (ONE.pem().replace(b"\nMII", b"\nAAA", 1), "", CertificateUnreadable),
    "a key alone": (ONE.key(), "", CertificateUnreadable),
    "a certificate alone": (ONE.public, "", CertificateWithoutKey),
    "PKCS#12 without a key": (ONE.pfx(key=False), "", CertificateWithoutKey),
    "another's key": (ONE.key() + OTHER.public, "", CertificateWithoutKey),
    "an elliptic key": (Made(-1).pem(), "", CertificateKeyUnsuitable),
    "a wrong password of PEM": (ONE.pem(PASSWORD), "wrong", CertificatePasswordWrong),
    "no password of PEM": (ONE.pem(PASSWORD), "", CertificatePasswordWrong),
    "a wrong password of PKCS#12": (ONE.pfx(PASSWORD), "wrong", CertificatePasswordWrong),
    "no password of PKCS#12": (ONE.pfx(PASSWORD), "", CertificatePasswordWrong),
    "expired": (Made(1, ends=timedelta(minutes=-1)).pem(), "", CertificateNotInForce),
    "not yet valid": (Made(1, begins=timedelta(hours=1)).pem(), "", CertificateNotInForce),
}


@pytest.mark.parametrize(("data", "password", "kind"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_and_nothing_is_shown(
    data: bytes, password: str, kind: type[CertificateUnusable]
) -> None:
    with pytest.raises(CertificateUnusable) as raised:
        read_certificate(data, password, "the file connector.pem")

    assert type(raised.value) is kind
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    told = str(raised.value)
    assert "the file connector.pem" in raised.value.sentence
    assert raised.value.advice
    assert "BEGIN" not in told
    assert PASSWORD not in told


def test_whether_it_is_not_yet_or_no_longer_valid_is_told_with_the_clock() -> None:
    now = datetime.now(UTC)
    for days, words in ((-30, "is not valid before"), (400, "has expired on")):
        moment = now + timedelta(days=days)
        with pytest.raises(CertificateNotInForce, match=words) as raised:
            read_certificate(ONE.pem(), "", "here", now=moment)
        assert f"{moment:%Y-%m-%d %H:%M} UTC" in raised.value.advice
