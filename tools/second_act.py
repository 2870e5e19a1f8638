"""The demo's second act: the tenant is changed in five ways, and each change is seen arriving in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.cli.output import Output
from connector.cli.sentences import sentence
from connector.journal.feed import FeedChange
from connector.query.names import Names
from connector.query.opening import open_current
from connector.query.snapshot import Snapshot
from connector.query.telling import ToldChange, tell
from connector.settings import Settings
from connector.storage import Store
from tools.bench.admin import Admin
from tools.following import Journal, grant_seen, subscribed
from tools.stack import Stack

_SHOWN = 4  # lines of one change


@dataclass(frozen=True, slots=True)
class Scene:
    """One change of the tenant.

    Attributes:
        title: what happens, for people.
        verb: of the emulated tenant, with its ``arguments``.
        arrived: whether a change of the journal is the one to wait for.
        by_timer: Graph sends no notification of this; the timer asks.
    """

    title: str
    verb: str
    arguments: dict[str, Any]
    arrived: Callable[[FeedChange], bool]
    by_timer: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a scene arrived: after how many seconds, with how many changes, and the first of them for people."""

    title: str
    seconds: float
    changes: int
    inherited: int
    cause: str
    lines: tuple[str, ...]


# A group through which much is inherited, and somebody who is not in it.
_JOIN = """
SELECT g.id, g.display_name, a.id, a.display_name
FROM (
    SELECT path[1] AS id, count(DISTINCT grant_id) AS grants FROM inherited_grants GROUP BY 1 ORDER BY 2 DESC, 1
) AS busy
JOIN groups AS g ON g.id = busy.id AND NOT g.is_dynamic AND g.on_premises_sync_enabled IS NOT TRUE
JOIN accounts AS a ON a.enabled AND NOT EXISTS (
    FROM grants WHERE resource_id = g.id AND principal_id = a.id
)
ORDER BY busy.grants DESC, g.id, a.id LIMIT 1
"""
_LEAVE = """
SELECT g.id, g.display_name, a.id, a.display_name
FROM grants AS m
JOIN groups AS g ON m.resource_kind = 'group' AND g.id = m.resource_id AND m.revocable
JOIN accounts AS a ON a.id = m.principal_id
WHERE m.entitlement_id = 'group:' || g.id || ':member' AND g.is_assignable_to_role
ORDER BY g.id, a.id LIMIT 1
"""
_SOMEBODY = """
SELECT id, display_name FROM accounts WHERE enabled AND user_type = 'Guest'
ORDER BY (SELECT count(*) FROM grants WHERE principal_id = accounts.id) DESC, id LIMIT 1
"""
_RISE = """
SELECT r.id, r.display_name, a.id, a.display_name
FROM directory_roles AS r, accounts AS a
WHERE r.display_name = 'User Administrator' AND a.enabled AND a.user_type = 'Member'
    AND NOT EXISTS (FROM grants WHERE resource_id = r.id AND principal_id = a.id)
ORDER BY a.id DESC LIMIT 1
"""
_GO = """
SELECT id, display_name FROM accounts WHERE user_type = 'Member'
ORDER BY (SELECT count(*) FROM grants WHERE principal_id = accounts.id) DESC, id LIMIT 1
"""


def scenes(snapshot: Snapshot) -> Iterator[Scene]:
    """Five changes that make sense in the tenant that ``snapshot`` shows."""
    group, group_name, user, user_name = one_row(snapshot, _JOIN)
    joined = {"group_id": group, "member_id": user}
    yield Scene(f"{user_name} joins {group_name}.", "add_member", joined, grant_seen(group, user, there=True))
    group, group_name, user, user_name = one_row(snapshot, _LEAVE)
    left = {"group_id": group, "member_id": user}
    yield Scene(f"{user_name} leaves {group_name}.", "remove_member", left, grant_seen(group, user, there=False))
    guest, guest_name = one_row(snapshot, _SOMEBODY)
    blocked = {"user_id": guest, "properties": {"accountEnabled": False}}
    yield Scene(f"The guest {guest_name} is blocked.", "update_user", blocked, _row("accounts", guest))
    role, role_name, user, user_name = one_row(snapshot, _RISE)
    risen = {"principal_id": user, "role_id": role}
    title = f"{user_name} becomes {role_name}. (Graph sends no notification of this; a timer asks.)"
    yield Scene(title, "assign_role", risen, grant_seen(role, user, there=True), by_timer=True)
    user, user_name = one_row(snapshot, _GO)
    yield Scene(f"{user_name} is deleted.", "delete_user", {"user_id": user}, _row("accounts", user))


async def play(stack: Stack, store: Store, folder: Path, on_arrival: Callable[[Arrival], None]) -> list[Arrival]:
    """Change the tenant in five ways, one after another, and wait for each."""
    stack.host.invoke_timer("subscription_timer")
    await subscribed(store)
    admin = Admin(stack.graph.facts)
    with await open_current(stack.settings, cache=folder) as opened:
        planned = list(scenes(opened.snapshot))
    arrivals = []
    for scene in planned:
        journal = await Journal.at_head(store)
        began = time.monotonic()
        admin.do(scene.verb, **scene.arguments)
        if scene.by_timer:
            stack.host.invoke_timer("incremental_timer")
        changes = await journal.until(scene.arrived)
        seconds = time.monotonic() - began
        arrivals.append(await _arrival(stack.settings, folder, scene, changes, seconds))
        on_arrival(arrivals[-1])
    return arrivals


def show(output: Output, arrival: Arrival) -> None:
    """Tell of one, for people."""
    output.line()
    output.line(arrival.title, style="bold")
    for told in arrival.lines:
        output.line(f"  {told}")
    more = arrival.changes - arrival.inherited - len(arrival.lines)
    rest = [f"{more:,} more"] if more > 0 else []
    rest += [f"{arrival.inherited:,} inherited"] if arrival.inherited else []
    output.line(f"  {arrival.seconds:.1f} s" + (f"; and {', '.join(rest)}" if rest else ""))


async def _arrival(
    settings: Settings, folder: Path, scene: Scene, changes: Sequence[FeedChange], seconds: float
) -> Arrival:
    with await open_current(settings, cache=folder) as opened:
        names = Names(opened.snapshot)
        names.learn(changes)
        told: list[ToldChange] = [tell(change, names) for change in changes]
    shown = [one for one in told if not one.follows]
    return Arrival(
        title=scene.title,
        seconds=round(seconds, 2),
        changes=len(told),
        inherited=sum(one.table == "inherited_grants" for one in told),
        cause=changes[-1].cause.value,
        lines=tuple(sentence(one) for one in shown[:_SHOWN]),
    )


def _row(table: str, identifier: str) -> Callable[[FeedChange], bool]:
    return lambda change: change.table == table and change.key == (identifier,)


def one_row(snapshot: Snapshot, sql: str) -> tuple[Any, ...]:
    """The first row of what ``sql`` finds."""
    found = snapshot.execute(sql)
    if not found:
        raise SystemExit("The made-up tenant is too small for the demo: give more --users.")
    return found[0]
