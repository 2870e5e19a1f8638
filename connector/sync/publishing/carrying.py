"""Degrade, never lie: what could not be read stays as it was in the previous snapshot, row by row.

It happens to the staged tables, before anything is made of them, so that everything that follows from a row that stays
(grants, entitlements, counts, inheritance) stays with it, and what was read anew is never overruled: a row of the previous
snapshot is carried over only where it may be missing (a *gap*) and nothing was staged under its key.

* A refused unit is a gap: all rows of its tables or, where it read something for each row of a parent, theirs.
* What a reader could not read while it read the rest is a gap of just those rows.
* Rows that are carried over make a gap in what is read for each of them.
* A table that shrank more than the settings allow is one gap: partial reads look like mass deletion.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.access.staged import STAGED
from connector.access.tables import Table
from connector.journal.literals import identifier
from connector.settings import Settings
from connector.storage.records import Shrinking, Unread
from connector.sync.publishing.gaps import LINKS, Gap, KindRead

if TYPE_CHECKING:
    import duckdb

UNREAD_SHOWN = 50
"""Most things that could not be read that a manifest lists one by one."""

# By which columns a row of the previous snapshot is found again, where that is not the key: what lies behind these keys is made
# anew now and then, and an application of which any job was read has been read.
_FOUND_BY = {
    "provisioning_jobs": ("application_id",),
    "role_assignment_instances": ("role_id", "principal_id", "scope", "member_type"),
}

# Columns that name something else. A row that named what is gone for good has a reason not to be there any more.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "sign_in_activity": ("id",),
    "mailbox_purposes": ("id",),
    "license_states": ("account_id", "sku_id"),
    "memberships": ("group_id", "principal_id"),
    "group_licenses": ("group_id", "sku_id"),
    "app_roles": ("application_id",),
    "application_owners": ("application_id", "principal_id"),
    "app_role_assignments": ("application_id", "principal_id"),
    "provisioning_jobs": ("application_id",),
    "role_assignments": ("role_id", "principal_id"),
    "role_assignment_instances": ("role_id", "principal_id"),
    "role_eligibility_instances": ("role_id", "principal_id"),
}

# Everything that a row may name, but groups that nobody wants to know of any more.
_PRESENT = """
SELECT id FROM staged.accounts
UNION ALL SELECT id FROM staged.groups WHERE {left_out} IS NOT TRUE
UNION ALL SELECT id FROM staged.enterprise_applications
UNION ALL SELECT id FROM staged.directory_roles
UNION ALL SELECT id FROM staged.licenses"""

_ROLE_TABLES = ("role_assignments", "role_assignment_instances", "role_eligibility_instances")

# What is remembered of applications whose jobs could not be read, for those that `gap` is true of.
_UNREAD_JOBS = """
INSERT INTO staged.unread_jobs
SELECT one.id, before.provisioned_by_scim
FROM staged.enterprise_applications AS one
LEFT JOIN previous.enterprise_applications AS before ON before.id = one.id
ANTI JOIN staged.unread_jobs AS there ON there.application_id = one.id
WHERE {gap}"""


@dataclass(slots=True)
class Carried:
    """What was carried over.

    Attributes:
        rows: how many rows, by staged table.
        because: for tables that were read completely themselves, the table whose carried rows they belong to.
        held_back: tables that shrank too much, by the kind that reads them.
        unread: the first things that could not be read while the rest could.
    """

    rows: dict[str, int] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)
    held_back: dict[str, tuple[Shrinking, ...]] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class _Missing:
    """Rows that may be missing: those whose ``column`` is among ``ids``, a query; any, where it is empty."""

    column: str = ""
    ids: str = ""

    def condition(self, column: str) -> str:
        """True of what ``one`` stands for, where ``column`` of it names the thing that could not be read."""
        return f"(one.{identifier(column)} IN ({self.ids}))" if self.column else "true"


def carry_over(
    database: duckdb.DuckDBPyConnection, kinds: Sequence[KindRead], settings: Settings, accepted: Collection[str]
) -> Carried:
    """Fill the gaps of the staged tables from the previous snapshot; then they are the fact tables of the new one.

    Args:
        accepted: names of kinds that are not held back however much they shrank.
    """
    return _Carrier(database, kinds, settings, accepted).run()


class _Carrier:
    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        kinds: Sequence[KindRead],
        settings: Settings,
        accepted: Collection[str],
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._settings = settings
        self._accepted = accepted
        self._lists = 0
        self._carried = Carried()

    def run(self) -> Carried:
        # What is read for each row of another table comes after it. Of role tables the order is that of STAGED.
        for table in sorted(STAGED, key=lambda table: table.name in _NAMES or table.name == "scopes"):
            own = self._own_gaps(table.name)
            following = self._following_gaps(table.name)
            if own or following:
                self._fill(table, [*own, *following.values()])
            if following and not own and table.name in self._carried.rows:
                self._carried.because[table.name] = next(iter(following))
            self._hold_back(table)
        shown = f"SELECT table_name, column_name, id, reason FROM staged.unread ORDER BY ALL LIMIT {UNREAD_SHOWN}"  # noqa: S608
        self._database.execute(
            "DELETE FROM staged.memberships WHERE removed"
        )  # it has kept older rows from coming back
        self._carried.unread = tuple(
            Unread(table=table, column=column, id=id_, reason=reason)
            for table, column, id_, reason in self._database.execute(shown).fetchall()
        )
        return self._carried

    def _own_gaps(self, table: str) -> list[_Missing]:
        """Which rows of ``table`` may be missing because they could not be read."""
        gaps = [self._missing(gap) for kind in self._kinds for gap in kind.gaps if gap.table == table]
        columns = self._database.execute(
            "SELECT DISTINCT column_name FROM staged.unread WHERE table_name = ? ORDER BY ALL", [table]
        ).fetchall()
        for (column,) in columns:
            ids = f"SELECT id FROM staged.unread WHERE table_name = '{table}' AND column_name = '{column}'"  # noqa: S608
            gaps.append(_Missing(column, ids))
        return gaps

    def _following_gaps(self, table: str) -> dict[str, _Missing]:
        """The same, because a row belongs to one that was carried over; by the table of that one."""
        carried = self._carried.rows
        if table == "scopes":  # names of what roles are limited to: asked for only where a role that was read is
            return {parent: _Missing() for parent in _ROLE_TABLES if parent in carried}
        if table == "role_assignment_instances" and "role_assignments" in carried:
            return {"role_assignments": _Missing()}
        return {
            parent: _Missing(column, f"SELECT id FROM carried.{parent}")  # noqa: S608
            for parent, column in LINKS.get(table, {}).items()
            if parent in carried and any(kind.follows(table, parent) for kind in self._kinds)
        }

    def _missing(self, gap: Gap) -> _Missing:
        if gap.ids is None:
            return _Missing()
        self._lists += 1
        self._database.execute(
            f"CREATE TEMP TABLE unread_{self._lists} AS SELECT DISTINCT id FROM "  # noqa: S608
            "read_json(?, format = 'newline_delimited', columns = {'id': 'VARCHAR'})",
            [str(gap.ids)],
        )
        return _Missing(gap.column, f"SELECT id FROM unread_{self._lists}")  # noqa: S608

    def _fill(self, table: Table, gaps: Sequence[_Missing]) -> None:
        name, gap = table.name, " OR ".join(gap.condition(gap.column) for gap in gaps)
        found_by = _FOUND_BY.get(name, table.key)
        same = " AND ".join(f"there.{column} IS NOT DISTINCT FROM one.{column}" for column in found_by)
        self._database.execute(f"CREATE TABLE IF NOT EXISTS carried.{name} AS FROM last_good.{name} LIMIT 0")
        added = self._database.execute(
            f"CREATE OR REPLACE TEMP TABLE filling AS SELECT one.* FROM last_good.{name} AS one "  # noqa: S608
            f"ANTI JOIN staged.{name} AS there ON {same} WHERE {gap}"
        ).fetchone()
        self._database.execute(f"INSERT INTO staged.{name} BY NAME FROM filling")
        self._database.execute(f"INSERT INTO carried.{name} FROM filling")
        if added and added[0]:
            self._carried.rows[name] = self._carried.rows.get(name, 0) + int(added[0])
        if name == "provisioning_jobs":
            for one in gaps:
                if one.column in ("", "application_id"):
                    self._database.execute(_UNREAD_JOBS.format(gap=one.condition("id")))

    def _hold_back(self, table: Table) -> None:
        """Keep every row of a table that shrank too much."""
        kind = next((kind for kind in self._kinds if table.name in kind.tables and not kind.skipped), None)
        percent, rows = self._settings.shrink_limit_percent, self._settings.shrink_limit_rows
        if kind is None or not percent or kind.name in self._accepted or table.name == "scopes":
            return
        holds = "one.removed IS NOT TRUE AND " if table.name == "memberships" else ""
        for condition in ("true", self._still_possible(table.name)):  # the first is cheap and usually enough
            was = self._count(f"last_good.{table.name} AS one", condition)
            now = self._count(f"staged.{table.name} AS one", holds + condition)
            if was - now < rows or (was - now) * 100 <= was * percent:
                return
        held = Shrinking(table=table.name, was=was, now=now)
        self._carried.held_back[kind.name] = (*self._carried.held_back.get(kind.name, ()), held)
        self._fill(table, [_Missing()])

    def _still_possible(self, table: str) -> str:
        """The condition that what a row names is still there, and still wanted."""
        left_out = "on_premises_sync_enabled" if self._settings.skip_ad_groups else "false"
        named = [f"one.{column} IN ({_PRESENT.format(left_out=left_out)})" for column in _NAMES.get(table, ())]
        return " AND ".join(named) or "true"

    def _count(self, source: str, condition: str) -> int:
        row = self._database.execute(f"SELECT count(*) FROM {source} WHERE {condition}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0
