"""What follows for the app registration itself: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.permissions import APP_ROLES, MICROSOFT_GRAPH, PERMISSIONS, Permission, required_resource_access
from connector.setup.actions import Action, AddIdentifier, CreatePrincipal, CreateRegistration, UpdateRegistration
from connector.setup.tenant import Found, Registration
from connector.setup.wanted import Wanted

SINGLE, MULTIPLE = "AzureADMyOrg", "AzureADMultipleOrgs"
OURS: Mapping[str, Permission] = {one.id: one for one in PERMISSIONS if one.uses}
"""By id, every permission that some feature needs: what a setup may have added, and alone may take back."""
_DERIVED = "redirectUriSettings"
"""Graph derives it from ``redirectUris`` and refuses one that contradicts them, so it is not sent back."""


def registration_actions(wanted: Wanted, found: Found) -> Iterator[Action | str]:
    """Actions for the app registration and its service principal; a line for what is there already."""
    there = found.registration
    if there is None:
        yield CreateRegistration(f"Make the app registration {wanted.name!r}", _body(wanted, offered(wanted, found)))
        if wanted.api:
            yield AddIdentifier("Give it the address of the operations API", ())
    else:
        yield from _changes(wanted, there, offered(wanted, found))
    if found.principal is None:
        yield CreatePrincipal("Make its service principal (enterprise application) in this tenant")
    else:
        yield "Its service principal is there."


def offered(wanted: Wanted, found: Found) -> tuple[Permission, ...]:
    """Of the permissions that are wanted, those that Microsoft Graph has in this cloud: it takes no others."""
    return tuple(one for one in wanted.permissions if one.id in found.graph_roles)


def superfluous(wanted: Wanted, held: Iterable[str]) -> list[Permission]:
    """Of the app roles of Microsoft Graph in ``held``, those that only features need that are not wanted."""
    needed = {one.id for one in wanted.permissions}
    return [OURS[role] for role in sorted(held) if role in OURS and role not in needed]


def asked_roles(required: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Ids of the app roles of Microsoft Graph that a ``requiredResourceAccess`` holds."""
    return frozenset(
        str(access.get("id"))
        for resource in required
        if resource.get("resourceAppId") == MICROSOFT_GRAPH
        for access in resource.get("resourceAccess") or ()
        if access.get("type") == "Role"
    )


def _body(wanted: Wanted, permissions: Sequence[Permission]) -> dict[str, Any]:
    """Everything at once, its tag above all: what is made is found again, whatever happens next."""
    body: dict[str, Any] = {
        "displayName": wanted.name,
        "signInAudience": MULTIPLE if wanted.multi_tenant else SINGLE,
        "tags": [wanted.tag],
        "requiredResourceAccess": required_resource_access(permissions),
    }
    if wanted.redirect_uri:
        body["web"] = {"redirectUris": [wanted.redirect_uri]}
    if wanted.api:
        body["appRoles"] = [dict(one.as_graph()) for one in APP_ROLES]
    return body


def _changes(wanted: Wanted, there: Registration, permissions: Sequence[Permission]) -> Iterator[Action | str]:
    body: dict[str, Any] = {}
    said: list[str] = []
    if wanted.tag not in there.tags:
        body["tags"] = [*there.tags, wanted.tag]
        said.append("mark it, so that it is found again")
    if wanted.multi_tenant and there.sign_in_audience == SINGLE:
        body["signInAudience"] = MULTIPLE
        said.append("let administrators of other tenants consent")
    added, removed = _merge(wanted, there, permissions, body)
    said += [f"ask for {', '.join(added)}"] if added else []
    said += [f"no longer ask for {', '.join(removed)}"] if removed else []
    uris = list(there.web.get("redirectUris") or ())
    if wanted.redirect_uri and wanted.redirect_uri not in uris:
        kept = {name: value for name, value in there.web.items() if name != _DERIVED}
        body["web"] = {**kept, "redirectUris": [*uris, wanted.redirect_uri]}
        said.append(f"add the redirect URI {wanted.redirect_uri}")
    roles = _with_api_roles(there.app_roles) if wanted.api else there.app_roles
    if roles != there.app_roles:
        body["appRoles"] = roles
        said.append("add the app roles of the operations API")
    if body:
        yield UpdateRegistration(f"Change the app registration {there.display_name!r}: {'; '.join(said)}", body)
    else:
        yield f"The app registration {there.display_name!r} ({there.app_id}) is as it should be."
    if wanted.api and f"api://{there.app_id}" not in there.identifier_uris:
        yield AddIdentifier("Give it the address of the operations API", there.identifier_uris)


def _merge(
    wanted: Wanted, there: Registration, permissions: Sequence[Permission], body: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """Put ``requiredResourceAccess`` into ``body`` where it changes; names of what is added and removed."""
    asked = asked_roles(there.required_resource_access)
    added = [one for one in permissions if one.id not in asked]
    removed = superfluous(wanted, asked) if wanted.remove_superfluous else []
    if added or removed:
        body["requiredResourceAccess"] = _merged(there.required_resource_access, added, {one.id for one in removed})
    return [one.name for one in added], [one.name for one in removed]


def _merged(
    required: Sequence[Mapping[str, Any]], added: Sequence[Permission], removed: set[str]
) -> list[dict[str, Any]]:
    """``required`` with some roles of Microsoft Graph more and some fewer; everything else as it is."""
    fresh = [{"id": one.id, "type": "Role"} for one in sorted(added, key=lambda one: one.name)]
    merged: list[dict[str, Any]] = []
    for resource in required:
        access = list(resource.get("resourceAccess") or ())
        if resource.get("resourceAppId") == MICROSOFT_GRAPH:
            access = [one for one in access if one.get("type") != "Role" or one.get("id") not in removed] + fresh
            fresh = []
            if not access:
                continue
        merged.append({**resource, "resourceAccess": access})
    return [*merged, {"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": fresh}] if fresh else merged


def _with_api_roles(roles: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``roles`` and those of ours that are missing; somebody else's role of the same value stays, and ours is left out."""
    taken = {str(one.get("id")) for one in roles} | {str(one.get("value")) for one in roles}
    fresh = [dict(one.as_graph()) for one in APP_ROLES if one.id not in taken and one.value not in taken]
    return [*(dict(one) for one in roles), *fresh]
