"""Histories: random changes of every kind to a small tenant, deterministic, and told so that people can read them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from emulators.graph.tenant.bodies import INTEGRATED_APP
from emulators.graph.tenant.errors import TenantError
from emulators.graph.tenant.tenant import Tenant
from tests.support.changes import access, people
from tests.support.changes.chance import Chance, Nothing

ROLES = (
    "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1",  # User Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
)
"""The built-in roles that a small tenant has. Fewer rows, the same rules."""

CHANGES: Mapping[Callable[[Chance], str], int] = MappingProxyType(
    {
        people.create_user: 10,
        people.update_user: 4,
        people.delete_user: 3,
        people.restore_user: 5,
        people.purge_user: 1,
        people.set_manager: 3,
        people.remove_manager: 1,
        people.create_group: 7,
        people.update_group: 4,
        people.delete_group: 2,
        people.restore_group: 2,
        people.purge_object: 2,
        people.add_member: 12,
        people.nest: 8,
        people.remove_member: 6,
        people.move_members: 3,
        people.add_owner: 4,
        people.remove_owner: 2,
        people.create_device: 2,
        people.delete_device: 1,
        access.create_application: 4,
        access.update_application: 3,
        access.rename_registration: 1,
        access.delete_application: 1,
        access.restore_application: 2,
        access.assign_app_role: 6,
        access.remove_app_role: 3,
        access.set_provisioning: 2,
        access.consent: 1,
        access.add_sku: 2,
        access.assign_license: 4,
        access.remove_license: 2,
        access.create_role: 2,
        access.update_role: 1,
        access.delete_role: 1,
        access.assign_role: 5,
        access.remove_role: 3,
        access.make_eligible: 4,
        access.activate_role: 2,
        access.remove_eligibility: 2,
        access.create_unit: 2,
        access.rename_unit: 1,
        access.delete_unit: 1,
        access.add_unit_member: 1,
        access.remove_unit_member: 1,
    }
)
"""Every kind of change, and how often it is drawn."""

_TRIES = 50


def change(tenant: Tenant, generator: random.Random, now: Callable[[], datetime] | None = None) -> str:
    """Change ``tenant`` in one way, and say in which, on one line.

    The same tenant and the same state of ``generator`` give the same change. What the tenant has nothing for, or refuses, is
    drawn again.

    Args:
        now: tells when new objects are created; by default on the tenant's own time, which lies in the past.
    """
    chance = Chance(tenant, generator, now)
    for _ in range(_TRIES):
        [draw] = generator.choices(tuple(CHANGES), tuple(CHANGES.values()))
        try:
            return draw(chance)
        except (Nothing, TenantError):
            continue
    return "nothing could be changed"


def small_tenant(seed: int, *, changes: int = 25) -> Tenant:
    """A tenant of some twenty objects, with some of everything; the same for the same seed."""
    tenant = Tenant.empty(seed)
    with tenant.transaction() as db:
        db.execute(f"DELETE FROM role_definitions WHERE id NOT IN ({', '.join('?' * len(ROLES))})", ROLES)
    _furnish(tenant)
    generator = random.Random(f"small tenant {seed}")
    for _ in range(changes):
        change(tenant, generator)
    tenant.settle()
    return tenant


def _furnish(tenant: Tenant) -> None:
    """What random changes would take long to come upon: groups in groups, which hold something of every kind."""
    users = [tenant.create_user(f"User {number}") for number in range(4)]
    plain = [tenant.create_group(f"Group {number}") for number in range(3)]
    admins = tenant.create_group("Administrators", role_assignable=True)
    team = tenant.create_group("Team", kind="microsoft_365")
    for outer, inner in ((plain[0], plain[1]), (plain[1], plain[2]), (plain[2], users[0]), (plain[1], users[1])):
        tenant.add_member(outer, inner)
    for group, member in ((admins, users[2]), (team, users[3]), (team, users[0])):
        tenant.add_member(group, member)
    tenant.add_owner(team, users[3])
    tenant.assign_role(admins, ROLES[1])
    tenant.make_eligible(admins, ROLES[0])
    app = tenant.create_service_principal("App", properties={"tags": [INTEGRATED_APP]})
    tenant.assign_app_role(plain[1], app)
    tenant.assign_license(plain[1], tenant.add_sku("SPE_E5", 3))
