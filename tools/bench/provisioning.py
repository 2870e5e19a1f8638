"""How long from asking for an operation to its end: one at a time, and thousands of memberships in lists; and what it costs of Graph.

Everything is a process of its own, as in a deployment: requests go to the Functions host, whose worker takes the operations from
the queue; Graph throttles as it does a large tenant. Rounds do not run meanwhile, so that what is counted is of the operations alone.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from statistics import quantiles
from typing import Any

from connector.query.opening import open_current
from connector.query.snapshot import Snapshot
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.operation_ids import bundle_of
from connector.storage.records import Status
from tools.asking import Asking, Body
from tools.bench.admin import Admin
from tools.following import PATIENCE, full_sync_done
from tools.stack import Stack, running

WRITES_PER_S = 3_000 / 150
"""Writes of one application in one tenant, by Graph's limits for identity and access: 3,000 in 150 seconds."""

_LIST = 1_000  # operations of one request, the most there may be
_NEVER = "0 0 0 1 1 *"
_LOOK_EVERY = 0.25  # seconds
_GROUPS = """
SELECT id FROM groups
WHERE group_type = 'security' AND NOT is_dynamic AND on_premises_sync_enabled IS NOT TRUE AND is_assignable_to_role IS NOT TRUE
ORDER BY id
"""
_HELD = """
SELECT entitlement_id, principal_id FROM grants
WHERE revocable AND principal_kind = 'account' AND entitlement_id IN (SELECT 'group:' || id || ':member' FROM groups) ORDER BY id
"""
_ROLES = "SELECT id FROM directory_roles WHERE display_name LIKE '%Reader%' ORDER BY id"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Users of the tenant, single operations to time, and memberships in bulk, of so many groups; ``seed`` decides which."""

    users: int
    single: int
    memberships: int
    groups: int
    seed: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a tenant has to grant and revoke. ``free``: groups and users that are not members of them; ``held``: what can be revoked."""

    free: Sequence[tuple[str, Sequence[str]]]
    held: Sequence[tuple[str, str]]
    roles: Sequence[str]
    users: Sequence[str]


@dataclass(frozen=True, slots=True)
class Bulk:
    """Seconds from asking for the first to the end of the last, and until all were in the journal and the audit file."""

    ended: float
    journalled: float


def measure_provisioning(sizes: Sizes, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run it; every number by name."""
    tell("Making the tenant; starting storage, Microsoft Graph and a Functions host …")
    with running(
        users=sizes.users,
        groups=None,
        seed=sizes.seed,
        throttle="l",
        switches={"INCREMENTAL_SCHEDULE": _NEVER, "NOTIFICATION_URL": ""},
        most_polling_ms=None,
    ) as stack:
        return asyncio.run(_measure(stack, sizes, tell))


async def _measure(stack: Stack, sizes: Sizes, tell: Callable[[str], None]) -> dict[str, Any]:
    admin = Admin(stack.graph.facts)
    async with open_store(stack.settings) as store:
        tell("The first full sync …")
        stack.host.invoke_timer("full_sync_timer")
        end = await full_sync_done(store)
        if end.failure:
            raise SystemExit(f"The sync failed. {end.failure.sentence} {end.failure.advice}")
        found = await _look(stack.settings)
        with Asking(stack.host) as asking:
            _one(asking, next(single_operations(found, sizes.seed + 1)))  # the worker loads its modules
            tell(f"{sizes.single} operations, one at a time …")
            admin.reset()
            waits = [
                _timed(asking, body, sizes.seed) for body in islice(single_operations(found, sizes.seed), sizes.single)
            ]
            alone = admin.read()
            tell(f"{sizes.memberships:,} memberships of {sizes.groups} groups, in lists of {_LIST:,} …")
            bodies = bulk_memberships(found, sizes)
            admin.reset()
            bulk = await _in_bulk(asking, store, bodies)
            spent = admin.read()
    missing = _missing(admin, bodies)
    if missing:
        raise SystemExit(f"{missing:,} memberships are said to be granted and are not there.")
    return numbers(sizes, waits, alone, bulk, spent)


def numbers(
    sizes: Sizes, waits: Sequence[float], alone: dict[str, Any], bulk: Bulk, spent: dict[str, Any]
) -> dict[str, Any]:
    """What was measured, by name."""
    cuts = quantiles(waits, n=100, method="inclusive")
    return {
        "p50_s": round(cuts[49], 3),
        "p95_s": round(cuts[94], 3),
        "requests_per_operation": round(alone["requests"] / len(waits), 1),
        "bulk": sizes.memberships,
        "bulk_s": round(bulk.ended, 2),
        "bulk_journalled_s": round(bulk.journalled, 2),
        "bulk_writes": spent["writes"],
        "bulk_write_quota_used": round(spent["writes"] / (WRITES_PER_S * bulk.ended), 3),
        "bulk_requests": spent["requests"],
        "bulk_http_requests": spent["http_requests"],
        "bulk_resource_units": spent["resource_units"],
        "bulk_throttled": spent["throttled"],
        "requests_per_membership": round(spent["requests"] / sizes.memberships, 3),
    }


async def _look(settings: Settings) -> Found:
    with await open_current(settings) as opened:
        return find_work(opened.snapshot)


def find_work(snapshot: Snapshot) -> Found:
    """What there is to grant and revoke in the tenant that ``snapshot`` shows."""
    users = [id_ for (id_,) in snapshot.execute("SELECT id FROM accounts WHERE enabled ORDER BY id")]
    members: dict[str, set[str]] = {}
    for group, user in snapshot.execute("SELECT resource_id, principal_id FROM grants WHERE resource_kind = 'group'"):
        members.setdefault(group, set()).add(user)
    groups = [id_ for (id_,) in snapshot.execute(_GROUPS)]
    free = [(group, [user for user in users if user not in members.get(group, ())]) for group in groups]
    held = [(entitlement, user) for entitlement, user in snapshot.execute(_HELD)]
    roles = [id_ for (id_,) in snapshot.execute(_ROLES)]
    return Found(free, held, roles, users)


def single_operations(found: Found, seed: int) -> Iterator[Body]:
    """Operations that change something, in turn: a membership granted and one revoked, twice, then a role granted."""
    chooser = random.Random(seed)  # noqa: S311 - which user is in which group need not be unguessable
    held, seen = chooser.sample(found.held, len(found.held)), set[tuple[str, str]]()
    while held:
        for turn in ("grant", "revoke", "grant", "revoke", "role"):
            if turn == "revoke":
                entitlement, user = held.pop()
            elif turn == "role":
                entitlement, user = (
                    f"directory_role:{chooser.choice(found.roles)}:assigned",
                    chooser.choice(found.users),
                )
            else:
                group, free = chooser.choice(found.free)
                entitlement, user = f"group:{group}:member", chooser.choice(free)
            if (entitlement, user) not in seen:
                seen.add((entitlement, user))
                yield _body("revoke" if turn == "revoke" else "grant", entitlement, user)


def bulk_memberships(found: Found, sizes: Sizes) -> list[Body]:
    """Memberships that are not there yet, group by group."""
    each = -(-sizes.memberships // sizes.groups)
    roomy = [(group, free) for group, free in found.free if len(free) > each + sizes.single][-sizes.groups :]
    if len(roomy) < sizes.groups:
        raise SystemExit("The tenant has too few groups or users for so many memberships: give more --users.")
    chosen = [(group, user) for group, free in roomy for user in free[:each]]
    return [_body("grant", f"group:{group}:member", user) for group, user in chosen[: sizes.memberships]]


def _body(action: str, entitlement: str, principal: str) -> Body:
    return {"action": action, "entitlement": entitlement, "principal": principal, "justification": "benchmark"}


def _timed(asking: Asking, body: Body, seed: int) -> float:
    """Seconds from asking for one to its end, after a pause that has nothing to do with the last one."""
    time.sleep(random.Random(f"{seed}{body}").uniform(0.3, 2))  # noqa: S311
    return _one(asking, body)


def _one(asking: Asking, body: Body) -> float:
    began = time.monotonic()
    ended = asking.ended(asking.ask(body)["id"])
    if ended["status"] != "succeeded":
        raise SystemExit(f"{body} ended as {ended['status']}: {ended['problem']}")
    return time.monotonic() - began


async def _in_bulk(asking: Asking, store: Store, bodies: Sequence[Body]) -> Bulk:
    """Ask for all of them, and wait until nothing is left of any line. How long it took is read off the records then: looking at
    thousands of them all the time would be measured as well."""
    began, wall = time.monotonic(), datetime.now(UTC)
    asked = await asyncio.to_thread(
        lambda: [one["id"] for at in range(0, len(bodies), _LIST) for one in asking.ask_many(bodies[at : at + _LIST])]
    )
    while await store.operations.lines():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"The operations did not end within {PATIENCE} seconds.")
        await asyncio.sleep(_LOOK_EVERY)
    seconds = time.monotonic() - began
    held = await store.operations.bundles({bundle_of(one) for one in asked})
    operations = [one for bundle in held.values() for one in bundle.record.operations]
    ends = [one.ended_at for one in operations if one.status is Status.SUCCEEDED and one.ended_at]
    if len(ends) < len(bodies):
        others = Counter(f"{one.status}: {one.problem}" for one in operations if one.status is not Status.SUCCEEDED)
        raise SystemExit(f"Only {len(ends):,} of {len(bodies):,} have succeeded: {others.most_common(3)}")
    return Bulk((max(ends) - wall).total_seconds(), seconds)


def _missing(admin: Admin, bodies: Sequence[Body]) -> int:
    """How many of the memberships are not in the tenant."""
    there = {(grant["entitlement_id"], grant["principal_id"]) for grant in admin.truth()["grants"]}
    return sum((body["entitlement"], body["principal"]) not in there for body in bodies)
