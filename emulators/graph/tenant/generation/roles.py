"""Directory roles: who holds them actively or may activate them, where and until when; administrative units."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from emulators.graph.tenant.generation.maker import Dice, Maker
from emulators.graph.tenant.state import Rel
from emulators.graph.tenant.wellknown import built_in_roles

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
_HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
_APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
_GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
_SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
_DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
_UNTIL = "2026-12-31T23:00:00Z"
_UNITS = ("Seattle", "München", "Retail Stores")


def make_roles(maker: Maker) -> None:
    """Custom roles, administrative units, assignments and PIM, through the verbs, so that what follows from them does."""
    tenant, dice = maker.tenant, maker.dice("roles")
    custom = [
        tenant.create_role_definition("Application Support", description="Reads and restarts.", actions=["microsoft.directory/applications/standard/read"]),
        tenant.create_role_definition("Former Auditor", enabled=False),
    ]  # fmt: skip
    if not maker.users:
        return
    admins = [maker.id_of(key) for key in _people(maker, dice)]
    pick = _rota(admins)
    units = _units(maker, dice)
    tenant.assign_role(pick(), GLOBAL_ADMINISTRATOR)
    tenant.make_eligible(pick(), GLOBAL_ADMINISTRATOR, ends_at=_UNTIL)
    activated = pick()
    tenant.make_eligible(activated, _USER_ADMINISTRATOR)
    tenant.activate_role(activated, _USER_ADMINISTRATOR)
    tenant.assign_role(pick(), _SECURITY_READER, starts_at="2026-05-01T08:00:00Z", ends_at=_UNTIL)
    tenant.assign_role(pick(), custom[0])
    tenant.assign_role(pick(), _HELPDESK, f"/administrativeUnits/{units[0]}")
    tenant.make_eligible(pick(), _USER_ADMINISTRATOR, f"/administrativeUnits/{units[1]}", ends_at=_UNTIL)
    _over_objects(maker, pick, custom[0])
    _of_groups(maker)
    _more(maker, dice, admins)
    leaver = maker.id_of(maker.leavers[0])
    tenant.assign_role(leaver, _SECURITY_READER)
    tenant.make_eligible(leaver, GLOBAL_ADMINISTRATOR)


def _people(maker: Maker, dice: Dice) -> Sequence[int]:
    return dice.few(maker.users, max(8, min(60, len(maker.users) // 40)))


def _rota(admins: Sequence[str]) -> Callable[[], str]:
    turns = itertools.cycle(admins)
    return lambda: next(turns)


def _units(maker: Maker, dice: Dice) -> list[str]:
    units = []
    for name in _UNITS:
        properties: dict[str, Any] = {"visibility": "HiddenMembership"} if name == "Retail Stores" else {}
        units.append(maker.tenant.create_administrative_unit(name, properties=properties))
        key = maker.tenant.find(units[-1]).key
        maker.relate(Rel.MEMBER, key, dice.few(maker.users, max(2, len(maker.users) // 20)))
        maker.relate(Rel.MEMBER, key, dice.few(maker.groups.get("plain", ()), 2))
        maker.relate(Rel.MEMBER, key, dice.few(maker.devices, 1))
    return units


def _over_objects(maker: Maker, pick: Callable[[], str], custom: str) -> None:
    """Roles over one application, one of Graph's service principals, one group; roles that services hold."""
    tenant = maker.tenant
    registration = tenant.db.execute("SELECT MIN(id) FROM objects WHERE type = 'application'").fetchone()[0]
    tenant.assign_role(pick(), _APPLICATION_ADMINISTRATOR, f"/{registration}")
    if maker.applications:
        app = maker.id_of(min(maker.applications.values()))
        tenant.assign_role(pick(), _APPLICATION_ADMINISTRATOR, f"/{app}")
        tenant.assign_role(app, _DIRECTORY_READERS)
    if maker.groups.get("plain"):
        tenant.assign_role(pick(), _GROUPS_ADMINISTRATOR, f"/{maker.id_of(maker.groups['plain'][0])}")
    tenant.make_eligible(pick(), custom, f"/{registration}")


def _of_groups(maker: Maker) -> None:
    tenant, roles = maker.tenant, [role for role, name, _ in built_in_roles() if name.endswith("Administrator")]
    for number, key in enumerate(maker.groups.get("role", ())):
        group, role = maker.id_of(key), roles[number % len(roles)]
        if number == 0:
            tenant.assign_role(group, GLOBAL_ADMINISTRATOR)
        elif number % 2:
            tenant.make_eligible(group, role)
            if number == 1:
                tenant.activate_role(group, role)
        else:
            tenant.assign_role(group, role)


def _more(maker: Maker, dice: Dice, admins: Sequence[str]) -> None:
    """The long tail: a few people for each of a couple of dozen roles."""
    roles = [role for role, _, _ in built_in_roles()]
    for number, admin in enumerate(admins[8:]):
        role = roles[(7 * number) % len(roles)]
        if role == GLOBAL_ADMINISTRATOR:
            continue
        if dice.chance(0.5):
            maker.tenant.make_eligible(admin, role, ends_at=_UNTIL if dice.chance(0.4) else None)
        else:
            maker.tenant.assign_role(admin, role, ends_at=_UNTIL if dice.chance(0.2) else None)
