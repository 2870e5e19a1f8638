"""A request for an administrator's consent, checked: what is wrong with it is told to people, never to the address in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from emulators.graph.service import aadsts
from emulators.graph.service.state import fact_or
from emulators.graph.service.tenants import ANY_TENANT, check_tenant
from emulators.graph.tenant.consent_verbs import SINGLE_TENANT, Permission, redirect_uris_of
from emulators.graph.tenant.errors import TenantError
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.wellknown import GRAPH_APP_ID

_DEFAULT_SCOPE = ".default"
_GRAPH_RESOURCES = ("https://graph.microsoft.com", "")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, by which application, and where the answer goes; ``scope`` is None in the first version."""

    application: Mapping[str, Any]
    permissions: tuple[Permission, ...]
    redirect_uri: str
    state: str | None
    scope: str | None

    @classmethod
    def read(cls, tenant: Tenant, tenant_name: str, query: Mapping[str, str], *, version_2: bool) -> Self:
        """Check a request.

        Raises:
            SignInError: something is missing or unknown, or the address for the answer is not registered.
        """
        check_tenant(tenant, tenant_name)
        for name in ("client_id", "redirect_uri", *(("scope",) if version_2 else ())):
            if not query.get(name):
                raise aadsts.missing_parameter(name)
        application = _application(tenant, tenant_name, query["client_id"])
        if query["redirect_uri"] not in redirect_uris_of(application):
            raise aadsts.unregistered_redirect(query["redirect_uri"], application["appId"])
        scope = query["scope"] if version_2 else None
        permissions = _permissions(tenant, application, scope)
        return cls(application, permissions, query["redirect_uri"], query.get("state"), scope)

    def answer(self, fields: Mapping[str, str]) -> str:
        """The address that the browser is sent to with the answer."""
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode(fields)}"


def _application(tenant: Tenant, tenant_name: str, client_id: str) -> Mapping[str, Any]:
    application = tenant.application(client_id)
    if application is None:
        raise aadsts.unknown_application(client_id, fact_or(tenant, "display_name", tenant.id))
    if tenant_name.lower() in ANY_TENANT and application.get("signInAudience") == SINGLE_TENANT:
        raise aadsts.not_multi_tenant(application["appId"], application["displayName"])
    return application


def _permissions(tenant: Tenant, application: Mapping[str, Any], scope: str | None) -> tuple[Permission, ...]:
    """What the registration asks for; in the second version only of the resources whose ``.default`` is asked for."""
    try:
        asked = tenant.asked_permissions(application["appId"])
    except TenantError as error:
        raise aadsts.misconfigured(application["appId"], str(error)) from None
    if scope is None:
        return tuple(asked)
    resources = {_resource(one) for one in scope.split() if one.rpartition("/")[2] == _DEFAULT_SCOPE}
    return tuple(one for one in asked if one.resource_app_id in resources)


def _resource(scope: str) -> str:
    resource = scope.rpartition("/")[0].rstrip("/")
    return GRAPH_APP_ID if resource in _GRAPH_RESOURCES else resource.removeprefix("api://").lower()
