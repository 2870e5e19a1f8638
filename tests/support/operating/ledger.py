"""The emulated tenant's own account of who changed what: every row, whose doing it was, and when."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from emulators.graph import GraphEmulator
from emulators.graph.tenant.state import Rel

_TRIGGERS = {
    "edges": ("rel", "source", "target"),
    "role_assignments": ("role_id", "principal_id", "scope"),
    "role_schedules": ("role_id", "principal_id", "scope", "kind"),
    "objects": ("id",),
    "app_role_assignments": ("id",),
    "role_definitions": ("id",),
    "group_licenses": ("group_key",),
}
_OF_PAIRS = ("edges", "role_assignments", "role_schedules")
_RELATIONS = {Rel.MEMBER: "member", Rel.OWNER: "owner"}


class Actor(StrEnum):
    """Who changed the tenant: the ``connector``, by a request to Graph; ``others``, by a verb of a test; ``time``, which begins and ends
    what the connector has asked Privileged Identity Management for."""

    CONNECTOR = "connector"
    OTHERS = "others"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Pair:
    """A principal and an entitlement at a scope."""

    entitlement: str
    principal: str
    scope: str = "/"

    def __str__(self) -> str:
        where = "" if self.scope == "/" else f" at {self.scope}"
        return f"{self.entitlement} of {self.principal}{where}"


@dataclass(frozen=True, slots=True)
class Mark:
    """One change of one pair. ``sign``: ``+`` it came, ``-`` it went, ``u`` it is there with other facts."""

    at: datetime
    actor: Actor
    pair: Pair
    sign: str


class Ledger:
    """Follows ``graph``'s tenant. What is changed by the thread that made the ledger is the doing of others, or of time.

    Attributes:
        marks: of pairs, in order.
        strange: what the connector changed that is no pair, a line each.
    """

    def __init__(self, graph: GraphEmulator) -> None:
        self._graph = graph
        self._tenant = graph.tenant
        self._thread = threading.get_ident()
        self._time_passes = False
        self.marks: list[Mark] = []
        self.strange: list[str] = []
        self._advance: Callable[[float], None] = graph.clock.advance
        graph.clock.advance = self._let_time_pass  # type: ignore[method-assign]
        self._tenant.watch(self._read)

    def begin(self) -> None:
        """Begin anew: the tenant has been put back."""
        with self._tenant.lock:
            db = self._tenant.db
            db.execute("DROP TABLE IF EXISTS temp.ledger")
            db.execute("CREATE TEMP TABLE ledger (number INTEGER PRIMARY KEY, name TEXT, op TEXT, a, b, c, d)")
            for table, columns in _TRIGGERS.items():
                for op, row in (("INSERT", "NEW"), ("DELETE", "OLD"), ("UPDATE", "NEW")):
                    _make_trigger(db, table, op, row, columns)
        self.marks.clear()
        self.strange.clear()

    def close(self) -> None:
        """Follow it no longer."""
        self._tenant.unwatch(self._read)

    def held(self) -> set[Pair]:
        """Every pair that there is now."""
        with self._tenant.lock:
            found = [
                self._pair(table, row)
                for table, columns in _TRIGGERS.items()
                if table in _OF_PAIRS
                for row in self._tenant.db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            ]
        return {pair for pair in found if pair is not None}

    @contextmanager
    def _as_time(self) -> Iterator[None]:
        self._time_passes = True
        try:
            yield
        finally:
            self._time_passes = False

    def _let_time_pass(self, seconds: float) -> None:
        with self._as_time():
            self._advance(seconds)

    def _read(self, _before: int) -> None:
        """After each transaction, under the tenant's lock."""
        db = self._tenant.db
        rows = db.execute("SELECT name, op, a, b, c, d FROM temp.ledger ORDER BY number").fetchall()
        if not rows:
            return
        db.execute("DELETE FROM temp.ledger")
        actor = Actor.TIME if self._time_passes else Actor.OTHERS
        if threading.get_ident() != self._thread:
            actor = Actor.CONNECTOR
        signs: dict[Pair, str] = {}
        for name, op, *row in rows:
            pair = self._pair(name, row)
            if pair is None:
                self._note_strange(actor, name, op, row)
            else:
                signs[pair] = signs.get(pair, "") + {"INSERT": "+", "DELETE": "-", "UPDATE": "u"}[op]
        at = self._graph.clock.utc()
        for pair, sign in signs.items():
            if not _ends_with_eligibility(pair, signs):
                self.marks.append(Mark(at, actor, pair, sign if sign in ("+", "-") else "u"))

    def _note_strange(self, actor: Actor, name: str, op: str, row: Sequence[object]) -> None:
        if actor is not Actor.OTHERS and name not in _OF_PAIRS and not self._is_role(name, row):
            self.strange.append(f"{actor.value}: {op} {name} {row}")

    def _pair(self, name: str, row: Sequence[object]) -> Pair | None:
        """The pair that a row is of. A role's members follow from its assignments, and so does what PIM says of them."""
        if name == "edges":
            rel, source, target = row[:3]
            group, member = self._object(source, "group"), self._object(target)
            if group is None or member is None or rel not in _RELATIONS:
                return None
            return Pair(f"group:{group}:{_RELATIONS[Rel(int(str(rel)))]}", member)
        role, principal, scope, kind = (str(one) for one in (*row, "")[:4])
        if name == "role_assignments":
            return Pair(f"directory_role:{role}:assigned", principal, scope)
        if name == "role_schedules" and kind == "eligibility":
            return Pair(f"directory_role:{role}:eligible", principal, scope)
        return None

    def _is_role(self, name: str, row: Sequence[object]) -> bool:
        """A role's object is made when the role is first assigned, and its members follow from its assignments."""
        found = self._tenant.db.execute("SELECT type FROM objects WHERE id = ?", (row[0],)).fetchone()
        return name == "objects" and found == ("directoryRole",)

    def _object(self, key: object, kind: str = "") -> str | None:
        row = self._tenant.db.execute("SELECT id, type FROM objects WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row and kind in ("", row[1]) else None


def _make_trigger(db: sqlite3.Connection, table: str, op: str, row: str, columns: tuple[str, ...]) -> None:
    values = ", ".join([f"{row}.{column}" for column in columns] + ["NULL"] * (4 - len(columns)))
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in _content(db, table))
    when = f"WHEN {changed}" if op == "UPDATE" else ""
    db.execute(f"DROP TRIGGER IF EXISTS temp.ledger_{table}_{op}")
    db.execute(
        f"CREATE TEMP TRIGGER ledger_{table}_{op} AFTER {op} ON main.{table} {when} BEGIN"
        f" INSERT INTO ledger (name, op, a, b, c, d) VALUES ('{table}', '{op}', {values}); END"
    )


def _content(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns that say something; that anything has changed is told by another row."""
    names = [row[1] for row in db.execute(f"PRAGMA main.table_info({table})")]
    return [name for name in names if name not in ("changed_seq", "schedule_id")]


def _ends_with_eligibility(pair: Pair, signs: dict[Pair, str]) -> bool:
    """An activation ends with the eligibility that it was made from."""
    kind, _, slug = pair.entitlement.rpartition(":")
    origin = Pair(f"{kind}:eligible", pair.principal, pair.scope)
    return slug == "assigned" and signs.get(pair) == "-" and signs.get(origin) == "-"
