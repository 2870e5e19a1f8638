"""One look at everything that has delta."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from connector.access.decoding import NotJson
from connector.access.delta import Stated, put_together
from connector.graph.errors import GraphError, GraphUnreachable, SignInFailed, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.incremental.facts import Known, Reading
from connector.incremental.tracking.applications import read_applications
from connector.incremental.tracking.chains import CursorLost, follow
from connector.incremental.tracking.collected import Collected, merged
from connector.incremental.tracking.groups import read_groups
from connector.incremental.tracking.kinds import DELTA_KINDS
from connector.incremental.tracking.look import Look, tracked_since
from connector.incremental.tracking.others import read_assignments, read_roles, read_units
from connector.incremental.tracking.users import read_users
from connector.logs import log_event
from connector.settings import Settings
from connector.storage.records import Cursor

_log = logging.getLogger(__name__)

_READ: Mapping[str, Callable[[Look, Mapping[str, Stated]], Awaitable[Collected]]] = {
    "users": read_users,
    "groups": read_groups,
    "servicePrincipals": read_applications,
    "directoryRoles": read_roles,
    "administrativeUnits": read_units,
    "appRoleAssignments": read_assignments,
}


@dataclass(slots=True)
class DeltaRead:
    """What the chains said. A kind is in exactly one of ``cursors``, ``lost`` and ``failed``.

    Attributes:
        reading: what was read, of the kinds in ``cursors`` only.
        cursors: where the next round goes on, for each kind that was read to its end. Worth writing where ``rows`` is not 0, or
            before the old one gets old.
        rows: how many rows each of these chains brought.
        lost: kinds whose cursor Graph does not know any more, with a sentence that says so; only a full sync helps.
        failed: kinds that could not be read this time, throttling included, and why; they are read again next time.
        signals: kinds to compare that have given a sign of a change.
    """

    reading: Reading = field(default_factory=Reading)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    failed: dict[str, GraphError] = field(default_factory=dict)
    signals: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one kind said, how many rows that took, and the cursor after it."""

    collected: Collected
    rows: int
    cursor: Cursor


async def read_deltas(
    session: GraphSession,
    settings: Settings,
    cursors: Mapping[str, Cursor],
    known: Known,
    *,
    kinds: Collection[str] | None = None,
    now: Callable[[], datetime],
) -> DeltaRead:
    """Follow the chain of each kind to its end, all at once, and say what they brought.

    Args:
        session: what to ask with; its deadline holds for every chain.
        settings: the deployment's settings.
        cursors: every cursor in force that is of use: its fingerprint fits, and it is not lost.
        known: what the state in force says.
        kinds: which to follow; all that there are cursors for by default.
        now: tells the time that new cursors bear.

    Raises:
        SignInFailed: there is no token, so nothing can be read at all.
        GraphUnreachable: not one kind could be read.
    """
    look = Look(session, settings, known, tracked_since(cursors))
    taken_at = now()  # before Graph is asked: a cursor is rather said to be older than it is
    followed = [kind for kind in DELTA_KINDS if kind in cursors and (kinds is None or kind in kinds)]
    outcomes = await asyncio.gather(*(_outcome(look, kind, cursors[kind], taken_at) for kind in followed))
    read = DeltaRead()
    told: list[Collected] = []
    for kind, outcome in zip(followed, outcomes, strict=True):
        if isinstance(outcome, _Told):
            told.append(outcome.collected)
            read.cursors[kind], read.rows[kind] = outcome.cursor, outcome.rows
            read.signals |= outcome.collected.signals
        elif isinstance(outcome, CursorLost):
            read.lost[kind] = str(outcome)
        else:
            read.failed[kind] = outcome
    _raise_if_cut_off(read)
    read.reading = merged(told, known, settings)
    return read


async def _outcome(look: Look, kind: str, cursor: Cursor, taken_at: datetime) -> _Told | CursorLost | GraphError:
    """What one kind told, or why it did not: that of one is no reason to lose the others."""
    try:
        chain = await follow(look.session, cursor.link)
        collected = await _READ[kind](dataclasses.replace(look, heard_at=chain.heard_at), put_together(chain.items))
    except NotJson as error:
        outcome: CursorLost | GraphError = UnexpectedAnswer(f"What Graph says of {kind} cannot be understood: {error}")
    except (CursorLost, GraphError) as error:
        outcome = error
    else:
        since = cursor.followed_since or chain.heard_at
        following = replace(cursor, link=chain.link, taken_at=taken_at, followed_since=since)
        return _Told(collected, len(chain.items), following)
    log_event(_log, "delta_not_read", kind=kind, lost=isinstance(outcome, CursorLost), reason=str(outcome))
    return outcome


def _raise_if_cut_off(read: DeltaRead) -> None:
    for error in read.failed.values():
        if isinstance(error, SignInFailed) or (isinstance(error, GraphUnreachable) and not (read.cursors or read.lost)):
            raise error
