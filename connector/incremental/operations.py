"""What operations have brought about, put into the journal at once: the picture does not wait until a round sees it.

The same derivation and the same commit as a round's, without its lease and without cursors. What rounds bring later is the same and
changes nothing. Where both have read at the same time, neither overrules the other unread:

* What was seen here counts only while no round has committed what tells of the same since it was looked for; that round may have
  read later. Then it has to be looked for again, unless what is in force says the same already.
* A round that read before an operation's effect was committed, and says something else of the same fact, reads again (``commit``).
  Where the effect was known already and so nothing was committed, such a round is not noticed; its next one tells how it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from connector.incremental.commit import Batch, Outcome, commit
from connector.incremental.context import CommitContext
from connector.incremental.deriving.derived import TooMuchAtOnce
from connector.incremental.facts import Known, Reading, Row
from connector.incremental.needing import obstacle
from connector.incremental.telling import tell_others
from connector.incremental.tracking.collected import of_kept_groups
from connector.journal.errors import JournalDamaged, SnapshotUnusable
from connector.logs import log_event
from connector.settings import Settings
from connector.storage import Current, Held, Store
from connector.storage.records import Cause, SegmentRef
from connector.sync.context import utc_now

if TYPE_CHECKING:
    from connector.incremental.service import Follower

_log = logging.getLogger(__name__)

MOST_NAMED = 20
"""Most operations that a segment names one by one; of more, it names their bundles: the ids without the number at their end. Readers are
told them with each change, of which a thousand operations make thousands."""

_TOLD_BY = {
    "memberships": frozenset({"groups", "service_principal_memberships"}),
    "role_assignments": frozenset({"role_assignments"}),
    "role_assignment_instances": frozenset({"role_assignments"}),
    "role_eligibility_instances": frozenset({"role_assignments"}),
}
"""The kinds of rounds that tell of the facts that operations bring about."""


class Journalling(StrEnum):
    """How it ended: ``committed``; ``known``: what is in force says so already; ``left``: it is left to rounds and the next full sync,
    because there is no state that it could go on from; ``stale``: it has to be looked for again."""

    COMMITTED = "committed"
    KNOWN = "known"
    LEFT = "left"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Journalled:
    """What became of effects. ``why``: a sentence, where they are not in the journal."""

    outcome: Journalling
    segment: SegmentRef | None = None
    why: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do here; otherwise the effects have to be looked for again, and journalled then."""
        return self.outcome is not Journalling.STALE


async def journal_effects(
    follower: Follower,
    store: Store,
    settings: Settings,
    reading: Reading,
    operations: Sequence[str],
    *,
    since: Held[Current] | None,
    now: Callable[[], datetime] = utc_now,
) -> Journalled:
    """Put what operations have brought about into the journal. Any number of workers and rounds may commit at the same time.

    Args:
        follower: of this process; its replica is used.
        reading: what was seen: ``rows`` and ``gone`` of ``memberships``, ``role_assignments`` and the instances of roles, and ``rows`` of
            ``scopes``: what is limited to something of which nobody knows the name is left to rounds, which read names with it.
        operations: ids of the operations whose effect it is.
        since: what was in force (``await store.current()``) before it was looked for. Asked for later, it cannot tell what is stale.
        now: tells the time.

    Raises:
        StorageError: storage cannot be asked now, or it is not known whether it was committed. Doing it again is right.
    """
    context = CommitContext(store=store, settings=settings, replica=follower.replica, now=now)
    async with (
        follower.journalling
    ):  # before anything is read: a replica that has moved on would have to load an older state anew
        held = await store.current()
        left = _obstacle(held, settings)
        if held is None or left:
            return Journalled(Journalling.LEFT, why=left)
        if since is None:
            return Journalled(Journalling.STALE, why="A snapshot has been published since it was looked for.")
        try:
            journalled = await _commit(context, held, reading, operations, since.record)
        except (JournalDamaged, SnapshotUnusable, TooMuchAtOnce) as problem:
            log_event(_log, "effects_not_journalled", level=logging.WARNING, why=str(problem), advice=problem.advice)
            return Journalled(Journalling.LEFT, why=str(problem))
    if journalled.outcome is Journalling.COMMITTED:
        in_force = await context.in_force()
        await tell_others(store, settings, in_force.record, held.record.journal_head, now())
    return journalled


def _obstacle(held: Held[Current] | None, settings: Settings) -> str:
    """Why there is nothing to go on from, a sentence; empty where there is."""
    if held is None:
        return "No full sync has been published yet."
    return obstacle(held.record, settings) or ""


async def _commit(
    context: CommitContext, held: Held[Current], reading: Reading, operations: Sequence[str], since: Current
) -> Journalled:
    """Commit what is wanted of ``reading``; where somebody else was faster, see whether they say the same."""
    wanted = await _wanted(context, held.record, reading)
    batch = Batch(
        since=since,
        reading=wanted,
        cause=Cause.OPERATION,
        read_at=context.now(),
        told_by=frozenset[str]().union(*(_TOLD_BY.get(table, ()) for table in (*wanted.rows, *wanted.gone))),
        operations=_named(operations),
    )
    done = await commit(context, held, batch)
    if done.outcome is Outcome.SUPERSEDED and await _differs(context, wanted):
        return Journalled(Journalling.STALE, why="A round has read the same since it was looked for.")
    committed = done.outcome is Outcome.COMMITTED
    return Journalled(Journalling.COMMITTED if committed else Journalling.KNOWN, done.segment)


async def _wanted(context: CommitContext, current: Current, reading: Reading) -> Reading:
    """``reading`` without the facts that rounds leave out, too, and those that only they can complete."""
    known = await context.replica.known(context.store, current)
    rows = {table: list(said) for table, said in reading.rows.items()}
    if context.settings.skip_ad_groups and "memberships" in rows:
        rows["memberships"] = of_kept_groups(rows["memberships"], (), known)
    nameless = _nameless(rows, known)
    rows = {table: [row for row in said if row.get("scope") not in nameless] for table, said in rows.items()}
    return Reading(rows={table: said for table, said in rows.items() if said}, gone=reading.gone)


def _nameless(rows: Mapping[str, Sequence[Row]], known: Known) -> set[str]:
    """What roles are limited to, and nobody knows the name of."""
    scopes = {str(row["scope"]) for said in rows.values() for row in said if row.get("scope") not in (None, "/")}
    if not scopes:
        return scopes
    named = {str(row["id"]) for row in (*rows.get("scopes", ()), *known.rows("scopes", "id", sorted(scopes)))}
    ids = sorted(scope.removeprefix("/") for scope in scopes)
    return scopes - named - {f"/{row['id']}" for row in known.rows("enterprise_applications", "id", ids)}


async def _differs(context: CommitContext, reading: Reading) -> bool:
    """Whether what is in force says something else."""
    current = (await context.in_force()).record
    return bool(await context.replica.derive(context.store, current, reading, context.settings, context.now()))


def _named(operations: Sequence[str]) -> tuple[str, ...]:
    if len(operations) <= MOST_NAMED:
        return tuple(operations)
    return tuple(dict.fromkeys(one.rpartition("-")[0] for one in operations))
