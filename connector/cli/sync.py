"""``sync``: a full sync from the command line."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from connector.access.tables import TABLES
from connector.cli.exits import Exit
from connector.cli.help import help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.output import Output
from connector.cli.progress import shown_progress
from connector.settings import known_settings

if TYPE_CHECKING:
    from connector.storage import SyncResult

HELP = help_text(
    "Reads the whole tenant into blob storage and puts the new snapshot in force. The same engine as the timer's, run "
    "here. Interrupted or failed, it leaves the previous snapshot in force. `--json` prints how it ended, manifest included.",
    ["sync", "--settings production.json sync --json"],
    [setting.name for setting in known_settings() if setting.name not in ("SYNC_SCHEDULE", "STEP_BUDGET_SECONDS")],
)


def sync(
    ctx: typer.Context,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Supersede a sync that seems to be running, for example one that died.")
    ] = False,
    accept_shrinking: Annotated[
        list[str] | None,
        typer.Option(
            "--accept-shrinking",
            metavar="KIND",
            help="Do not hold back this kind, however much it shrank. May be given several times.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run to the end; progress on stderr, counts on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    settings = invocation.settings()
    from connector.incremental.service import catch_up
    from connector.sync.errors import UnknownKinds
    from connector.sync.local import run_full_sync
    from connector.sync.requesting import check_kinds

    try:
        check_kinds(accept_shrinking or ())
    except UnknownKinds as error:
        raise typer.BadParameter(str(error), param_hint="--accept-shrinking") from None

    with shown_progress(output) as on_progress:
        running = run_full_sync(
            settings,
            on_progress=on_progress,
            take_over=take_over,
            accept_shrinking=accept_shrinking or (),
            catch_up=partial(catch_up, settings),
        )
        result = asyncio.run(running)
    if as_json:
        output.document(result)
    else:
        _show(output, result)
    if result.manifest.incomplete:
        raise typer.Exit(Exit.INCOMPLETE)


def _show(output: Output, result: SyncResult) -> None:
    manifest, traffic = result.manifest, result.manifest.traffic
    counts = [(table.name, manifest.tables[table.name].rows) for table in TABLES if table.name in manifest.tables]
    output.table(("table", "#rows"), counts)
    for kind, reason in manifest.incomplete.items():
        output.tell(f"Incomplete: {kind}. {reason}")
    for warning in manifest.warnings:
        output.tell(f"Warning: {warning}")
    output.tell(
        f"Snapshot {result.snapshot_id} is in force after {result.seconds:,.1f} s: {traffic.requests:,} requests, "
        f"{traffic.resource_units:,} resource units, {traffic.throttled:,} throttled, {traffic.bytes / 1e6:,.1f} MB."
    )
