"""What follows once operations have ended: ends that are kept, the journal, the audit file; then their places in the line are free.

Each may be done again, and is done by whoever comes next where it was interrupted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.graph.errors import GraphError
from connector.incremental.facts import Reading
from connector.logs import log_event
from connector.provisioning.asking.lines import KEPT_S
from connector.provisioning.contract import Principal, Task
from connector.provisioning.working.choosing import choose, nameless
from connector.provisioning.working.context import Work
from connector.provisioning.working.desk import Desk
from connector.provisioning.working.effects import Effects, Journalled
from connector.provisioning.working.expiring import due_ends, unsettled_ends, with_ends
from connector.provisioning.working.limits import JOURNAL_AGAIN_S
from connector.provisioning.working.raising import raised_at
from connector.provisioning.working.readings import merged
from connector.storage import Current, Held
from connector.storage.errors import StorageError
from connector.storage.records import Line, Operation, Status

_log = logging.getLogger(__name__)

_MOST_LOOKS = 3
"""How often effects are looked for anew because a round has read the same meanwhile; then it is left to the next go."""


async def settle(work: Work, desk: Desk, readings: Mapping[str, Reading], since: Held[Current] | None) -> None:
    """Have everything follow from what has ended.

    Args:
        readings: what was seen of the operations that have just ended, by their ids; the others are looked for anew.
        since: what was in force before that was seen.

    Raises:
        StorageError: as met; what was not done is done by whoever comes next.
    """
    await _keep_ends(work, desk)
    await _journal(work, desk, readings, since)
    await desk.save()  # before the audit file tells of it: whoever goes on after a crash must not tell it otherwise
    left = [one for one in desk.ordered() if one.audited < len(one.events)]
    if left:
        desk.put(await work.others.audit(work.store, left))
        await desk.save()
    await free_places(desk, work.moment().at)


async def free_places(desk: Desk, now: datetime) -> None:
    """Free the places of what has ended, and say in the line when there is something to do next."""

    def freed(line: Line) -> Line:
        places = tuple(place for place in line.places if desk.is_taken(place, now))
        return replace(line, places=places, due=due_at(desk, line, now))

    await desk.change_line(freed)


def due_at(desk: Desk, line: Line, now: datetime) -> datetime | None:
    """When there is something to do in the line; None: now."""
    ordered = desk.ordered()
    choice = choose(ordered, now, 1)
    if choice.now or nameless(ordered, now, 1) or due_ends(desk, now):
        return None
    times = [end.expires_at for end in line.expiries if end.expires_at > now]
    times += [place.at + timedelta(seconds=KEPT_S) for place in line.places if desk.is_only_named(place, now)]
    times += [choice.next_at] if choice.next_at else []
    times += [now + timedelta(seconds=JOURNAL_AGAIN_S)] if _unjournalled(ordered) else []
    return min(times, default=None)


async def _keep_ends(work: Work, desk: Desk) -> None:
    ended = [] if work.kind.keeps_time else unsettled_ends(desk.ordered())
    if not ended:
        return

    def kept(line: Line) -> Line:
        work.lease.check()  # whoever has it by now may have put a younger end there
        return with_ends(line, ended)

    await desk.change_line(kept)
    moment = work.moment()
    desk.put(moment.end_kept(one, one.wanted.expires_at) for one in ended if one.wanted.expires_at)


async def _journal(work: Work, desk: Desk, readings: Mapping[str, Reading], since: Held[Current] | None) -> None:
    """Put the effects into the journal; what cannot be is left for the next go. What goes wrong in a way that nobody has foreseen is
    left to rounds: it must not keep the others of the line waiting."""
    try:
        await _journal_seen(work, desk, readings, since)
    except (StorageError, GraphError):
        raise
    except Exception as error:
        log_event(
            _log,
            "effects_not_journalled",
            level=logging.ERROR,
            line=desk.name,
            error=type(error).__name__,
            where=raised_at(error),
        )
        said = f"It could not be put into the journal ({type(error).__name__}); rounds will tell."
        moment = work.moment()
        desk.put(moment.journalled(one, said, None) for one in _unjournalled(desk.ordered()))


async def _journal_seen(work: Work, desk: Desk, readings: Mapping[str, Reading], since: Held[Current] | None) -> None:
    left = _unjournalled(desk.ordered())
    known = {one.id: readings[one.id] for one in left if one.id in readings}
    for _ in range(_MOST_LOOKS):
        if not left:
            return
        unknown = [one for one in left if one.id not in known]
        if unknown:
            since = since if known else await work.store.current()
            try:
                known |= await _look_again(work, unknown)
            except GraphError:
                return
        reading = merged(known.values())
        done = await work.journal(Effects(work.store, work.settings, reading, tuple(known), since)) if reading else None
        if done is None or done.settled:
            _note(work, desk, left, done)
            return
        known = {}


def _unjournalled(ordered: Sequence[Operation]) -> list[Operation]:
    return [one for one in ordered if one.status is Status.SUCCEEDED and not one.journalled]


async def _look_again(work: Work, ended: Sequence[Operation]) -> dict[str, Reading]:
    """What is seen now of operations that have ended. What somebody else has changed since is not ours to tell: rounds do."""
    tasks = [
        Task(one.id, one.wanted, _principal(one), intended=True, state=one.state, first_at=one.accepted_at)
        for one in ended
    ]
    async with work.tools() as tools:
        seen = await work.kind.look(tools, work.entitlement, tasks)
    return {task.id: seen[task.id].reading if seen[task.id].as_wanted else Reading() for task in tasks}


def _principal(one: Operation) -> Principal:
    return Principal(one.principal_id or "", one.principal_kind or "", one.principal_name or "")


def _note(work: Work, desk: Desk, left: Sequence[Operation], done: Journalled | None) -> None:
    moment = work.moment()
    segment = done.segment if done else None
    why = done.why if done else ""
    said = why or ("It is in the journal." if segment else "The journal says so already, or rounds will tell.")
    last = segment.last if segment else None
    desk.put(moment.journalled(desk.operation(one.id), said, last) for one in left)
