"""A snapshot on the local disk: staged files in, Parquet files and counts out. Blocking; runs in a thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.staged import FACTS
from connector.access.tables import TABLES, Table
from connector.settings import Settings
from connector.storage.hashes import sha256_of
from connector.storage.records import SnapshotPart, TableFacts
from connector.sync.publishing.carrying import Carried, carry_over
from connector.sync.publishing.checking import check
from connector.sync.publishing.comparing import Differences, New, compare
from connector.sync.publishing.database import build_tables, load_staged, open_database, set_options, write_table
from connector.sync.publishing.gaps import KindRead
from connector.sync.publishing.inheriting import Inherited, derive_inherited
from connector.sync.publishing.overlaying import overlay_touched
from connector.sync.publishing.previous import Previous
from connector.sync.publishing.recalling import make_last_good, recall

if TYPE_CHECKING:
    import duckdb

FACTS_FOLDER = "facts/"
"""Below a snapshot, where its fact tables are."""

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
        differences: from the state that was in force; None where there is none.
    """

    tables: Mapping[str, TableFacts]
    facts: Mapping[str, TableFacts]
    files: Mapping[str, Path]
    left_out: Mapping[str, int]
    inherited: Inherited
    carried: Carried
    differences: Differences | None


@dataclass(frozen=True, slots=True)
class Material:
    """What a snapshot is built from.

    Attributes:
        parts: staged files by staged table, in the order in which they were read.
        kinds: how each kind was read.
        previous: the state in force.
        accepted: kinds that may shrink.
        continues: whether the journal is to lead from the previous state to the new one.
    """

    parts: Mapping[str, Sequence[Path]]
    kinds: Sequence[KindRead]
    previous: Previous | None
    accepted: Collection[str] = ()
    continues: bool = True


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
        recall(database, material.previous, folder)
        make_last_good(database)
        if material.previous:
            overlay_touched(database, material.previous, material.kinds, folder)
        carried = carry_over(database, material.kinds, settings, material.accepted)
        facts, files = write_parts(database, FACTS, folder, "staged", FACTS_FOLDER)
        build_tables(database)
        check(database)
        inherited = derive_inherited(database, settings, folder)
        tables, own = write_parts(database, TABLES, folder, "main")
        files |= own
        left_out = {reason: count for reason, count in database.execute(_LEFT_OUT).fetchall() if count}
    differences = None
    if material.previous:
        with open_database(folder, staged_bytes) as database:  # nothing of the other one is needed any more
            recall(database, material.previous, folder)
            new = New(tables, facts, files)
            differences = compare(database, material.previous, new, rows_wanted=material.continues)
    return Built(tables, facts, files, dict(sorted(left_out.items())), inherited, carried, differences)


def write_parts(
    database: duckdb.DuckDBPyConnection, tables: Iterable[Table], folder: Path, schema: str, prefix: str = ""
) -> tuple[dict[str, TableFacts], dict[str, Path]]:
    """Write the tables of ``schema``, each one part: what is held of each, and the files by part name (after ``prefix``)."""
    held: dict[str, TableFacts] = {}
    files: dict[str, Path] = {}
    for table in tables:
        path = folder / f"made--{schema}--{table.name}.parquet"
        rows = write_table(database, table, path, schema)
        name = f"{prefix}{table.name}/part-00000.parquet"
        part = SnapshotPart(name=name, rows=rows, bytes=path.stat().st_size, sha256=sha256_of(path))
        held[table.name], files[name] = TableFacts(rows=rows, parts=(part,)), path
    return held, files
