"""Secrets and certificates of applications: what is added here signs in at the token endpoint, what is removed does not."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate

from emulators.graph.service.errors import bad_request
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call
from emulators.graph.service.resources.credentials import password_shown
from emulators.graph.service.writes import payload
from emulators.graph.service.writes.answers import done, tenant_of

_TWO_YEARS = timedelta(days=2 * 365)
_SECRET_BYTES = 30  # 40 characters, as Entra ID's secrets have


def add_password(call: Call) -> Reply:
    """``POST /applications/{id}/addPassword``: 200 with the secret, which is shown this once.

    Raises:
        GraphError: 400 for malformed times, and for a secret that lives longer than the tenant's policy lets it.
    """
    body = payload.parse(call) if call.request.body else {}
    asked = body.get("passwordCredential") or {}
    if not isinstance(asked, dict):
        raise payload.invalid_value("passwordCredential", "application")
    shown = new_password(call, call.ids[0], asked)
    return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#microsoft.graph.passwordCredential"} | shown)


def remove_password(call: Call) -> Reply:
    """``POST /applications/{id}/removePassword``.

    Raises:
        GraphError: 400 where the application has no such secret.
    """
    body = payload.parse(call)
    key_id = str(body.get("keyId", "")).lower()
    if key_id not in _kept(call, call.ids[0], "secret"):
        raise bad_request(f"No password credential found with keyId {key_id}.")
    _drop(call, call.ids[0], [key_id], "passwordCredentials")
    return done()


def new_password(call: Call, application_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Make a secret; what is shown of it, the secret included.

    Args:
        call: the request.
        application_id: object id of the application.
        asked: a ``passwordCredential`` with ``displayName``, ``startDateTime`` and ``endDateTime``, each as one likes.

    Raises:
        GraphError: 400 for malformed times, and for a secret that lives longer than the tenant's policy lets it.
    """
    now = datetime.fromtimestamp(call.context.clock.now(), UTC)
    starts = _time(asked, "startDateTime") or now
    ends = _time(asked, "endDateTime") or starts + _TWO_YEARS
    if ends <= starts:
        raise payload.invalid_value("endDateTime", "passwordCredential")
    longest = call.context.variants.longest_secret_days
    if longest and ends - starts > timedelta(days=longest):
        policy = call.context.tenant.id
        raise bad_request(f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy}'.")
    secret, name = secrets.token_urlsafe(_SECRET_BYTES), str(asked.get("displayName") or "")
    key_id = tenant_of(call).add_client_secret(
        secret, app_id=_app_id(call, application_id), starts_at=starts.isoformat(), ends_at=ends.isoformat(), name=name
    )
    _touch(call, application_id, "passwordCredentials")
    return password_shown(key_id, secret, starts.timestamp(), ends.timestamp(), name) | {"secretText": secret}


def replace_passwords(call: Call, application_id: str, given: Sequence[Any]) -> None:
    """Keep those secrets that a ``PATCH`` names, which is all that it can do.

    Raises:
        GraphError: 400 where it names one that is not there.
    """
    kept = _kept(call, application_id, "secret")
    named = {str(one.get("keyId", "")).lower() for one in given if isinstance(one, dict)}
    if len(named) < len(given) or not named <= set(kept):
        raise bad_request("New password must be created via service action.")
    _drop(call, application_id, [one for one in kept if one not in named], "passwordCredentials")


def replace_keys(call: Call, application_id: str, given: Sequence[Any]) -> None:
    """Let an application have exactly these certificates: new ones with ``key``, those to keep by ``keyId``.

    Raises:
        GraphError: 400 for what is no certificate and names none that is there.
    """
    kept = _kept(call, application_id, "certificate")
    fresh: list[tuple[Certificate, Mapping[str, Any]]] = []
    named: set[str] = set()
    for one in given:
        if isinstance(one, dict) and one.get("key"):
            fresh.append((_certificate(one), one))
        elif isinstance(one, dict) and str(one.get("keyId", "")).lower() in kept:
            named.add(str(one["keyId"]).lower())
        else:
            raise payload.invalid_value("keyCredentials", "application")
    _drop(call, application_id, [one for one in kept if one not in named], "keyCredentials")
    for certificate, one in fresh:
        starts, ends = _time(one, "startDateTime"), _time(one, "endDateTime")
        if ends is not None and ends > certificate.not_valid_after_utc:
            raise bad_request("Key credential end date is invalid.", "KeyCredentialsInvalidEndDate")
        tenant_of(call).add_certificate(
            certificate.public_bytes(Encoding.PEM).decode(),
            app_id=_app_id(call, application_id),
            starts_at=None if starts is None else starts.isoformat(),
            ends_at=None if ends is None else ends.isoformat(),
            name=str(one.get("displayName") or ""),
        )
    _touch(call, application_id, "keyCredentials")


def _certificate(one: Mapping[str, Any]) -> Certificate:
    if one.get("type") != "AsymmetricX509Cert" or one.get("usage") != "Verify":
        raise payload.invalid_value("keyCredentials", "application")
    try:
        return load_der_x509_certificate(base64.b64decode(str(one["key"]), validate=True))
    except (ValueError, binascii.Error):
        raise payload.invalid_value("keyCredentials", "application") from None


def _time(given: Mapping[str, Any], name: str) -> datetime | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        return msgspec.convert(value, datetime).astimezone(UTC)
    except (msgspec.ValidationError, ValueError):
        raise payload.invalid_value(name, "passwordCredential") from None


def _kept(call: Call, application_id: str, kind: str) -> list[str]:
    rows = tenant_of(call).db.execute(
        "SELECT id FROM credentials WHERE app_id = ? AND kind = ?", (_app_id(call, application_id), kind)
    )
    return [row[0] for row in rows]


def _drop(call: Call, application_id: str, ids: Sequence[str], name: str) -> None:
    for one in ids:
        tenant_of(call).remove_credential(one)
    if ids:
        _touch(call, application_id, name)


def _app_id(call: Call, application_id: str) -> str:
    return str(tenant_of(call).find(application_id, "application").body["appId"])


def _touch(call: Call, application_id: str, name: str) -> None:
    """Delta tells that the property changed."""
    tenant = tenant_of(call)
    with tenant.transaction():
        tenant.touch(tenant.find(application_id, "application").key, name)
