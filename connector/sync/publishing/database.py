"""The DuckDB database of one publishing: bounded memory, nothing from the network, staged facts as typed tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from connector.access.staged import STAGED, TOMBSTONES, UNREAD_JOBS
from connector.access.tables import ENTITLEMENTS, GRANTS, Table
from connector.journal.literals import quoted
from connector.settings import Settings
from connector.sync.staging import UNREAD_TABLE

if TYPE_CHECKING:
    import duckdb

LEAST_MEMORY_MB, MOST_MEMORY_MB, STAGED_PER_MEMORY = 256, 512, 5
"""What DuckDB may hold in memory before it spills to disk: a fifth of what was staged, within these limits. Its joins and sorts
cannot do with less of a large tenant. It takes some 120 MB more, for what it does not count."""
THREADS = 2

COUNTED = ("memberships", "app_role_assignments", "accounts", "groups", "enterprise_applications")
"""Fact tables of which rows are counted."""


@contextmanager
def open_database(folder: Path, staged_bytes: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory, which spills to ``folder``; ``staged_bytes`` are to be loaded into it.

    A database file would be written, compressed and synced with every statement, for nothing: twice the time.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb(staged_bytes)}MB",
        "threads": THREADS,
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute("SET enable_progress_bar = false")  # DuckDB draws it on standard output, which is not ours
        yield database


def memory_mb(staged_bytes: int) -> int:
    """Megabytes (10^6 bytes) that DuckDB may hold in memory."""
    return min(MOST_MEMORY_MB, max(LEAST_MEMORY_MB, staged_bytes // STAGED_PER_MEMORY // 1_000_000))


def load_staged(database: duckdb.DuckDBPyConnection, parts: Mapping[str, Sequence[Path]]) -> None:
    """Make every staged table, from the files of its parts in the order in which they were read, and those that only facts have.

    Pages of a list may overlap, and delta repeats itself: of several lines with one key the last one holds; of
    memberships, the one with the highest ordinal.
    """
    database.execute("CREATE SCHEMA staged")
    for table in (*STAGED, UNREAD_TABLE, UNREAD_JOBS, TOMBSTONES):
        _load(database, table, parts.get(table.name, ()))
    database.execute("SET preserve_insertion_order = false")  # rows are sorted when they are written; this saves memory


def _load(database: duckdb.DuckDBPyConnection, table: Table, paths: Sequence[Path]) -> None:
    columns = ", ".join(f'"{column.name}" {column.type.value}' for column in table)
    if not paths:
        database.execute(f"CREATE TABLE staged.{table.name} ({columns})")
        return
    types = {column.name: column.type.value for column in table}
    names, key = ", ".join(f'"{name}"' for name in table.column_names), ", ".join(table.key)
    latest = "ordinal DESC NULLS LAST, rowid DESC" if "ordinal" in table.column_names else "rowid DESC"
    database.execute(f"CREATE TABLE lines ({columns})")
    database.execute(
        f"INSERT INTO lines SELECT {names} FROM read_json(?, format = 'newline_delimited', columns = {types})",  # noqa: S608
        [[str(path) for path in paths]],
    )
    database.execute(
        f"CREATE TABLE staged.{table.name} AS SELECT {names} FROM lines "  # noqa: S608
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {latest}) = 1"
    )
    database.execute("DROP TABLE lines")


def set_options(database: duckdb.DuckDBPyConnection, settings: Settings, *, provisioning_jobs_read: bool) -> None:
    """What the SQL files read as ``options``."""
    database.execute(
        "CREATE TABLE options AS SELECT ? AS skip_ad_groups, ? AS skip_unassigned_apps, ? AS provisioning_jobs_read",
        [settings.skip_ad_groups, settings.skip_unassigned_apps, provisioning_jobs_read],
    )


def build_tables(database: duckdb.DuckDBPyConnection, only: Collection[str] | None = None) -> None:
    """Run the SQL files in order: from the fact tables (schema ``staged``) to every table of a snapshot but ``inherited_grants``.

    Args:
        only: names of those files that are to be run, as :func:`rules` gives them; None: all of them. Whoever chooses has made
            ``staged`` of some facts, and ``counted``, which shows all facts that count.
    """
    if only is None:
        database.execute("CREATE SCHEMA counted")
        for name in COUNTED:
            database.execute(f"CREATE VIEW counted.{name} AS FROM staged.{name}")
    candidates = [column for column in GRANTS if column.name not in ("id", "revocable")]
    defaults = {"scope": "DEFAULT '/'", "scope_kind": "DEFAULT 'tenant'"}
    for target, made in (("candidates", candidates), ("entitlements", ENTITLEMENTS)):
        columns = ", ".join(f"{column.name} {column.type.value} {defaults.get(column.name, '')}" for column in made)
        database.execute(f"CREATE TABLE {target} ({columns})")
    for name, script in rules().items():
        if only is None or name in only:
            database.execute(script)


def rules() -> dict[str, str]:
    """The SQL files in order, by name without the number."""
    found = sorted(files(__package__).joinpath("sql").iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".sql").partition("_")[2]: file.read_text(encoding="utf-8")
        for file in found
        if file.name.endswith(".sql")
    }


def write_table(database: duckdb.DuckDBPyConnection, table: Table, path: Path, schema: str = "main") -> int:
    """Write ``table`` as Parquet, its columns as promised and its rows sorted by key; the number of rows."""
    columns = ", ".join(f'CAST("{column.name}" AS {column.type.value}) AS "{column.name}"' for column in table)
    query = f"SELECT {columns} FROM {schema}.{table.name} ORDER BY {', '.join(table.key)}"  # noqa: S608
    database.execute("SET preserve_insertion_order = true")
    written = database.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    database.execute("SET preserve_insertion_order = false")
    return int(written[0]) if written else 0
