"""A snapshot on the local disk: staged files in, Parquet files and counts out. Blocking; runs in a thread."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.staged import FACTS
from connector.access.tables import TABLES, Table
from connector.settings import Settings
from connector.storage.records import SnapshotPart, TableChanges, TableFacts
from connector.sync.publishing.carrying import Carried, carry_over
from connector.sync.publishing.checking import check
from connector.sync.publishing.comparing import compare
from connector.sync.publishing.database import build_tables, load_staged, open_database, set_options, write_table
from connector.sync.publishing.gaps import KindRead
from connector.sync.publishing.inheriting import Inherited, derive_inherited
from connector.sync.publishing.previous import Previous
from connector.sync.publishing.recalling import recall

if TYPE_CHECKING:
    import duckdb

# Everything that publishing leaves out, by reason. Members that hold no grant here are counted in `groups`, too.
_LEFT_OUT = """
SELECT verdict AS reason, count(*) FROM judged WHERE verdict <> 'stands' GROUP BY verdict
UNION ALL
SELECT 'ad_groups', (SELECT count(*) FROM staged.groups) - (SELECT count(*) FROM kept_groups)
UNION ALL
SELECT 'unassigned_applications',
    (SELECT count(*) FROM staged.enterprise_applications) - (SELECT count(*) FROM kept_applications)
UNION ALL
SELECT 'grants_on_unassigned_applications',
    (SELECT count(*) FROM judged WHERE verdict = 'stands') - (SELECT count(*) FROM grants)
UNION ALL
SELECT CASE WHEN principal_kind IN ('device', 'contact') THEN principal_kind ELSE 'other' END || '_' || relation || 's',
    count(*)
FROM staged.memberships
WHERE principal_kind NOT IN ('account', 'group', 'service_principal')
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Built:
    """What was built.

    Attributes:
        tables: what it holds of every table.
        facts: the same of every fact table.
        files: the file of every part, by its name.
        left_out: counts of what is in no table, by reason.
        changes: differences from the previous snapshot, by table; empty without one.
    """

    tables: Mapping[str, TableFacts]
    facts: Mapping[str, TableFacts]
    files: Mapping[str, Path]
    left_out: Mapping[str, int]
    inherited: Inherited
    carried: Carried
    changes: Mapping[str, TableChanges]


@dataclass(frozen=True, slots=True)
class Material:
    """What a snapshot is built from.

    Attributes:
        parts: staged files by staged table, in the order in which they were read.
        kinds: how each kind was read.
        previous: the snapshot in force.
        accepted: kinds that may shrink.
    """

    parts: Mapping[str, Sequence[Path]]
    kinds: Sequence[KindRead]
    previous: Previous | None
    accepted: Collection[str] = ()


def build_snapshot(folder: Path, material: Material, settings: Settings) -> Built:
    """Build every table. The same material gives the same bytes.

    Args:
        folder: an empty folder to work in; the files stay there.

    Raises:
        SnapshotInconsistent: the tables contradict each other.
    """
    staged_bytes = sum(path.stat().st_size for paths in material.parts.values() for path in paths)
    with open_database(folder, staged_bytes) as database:
        load_staged(database, material.parts)
        jobs = any("provisioning_jobs" in kind.tables and not kind.skipped for kind in material.kinds)
        set_options(database, settings, provisioning_jobs_read=jobs)
        recall(database, material.previous)
        carried = carry_over(database, material.kinds, settings, material.accepted)
        facts, files = _write(database, FACTS, folder, "staged", "facts/")
        build_tables(database)
        check(database)
        inherited = derive_inherited(database, settings, folder)
        tables, own = _write(database, TABLES, folder, "main", "")
        files |= own
        changes = compare(database, material.previous, tables, files) if material.previous else {}
        left_out = {reason: count for reason, count in database.execute(_LEFT_OUT).fetchall() if count}
    return Built(tables, facts, files, dict(sorted(left_out.items())), inherited, carried, changes)


def _write(
    database: duckdb.DuckDBPyConnection, tables: Iterable[Table], folder: Path, schema: str, prefix: str
) -> tuple[dict[str, TableFacts], dict[str, Path]]:
    """Write the tables of ``schema``, each one part: what is held of each, and the files by part name (after ``prefix``)."""
    held: dict[str, TableFacts] = {}
    files: dict[str, Path] = {}
    for table in tables:
        path = folder / f"{schema}--{table.name}.parquet"
        rows = write_table(database, table, path, schema)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = f"{prefix}{table.name}/part-00000.parquet"
        part = SnapshotPart(name=name, rows=rows, bytes=path.stat().st_size, sha256=digest)
        held[table.name], files[name] = TableFacts(rows=rows, parts=(part,)), path
    return held, files
