"""The tenant's state: one SQLite database, its lock, its sequence of changes and its own clock."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any

import msgspec

from emulators.graph.tenant.errors import NotFound

EPOCH = datetime(2026, 6, 1, tzinfo=UTC)
"""When a generated tenant is seen: its facts lie before it, its changes after it. Never the real time, so that the same
calls make the same tenant on any day."""

_CACHE_KB = 128 * 1024
"""What SQLite keeps of a database in a file: the index of a million ids, and some of the rest."""
_MAPPED_BYTES = 4 << 30
"""Reads go straight to the pages that the system has cached, and those are not this process's memory."""
_SCHEMA = Path(__file__).with_name("schema.sql")


class Rel(IntEnum):
    """Kinds of relationship: the ``rel`` of ``edges``."""

    MEMBER = 1
    OWNER = 2
    MANAGER = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One object of the directory: ``objects`` as a value."""

    key: int
    id: str
    type: str
    body: dict[str, Any]
    deleted: str | None


def to_json(value: Any) -> str:
    """JSON as the tables hold it."""
    return msgspec.json.encode(value).decode()


def from_json(text: str) -> Any:
    """What the tables hold as JSON, as a value."""
    return msgspec.json.decode(text)


def timestamp(moment: datetime) -> str:
    """A time as Graph writes it, in whole seconds, for example ``2026-01-31T08:15:00Z``."""
    return f"{moment.isoformat()[:19]}Z"  # several times faster than strftime, and there are millions


class State:
    """A tenant's database and what every verb needs of it.

    Every use of :attr:`db` happens under :attr:`lock`, because the service runs in another thread than the tests.

    Attributes:
        db: the connection, in autocommit mode; write through :meth:`transaction`.
        lock: guards ``db``; reentrant.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Make an empty database in memory, or at ``path``, which must not exist."""
        self.lock = threading.RLock()
        self._watchers: list[Callable[[int], None]] = []
        self.db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = MEMORY")
        self.db.execute("PRAGMA synchronous = OFF")
        if path is not None:
            self.db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            self.db.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        self.db.executescript(_SCHEMA.read_text(encoding="utf-8"))

    def close(self) -> None:
        """Close the database; the state in memory is gone."""
        with self.lock:
            self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, under the lock. Inside another transaction it joins that one."""
        with self.lock:
            if self.db.in_transaction:
                yield self.db
                return
            before = self.seq if self._watchers else 0
            self.db.execute("BEGIN")
            try:
                yield self.db
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
            for watcher in tuple(self._watchers):
                watcher(before)

    def watch(self, watcher: Callable[[int], None]) -> None:
        """Call ``watcher`` after every transaction, under the lock, with the number of the last change before it."""
        with self.lock:
            self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[int], None]) -> None:
        """Call it no longer."""
        with self.lock:
            self._watchers.remove(watcher)

    @property
    def seq(self) -> int:
        """The number of the last change."""
        with self.lock:
            return int(self.db.execute("SELECT seq FROM sequence").fetchone()[0])

    def next_seq(self) -> int:
        """The number of a new change."""
        with self.lock:
            return int(self.db.execute("UPDATE sequence SET seq = seq + 1 RETURNING seq").fetchall()[0][0])

    def now(self) -> str:
        """The tenant's own time: a second passes with every change."""
        return timestamp(EPOCH + timedelta(seconds=self.seq))

    def fact(self, name: str) -> str:
        """A fact about the tenant, such as ``domain``.

        Raises:
            KeyError: there is no such fact.
        """
        with self.lock:
            row = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Set or replace a fact, for example ``set_fact("entra_id_p2", "false")``."""
        with self.lock:
            self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @property
    def id(self) -> str:
        """The tenant id."""
        return self.fact("id")

    @property
    def client_id(self) -> str:
        """Application id of the connector's own registration."""
        return self.fact("client_id")

    @property
    def client_secret(self) -> str:
        """The secret with which the connector signs in."""
        return self.fact("client_secret")

    def new_id(self) -> str:
        """A new GUID, the same whenever the same calls are made on the same tenant."""
        with self.transaction() as db:
            count = db.execute("SELECT value FROM facts WHERE name = 'ids_given'").fetchone()
            given = int(count[0]) + 1 if count else 1
            self.set_fact("ids_given", str(given))
        return str(uuid.uuid5(uuid.UUID(self.id), str(given)))

    def find(self, object_id: str, *types: str, deleted: bool = False) -> Found:
        """The object with this id.

        Args:
            object_id: its id; case does not matter, as in Graph.
            types: accepted types; any where none is given.
            deleted: look among soft-deleted objects instead of living ones.

        Raises:
            NotFound: there is none.
        """
        with self.lock:
            row = self.db.execute(
                "SELECT key, id, type, body, deleted FROM objects WHERE id = ?", (object_id.lower(),)
            ).fetchone()
        wanted = "changed" if deleted else None
        if row is None or row[4] != wanted or (types and row[2] not in types):
            raise NotFound(object_id, " or ".join(types) or "object")
        return Found(row[0], row[1], row[2], from_json(row[3]), row[4])

    def insert_object(self, kind: str, body: Mapping[str, Any], object_id: str | None = None) -> Found:
        """Add an object, and record that it is new."""
        seq = self.next_seq()
        made = (object_id or self.new_id()).lower()
        cursor = self.db.execute(
            "INSERT INTO objects (id, type, body, created_seq, changed_seq) VALUES (?, ?, ?, ?, ?)",
            (made, kind, to_json(body), seq, seq),
        )
        key = cursor.lastrowid
        if key is None:
            raise AssertionError("SQLite gives every inserted row a key")
        self._record(seq, key, ("*",))
        return Found(key, made, kind, dict(body), None)

    def update_object(self, found: Found, changes: Mapping[str, Any]) -> Found:
        """Set the properties in ``changes`` that differ; nothing is recorded where none does."""
        changed = {name: value for name, value in changes.items() if found.body.get(name, msgspec.UNSET) != value}
        if not changed:
            return found
        body = {**found.body, **changed}
        self.db.execute("UPDATE objects SET body = ? WHERE key = ?", (to_json(body), found.key))
        self.touch(found.key, *changed)
        return Found(found.key, found.id, found.type, body, found.deleted)

    def touch(self, key: int, *names: str) -> None:
        """Record that these properties of an object changed."""
        seq = self.next_seq()
        self.db.execute("UPDATE objects SET changed_seq = ? WHERE key = ?", (seq, key))
        self._record(seq, key, names)

    def _record(self, seq: int, key: int, names: tuple[str, ...]) -> None:
        self.db.executemany("INSERT INTO property_changes VALUES (?, ?, ?)", [(seq, key, name) for name in names])

    def record_app_roles(self, op: str, condition: str, *values: object) -> None:
        """Record that the app role assignments that meet a condition have come (``add``) or are going (``remove``)."""
        sql = f"INSERT INTO app_role_changes SELECT ?, id, ? FROM app_role_assignments WHERE {condition}"
        self.db.execute(sql, (self.next_seq(), op, *values))

    def add_edge(self, rel: Rel, source: int, target: int) -> bool:
        """Add a relationship and record it; False where it is there already."""
        added = self.db.execute("INSERT OR IGNORE INTO edges VALUES (?, ?, ?)", (rel, source, target)).rowcount
        if added:
            self._record_edge(rel, source, target, "add", "change")
        return bool(added)

    def remove_edge(self, rel: Rel, source: int, target: int, cause: str = "change") -> bool:
        """Remove a relationship and record it; False where there is none."""
        gone = self.db.execute(
            "DELETE FROM edges WHERE rel = ? AND source = ? AND target = ?", (rel, source, target)
        ).rowcount
        if gone:
            self._record_edge(rel, source, target, "remove", cause)
        return bool(gone)

    def _record_edge(self, rel: Rel, source: int, target: int, op: str, cause: str) -> None:
        self.db.execute(
            "INSERT INTO edge_changes VALUES (?, ?, ?, ?, ?, ?)", (self.next_seq(), rel, source, target, op, cause)
        )
