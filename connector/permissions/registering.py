"""What is written into app registrations: permissions that are asked for, the administrator's own, and the connector's app roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from connector.permissions.reading import read
from connector.permissions.table import Permission

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
"""Application id of Microsoft Graph in every tenant and cloud. https://learn.microsoft.com/graph/permissions-reference"""


class Step(StrEnum):
    """What of the setup takes a delegated permission."""

    REGISTRATION = "registration"
    CONSENT = "consent"


class DelegatedPermission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an administrator who sets the connector up lets the tool do in their name, for that one time.

    Attributes:
        name: the scope.
        id: GUID of the scope.
        why: what is done with it.
        when: the step that takes it.
        lost: what is done by hand without it.
    """

    name: str
    id: str
    why: str
    when: Step
    lost: str


class AppRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app role that the connector's operations API knows; whoever calls it is assigned one.

    Attributes:
        id: GUID, the same in every app registration.
        value: what tokens carry in ``roles``.
        title: what administrators see.
        meaning: what it lets somebody do.
    """

    id: str
    value: str
    title: str
    meaning: str

    def as_graph(self) -> Mapping[str, Any]:
        """The ``appRole`` as Graph wants it, for accounts, groups and applications."""
        return {
            "id": self.id,
            "value": self.value,
            "displayName": self.title,
            "description": self.meaning,
            "allowedMemberTypes": ["User", "Application"],
            "isEnabled": True,
        }


DELEGATED: tuple[DelegatedPermission, ...] = read("delegated.json", tuple[DelegatedPermission, ...])
"""What setting the connector up takes, done in an administrator's name; the connector itself never has them."""

APP_ROLES: tuple[AppRole, ...] = read("app_roles.json", tuple[AppRole, ...])
READ_OPERATIONS, WRITE_OPERATIONS = APP_ROLES
"""Reading operations; asking for them, too."""


def required_resource_access(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """``requiredResourceAccess`` of an app registration that asks for ``permissions``, in the order of their names."""
    roles = [{"id": one.id, "type": "Role"} for one in sorted(permissions, key=lambda one: one.name)]
    return [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": roles}]
