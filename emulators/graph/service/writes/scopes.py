"""Which built-in roles can be limited to a part of the tenant, as the documentation lists them.

https://learn.microsoft.com/entra/identity/role-based-access-control/manage-roles-portal#roles-that-can-be-assigned-with-administrative-unit-scope
"""

from __future__ import annotations

from emulators.graph.service.errors import bad_request
from emulators.graph.tenant.tenant import Tenant

_UNITS = {
    "Attribute Assignment Administrator",
    "Attribute Assignment Reader",
    "Authentication Administrator",
    "Cloud Device Administrator",
    "Groups Administrator",
    "Helpdesk Administrator",
    "License Administrator",
    "Password Administrator",
    "Printer Administrator",
    "Privileged Authentication Administrator",
    "SharePoint Administrator",
    "Teams Administrator",
    "Teams Devices Administrator",
    "User Administrator",
}
_APPLICATIONS = {"Application Administrator", "Cloud Application Administrator"}


def check_scope(tenant: Tenant, role_id: str, scope: str) -> None:
    """Refuse a built-in role at a scope that it does not support. Unknown roles are somebody else's matter.

    Raises:
        GraphError: 400, with the documented message.
    """
    if scope == "/":
        return
    row = tenant.db.execute(
        "SELECT json_extract(body, '$.displayName') FROM role_definitions"
        " WHERE id = ? AND json_extract(body, '$.isBuiltIn')",
        (role_id,),
    ).fetchone()
    if row is not None and row[0] not in (_UNITS if scope.startswith("/administrativeUnits/") else _APPLICATIONS):
        raise bad_request("The given built-in role is not supported to be assigned to a single resource scope.")
