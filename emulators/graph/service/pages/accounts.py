"""Who is signed in to a page: an account of the tenant, and the directory roles that it holds."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.graph.service import aadsts
from emulators.graph.service.state import TenantState, fact_or

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"

MAY_GRANT_GRAPH = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR})
"""Roles that may consent to application permissions of Microsoft Graph."""
MAY_GRANT_OTHERS = MAY_GRANT_GRAPH | {APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR}
"""Roles that may consent to those of other resources."""
MAY_REGISTER = frozenset({GLOBAL_ADMINISTRATOR, APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR})
"""Roles that may create and change every registration."""

_MOST_SHOWN = 50
# Directory roles held for the whole tenant, by oneself or through a group that is assignable to roles.
_ROLES = (
    "SELECT role_id FROM role_assignments WHERE scope = '/' AND app_scope = 0 AND (principal_id = ? OR principal_id IN"
    " (SELECT g.id FROM edges e JOIN objects g ON g.key = e.source AND g.deleted IS NULL AND g.type = 'group'"
    " JOIN objects m ON m.key = e.target WHERE e.rel = 1 AND m.id = ?))"
)
_ADMINISTRATORS = (
    "SELECT DISTINCT json_extract(o.body, '$.userPrincipalName'), json_extract(o.body, '$.displayName') FROM objects o"
    " JOIN role_assignments r ON r.scope = '/' AND (r.principal_id = o.id OR r.principal_id IN"
    " (SELECT g.id FROM edges e JOIN objects g ON g.key = e.source AND g.type = 'group' WHERE e.rel = 1 AND e.target = o.key))"
    " WHERE o.type = 'user' AND o.deleted IS NULL AND json_extract(o.body, '$.accountEnabled') = 1"
    " AND r.role_id IN (SELECT value FROM json_each(?)) ORDER BY 1 LIMIT ?"
)
_USERS = (
    "SELECT json_extract(body, '$.userPrincipalName'), json_extract(body, '$.displayName') FROM objects"
    " WHERE type = 'user' AND deleted IS NULL ORDER BY key LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the tenant. ``roles``: template ids of the directory roles that it holds in the whole tenant."""

    id: str
    name: str
    sign_in_name: str
    roles: frozenset[str]


def account_of(tenant: TenantState, sign_in_name: str) -> Account:
    """The user with this sign-in name or object id.

    Raises:
        SignInError: there is none, or the account is disabled.
    """
    with tenant.lock:
        row = tenant.db.execute(
            "SELECT id, json_extract(body, '$.displayName'), json_extract(body, '$.userPrincipalName'),"
            " json_extract(body, '$.accountEnabled') FROM objects WHERE type = 'user' AND deleted IS NULL"
            " AND (json_extract(body, '$.userPrincipalName') = ?1 COLLATE NOCASE OR id = lower(?1))",
            (sign_in_name,),
        ).fetchone()
        if row is None:
            raise aadsts.unknown_account(sign_in_name, fact_or(tenant, "display_name", tenant.id))
        roles = frozenset(role for (role,) in tenant.db.execute(_ROLES, (row[0], row[0])))
    if row[3] == 0:
        raise aadsts.disabled_account()
    return Account(row[0], row[1] or "", row[2] or "", roles)


def accounts_shown(tenant: TenantState) -> list[tuple[str, str]]:
    """Sign-in name and what is said of it: administrators who can consent, then the first other users."""
    with tenant.lock:
        wanted = "[" + ",".join(f'"{role}"' for role in sorted(MAY_GRANT_OTHERS)) + "]"
        administrators = tenant.db.execute(_ADMINISTRATORS, (wanted, _MOST_SHOWN)).fetchall()
        users = tenant.db.execute(_USERS, (_MOST_SHOWN,)).fetchall()
    known = {name for name, _ in administrators}
    shown = [(name, f"{said} ({name}), administrator") for name, said in administrators]
    return shown + [(name, f"{said} ({name})") for name, said in users if name not in known]
