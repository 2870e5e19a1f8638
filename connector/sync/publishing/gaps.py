"""What could not be read, in terms of staged rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.storage.records import UnitState
from connector.sync.planning import Kind, Plan

if TYPE_CHECKING:
    from connector.sync.kinds.reader import Reader

LINKS: Mapping[str, Mapping[str, str]] = {
    "mailbox_purposes": {"accounts": "id"},
    "license_states": {"accounts": "account_id"},
    "memberships": {"groups": "group_id", "enterprise_applications": "principal_id"},
    "group_licenses": {"groups": "group_id"},
    "app_roles": {"enterprise_applications": "application_id"},
    "application_owners": {"enterprise_applications": "application_id"},
    "app_role_assignments": {"enterprise_applications": "application_id"},
    "provisioning_jobs": {"enterprise_applications": "application_id"},
}
"""Staged tables that are read for each row of another one, or along with it: by that one, the column that names its row."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows of a staged table that may be missing: those whose ``column`` is an id in the file ``ids``, or any.

    Attributes:
        column: empty, where any row may be missing.
        ids: JSON lines with an ``id`` each.
    """

    table: str
    column: str = ""
    ids: Path | None = None


@dataclass(frozen=True, slots=True)
class KindRead:
    """How a kind was read, as publishing needs to know it.

    Attributes:
        tables: the staged tables that it fills.
        parent: the staged table that it is read for each row of.
        gaps: what a refusal left out.
        skipped: nobody asked for it, so it is empty and that is right.
    """

    name: str
    tables: tuple[str, ...]
    parent: str | None = None
    gaps: tuple[Gap, ...] = ()
    skipped: bool = False

    def follows(self, table: str, parent: str) -> bool:
        """Whether this kind is what fills ``table`` for each row of ``parent``, or along with it."""
        return not self.skipped and table in self.tables and (parent == self.parent or parent in self.tables)


def kinds_read(readers: Sequence[Reader], planned: Plan, files: Mapping[str, Path]) -> tuple[KindRead, ...]:
    """How every kind was read, in the order of the readers.

    Args:
        files: where the staged parts are, by ``unit/part name``.
    """
    return tuple(
        KindRead(
            name=reader.name,
            tables=reader.tables,
            parent=reader.parent_table,
            gaps=tuple(_gaps(reader, planned.kinds[reader.name], files)),
            skipped=planned.kinds[reader.name].state == "skipped",
        )
        for reader in readers
    )


def _gaps(reader: Reader, kind: Kind, files: Mapping[str, Path]) -> Iterator[Gap]:
    for unit in kind.units:
        if unit.state is not UnitState.INCOMPLETE:
            continue
        for table in reader.tables:
            column = LINKS.get(table, {}).get(reader.parent_table or "", "")
            # A part of the parent that no longer counts is not among the files; what it named may be anything.
            ids = files.get(unit.inputs) if unit.inputs and column else None
            yield Gap(table, column, ids) if ids else Gap(table)
