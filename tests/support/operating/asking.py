"""Requests as anybody might make them, and changes of the same pairs by somebody else."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from connector.storage.records import Action, Wanted
from emulators.graph.tenant.errors import TenantError
from emulators.graph.tenant.role_verbs import role_assignment_id
from tests.support.operating.ledger import Pair
from tests.support.operating.world import OperatedWorld

_ENDS = (timedelta(minutes=10), timedelta(hours=3), timedelta(days=2))
_STARTS = (timedelta(minutes=5), timedelta(hours=2))


def some_request(world: OperatedWorld, chance: random.Random) -> list[Wanted]:
    """One operation, or several: on one entitlement, as they are most often, or on any."""
    count = chance.choice((1, 1, 1, 2, 3, 5))
    if chance.random() < 0.6:
        entitlement = some_entitlement(world, chance)
        return [some_wanted(world, chance, entitlement) for _ in range(count)]
    return [some_wanted(world, chance, some_entitlement(world, chance)) for _ in range(count)]


def some_entitlement(world: OperatedWorld, chance: random.Random) -> str:
    """Of the cast's; membership of groups most often."""
    kind = chance.random()
    if kind < 0.65:
        slug = "owner" if kind > 0.5 else "member"
        return f"group:{chance.choice(world.cast.groups)}:{slug}"
    slug = "eligible" if kind > 0.85 else "assigned"
    return f"directory_role:{chance.choice(world.cast.roles)}:{slug}"


def some_wanted(world: OperatedWorld, chance: random.Random, entitlement: str) -> Wanted:
    """One operation on ``entitlement``. Few principals, so that they meet."""
    role = entitlement.startswith("directory_role")
    principal = _principal(world, chance, role=role)
    granting = chance.random() < 0.6
    ends = chance.choice(_ENDS) if granting and chance.random() < (0.4 if role else 0.2) else None
    starts = chance.choice(_STARTS) if granting and chance.random() < 0.08 else None
    now = world.now()
    return Wanted(
        action=Action.GRANT if granting else Action.REVOKE,
        entitlement=entitlement,
        principal=principal,
        justification="Is needed",
        scope=f"/administrativeUnits/{world.cast.units[0]}" if role and chance.random() < 0.15 else "/",
        starts_at=now + starts if starts else None,
        expires_at=now + (starts or timedelta()) + ends if ends else None,
        dry_run=chance.random() < 0.12,
    )


def as_text(wanted: list[Wanted]) -> str:
    """A request as another system puts it on the queue."""
    return msgspec.json.encode([_given(one) for one in wanted]).decode()


def told(wanted: Wanted) -> str:
    """On one line, for people."""
    given = _given(wanted)
    names = ("dry_run", "starts_at", "expires_at", "scope")
    more = " ".join(f"{name}={given[name]}" for name in names if name in given)
    return f"{wanted.action} {wanted.entitlement} {wanted.principal} {more}".strip()


def meddle(world: OperatedWorld, chance: random.Random) -> str:
    """Somebody else grants or revokes one of the pairs of which operations are asked for, and Graph shows it to everybody."""
    wanted = some_wanted(world, chance, some_entitlement(world, chance))
    principal = _id(world, wanted.principal)
    pair = Pair(wanted.entitlement, principal, wanted.scope)
    there = pair in world.ledger.held()
    try:
        _change(world, pair)(there)
    except TenantError as refused:
        return f"nobody changes {pair}: {refused}"
    finally:
        world.graph.settle_reads()
    return f"somebody else {'takes' if there else 'gives'} {pair}"


def _change(world: OperatedWorld, pair: Pair) -> Callable[[bool], Any]:
    tenant = world.tenant
    _, id_, slug = pair.entitlement.split(":")

    def change(there: bool) -> None:
        if slug == "member":
            (tenant.remove_member if there else tenant.add_member)(id_, pair.principal, as_system=True)
        elif slug == "owner":
            (tenant.remove_owner if there else tenant.add_owner)(id_, pair.principal, as_system=True)
        elif slug == "assigned" and there:
            tenant.remove_role_assignment(role_assignment_id(id_, pair.principal, pair.scope))
        elif slug == "assigned":
            tenant.assign_role(pair.principal, id_, pair.scope)
        elif there:
            tenant.remove_eligibility(role_assignment_id(id_, pair.principal, pair.scope) + "-e")
        else:
            tenant.make_eligible(pair.principal, id_, pair.scope)

    return change


def _principal(world: OperatedWorld, chance: random.Random, *, role: bool) -> str:
    cast, kind = world.cast, chance.random()
    if kind < 0.06:
        return "nobody@contoso.com"
    if kind < 0.14:
        return chance.choice(cast.role_assignable if role else cast.groups)
    if kind < 0.2:
        return chance.choice(cast.applications)
    account = chance.choice(cast.accounts)
    return _name(world, account) if kind < 0.35 else account


def _name(world: OperatedWorld, account: str) -> str:
    with world.tenant.lock:
        row = world.tenant.db.execute(
            "SELECT json_extract(body, '$.userPrincipalName') FROM objects WHERE id = ?", (account,)
        ).fetchone()
    return str(row[0])


def _id(world: OperatedWorld, principal: str) -> str:
    with world.tenant.lock:
        row = world.tenant.db.execute(
            "SELECT id FROM objects WHERE id = ? OR json_extract(body, '$.userPrincipalName') = ?",
            (principal, principal),
        ).fetchone()
    return str(row[0]) if row else principal


def _given(wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(wanted)
    absent = {None: ("ticket", "starts_at", "expires_at"), "/": ("scope",), False: ("dry_run",)}
    return {
        name: value
        for name, value in found.items()
        if not any(value is nothing or value == nothing for nothing, names in absent.items() if name in names)
    }
