"""One look at everything that has delta."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.graph.errors import GraphError
from connector.graph.session import GraphSession
from connector.incremental.facts import Known, Reading
from connector.settings import Settings
from connector.storage.records import Cursor


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
        SignInFailed, GraphUnreachable: nothing can be read at all.
    """
    raise NotImplementedError
