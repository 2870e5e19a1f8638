"""The Entra sign-in endpoints: discovery and client-credentials tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from emulators.graph.service.clock import Clock
from emulators.graph.service.jwt import GRAPH_APP_ID, GRAPH_AUDIENCES, LIFETIME_SECONDS, Issuer, Subject
from emulators.graph.service.messages import Reply
from emulators.graph.service.state import TenantState, fact_or

_GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)

_CONSENTED = (
    "SELECT json_extract(role.value, '$.value') FROM objects p JOIN app_role_assignments a ON a.principal = p.key"
    " JOIN objects g ON g.key = a.resource JOIN json_each(g.body, '$.appRoles') role"
    " WHERE p.type = 'servicePrincipal' AND json_extract(p.body, '$.appId') = ? AND p.deleted IS NULL"
    " AND json_extract(g.body, '$.appId') = ? AND json_extract(role.value, '$.id') = a.app_role_id ORDER BY 1"
)


class SignInError(Exception):
    """A refusal of Entra ID: HTTP status, OAuth error, AADSTS number and text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text

    def reply(self, clock: Clock, correlation_id: str) -> Reply:
        """The documented error body."""
        trace_id, timestamp = str(uuid.uuid4()), clock.utc().strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{self.number}: {self.text} Trace ID: {trace_id} "
            f"Correlation ID: {correlation_id} Timestamp: {timestamp}"
        )
        return Reply(
            self.status,
            {
                "error": self.error,
                "error_description": description,
                "error_codes": [self.number],
                "timestamp": timestamp,
                "trace_id": trace_id,
                "correlation_id": correlation_id,
                "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
            },
        )


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A request to the sign-in endpoints; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    root: str


class SignIn:
    """Serves one tenant and one application."""

    def __init__(self, tenant: TenantState, issuer: Issuer, clock: Clock) -> None:
        self._tenant = tenant
        self._issuer = issuer
        self._clock = clock

    def serve(self, request: SignInRequest) -> Reply | None:
        """The answer, or None when the path is none of the sign-in endpoints."""
        segments = request.path.split("/")
        rest = "/".join(segments[1:])
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        try:
            found = self._answer(request, segments[0], rest)
        except SignInError as error:
            return error.reply(self._clock, correlation_id)
        return None if found is None else Reply(200, found, {"Cache-Control": "no-store, no-cache"})

    def _answer(self, request: SignInRequest, tenant: str, path: str) -> dict[str, Any] | None:
        match request.method, path:
            case "GET", "discovery/instance" if tenant in ("common", self._tenant.id):
                return _instances(request.root, self._tenant.id)
            case "GET", "v2.0/.well-known/openid-configuration" | ".well-known/openid-configuration":
                self._check_tenant(tenant)
                return self._configuration(request.root, "/v2.0" if path.startswith("v2.0") else "")
            case "GET", "discovery/v2.0/keys" | "discovery/keys":
                return self._issuer.key_set()
            case "POST", "oauth2/v2.0/token":
                self._check_tenant(tenant)
                return self._token(request)
            case _:
                return None

    def _check_tenant(self, name: str) -> None:
        if name.lower() in (self._tenant.id.lower(), "common", "organizations", *self._domains()):
            return
        if not _GUID.fullmatch(name) and not _DOMAIN.fullmatch(name):
            text = f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
            raise SignInError(400, "invalid_request", 900023, text)
        text = (
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant."
        )
        raise SignInError(400, "invalid_request", 90002, text)

    def _domains(self) -> tuple[str, ...]:
        domain = fact_or(self._tenant, "domain", "")
        return (domain.lower(),) if domain else ()

    def _token(self, request: SignInRequest) -> dict[str, Any]:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        client_id, secret = _credentials(form, request.headers.get("authorization", ""))
        _check_form(form, client_id)
        if client_id.lower() != self._tenant.client_id.lower():
            raise SignInError(400, "unauthorized_client", 700016, self._unknown_application(client_id))
        if not secret:
            raise SignInError(401, "invalid_client", 7000216, _NOTHING_GIVEN)
        if not hmac.compare_digest(secret.encode(), self._tenant.client_secret.encode()):
            raise SignInError(401, "invalid_client", 7000215, _NOT_THIS_ONE.format(client_id))
        token = self._issuer.issue(Subject(self._tenant.id, client_id, self._object_id(client_id), self._roles()))
        lifetime = LIFETIME_SECONDS
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _unknown_application(self, client_id: str) -> str:
        return (
            f"Application with identifier '{client_id}' was not found in the directory "
            f"'{fact_or(self._tenant, 'display_name', self._tenant.id)}'. This can happen if the application has not been "
            "installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent "
            "your authentication request to the wrong tenant."
        )

    def _roles(self) -> tuple[str, ...]:
        """What the fact ``permissions`` says, or else what the tenant has consented to: app roles of Microsoft Graph."""
        stated = fact_or(self._tenant, "permissions", "")
        if stated:
            return msgspec.json.decode(stated, type=tuple[str, ...])
        with self._tenant.lock:
            rows = self._tenant.db.execute(_CONSENTED, (self._tenant.client_id, GRAPH_APP_ID)).fetchall()
        return tuple(value for (value,) in rows)

    def _object_id(self, client_id: str) -> str:
        query = (
            "SELECT id FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL"
            " AND json_extract(body, '$.appId') = ? LIMIT 1"
        )
        with self._tenant.lock:
            row = self._tenant.db.execute(query, (client_id,)).fetchone()
        return row[0] if row else str(uuid.uuid5(uuid.UUID(self._tenant.id), client_id))

    def _configuration(self, root: str, version: str) -> dict[str, Any]:
        base = f"{root}/{self._tenant.id}"
        oauth = f"{base}/oauth2{version}"
        issuer = f"{base}/v2.0" if version else f"https://sts.windows.net/{self._tenant.id}/"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": f"{oauth}/authorize",
            "device_authorization_endpoint": f"{oauth}/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{oauth}/logout",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        }


_NOTHING_GIVEN = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
_NOT_THIS_ONE = (
    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the "
    "client secret ID, for a secret added to app '{}'."
)


def _credentials(form: Mapping[str, str], authorization: str) -> tuple[str, str]:
    """Client id and secret, from the form or from HTTP Basic, whose two parts are percent-encoded."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote(client_id), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _check_form(form: Mapping[str, str], client_id: str) -> None:
    grant_type = form.get("grant_type")
    for name, value in (("grant_type", grant_type), ("client_id", client_id), ("scope", form.get("scope"))):
        if not value:
            text = f"The request body must contain the following parameter: '{name}'."
            raise SignInError(400, "invalid_request", 900144, text)
    if grant_type != "client_credentials":
        text = f"The app requested an unsupported grant type '{grant_type}'."
        raise SignInError(400, "unsupported_grant_type", 70003, text)
    _check_scope(form["scope"])


def _check_scope(scope: str) -> None:
    scopes = scope.split()
    if len(scopes) > 1:
        text = f"The provided value for the input parameter 'scope' is not valid. It contains more than one resource: {scope}."
        raise SignInError(400, "invalid_scope", 70011, text)
    resource, _, suffix = scope.rpartition("/")
    if suffix != ".default":
        text = (
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
            f"'scope' is not valid. The scope {scope} is not valid."
        )
        raise SignInError(400, "invalid_scope", 70011, text)
    if resource.rstrip("/").removeprefix("api://") not in GRAPH_AUDIENCES:
        text = f"The resource principal named {resource} was not found in the tenant."
        raise SignInError(400, "invalid_resource", 500011, text)


def _instances(root: str, tenant_id: str) -> dict[str, Any]:
    host = root.split("://", 1)[1]
    return {
        "tenant_discovery_endpoint": f"{root}/{tenant_id}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }
