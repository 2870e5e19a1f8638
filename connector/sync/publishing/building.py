"""A snapshot on the local disk: staged files in, Parquet files and counts out. Blocking; runs in a thread."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.tables import TABLES, Table
from connector.settings import Settings
from connector.storage.records import SnapshotPart, TableFacts
from connector.sync.publishing.database import build_tables, load_staged, open_database, set_options, write_table
from connector.sync.publishing.inheriting import Inherited, derive_inherited

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
FROM holding_memberships
WHERE principal_kind NOT IN ('account', 'group', 'service_principal')
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: facts and the file of every table, and counts of what was left out."""

    tables: Mapping[str, TableFacts]
    files: Mapping[str, Path]
    left_out: Mapping[str, int]
    inherited: Inherited


def build_snapshot(
    folder: Path, parts: Mapping[str, Sequence[Path]], settings: Settings, *, provisioning_jobs_complete: bool
) -> Built:
    """Build every table from the staged files in ``parts``, by staged table. The same files give the same bytes.

    Args:
        folder: an empty folder to work in; the files stay there.
        provisioning_jobs_complete: whether an application without a job is known to have none.
    """
    with open_database(folder) as database:
        load_staged(database, parts)
        set_options(
            database,
            skip_ad_groups=settings.skip_ad_groups,
            skip_unassigned_apps=settings.skip_unassigned_apps,
            provisioning_jobs_complete=provisioning_jobs_complete,
        )
        build_tables(database)
        inherited = derive_inherited(database, settings, folder)
        written = {table.name: _write(database, table, folder) for table in TABLES}
        left_out = {reason: count for reason, count in database.execute(_LEFT_OUT).fetchall() if count}
    return Built(
        tables={name: TableFacts(rows=part.rows, parts=(part,)) for name, (part, _) in written.items()},
        files={part.name: path for part, path in written.values()},
        left_out=dict(sorted(left_out.items())),
        inherited=inherited,
    )


def _write(database: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> tuple[SnapshotPart, Path]:
    path = folder / f"{table.name}.parquet"
    rows = write_table(database, table, path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = f"{table.name}/part-00000.parquet"
    return SnapshotPart(name=name, rows=rows, bytes=path.stat().st_size, sha256=digest), path
