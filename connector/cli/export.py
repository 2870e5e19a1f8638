"""``export``: the tables of the snapshot as files for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.access.tables import TABLES, Table
from connector.cli.help import READS_STORAGE, help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.picture import open_picture
from connector.query.export import Exported, Format
from connector.query.export import export as write

HELP = help_text(
    "Writes the tables of the snapshot into a directory, one file a table, for spreadsheets, databases and notebooks. "
    "A file appears when it is whole. Lists are JSON in CSV; times are UTC. Only the tables that are named are downloaded.",
    ["export ./out --format csv", "export ./out --format parquet --table accounts --table grants"],
    READS_STORAGE,
)
_NAMES = ", ".join(table.name for table in TABLES)


def export(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made if it is not there.")],
    *,
    file_format: Annotated[Format, typer.Option("--format", help="What the files are.")] = Format.PARQUET,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="TABLE", help=f"Only this table; repeat it for more. {_NAMES}."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Files in the directory; what was written on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    wanted = _tables(tables or [])
    written: list[Exported] = []
    with open_picture(invocation, wanted) as opened:
        for file in write(opened.snapshot, directory, file_format, wanted, force=force):
            output.tell(f"{file.table}: {file.rows:,} rows")
            written.append(file)
        snapshot_id = opened.manifest.snapshot_id
    if as_json:
        output.document({"snapshot_id": snapshot_id, "files": written})
    else:
        output.table(
            ("table", "file", "#rows", "#bytes"), [(one.table, one.file, one.rows, one.bytes) for one in written]
        )


def _tables(names: list[str]) -> tuple[Table, ...]:
    known = {table.name: table for table in TABLES}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"There is no table {unknown[0]!r}. There are: {_NAMES}.", param_hint="--table")
    return tuple(table for table in TABLES if not names or table.name in names)
