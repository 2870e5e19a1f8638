"""The facts of an emulated tenant, followed: what a reading makes of fact rows, next to what a full reading says they are."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from connector.access.staged import FACTS
from connector.graph.delta import take_cursors
from connector.graph.session import GraphSession
from connector.graph.stats import GraphStats
from connector.incremental.facts import Reading
from connector.incremental.tracking import DeltaRead, compare, read_deltas
from connector.settings import Settings
from connector.storage.records import Cursor
from connector.sync.kinds import READERS, Work
from emulators.graph import GraphEmulator

T = TypeVar("T")
Key = tuple[str | None, ...]
_KEYS = {table.name: table.key for table in FACTS}
_NOT_FACTS = frozenset({"ordinal", "removed"})
_SKIPPED = frozenset({"tombstones", "unread_jobs"})
"""What a full reading does not have; and scopes beyond what is needed are no fault."""


async def no_wait(_seconds: float) -> None:
    """Throttling in tests is not waited out."""


@dataclass
class Facts:
    """Fact rows by table and key: what is known, in plain Python."""

    tables: dict[str, dict[Key, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in _KEYS})

    def rows(self, table: str, column: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """As :class:`connector.incremental.facts.Known` asks."""
        wanted = set(values)
        return [dict(row) for row in self.tables[table].values() if row.get(column) in wanted]

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Add a row, in place of the one with its key."""
        kept = {name: value for name, value in row.items() if name not in _NOT_FACTS and value is not None}
        self.tables[table][tuple(kept.get(name) for name in _KEYS[table])] = kept

    def apply(self, reading: Reading) -> None:
        """Let the facts be what ``reading`` says, in the order that it prescribes."""
        buried = {key[0] for key in self.tables["tombstones"]}
        back = {
            row["id"]
            for name in ("accounts", "groups", "enterprise_applications")
            for row in reading.rows.get(name, ())
        }
        for table, rows in reading.rows.items():
            for row in rows:
                if not _names(table, row, buried - back):
                    self.put(table, row)
        for one in back - {id_ for ids in reading.removed.values() for id_ in ids}:
            self.tables["tombstones"].pop((one,), None)
        told = {
            table: {tuple(row.get(name) for name in _KEYS[table]) for row in rows}
            for table, rows in reading.rows.items()
        }
        for one in reading.replaced:
            for key, row in list(self.tables[one.table].items()):
                excepted = any(row.get(column) == value for column, value in one.but)
                if (
                    (not one.column or row.get(one.column) == one.id)
                    and key not in told.get(one.table, set())
                    and not excepted
                ):
                    del self.tables[one.table][key]
        for table, keys in reading.gone.items():
            for key in keys:
                self.tables[table].pop(key, None)
        for kind, ids in reading.removed.items():
            for id_ in ids:
                self._remove(kind, id_)

    def _remove(self, kind: str, id_: str) -> None:
        for table, rows in self.tables.items():
            self.tables[table] = {key: row for key, row in rows.items() if not _names(table, row, {id_})}
        for row in self.tables["accounts"].values():
            if row.get("manager_id") == id_:
                del row["manager_id"]
        self.put("tombstones", {"id": id_, "kind": kind})


def _names(table: str, row: Mapping[str, Any], ids: Collection[str | None]) -> bool:
    if table == "tombstones" or not ids:
        return False
    columns = [name for name in row if name.endswith("_id") or name in ("id", "assigned_by_group")]
    return any(row[name] in ids for name in columns if (table, name) != ("accounts", "manager_id"))


@dataclass
class Tracker:
    """Follows one emulated tenant: facts read in full, cursors taken before, then round after round."""

    emulator: GraphEmulator
    environ: Mapping[str, str] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    stats: GraphStats = field(default_factory=GraphStats)

    @property
    def settings(self) -> Settings:
        return Settings.load({**self.emulator.environment(), "AzureWebJobsStorage": "unused", **self.environ})

    def begin(self, facts: Facts | None = None) -> Tracker:
        """Take cursors, then read everything, unless ``facts`` are known to be everything."""

        async def run(session: GraphSession) -> None:
            links = await take_cursors(session, self.settings)
            now = datetime.now(UTC)
            self.cursors = {kind: Cursor(link=link, taken_at=now, fingerprint="") for kind, link in links.items()}
            self.facts = deepcopy(facts) if facts else await _everything(session, self.settings)

        self._with_session(run)
        return self

    def look(self, *kinds: str, deadline: float | None = None) -> DeltaRead:
        """One round of delta; its reading is applied and its cursors are moved."""

        async def run(session: GraphSession) -> DeltaRead:
            return await read_deltas(
                session, self.settings, self.cursors, self.facts, kinds=kinds or None, now=lambda: datetime.now(UTC)
            )

        read = self._with_session(run, deadline)
        self.facts.apply(read.reading)
        self.cursors |= read.cursors
        for kind in read.lost:
            self.cursors[kind] = replace(self.cursors[kind], lost=read.lost[kind])
        return read

    def compare(self, *kinds: str) -> Reading:
        """Compare these kinds; the last reading."""

        async def run(session: GraphSession) -> Reading:
            reading = Reading()
            for kind in kinds:
                reading = await compare(session, self.settings, kind, self.facts)
                self.facts.apply(reading)
            return reading

        return self._with_session(run)

    def round(self, *kinds: str) -> DeltaRead:
        """Delta, then the comparisons that it asked for."""
        read = self.look(*kinds)
        self.compare(*sorted(read.signals))
        return read

    def untruths(self, *tables: str) -> list[str]:
        """How the facts differ from a full reading, a line each."""

        async def run(session: GraphSession) -> Facts:
            return await _everything(session, self.settings)

        truth = self._with_session(run, counted=False).tables
        found = []
        for table in tables or sorted(set(_KEYS) - _SKIPPED):
            ours, theirs = self.facts.tables[table], truth[table]
            surplus = [] if table == "scopes" else list(ours.keys() - theirs.keys())
            found += [f"{table}: missing {theirs[key]}" for key in theirs.keys() - ours.keys()]
            found += [f"{table}: surplus {ours[key]}" for key in surplus]
            found += [
                f"{table}: {ours[key]} should be {theirs[key]}"
                for key in ours.keys() & theirs.keys()
                if ours[key] != theirs[key]
            ]
        return sorted(found)

    def _with_session(
        self, run: Callable[[GraphSession], Awaitable[T]], deadline: float | None = None, *, counted: bool = True
    ) -> T:
        async def session() -> T:
            stats = self.stats if counted else GraphStats()
            async with GraphSession(self.settings, stats=stats, deadline=deadline, sleep=no_wait) as opened:
                return await run(opened)

        return asyncio.run(session())


async def _everything(session: GraphSession, settings: Settings) -> Facts:
    """What every reader of a full sync says."""
    facts = Facts()
    notes: dict[str, Any] = {}
    parts: dict[str, list[dict[str, Any]]] = {}
    for reader in READERS:
        if not reader.wanted(settings, notes):
            continue
        notes[reader.name] = Counter()
        inputs = parts.get(reader.parent_table, []) if reader.parent_table else []
        async for page in reader.read(Work(session, settings, None, inputs)):
            notes[reader.name].update(page.notes)
            for table, structs in page.rows.items():
                rows = json.loads(msgspec.json.encode(structs))
                parts.setdefault(table, []).extend(rows)
    for table, rows in parts.items():
        for row in _holding(table, rows):
            facts.put(table, row)
    return facts


def _holding(table: str, rows: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    if table != "memberships":
        return rows
    last = {
        (row["group_id"], row["relation"], row["principal_id"]): row
        for row in sorted(rows, key=lambda row: row["ordinal"])
    }
    return [row for row in last.values() if not row.get("removed")]
