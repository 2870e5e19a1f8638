"""The replica: fact tables and tables in a DuckDB file, and where in the journal they stand. Blocking."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import msgspec

from connector.access.staged import FACTS
from connector.access.tables import TABLES, Table
from connector.incremental.replica.errors import ReplicaInUse
from connector.journal.errors import JournalDamaged
from connector.journal.literals import quoted
from connector.journal.replay import RowChange, replay
from connector.journal.rows import json_rows
from connector.storage.journal import Segment
from connector.storage.records import Manifest, SegmentRef, TableFacts
from connector.sync.publishing.database import open_database

if TYPE_CHECKING:
    import duckdb

_FACTS = {table.name: table for table in FACTS}
_SCHEMAS: Mapping[str, tuple[Table, ...]] = {"facts": FACTS, "main": TABLES}


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What a replica holds.

    Attributes:
        snapshot_id: the snapshot that it follows.
        origin: the sync whose snapshot that is, or was compacted from.
        sequence: of the last change that it includes.
        last_segment: SHA-256 of the last segment that it includes, in hex; empty where there is none.
        provisioning_jobs_read: whether the sync read provisioning jobs: publishing's rules ask for it.
    """

    snapshot_id: str
    origin: str
    sequence: int
    last_segment: str
    provisioning_jobs_read: bool

    @classmethod
    def of(cls, manifest: Manifest, last_segment: str) -> Position:
        """The position of a snapshot itself; ``last_segment``: the last one that it includes."""
        jobs = manifest.kinds.get("provisioning_jobs")
        return cls(
            snapshot_id=manifest.snapshot_id,
            origin=manifest.compacted_from or manifest.snapshot_id,
            sequence=manifest.journal_base,
            last_segment=last_segment,
            provisioning_jobs_read=jobs is not None and jobs.state != "skipped",
        )


class Replica:
    """The state as of one moment: ``replica.facts.{fact table}`` and ``replica.main.{table}`` of one DuckDB database.

    Kept in ``folder``, which is for one process at a time. What a process leaves behind that was killed is taken up by the
    next: segments are applied in one transaction each. A file that cannot be read, or that another version wrote, is thrown
    away. Methods block; they may be called from any thread, and wait for each other, but :meth:`rows` does not wait for work in
    a workspace: it is asked on event loops, which others share.

    Raises:
        ReplicaInUse: another process has it open.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._file = folder / "replica.duckdb"
        self._lock = RLock()
        self._closing = ExitStack()
        self._database = self._closing.enter_context(open_database(folder))
        self._looking = self._closing.enter_context(self._database.cursor())  # a connection of its own
        self._looking_lock = RLock()
        self._position: Position | None = None
        try:
            self._open()
            self._tidy()
        except BaseException:
            self._closing.close()
            raise

    @property
    def position(self) -> Position | None:
        """What it holds, or None where it is empty."""
        return self._position

    @property
    def folder(self) -> Path:
        """Where it lies, and where work may put files for a moment."""
        return self._folder

    def load(self, position: Position, manifest: Manifest, files: Mapping[str, Path]) -> None:
        """Hold the snapshot that ``manifest`` describes, instead of whatever it held.

        Args:
            position: where that snapshot stands.
            files: the Parquet files of its tables and fact tables, by part name.
        """
        with self._lock, self._looking_lock:
            arriving = self._folder / "arriving.duckdb"
            _remove(arriving)
            self._database.execute(f"ATTACH {quoted(arriving)} AS arriving")
            self._database.execute("CREATE SCHEMA arriving.facts")
            for table in FACTS:
                self._fill(f"arriving.facts.{table.name}", table, manifest.facts.get(table.name), files)
            for table in TABLES:
                self._fill(f"arriving.main.{table.name}", table, manifest.tables.get(table.name), files)
            self._database.execute("CREATE TABLE arriving.main.position (layout VARCHAR, position VARCHAR)")
            self._database.execute("INSERT INTO arriving.main.position VALUES (?, ?)", [_layout(), _text(position)])
            self._database.execute("DETACH arriving")  # writes everything to the file
            self.clear()
            arriving.replace(self._file)
            self._open()

    def apply(self, segment: Segment, ref: SegmentRef) -> None:
        """Move forward by a segment that was committed: in one transaction, or not at all.

        Args:
            segment: with its facts. Nothing happens where it is the last one that was applied.

        Raises:
            JournalDamaged: it does not follow what the replica holds.
        """
        with self._lock:
            position = self._position
            if position is None:
                raise ValueError("an empty replica has nothing to apply a segment to")
            if ref.sha256 == position.last_segment:
                return
            if segment.head.previous != position.last_segment or ref.first != position.sequence + 1:
                raise JournalDamaged(ref.first, f"{ref.sha256[:12]} does not follow what the replica holds")
            moved = msgspec.structs.replace(position, sequence=ref.last, last_segment=ref.sha256)
            with self._transaction():
                facts = (RowChange(fact.table, fact.key, fact.after) for fact in segment.facts)
                replay(self._database, "replica.facts", FACTS, facts, self._folder)
                rows = (RowChange(change.table, change.key, change.after) for change in segment.changes)
                replay(self._database, "replica.main", TABLES, rows, self._folder)
                self._database.execute("UPDATE replica.main.position SET position = ?", [_text(moved)])
            self._position = moved

    def follow(self, snapshot_id: str) -> None:
        """Go by ``snapshot_id``, which was compacted from the same sync's snapshot and the same journal."""
        with self._lock:
            if self._position is None:
                raise ValueError("an empty replica follows nothing")
            position = msgspec.structs.replace(self._position, snapshot_id=snapshot_id)
            self._database.execute("UPDATE replica.main.position SET position = ?", [_text(position)])
            self._position = position

    def rows(self, table: str, column: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """Rows of the fact table ``table`` whose ``column`` is among ``values``, as JSON. Implements ``Known``."""
        kind = _FACTS[table]
        if column not in kind.column_names:
            raise ValueError(f"{table} has no column {column!r}")
        with self._looking_lock:
            if self._position is None:
                return []
            self._looking.execute("SET VARIABLE wanted = $wanted", {"wanted": list(values)})
            wanted = "SELECT unnest(CAST(getvariable('wanted') AS VARCHAR[]))"
            query = f'SELECT * FROM replica.facts.{table} WHERE "{column}" IN ({wanted})'  # noqa: S608
            return list(json_rows(self._looking, kind, query))

    @contextmanager
    def workspace(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with an empty catalog in memory, ``work``, which unqualified names belong to, beside ``replica``.

        Everything else waits until it is left. What is in force is not to be changed through it.
        """
        with self._lock:
            self._database.execute("ATTACH ':memory:' AS work; USE work")
            try:
                yield self._database
            finally:
                self._database.execute("USE memory; DETACH work")

    def clear(self) -> None:
        """Hold nothing: what it held turned out not to be what is in force."""
        with self._lock, self._looking_lock:
            self._position = None
            self._database.execute("DETACH DATABASE IF EXISTS replica")
            _remove(self._file)

    def close(self) -> None:
        """Let go of the files, which stay."""
        with self._lock, self._looking_lock:
            self._closing.close()

    def _open(self) -> None:
        import duckdb

        if not self._file.exists():
            return
        try:
            self._database.execute(f"ATTACH {quoted(self._file)} AS replica")
            found = self._database.execute("SELECT layout, position FROM replica.main.position").fetchone()
        except duckdb.IOException as error:
            if "lock" in str(error):
                raise ReplicaInUse(f"The replica in {self._folder} is open in another process.") from error
            self.clear()
        except duckdb.Error:
            self.clear()
        else:
            if found is None or found[0] != _layout():
                self.clear()
            else:
                self._position = msgspec.json.decode(found[1], type=Position)

    def _tidy(self) -> None:
        """Remove what a process that was killed had in hand."""
        for path in self._folder.iterdir():
            if path.is_dir() and path.name.startswith(("snapshot-", "derive-", "replay-")):
                shutil.rmtree(path, ignore_errors=True)
        _remove(self._folder / "arriving.duckdb")

    def _fill(self, target: str, table: Table, facts: TableFacts | None, files: Mapping[str, Path]) -> None:
        columns = ", ".join(f'"{column.name}" {column.type.value}' for column in table)
        self._database.execute(f"CREATE TABLE {target} ({columns})")
        paths = [str(files[part.name]) for part in facts.parts] if facts else []
        if paths:
            self._database.execute(f"INSERT INTO {target} BY NAME FROM read_parquet(?)", [paths])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def _text(position: Position) -> str:
    return msgspec.json.encode(position).decode()


def _layout() -> str:
    """Changes with the columns of any table: a file of another layout is another version's."""
    columns = [
        f"{schema}.{table.name}.{column.name} {column.type.value}"
        for schema, tables in _SCHEMAS.items()
        for table in tables
        for column in table
    ]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:16]


def _remove(file: Path) -> None:
    for path in (file, file.with_name(file.name + ".wal")):
        path.unlink(missing_ok=True)
