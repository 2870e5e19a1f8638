"""What is tracked, by what means, and how often: the kinds that have delta, and the kinds that are compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from connector.storage.records import Lane

DELTA_KINDS: tuple[str, ...] = (
    "users",
    "groups",
    "servicePrincipals",
    "directoryRoles",
    "administrativeUnits",
    "appRoleAssignments",
)
"""Kinds that have a cursor, named as in ``Current.cursors``. Where Graph gives none for a kind, it is absent there."""


class Principals(NamedTuple):
    """A delta kind whose objects can hold something: what such a principal is called, and the fact table of all of them."""

    kind: str
    table: str


PRINCIPALS: Mapping[str, Principals] = {
    "users": Principals("account", "accounts"),
    "groups": Principals("group", "groups"),
    "servicePrincipals": Principals("service_principal", "enterprise_applications"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A kind that Graph has no delta for: it is read whole, and compared with what is known.

    Attributes:
        lane: with what it is read together.
        every: how long after the last look it is due.
        tracked_by: a delta kind that tells of the same; while that has a cursor, ``every_tracked`` takes the place of ``every``.
    """

    name: str
    lane: Lane
    every: timedelta
    tracked_by: str = ""
    every_tracked: timedelta = timedelta(days=1)


_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

COMPARED: Mapping[str, Compared] = {
    one.name: one
    for one in (
        # Three requests, and no other sign of scoped assignments, custom roles and PIM: short, because it is what matters most.
        Compared("role_assignments", Lane.DIRECTORY, 5 * _MINUTE),
        # Custom roles are made rarely, and an assignment that names an unknown one has them read at once.
        Compared("directory_roles", Lane.DIRECTORY, 6 * _HOUR),
        # Seats are bought rarely; those that are taken are seen in the license states, which ask for a look at once.
        Compared("licenses", Lane.DIRECTORY, _HOUR),
        # One request for 999 applications.
        Compared("application_owners", Lane.APPLICATIONS, 30 * _MINUTE),
        # One request an application: the dearest of all, and the only way where Graph gives no cursor for it.
        Compared("application_grants", Lane.APPLICATIONS, 30 * _MINUTE, "appRoleAssignments"),
        # One request an application that can be provisioned. Says something about an application, nothing about access.
        Compared("provisioning_jobs", Lane.APPLICATIONS, 6 * _HOUR),
        # Two requests an application, and only in tenants whose groups do not list service principals.
        Compared("service_principal_memberships", Lane.APPLICATIONS, 2 * _HOUR),
    )
}
"""Every kind that may be compared, by name. Times are a deployment's age of truth without any sign of a change."""


def comparisons(notes: Mapping[str, Mapping[str, int]], cursors: Collection[str]) -> dict[str, timedelta]:
    """What is to be compared in this tenant, and how long after the last look each is due.

    Args:
        notes: the notes of the snapshot in force (``Manifest.notes``): they tell what this tenant's Graph is like.
        cursors: kinds that have a usable cursor.
    """
    due = {kind: one.every_tracked if one.tracked_by in cursors else one.every for kind, one in COMPARED.items()}
    if "service_principal_memberships" not in notes:
        del due["service_principal_memberships"]
    return due
