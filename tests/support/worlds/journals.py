"""What storage says, read without the connector's own reading: the snapshot, the journal applied to it, and whether they agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import msgspec

from connector.access.tables import TABLES, ColumnType, Table
from connector.storage import Manifest, Store
from connector.storage.records import Current, SegmentRef
from tests.support.pictures import Picture, broken_paths

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]
Tables = dict[str, Rows]

UNTOLD = frozenset({"device_members", "contact_members"})
"""Counts that change when a device or contact is deleted for good, of which no delta tells: right after each full sync."""

_BY_NAME = {table.name: table for table in TABLES}


class Journal:
    """Reads states of one container. What it has read of immutable blobs it remembers.

    Args:
        read: gives the bytes of a blob by name, or None where there is none.
        tenant_id: the tenant's id, with which every name begins.
    """

    def __init__(self, read: Any, tenant_id: str) -> None:
        self._read = read
        self._tenant = tenant_id
        self._snapshots: dict[str, tuple[Manifest, Tables]] = {}
        self._states: dict[tuple[str, str], Tables] = {}
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'UTC'")

    def forget(self) -> None:
        """Read everything anew: in another history, names mean other things."""
        self._snapshots.clear()
        self._states.clear()

    def current(self) -> Current | None:
        """``current.json``."""
        data = self._read(f"{self._tenant}/current.json")
        return msgspec.json.decode(data, type=Current) if data else None

    def check(self) -> Tables:
        """The tables of the state in force, checked to be whole, linked and consistent.

        Raises:
            AssertionError: a sentence that says what is wrong.
        """
        current = self.current()
        assert current is not None, "nothing is in force"
        key = (current.snapshot_id, current.last_segment)
        _, tables = self.snapshot(current.snapshot_id)
        manifest = self._snapshots[current.snapshot_id][0]
        assert current.cursors, "there is no cursor"
        assert manifest.journal_base == current.journal_base, (manifest.journal_base, current.journal_base)
        following = current.journal_base + 1
        for ref in current.segments:
            assert ref.first == following, f"segment {ref.first} follows {following - 1}"
            following = ref.last + 1
        assert current.journal_head == following - 1, f"the head is {current.journal_head}, not {following - 1}"
        if current.segments:
            assert current.segments[-1].sha256 == current.last_segment, "the last segment is another one"
        if key not in self._states:
            tables = self._replayed(tables, current.segments)
            problems = inconsistencies(tables)
            assert not problems, "\n".join(problems)
            self._states[key] = tables
        return self._states[key]

    def snapshot(self, snapshot_id: str) -> tuple[Manifest, Tables]:
        """The manifest and the tables of a snapshot, their hashes checked."""
        if snapshot_id not in self._snapshots:
            folder = f"{self._tenant}/snapshots/{snapshot_id}/"
            manifest = msgspec.json.decode(self._blob(folder + "manifest.json"), type=Manifest)
            tables: Tables = {}
            for table in TABLES:
                tables[table.name] = {}
                for part in manifest.tables[table.name].parts:
                    data = self._blob(folder + part.name)
                    assert hashlib.sha256(data).hexdigest() == part.sha256, f"{part.name} has another hash"
                    tables[table.name] |= self._parquet(table, data)
            self._snapshots[snapshot_id] = manifest, tables
        return self._snapshots[snapshot_id]

    def _replayed(self, tables: Tables, refs: Iterable[SegmentRef]) -> Tables:
        state = {name: dict(rows) for name, rows in tables.items()}
        previous = None
        for ref in refs:
            head, changes = self._segment(ref)
            assert previous in (None, head["previous"]), f"segment {ref.first} follows another segment"
            previous = ref.sha256
            for change in changes:
                apply_change(state, change)
        return state

    def changes(self, ref: SegmentRef) -> list[dict[str, Any]]:
        """The changes of a segment, as JSON; its hash and its sequences checked."""
        return self._segment(ref)[1]

    def _segment(self, ref: SegmentRef) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        data = self._blob(f"{self._tenant}/journal/{ref.first:016d}-{ref.sha256[:12]}.jsonl")
        assert hashlib.sha256(data).hexdigest() == ref.sha256, f"segment {ref.first} has another hash"
        head, *lines = (msgspec.json.decode(line) for line in data.splitlines())
        assert len(lines) == head["changes"] + head["facts"], f"segment {ref.first} lacks lines"
        changes = lines[: head["changes"]]
        assert [change["sequence"] for change in changes] == list(range(ref.first, ref.last + 1))
        return head, changes

    def _parquet(self, table: Table, data: bytes) -> Rows:
        with NamedTemporaryFile(suffix=".parquet") as file:
            file.write(data)
            file.flush()
            found = self._database.execute("SELECT * FROM read_parquet(?)", [file.name])
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        keyed = {tuple(row[name] for name in table.key): row for row in rows}
        assert len(keyed) == len(rows), f"{table.name}: rows are not unique by {table.key}"
        return keyed

    def _blob(self, name: str) -> bytes:
        data = self._read(name)
        assert data is not None, f"{name} is missing"
        return bytes(data)


def apply_change(state: Tables, change: Mapping[str, Any]) -> None:
    """Apply one change, as JSON, and check that what it says was there before was there."""
    table, key = _BY_NAME[change["table"]], tuple(change["key"])
    rows = state[table.name]
    before = _typed(table, change["before"]) if change["before"] is not None else None
    assert rows.get(key) == before, f"{table.name} {key}: the change says {before}, it was {rows.get(key)}"
    if change["after"] is None:
        assert before is not None, f"{table.name} {key}: removed, and was not there"
        del rows[key]
    else:
        after = _typed(table, change["after"])
        assert after != before, f"{table.name} {key}: a change that changes nothing"
        assert tuple(after[name] for name in table.key) == key, f"{table.name} {key}: the row has another key"
        rows[key] = after


def picture_of(tables: Tables) -> Picture:
    """The same as rows, to be compared."""
    return {name: list(rows.values()) for name, rows in tables.items()}


def inconsistencies(tables: Tables) -> list[str]:
    """One line for each reference that leads nowhere, and each path that the facts do not bear out."""
    holders = {
        "account": tables["accounts"],
        "group": tables["groups"],
        "service_principal": tables["enterprise_applications"],
    }
    resources = {
        "group": tables["groups"],
        "enterprise_application": tables["enterprise_applications"],
        "directory_role": tables["directory_roles"],
        "license": tables["licenses"],
    }
    found = [
        f"entitlement {row['id']} of nothing"
        for row in tables["entitlements"].values()
        if (row["resource_id"],) not in resources[row["resource_kind"]]
    ]
    for row in [*tables["grants"].values(), *tables["inherited_grants"].values()]:
        name = row.get("id") or f"{row['grant_id']} {row['principal_id']}"
        if (row["entitlement_id"],) not in tables["entitlements"]:
            found.append(f"grant {name} without its entitlement")
        if (row["principal_id"],) not in holders[row["principal_kind"]]:
            found.append(f"grant {name} without its principal")
    found += [
        f"inherited {row['grant_id']} without its grant"
        for row in tables["inherited_grants"].values()
        if (row["grant_id"],) not in tables["grants"]
    ]
    return found + broken_paths(picture_of(tables))


def _typed(table: Table, row: Mapping[str, Any]) -> Row:
    assert set(row) <= set(table.column_names), f"{table.name} has no column {set(row) - set(table.column_names)}"
    return {column.name: _value(column.type, row.get(column.name)) for column in table}


def _value(kind: ColumnType, value: Any) -> Any:
    return datetime.fromisoformat(value) if kind is ColumnType.TIME and value is not None else value


def drift(journal: Journal, current: Current, since: int) -> list[str]:
    """What the changes after ``since`` say, a line each; what only full syncs can see is left out."""
    manifest, _ = journal.snapshot(current.snapshot_id)
    found = []
    for ref in (*manifest.journal, *current.segments):
        for change in journal.changes(ref):
            before, after = change["before"] or {}, change["after"] or {}
            unlike = {name for name in before | after if before.get(name) != after.get(name)}
            if change["sequence"] > since and not unlike <= UNTOLD:
                found.append(f"{change['table']} {change['key']}: {change['before']} -> {change['after']}")
    return found


async def feed_replayed(store: Store, start: Tables, sequence: int, page_sizes: Iterable[int]) -> tuple[Tables, int]:
    """``start`` moved forward by reading the feed from ``sequence`` on, in pages of these sizes, to its head."""
    from connector.journal.feed import changes_after

    state = {name: dict(rows) for name, rows in start.items()}
    for size in page_sizes:
        held = await store.current()
        assert held is not None
        page = await changes_after(store, held.record, sequence, size)
        assert len(page.changes) <= size
        for change in page.changes:
            assert change.sequence == sequence + 1, f"the feed goes from {sequence} to {change.sequence}"
            apply_change(
                state, {"table": change.table, "key": change.key, "before": change.before, "after": change.after}
            )
            sequence = change.sequence
        assert page.next == sequence
        if sequence == page.head:
            break
    return state, sequence
