"""What a person may do through an application: the token's scopes, and the person's own directory roles.

Application permissions and delegated ones have the same names, and the operations here ask for the same of both. A person's
roles limit writes further. Sources: the permissions sections of the reference pages, and the built-in roles reference. Only
what registers applications and grants permissions is told apart; every other write is for Global Administrators.
"""

from __future__ import annotations

import re

import msgspec

from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.costs import is_write
from emulators.graph.service.errors import access_denied
from emulators.graph.service.operations import Call
from emulators.graph.service.pages.accounts import (
    GLOBAL_ADMINISTRATOR,
    MAY_GRANT_GRAPH,
    MAY_GRANT_OTHERS,
    MAY_REGISTER,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    account_of,
)
from emulators.graph.tenant.wellknown import GRAPH_APP_ID

_READABLE_BY_SCOPE = {"GET me": "User.Read", "GET organization": "User.Read"}
_REGISTRATION = re.compile(r"\w+ (applications|servicePrincipals)(/|$)")
_APPLICATION_DEVELOPER = "cf1c38e5-3621-4004-a7cb-879624dced7c"
_OWNED = (
    "SELECT 1 FROM edges e JOIN objects o ON o.key = e.source JOIN objects u ON u.key = e.target WHERE e.rel = 2"
    " AND (o.id = ?1 OR json_extract(o.body, '$.appId') = ?1) AND u.id = ?2"
)


def scope_suffices(operation: str, scopes: frozenset[str]) -> bool:
    """Whether a scope that applications do not have, such as ``User.Read``, is enough."""
    return _READABLE_BY_SCOPE.get(operation.removesuffix("/{id}"), "") in scopes


def require_directory_role(call: Call, operation: str) -> None:
    """Check that the signed-in person may do a write. Every member may read what the scopes show.

    Raises:
        GraphError: 403 where the person's roles do not allow it.
    """
    if not is_write(operation):
        return
    roles = _roles(call)
    if GLOBAL_ADMINISTRATOR in roles:
        return
    if not (_may_assign if "appRole" in operation else _may_write)(call, operation, roles):
        raise access_denied()


def becomes_owner(call: Call) -> bool:
    """Whether who creates an application becomes its owner: people without a role that manages all of them."""
    return call.caller.delegated and not _roles(call) & MAY_REGISTER


def _roles(call: Call) -> frozenset[str]:
    """The directory roles of the person, as they are now and not as the token says.

    Raises:
        GraphError: 403 where the account is gone or disabled by now.
    """
    try:
        return account_of(call.context.tenant, call.caller.object_id).roles
    except SignInError:
        raise access_denied() from None


def _may_write(call: Call, operation: str, roles: frozenset[str]) -> bool:
    if operation == "POST applications":
        anybody = call.context.variants.users_register_applications
        return anybody or bool(roles & (MAY_REGISTER | {_APPLICATION_DEVELOPER}))
    if operation == "POST servicePrincipals":
        return bool(roles & MAY_REGISTER) or _owns(call, _body(call).get("appId"))
    if _REGISTRATION.match(operation):
        return bool(roles & MAY_REGISTER) or _owns(call, call.ids[0])
    if operation.partition(" ")[2].startswith("oauth2PermissionGrants"):
        return bool(roles & MAY_GRANT_OTHERS)
    return PRIVILEGED_ROLE_ADMINISTRATOR in roles and "roleManagement/" in operation


def _may_assign(call: Call, operation: str, roles: frozenset[str]) -> bool:
    """App roles of Microsoft Graph are permissions, which only the highest roles grant; others are for more."""
    resource = str(_body(call).get("resourceId", ""))
    if operation.startswith("DELETE"):
        sql = "SELECT o.id FROM app_role_assignments a JOIN objects o ON o.key = a.resource WHERE a.id = ?"
        row = call.context.tenant.db.execute(sql, (call.ids[-1],)).fetchone()
        resource = row[0] if row else ""
    sql = "SELECT json_extract(body, '$.appId') FROM objects WHERE id = ? AND type = 'servicePrincipal'"
    row = call.context.tenant.db.execute(sql, (resource.lower(),)).fetchone()
    if row is not None and row[0] == GRAPH_APP_ID:
        return bool(roles & MAY_GRANT_GRAPH)
    return bool(roles & MAY_GRANT_OTHERS) or _owns(call, resource)


def _owns(call: Call, identifier: object) -> bool:
    """Whether the person owns an application or service principal, by object id, client id or alternate key."""
    plain = str(identifier or "").partition("='")
    wanted = (plain[2].rstrip("'") if plain[1] else plain[0]).lower()
    found = call.context.tenant.db.execute(_OWNED, (wanted, call.caller.object_id)).fetchone()
    return found is not None


def _body(call: Call) -> dict[str, object]:
    try:
        return msgspec.json.decode(call.request.body or b"{}", type=dict[str, object])
    except msgspec.MsgspecError:
        return {}
