"""The fewest resource units for which the facts of a snapshot can be read, by Graph's documented calls and costs.

Costs: https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits. A call costs its base (1 unless
named there), one less with ``$select``, one more with ``$expand``, and never less than 1. Sizes of pages: at most 999 objects
for lists (``$top`` of user-list, group-list, servicePrincipal-list), at most 50 ids in the filter of a delta query (group-delta).

| facts | call | units |
| --- | --- | --- |
| accounts with licenses and managers | ``users?$select&$expand=manager`` | 2 for 999 (2 - 1 + 1) |
| groups with licenses | ``groups?$select`` | 1 for 999 |
| members and owners | ``groups/delta?$select=members,owners`` over 50 groups, or a list for each group | 1 for 50 groups |
| applications, app roles, owners | ``servicePrincipals?$select&$expand=owners`` | 1 for 999 |
| who is assigned | ``servicePrincipals/{id}/appRoleAssignedTo``: there is no list over all applications | 1 for each |
| provisioning | ``servicePrincipals/{id}/synchronization/jobs`` of those that can have any | 1 for each |
| roles: definitions, assignments, active and eligible instances | one list each | 4 |
| names of scopes, where a role is limited to one | ``administrativeUnits``, ``applications`` | 1 and 1 for 999 |
| licenses | ``subscribedSkus?$select`` (3 - 1) | 2 |
| cursors, without which what changes meanwhile is lost | ``delta?$deltatoken=latest`` of each kind that has one | 6 |

Rows beyond one page of a relationship are left out of the bound: neither the size of a delta page nor of a slice of a large
group's members is documented. So the bound is never too high, and a tenant with huge groups cannot reach it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

LIST_PAGE = 999
DELTA_FILTER = 50
ROLE_LISTS = 4
CURSORS = 6


@dataclass(frozen=True, slots=True)
class Facts:
    """How many of everything there are to read."""

    accounts: int
    groups: int
    applications: int
    can_be_provisioned: int
    unit_scopes: bool
    object_scopes: bool


def units_by_call(facts: Facts) -> dict[str, int]:
    """The least units for each of the calls above."""
    return {
        "users": 2 * _pages(facts.accounts, LIST_PAGE),
        "groups": _pages(facts.groups, LIST_PAGE),
        "groups/delta": -(-facts.groups // DELTA_FILTER),
        "servicePrincipals": _pages(facts.applications, LIST_PAGE),
        "appRoleAssignedTo": facts.applications,
        "synchronization/jobs": facts.can_be_provisioned,
        "roleManagement": ROLE_LISTS,
        "scopes": facts.unit_scopes + facts.object_scopes,
        "subscribedSkus": 2,
        "deltatoken=latest": CURSORS,
    }


def resource_units_lower_bound(facts: Facts) -> int:
    """The sum of :func:`units_by_call`."""
    return sum(units_by_call(facts).values())


def described(facts: Facts) -> dict[str, int | bool]:
    """The facts, as JSON."""
    return asdict(facts)


def _pages(items: int, size: int) -> int:
    """Even an empty list has to be asked for."""
    return max(1, -(-items // size))
