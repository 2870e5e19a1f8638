"""The demo's third act: access is granted and revoked, tried out before, asked for twice, given for a while and refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.cli.outcomes import outcome
from connector.cli.output import Output
from connector.cli.sentences import sentence
from connector.journal.feed import FeedChange
from connector.provisioning.service import read_operation
from connector.query.names import Names
from connector.query.opening import open_current
from connector.query.snapshot import Snapshot
from connector.query.telling import ToldChange, tell
from connector.settings import Settings
from connector.storage import Store
from connector.storage.records.operations import EventKind, Operation
from tools.asking import Asking, Body
from tools.following import Journal, grant_seen
from tools.second_act import one_row
from tools.stack import Stack

_SHIFT = timedelta(hours=8)
_TOLD = (EventKind.DECIDED, EventKind.WRITTEN, EventKind.VERIFIED)
"""The events of a history that a demo has room for."""

# A group that anybody may join, with access of its own, and somebody who is not in it.
_JOIN = """
SELECT g.id, g.display_name, a.id, a.display_name, a.user_principal_name
FROM groups AS g, accounts AS a
WHERE g.group_type = 'security' AND NOT g.is_dynamic AND g.on_premises_sync_enabled IS NOT TRUE
    AND g.is_assignable_to_role IS NOT TRUE AND a.enabled AND a.user_type = 'Member'
    AND EXISTS (FROM grants WHERE principal_id = g.id)
    AND NOT EXISTS (FROM grants WHERE resource_id = g.id AND principal_id = a.id)
ORDER BY g.id, a.id LIMIT 1
"""
_RISE = """
SELECT r.id, r.display_name, a.id, a.display_name, a.user_principal_name
FROM directory_roles AS r, accounts AS a
WHERE r.display_name = 'Security Reader' AND a.enabled AND a.user_type = 'Member'
    AND NOT EXISTS (FROM grants WHERE resource_id = r.id AND principal_id = a.id)
ORDER BY a.id DESC LIMIT 1
"""
_FOLLOWS_A_RULE = """
SELECT g.id, g.display_name, a.id, a.display_name, a.user_principal_name
FROM groups AS g, accounts AS a
WHERE g.is_dynamic AND g.on_premises_sync_enabled IS NOT TRUE AND a.enabled
    AND NOT EXISTS (FROM grants WHERE resource_id = g.id AND principal_id = a.id)
ORDER BY g.id, a.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One operation to ask for. ``arrived``: whether a change of the journal is its effect; None: it has none."""

    title: str
    body: Body
    arrived: Callable[[FeedChange], bool] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended: after how many seconds, what it came to, and for people what happened on the way."""

    title: str
    operation: str
    seconds: float
    status: str
    result: str | None
    problem: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """The operations, and the lines of the journal that are about them."""

    operations: tuple[Ended, ...]
    journal: tuple[str, ...]


def scenes(snapshot: Snapshot) -> Iterator[Scene]:
    """Six operations that make sense in the tenant that ``snapshot`` shows."""
    group, group_name, user, user_name, upn = one_row(snapshot, _JOIN)
    member = {"entitlement": f"group:{group}:member", "principal": upn, "justification": "Joins the team."}
    join = {"action": "grant", **member}
    yield Scene(f"{user_name} is to join {group_name}. First, what would happen?", {**join, "dry_run": True})
    yield Scene(f"{user_name} joins {group_name}.", join, grant_seen(group, user, there=True))
    yield Scene("The same is asked for again.", join)
    role, role_name, riser, riser_name, riser_upn = one_row(snapshot, _RISE)
    shift = {
        "action": "grant",
        "entitlement": f"directory_role:{role}:assigned",
        "principal": riser_upn,
        "justification": "On duty tonight.",
        "expires_at": (datetime.now(UTC) + _SHIFT).isoformat(timespec="seconds"),
    }
    title = f"{riser_name} becomes {role_name}, for {_SHIFT // timedelta(hours=1)} hours."
    yield Scene(title, shift, grant_seen(role, riser, there=True))
    ruled, ruled_name, other, other_name, _ = one_row(snapshot, _FOLLOWS_A_RULE)
    asked = {
        "action": "grant",
        "entitlement": f"group:{ruled}:member",
        "principal": other,
        "justification": "A favour.",
    }
    yield Scene(f"{other_name} is to join {ruled_name}.", asked)
    leave = {"action": "revoke", **member, "justification": "Left the team."}
    yield Scene(f"{user_name} leaves {group_name}.", leave, grant_seen(group, user, there=False))


async def play(stack: Stack, store: Store, folder: Path, on_ended: Callable[[Ended], None]) -> Act:
    """Ask for six operations over HTTP, one after another, and wait until the journal tells of what they did."""
    with await open_current(stack.settings, cache=folder) as opened:
        planned = list(scenes(opened.snapshot))
    journal = await Journal.at_head(store)
    ended, about = list[Ended](), list[FeedChange]()
    with Asking(stack.host) as asking:
        for scene in planned:
            ended.append(await _ask(stack.settings, asking, scene))
            on_ended(ended[-1])
            if scene.arrived is not None:
                about += filter(scene.arrived, await journal.until(scene.arrived))
    with await open_current(stack.settings, cache=folder) as opened:
        names = Names(opened.snapshot)
        names.learn(about)
        told = [tell(change, names) for change in about]
    return Act(tuple(ended), tuple(_journal_line(one) for one in told))


def show(output: Output, ended: Ended) -> None:
    """Tell of one, for people."""
    output.line()
    output.line(ended.title, style="bold")
    for told in ended.lines:
        output.line(f"  {told}")
    output.line(f"  {ended.seconds:.1f} s")


def show_journal(output: Output, lines: Sequence[str]) -> None:
    """The lines that all of it left in the journal."""
    output.line()
    output.line("What the journal says of it:", style="bold")
    for told in lines:
        output.line(f"  {told}")


async def _ask(settings: Settings, asking: Asking, scene: Scene) -> Ended:
    began = time.monotonic()
    accepted = await asyncio.to_thread(asking.ask, scene.body)
    await asyncio.to_thread(asking.ended, accepted["id"])
    seconds = time.monotonic() - began
    operation = await read_operation(settings, accepted["id"])
    if operation is None:
        raise SystemExit(f"Operation {accepted['id']} has no record.")
    return Ended(
        title=scene.title,
        operation=operation.id,
        seconds=round(seconds, 2),
        status=operation.status.value,
        result=operation.result.value if operation.result else None,
        problem=operation.problem.code if operation.problem else None,
        lines=tuple(_lines(operation)),
    )


def _lines(operation: Operation) -> Iterator[str]:
    """What it came to, and how; or why not, and what to do about it."""
    told = outcome(operation)
    yield told[:1].upper() + told[1:]
    if operation.problem is not None:
        yield operation.problem.sentence
        yield operation.problem.remedy
        return
    for event in operation.events:
        if event.kind in _TOLD:
            call = " ".join(str(event.facts[name]) for name in ("method", "path") if name in event.facts)
            yield f"{event.kind.value}: {f'{call}: ' if call else ''}{event.said}"


def _journal_line(change: ToldChange) -> str:
    by = f"  [operation {', '.join(change.operations)}]" if change.operations else f"  [{change.cause.value}]"
    return f"{sentence(change)}{by}"
