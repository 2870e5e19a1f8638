"""Which kind of entitlement knows how an operation is decided, done and seen."""

from __future__ import annotations

from connector.provisioning.contract import Kind
from connector.provisioning.entitlements import Entitlement


def kind_of(entitlement: Entitlement) -> Kind:
    """What knows ``entitlement``. Loaded when it is first asked for.

    Raises:
        ValueError: nothing knows it, which parsing rules out.
    """
    if entitlement.kind == "group":
        from connector.provisioning.kinds.groups import Groups

        return Groups()
    if entitlement.kind == "directory_role":
        from connector.provisioning.kinds.roles import DirectoryRoles

        return DirectoryRoles()
    raise ValueError(f"nothing knows how to grant {entitlement.text}")
