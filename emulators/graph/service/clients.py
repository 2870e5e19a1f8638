"""Who signs in: the application that a token request names, and whether its credential is right."""

from __future__ import annotations

import base64
import binascii
import hmac
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from emulators.graph.service import aadsts
from emulators.graph.service.assertions import Assertion, AssertionMalformed, certificate_of, keys_of
from emulators.graph.service.audiences import EXCHANGE_APP_ID, EXCHANGE_AUDIENCES, GRAPH_APP_ID, version_2_issuer
from emulators.graph.service.state import TenantState, fact_or

_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW_SECONDS = 300

_CONSENTED = (
    "SELECT json_extract(role.value, '$.value') FROM app_role_assignments a"
    " JOIN objects g ON g.key = a.resource AND g.deleted IS NULL JOIN json_each(g.body, '$.appRoles') role"
    " WHERE a.principal = ? AND json_extract(g.body, '$.appId') = ? AND json_extract(role.value, '$.id') = a.app_role_id"
    " ORDER BY 1"
)


class How(StrEnum):
    """With what the application proved who it is: the ``appidacr`` claim of its token."""

    SECRET = "1"  # noqa: S105 (a claim, not a secret)
    ASSERTION = "2"


@dataclass(frozen=True, slots=True)
class Client:
    """An application of the tenant: its id, name, service principal and permissions of Microsoft Graph."""

    app_id: str
    name: str
    object_id: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token, as far as it is about the application.

    Attributes:
        form: the fields of the body.
        authorization: the header of that name.
        addresses: the audiences that a certificate assertion may have: the token endpoint's addresses.
    """

    form: Mapping[str, str]
    authorization: str
    addresses: tuple[str, ...]

    @property
    def client_id(self) -> str:
        """The application, from HTTP Basic or from the form."""
        return self._basic()[0] or self.form.get("client_id", "")

    @property
    def secret(self) -> str:
        """Its secret, from HTTP Basic or from the form."""
        return self._basic()[1] or self.form.get("client_secret", "")

    def _basic(self) -> tuple[str, str]:
        """HTTP Basic, whose two parts are percent-encoded."""
        scheme, _, encoded = self.authorization.partition(" ")
        if scheme.lower() != "basic":
            return "", ""
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote(client_id), unquote(secret)


class _Federated(msgspec.Struct, frozen=True):
    issuer: str
    subject: str
    audience: str


@dataclass(frozen=True, slots=True)
class _Credential:
    content: str
    starts_at: float | None
    ends_at: float | None


class Clients:
    """The applications of one tenant; ``own_keys`` are those of its own tokens, which may be exchanged as well."""

    def __init__(self, tenant: TenantState, own_keys: Callable[[], Mapping[str, Any]]) -> None:
        self._tenant = tenant
        self._own_keys = own_keys

    def find(self, app_id: str) -> Client:
        """The application with this client id.

        Raises:
            SignInError: there is none in the tenant, or it is disabled.
        """
        with self._tenant.lock:
            row = self._service_principal(app_id)
            if row is None:
                raise aadsts.unknown_application(app_id, fact_or(self._tenant, "display_name", self._tenant.id))
            key, object_id, name, enabled = row
            roles = tuple(value for (value,) in self._tenant.db.execute(_CONSENTED, (key, GRAPH_APP_ID)))
        if enabled == 0:
            raise aadsts.disabled_application(app_id, name or "")
        stated = fact_or(self._tenant, "permissions", "") if app_id.lower() == self._tenant.client_id.lower() else ""
        if stated:
            roles = msgspec.json.decode(stated, type=tuple[str, ...])
        return Client(app_id.lower(), name or "", object_id, roles)

    def _service_principal(self, app_id: str) -> tuple[int, str, str | None, int | None] | None:
        found: tuple[int, str, str | None, int | None] | None = self._tenant.db.execute(
            "SELECT key, id, json_extract(body, '$.displayName'), json_extract(body, '$.accountEnabled') FROM objects"
            " WHERE type = 'servicePrincipal' AND deleted IS NULL AND json_extract(body, '$.appId') = ?",
            (app_id.lower(),),
        ).fetchone()
        return found

    def authenticate(self, request: TokenRequest, now: float, *, told_why: bool) -> How:
        """Check the credential of a request; ``told_why``: whether a foreign token's refusal says what differs.

        Raises:
            SignInError: it is missing, wrong, expired, or not for this application.
        """
        form = request.form
        if request.secret:
            self._check_secret(request.client_id, request.secret, now)
            return How.SECRET
        if "client_assertion_type" not in form and "client_assertion" not in form:
            raise aadsts.no_credential()
        if not form.get("client_assertion"):
            raise aadsts.no_assertion()
        if form.get("client_assertion_type") != _JWT_BEARER:
            raise aadsts.missing_parameter("client_assertion_type")
        self._check_assertion(request, now, told_why=told_why)
        return How.ASSERTION

    def _check_secret(self, app_id: str, secret: str, now: float) -> None:
        matching = [
            one
            for one in self._credentials(app_id, "secret")
            if hmac.compare_digest(one.content.encode(), secret.encode())
        ]
        if any(_in_force(one, now) for one in matching):
            return
        if any(one.ends_at is not None and one.ends_at <= now for one in matching):
            raise aadsts.expired_secret(app_id)
        raise aadsts.wrong_secret(app_id)

    def _check_assertion(self, request: TokenRequest, now: float, *, told_why: bool) -> None:
        try:
            assertion = Assertion(request.form["client_assertion"])
        except AssertionMalformed:
            raise aadsts.malformed_assertion() from None
        claims = assertion.claims
        if "://" in claims.iss:  # another identity provider's; an application names itself by its id
            self._check_federated(request.client_id, assertion, told_why=told_why)
        else:
            self._check_certificate(request, assertion, now)
        if not max(claims.nbf, claims.iat) - _SKEW_SECONDS <= now < claims.exp + _SKEW_SECONDS:
            raise aadsts.assertion_out_of_time(now, claims.nbf, claims.exp)

    def _check_certificate(self, request: TokenRequest, assertion: Assertion, now: float) -> None:
        claims = assertion.claims
        named = {claims.iss.lower(), claims.sub.lower()}
        if named != {request.client_id.lower()}:
            raise aadsts.other_application()
        for one in self._credentials(request.client_id, "certificate"):
            certificate = certificate_of(one.content)
            key = certificate.public_key()
            if not assertion.names(certificate) or not isinstance(key, RSAPublicKey):
                continue
            if not assertion.signed_by(key):
                raise aadsts.bad_signature("Key was found, but use of the key to verify the signature failed.")
            if not _in_force(one, now):
                raise aadsts.bad_signature("The key used is expired.")
            break
        else:
            raise aadsts.bad_signature("The key was not found.")
        if not set(claims.audiences) & set(request.addresses):
            raise aadsts.wrong_assertion_audience(" ".join(claims.audiences), request.addresses[0])

    def _check_federated(self, app_id: str, assertion: Assertion, *, told_why: bool) -> None:
        trusted = [msgspec.json.decode(one.content, type=_Federated) for one in self._credentials(app_id, "federated")]
        claims = assertion.claims
        try:
            _match(trusted, claims.iss, claims.sub, claims.audiences)
        except aadsts.SignInError:
            if told_why:
                raise
            raise aadsts.no_federation_at_all(claims.iss, claims.sub, " ".join(claims.audiences)) from None
        keys = keys_of(self._key_set(claims.iss), assertion.header.kid)
        if not keys:
            raise aadsts.bad_signature("The key was not found.")
        if not any(assertion.signed_by(key) for key in keys):
            raise aadsts.bad_signature("Key was found, but use of the key to verify the signature failed.")

    def _key_set(self, issuer: str) -> str:
        """The keys of an identity provider, which may be this one."""
        if issuer == version_2_issuer(self._tenant.id):
            return msgspec.json.encode(self._own_keys()).decode()
        with self._tenant.lock:
            row = self._tenant.db.execute("SELECT key_set FROM issuer_keys WHERE issuer = ?", (issuer,)).fetchone()
        if row is None:
            raise aadsts.issuer_unreachable()
        return str(row[0])

    def _credentials(self, app_id: str, kind: str) -> list[_Credential]:
        with self._tenant.lock:
            rows: Sequence[sqlite3.Row] = self._tenant.db.execute(
                "SELECT content, starts_at, ends_at FROM credentials WHERE app_id = ? AND kind = ? ORDER BY rowid",
                (app_id.lower(), kind),
            ).fetchall()
        return [_Credential(*row) for row in rows]


def _in_force(credential: _Credential, now: float) -> bool:
    begun = credential.starts_at is None or credential.starts_at <= now
    return begun and (credential.ends_at is None or now < credential.ends_at)


def _match(trusted: Sequence[_Federated], issuer: str, subject: str, audiences: tuple[str, ...]) -> None:
    """Say which of issuer, subject and audience no federated credential has, in the order in which Entra ID does."""
    if not trusted:
        raise aadsts.no_federation()
    known = [one for one in trusted if one.issuer == issuer]
    if not known:
        raise aadsts.no_federation_for(700211, "issuer", issuer)
    same = [one for one in known if one.subject == subject]
    if not same:
        if any(one.subject.lower() == subject.lower() for one in known):
            raise aadsts.subject_differs_in_case(subject)
        raise aadsts.no_federation_for(700213, "subject", subject)
    meant = EXCHANGE_AUDIENCES.union(audiences) if EXCHANGE_APP_ID in audiences else audiences
    if not any(one.audience in meant for one in same):
        raise aadsts.no_federation_for(700212, "audience", " ".join(audiences))
