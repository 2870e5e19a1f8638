"""What an application wants to do for a person: scopes of one resource, and who has consented to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from emulators.graph.service import aadsts
from emulators.graph.service.audiences import GRAPH_AUDIENCE, Audience, audience_of
from emulators.graph.service.pages.accounts import MAY_GRANT_OTHERS, Account
from emulators.graph.service.people import refusals
from emulators.graph.service.people.applications import PublicClient
from emulators.graph.service.state import fact_or
from emulators.graph.tenant.bodies import MICROSOFT_TENANT
from emulators.graph.tenant.state import from_json
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.wellknown import GRAPH_APP_ID

OPENID = ("openid", "profile", "offline_access", "email")
_DEFAULT = ".default"
_ANYBODY = frozenset({"User.Read"})
"""Permissions that everybody may consent to for themselves."""
_IMPERSONATION = "user_impersonation"
_GRANTS = (
    "SELECT id, body FROM oauth2_permission_grants WHERE deleted IS NULL AND json_extract(body, '$.clientId') = ?"
    " AND (json_extract(body, '$.consentType') = 'AllPrincipals' OR json_extract(body, '$.principalId') = ?)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        resource: as it was spelled; Graph where none was.
        audience: for whom the access token is.
        names: permissions of the resource by name; ``.default`` is among them where it was asked for.
        openid: what is asked for besides: an id token, a refresh token.
    """

    resource: str
    audience: Audience
    names: frozenset[str]
    openid: frozenset[str]

    @classmethod
    def read(cls, tenant: Tenant, scope: str) -> Self:
        """Parse a ``scope``.

        Raises:
            SignInError: several resources, or one that the tenant does not know.
        """
        parts = scope.split()
        openid = frozenset(parts) & frozenset(OPENID)
        named = [one.rpartition("/") for one in parts if one not in openid]
        resources = {resource or GRAPH_AUDIENCE for resource, _, _ in named} or {GRAPH_AUDIENCE}
        if len(resources) > 1:
            raise aadsts.several_resources(scope)
        resource = resources.pop()
        audience = audience_of(resource)
        if audience is None or audience.version_2:
            raise aadsts.unknown_resource(resource, fact_or(tenant, "display_name", tenant.id))
        names = frozenset(name for _, _, name in named)
        if _DEFAULT in names and len(names) > 1:
            raise aadsts.invalid_scope(scope)
        return cls(resource, audience, names, openid)


class Consents:
    """Who has consented to what, and who may."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def check(self, client: PublicClient, wanted: Wanted) -> None:
        """Check that an application may ask for this at all.

        Raises:
            SignInError: it is Microsoft's own and was not made for it.
        """
        beyond = wanted.names - client.preauthorized - {_DEFAULT} if wanted.audience.graph else frozenset()
        # Microsoft's tool for Graph is for nothing else; its other tool asks for nothing new.
        if (not client.asks and beyond) or (client.microsoft and client.asks and not wanted.audience.graph):
            raise refusals.not_preauthorized(client.app_id, wanted.resource)

    def missing(self, client: PublicClient, account: Account, wanted: Wanted) -> frozenset[str]:
        """What is asked for by name and not consented to."""
        if not wanted.audience.graph:
            return frozenset()
        return wanted.names - {_DEFAULT} - self.granted(client, account)

    def granted(self, client: PublicClient, account: Account) -> frozenset[str]:
        """Every permission of Graph that the application has for this person."""
        return client.preauthorized.union(*(body["scope"].split() for _, body in self._grants(client, account)))

    def scopes(self, client: PublicClient, account: Account, wanted: Wanted) -> tuple[str, ...]:
        """The ``scp`` of a token: everything consented to of that resource, and what is asked for of OpenID Connect."""
        if not wanted.audience.graph:
            return (_IMPERSONATION,)
        return (*sorted(self.granted(client, account)), *(one for one in OPENID if one in wanted.openid))

    def give(self, client: PublicClient, account: Account, wanted: Wanted) -> None:
        """Consent for this person to what is missing, as the page asks for where something is.

        Raises:
            SignInError: only an administrator can.
        """
        missing = self.missing(client, account, wanted)
        if not missing:
            return
        if missing - _ANYBODY and not account.roles & MAY_GRANT_OTHERS:
            raise refusals.needs_administrator(client.name)
        with self._tenant.transaction():
            own = [(key, body) for key, body in self._grants(client, account) if body["consentType"] == "Principal"]
            if own:
                key, body = own[0]
                self._tenant.update_oauth2_grant(key, " ".join(sorted({*body["scope"].split(), *missing})))
                return
            graph = self._service_principal(GRAPH_APP_ID)
            if graph is None:
                raise aadsts.unknown_resource(wanted.resource, fact_or(self._tenant, "display_name", self._tenant.id))
            scope = " ".join(sorted(missing))
            self._tenant.create_oauth2_grant(self._instance(client), graph, scope, principal_id=account.id)

    def _instance(self, client: PublicClient) -> str:
        there = self._service_principal(client.app_id)
        if there is not None or not client.microsoft:
            return there or self._tenant.instantiate_application(client.app_id)
        owned = {"appId": client.app_id, "appOwnerOrganizationId": MICROSOFT_TENANT}
        names = {"servicePrincipalNames": [client.app_id], "appDisplayName": client.name}
        return self._tenant.create_service_principal(client.name, properties=owned | names)

    def _grants(self, client: PublicClient, account: Account) -> list[tuple[str, dict[str, Any]]]:
        with self._tenant.lock:
            principal = self._service_principal(client.app_id)
            if principal is None:
                return []
            return [(key, from_json(body)) for key, body in self._tenant.db.execute(_GRANTS, (principal, account.id))]

    def _service_principal(self, app_id: str) -> str | None:
        with self._tenant.lock:
            row = self._tenant.db.execute(
                "SELECT id FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL"
                " AND json_extract(body, '$.appId') = ?",
                (app_id,),
            ).fetchone()
        return str(row[0]) if row else None
