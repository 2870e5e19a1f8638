"""The Entra sign-in endpoints: discovery, keys, and tokens for client credentials."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from emulators.graph.service import aadsts
from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.audiences import audience_of
from emulators.graph.service.clients import Clients, TokenRequest
from emulators.graph.service.context import Context
from emulators.graph.service.jwt import LIFETIME_SECONDS, Issuer, Subject
from emulators.graph.service.messages import Reply
from emulators.graph.service.state import fact_or
from emulators.graph.service.tenants import ANY_TENANT, check_tenant

_PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
_CLAIMS = (
    "sub",
    "iss",
    "cloud_instance_name",
    "cloud_instance_host_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "nonce",
    "preferred_username",
    "name",
    "tid",
    "ver",
    "at_hash",
    "c_hash",
    "email",
)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A request to the sign-in endpoints; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    root: str
    options: tuple[tuple[str, str], ...] = ()


class SignIn:
    """Serves one tenant and its applications."""

    def __init__(self, context: Context, issuer: Issuer) -> None:
        self._context = context
        self._tenant = context.tenant
        self._issuer = issuer
        self._clock = context.clock
        self._clients = Clients(context.tenant, issuer.key_set)

    def serve(self, request: SignInRequest) -> Reply | None:
        """The answer, or None when the path is none of the sign-in endpoints."""
        segments = request.path.split("/")
        rest = "/".join(segments[1:])
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        try:
            found = self._answer(request, segments[0], rest)
        except SignInError as error:
            reply = error.reply(self._clock, correlation_id)
            reply.headers |= {"Cache-Control": "no-store, no-cache", "client-request-id": correlation_id}
            return reply
        headers = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "client-request-id": correlation_id}
        return None if found is None else Reply(200, found, headers)

    def _answer(self, request: SignInRequest, tenant: str, path: str) -> dict[str, Any] | None:
        match request.method, path:
            case "GET", "discovery/instance" if tenant in (*ANY_TENANT, self._tenant.id):
                return _instances(request.root, self._tenant.id)
            case "GET", "v2.0/.well-known/openid-configuration" | ".well-known/openid-configuration":
                check_tenant(self._tenant, tenant)
                return self._configuration(request.root, "/v2.0" if path.startswith("v2.0") else "")
            case "GET", "discovery/v2.0/keys" | "discovery/keys":
                check_tenant(self._tenant, tenant)
                return self._issuer.key_set()
            case "POST", "oauth2/v2.0/token":
                check_tenant(self._tenant, tenant)
                return self._token(request, tenant, "scope")
            case "POST", "oauth2/token":
                check_tenant(self._tenant, tenant)
                return self._in_version_1(request, self._token(request, tenant, "resource"))
            case _:
                return None

    def _token(self, request: SignInRequest, tenant: str, naming: str) -> dict[str, Any]:
        """A token; ``naming`` is the field that names the resource."""
        form = _form_of(request)
        asked = TokenRequest(form, request.headers.get("authorization", ""), self._addresses(request.root, tenant))
        _check_form(form, asked.client_id, naming)
        client = self._clients.find(asked.client_id)
        if self._context.newborn.unknown(client.object_id, self._context.variants.new_object_seconds):
            raise aadsts.unknown_application(client.app_id, fact_or(self._tenant, "display_name", self._tenant.id))
        how = self._clients.authenticate(
            asked, self._clock.now(), told_why=self._context.variants.federation_refusal_says_why
        )
        resource = form[naming] if naming == "resource" else _resource_of(form["scope"])
        audience = audience_of(resource)
        if audience is None:
            raise aadsts.unknown_resource(resource, fact_or(self._tenant, "display_name", self._tenant.id))
        subject = Subject(self._tenant.id, client.app_id, client.object_id, client.roles, client.name, how)
        lifetime = LIFETIME_SECONDS
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._issuer.issue(subject, audience),
        }

    def _in_version_1(self, request: SignInRequest, answer: dict[str, Any]) -> dict[str, Any]:
        """Version 1 of the endpoint writes numbers as text and says when the token is valid."""
        now = int(self._clock.now())
        times = {"expires_on": now + LIFETIME_SECONDS, "not_before": now}
        numbers = {name: str(value) for name, value in (answer | times).items() if isinstance(value, int)}
        return answer | numbers | {"resource": _form_of(request)["resource"]}

    def _addresses(self, root: str, tenant: str) -> tuple[str, ...]:
        """What an assertion for this endpoint may call it: here or in the public cloud, by this name or by id."""
        return tuple(
            f"{authority}/{name}{path}"
            for authority in (root, _PUBLIC_AUTHORITY)
            for name in dict.fromkeys((self._tenant.id, tenant))
            for path in ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0")
        )

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
            "claims_supported": list(_CLAIMS),
            "kerberos_endpoint": f"{base}/kerberos",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        }


def _form_of(request: SignInRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _check_form(form: Mapping[str, str], client_id: str, naming: str) -> None:
    grant_type = form.get("grant_type", "")
    for name, value in (("grant_type", grant_type), ("client_id", client_id), (naming, form.get(naming))):
        if not value:
            raise aadsts.missing_parameter(name)
    if grant_type != "client_credentials":
        raise aadsts.unsupported_grant(grant_type)


def _resource_of(scope: str) -> str:
    """The one resource that a scope of client credentials names.

    Raises:
        SignInError: it names several, or permissions of one.
    """
    resources = {one.rpartition("/")[0] for one in scope.split()}
    if len(resources) > 1:
        raise aadsts.several_resources(scope)
    if scope.strip().rpartition("/")[2] != ".default":
        raise aadsts.invalid_scope(scope)
    return resources.pop()


def _instances(root: str, tenant_id: str) -> dict[str, Any]:
    host = root.split("://", 1)[1]
    return {
        "tenant_discovery_endpoint": f"{root}/{tenant_id}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }
