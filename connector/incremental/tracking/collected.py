"""What reading one kind has brought together, and how the kinds of a round become one reading."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connector.access.staged import FACTS
from connector.incremental.facts import Known, Reading, Replace, Row
from connector.settings import Settings

Key = tuple[str | None, ...]

_KEYS = {table.name: table.key for table in FACTS}


@dataclass(slots=True)
class Collected:
    """Rows and ends of one kind. What delta stated wins over what was read beside it.

    Attributes:
        stated: rows by table and key, as delta states them.
        beside: rows by table and key that were read from the side of a newcomer.
        gone: keys of rows that are no longer there, by table.
        signals: kinds that should be compared because of this.
    """

    stated: dict[str, dict[Key, Row]] = field(default_factory=dict)
    beside: dict[str, dict[Key, Row]] = field(default_factory=dict)
    gone: dict[str, set[Key]] = field(default_factory=dict)
    replaced: list[Replace] = field(default_factory=list)
    removed: dict[str, set[str]] = field(default_factory=dict)
    signals: set[str] = field(default_factory=set)

    def state(self, table: str, *rows: msgspec.Struct) -> None:
        """Take in rows that delta states."""
        _add(self.stated, table, rows)

    def add_beside(self, table: str, rows: Iterable[msgspec.Struct]) -> None:
        """Take in rows that were read beside it."""
        _add(self.beside, table, rows)

    def end(self, table: str, *key: str | None) -> None:
        """Take in that a row is no longer there."""
        self.gone.setdefault(table, set()).add(key)

    def replace(self, table: str, column: str, id_: str, rows: Sequence[msgspec.Struct] = ()) -> None:
        """Take in all rows of ``table`` whose ``column`` is ``id_``."""
        self.replaced.append(Replace(table, column, id_))
        self.state(table, *rows)

    def remove(self, kind: str, id_: str) -> None:
        """Take in that an object is no longer there."""
        self.removed.setdefault(kind, set()).add(id_)


def _add(rows: dict[str, dict[Key, Row]], table: str, added: Iterable[msgspec.Struct]) -> None:
    for struct in added:
        row = as_row(struct)
        rows.setdefault(table, {})[_key(table, row)] = row


def _key(table: str, row: Row) -> Key:
    return tuple(row.get(name) for name in _KEYS[table])


def as_row(struct: msgspec.Struct) -> dict[str, Any]:
    """A staged row as a row of a fact table: without what only staging needs."""
    row: dict[str, Any] = msgspec.to_builtins(struct)
    row.pop("ordinal", None)
    row.pop("removed", None)
    return row


def merged(parts: Sequence[Collected], known: Known, settings: Settings) -> Reading:
    """One reading of what the kinds of a round brought."""
    reading = Reading()
    stated: dict[str, dict[Key, Row]] = {}
    gone: dict[str, set[Key]] = {}
    for part in parts:
        for table, rows in part.stated.items():
            stated.setdefault(table, {}).update(rows)
        for table, keys in part.gone.items():
            gone.setdefault(table, set()).update(keys)
        reading.replaced += part.replaced
        for kind, ids in part.removed.items():
            reading.removed.setdefault(kind, set()).update(ids)
    for part in parts:
        for table, rows in part.beside.items():
            told = stated.get(table, {}).keys() | gone.get(table, set())
            stated.setdefault(table, {}).update({key: row for key, row in rows.items() if key not in told})
    if settings.skip_ad_groups:
        groups = stated.get("groups", {}).values()
        kept = of_kept_groups(stated.get("memberships", {}).values(), groups, known)
        stated["memberships"] = {_key("memberships", row): row for row in kept}
    reading.rows = {table: list(rows.values()) for table, rows in stated.items() if rows}
    reading.gone = {table: sorted(keys, key=str) for table, keys in gone.items() if keys}
    return reading


def of_kept_groups(memberships: Collection[Row], groups: Iterable[Row], known: Known) -> list[Row]:
    """Memberships without those of groups that SKIP_AD_GROUPS leaves out: a full sync does not read them either.

    Args:
        groups: rows that are newer than what is known.
    """
    ids = {str(row["group_id"]) for row in memberships}
    by_id = {row["id"]: row for row in known.rows("groups", "id", sorted(ids))} if ids else {}
    by_id |= {str(row["id"]): dict(row) for row in groups}
    return [row for row in memberships if not by_id.get(row["group_id"], {}).get("on_premises_sync_enabled")]
