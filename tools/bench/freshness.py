"""How long from a change in the tenant to the line in the journal: idle, and under a burst of membership changes.

Everything is a process of its own, as in a deployment: Graph delivers notifications to the Functions host, which polls its queues
as ``host.json`` says.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from statistics import quantiles
from typing import Any

from connector.graph.session import GraphSession
from connector.journal.feed import FeedChange
from connector.query.opening import open_current
from connector.settings import Settings
from connector.storage import Store, open_store
from tools.bench.admin import Admin
from tools.following import PATIENCE, Journal, full_sync_done, subscribed
from tools.stack import Stack, running

_BURST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """Users of the tenant, single changes to time, and changes in the burst; ``seed`` decides which."""

    users: int
    changes: int
    burst: int
    seed: int


def measure_freshness(sizes: Sizes, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run it; every number by name."""
    tell("Making the tenant; starting storage, Microsoft Graph and a Functions host …")
    with running(users=sizes.users, groups=None, seed=sizes.seed, most_polling_ms=None) as stack:
        return asyncio.run(_measure(stack, sizes, tell))


async def _measure(stack: Stack, sizes: Sizes, tell: Callable[[str], None]) -> dict[str, Any]:
    admin, settings = Admin(stack.graph.facts), stack.settings
    async with open_store(settings) as store:
        tell("The first full sync …")
        stack.host.invoke_timer("full_sync_timer")
        end = await full_sync_done(store)
        if end.failure:
            raise SystemExit(f"The sync failed. {end.failure.sentence} {end.failure.advice}")
        stack.host.invoke_timer("subscription_timer")
        await subscribed(store)
        journal = await Journal.at_head(store)
        pairs = _new_memberships(await _open(settings), sizes)
        tell(f"{sizes.changes} changes, one at a time …")
        admin.reset()
        waits = await _one_at_a_time(admin, journal, pairs, sizes)
        idle = admin.read()
        tell(f"A burst of {sizes.burst:,} …")
        link = await _groups_link(settings)
        admin.reset()
        seconds = await _burst(admin, journal, pairs, sizes.burst)
        spent = admin.read()
        await _settled(store, journal)
        admin.reset()
        await _follow(settings, link)
        minimal = admin.read()["resource_units"]
    cuts = quantiles(waits, n=100, method="inclusive")
    return {
        "p50_s": round(cuts[49], 3),
        "p95_s": round(cuts[94], 3),
        "p99_s": round(cuts[98], 3),
        "requests_per_change": round(idle["requests"] / len(waits), 1),
        "resource_units_per_change": round(idle["resource_units"] / len(waits), 1),
        "burst": sizes.burst,
        "burst_s": round(seconds, 2),
        "requests": spent["requests"],
        "resource_units": spent["resource_units"],
        "resource_units_minimal": minimal,
    }


async def _open(settings: Settings) -> tuple[list[str], list[str], set[tuple[str, str]]]:
    """Groups that anyone may be added to, users, and who is in which group."""
    with await open_current(settings) as opened:
        ask = opened.snapshot.execute
        groups = ask(
            "SELECT id FROM groups WHERE group_type = 'security' AND NOT is_dynamic AND on_premises_sync_enabled IS NOT TRUE ORDER BY id"
        )
        users = ask("SELECT id FROM accounts ORDER BY id")
        members = ask("SELECT resource_id, principal_id FROM grants WHERE resource_kind = 'group'")
    return [id_ for (id_,) in groups], [id_ for (id_,) in users], set(members)


def _new_memberships(
    found: tuple[list[str], list[str], set[tuple[str, str]]], sizes: Sizes
) -> Iterator[tuple[str, str]]:
    """Pairs of group and user that are no membership yet, each once."""
    groups, users, members = found
    chooser = random.Random(sizes.seed)  # noqa: S311 - which user is in which group need not be unguessable
    chosen = chooser.sample(groups, min(_BURST_GROUPS, len(groups)))
    pairs = [pair for pair in product(chosen, users) if pair not in members]
    chooser.shuffle(pairs)
    if len(pairs) < sizes.changes + sizes.burst:
        raise SystemExit(f"The tenant has room for {len(pairs):,} changes only: give more --users.")
    return iter(pairs)


async def _one_at_a_time(
    admin: Admin, journal: Journal, pairs: Iterator[tuple[str, str]], sizes: Sizes
) -> Sequence[float]:
    """Seconds until each of some changes was in the journal, made at moments that have nothing to do with one another."""
    chooser, waits = random.Random(sizes.seed), []  # noqa: S311
    for _ in range(sizes.changes):
        await asyncio.sleep(chooser.uniform(0.5, 6))
        group, user = next(pairs)
        began = time.monotonic()
        admin.do("add_member", group_id=group, member_id=user)
        await journal.until(partial(_is_there, (group, user)))
        waits.append(time.monotonic() - began)
    return waits


async def _burst(admin: Admin, journal: Journal, pairs: Iterator[tuple[str, str]], size: int) -> float:
    """Seconds from the first change to the last line in the journal."""
    wanted = {next(pairs) for _ in range(size)}
    began = time.monotonic()

    def change_all() -> None:
        for group, user in wanted:
            admin.do("add_member", group_id=group, member_id=user)

    changing = asyncio.create_task(asyncio.to_thread(change_all))
    missing = set(wanted)
    while missing:
        for change in await journal.more():
            if change.table == "grants" and change.after is not None:
                missing.discard(_pair(change.after))
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"{len(missing):,} of {size:,} changes did not come.")
    await changing
    return time.monotonic() - began


def _is_there(pair: tuple[str, str], change: FeedChange) -> bool:
    return change.table == "grants" and change.after is not None and _pair(change.after) == pair


def _pair(grant: dict[str, Any]) -> tuple[str, str]:
    return grant.get("resource_id", ""), grant.get("principal_id", "")


async def _groups_link(settings: Settings) -> str:
    """Where the groups' delta chain stands now."""
    from connector.graph.delta import take_cursors

    async with GraphSession(settings) as session:
        return (await take_cursors(session, settings))["groups"]


async def _follow(settings: Settings, link: str) -> None:
    """Follow the chain to its end once: the least that the burst can cost who reads it with delta."""
    from connector.access.groups import GroupChange
    from connector.graph.paging import pages

    async with GraphSession(settings) as session:
        async for _ in pages(session, link, GroupChange):
            pass


async def _settled(store: Store, journal: Journal) -> None:
    """Wait until rounds that were asked for late have ended, so that they are not counted with something else."""
    before = None
    while (now := await store.rounds()) != before:
        before = now
        await asyncio.sleep(3)
    await journal.more()
