"""What every reader of a full sync is: a declaration of when it runs, and an iterator of pages that can be resumed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import msgspec

from connector.graph.session import GraphSession
from connector.settings import Settings


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Staged rows that may be missing, because what they would be made of could not be read while the rest could.

    That Graph does not have a thing (any more) is not this: it is then not there.

    Attributes:
        table: staged table that the rows would be in.
        column: column of that table that tells which rows, such as ``group_id``; empty where it is not known which: then any
            row of the table may be missing.
        id: value of that column in those rows; empty with an empty ``column``.
        reason: a sentence for people, with Graph's own words and no secret.
    """

    table: str
    column: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader hands over at once; the engine stages it and saves the position, in that order.

    Attributes:
        rows: staged rows by table name (``connector/access/staged.py``). May be empty: a page of Graph may be, too.
        position: JSON value from which :meth:`Reader.read` goes on after this page; None on the last page.
        notes: counters to add up over the unit, such as ``{"service_principals_seen": 3}``; the manifest shows them.
        incomplete: what could not be read on the way to this page; the same may be said again. Some of its rows may have
            been staged all the same: they are true, and there may be more.
    """

    rows: Mapping[str, Sequence[msgspec.Struct]]
    position: Any | None
    notes: Mapping[str, int] = field(default_factory=dict)
    incomplete: Sequence[Incomplete] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """One unit of work, as a reader sees it.

    Attributes:
        session: what to ask Graph with.
        settings: the deployment's settings.
        position: where to go on, or None at the beginning.
        inputs: the rows of the parent's part that this unit belongs to, as JSON objects; empty without a parent.
    """

    session: GraphSession
    settings: Settings
    position: Any | None
    inputs: Sequence[Mapping[str, Any]]


class Reader(Protocol):
    """Reads one kind of thing. Stateless: everything it needs to resume is in the position that it handed over.

    Attributes:
        name: kind of the unit; unit ids are ``name``, or ``name-0000`` for the shards of readers with a parent.
        parent: name of the reader whose staged parts (of table ``parent_table``) each make one unit of this one.
        after: names of readers of which every unit must be complete before a unit of this one is planned.
        optional: a refusal (missing permission, missing license) marks this kind as incomplete; it does not fail the sync.
        tables: the staged tables that it fills.
    """

    name: ClassVar[str]
    parent: ClassVar[str | None]
    parent_table: ClassVar[str | None]
    after: ClassVar[tuple[str, ...]]
    optional: ClassVar[bool]
    tables: ClassVar[tuple[str, ...]]

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:
        """Whether units of this reader are planned, given the settings and the notes of the readers in ``after``."""
        ...

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read from ``work.position`` to the end, page by page. There is always a last page, be it an empty one.

        Raises:
            connector.graph.errors.GraphError: what Graph refused; :class:`~connector.graph.errors.Throttled` when it
                must be asked again later than the step may wait.
        """
        ...
