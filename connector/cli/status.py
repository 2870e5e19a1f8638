"""``status``: how fresh the picture is, how much it holds and what is missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from connector.cli.exits import Exit
from connector.cli.help import READS_STORAGE, help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.output import Output

if TYPE_CHECKING:
    from connector.query.status import SnapshotStatus, Status
    from connector.storage import Progress

HELP = help_text(
    "How fresh the snapshot in force is, how much it holds, which kinds are incomplete and why, and what the running or "
    "the last sync is doing. For monitoring: the exit code says whether something has been synced and is complete.",
    ["status", "status --json"],
    READS_STORAGE,
)


def status(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    settings = invocation.settings()
    from connector.query.status import read_status

    found = asyncio.run(read_status(settings, datetime.now(UTC)))
    if as_json:
        output.document(found)
    else:
        _show(output, found)
    if found.snapshot is None:
        raise typer.Exit(Exit.NOTHING_SYNCED)
    if found.snapshot.incomplete:
        raise typer.Exit(Exit.INCOMPLETE)


def _show(output: Output, found: Status) -> None:
    if found.snapshot is None:
        output.line("Nothing has been synced yet. Run `python -m connector sync`, or wait for the schedule.")
    else:
        _show_snapshot(output, found.snapshot)
    if found.last_sync is not None:
        output.line(_sync_line(found.last_sync))


def _show_snapshot(output: Output, snapshot: SnapshotStatus) -> None:
    output.line(
        f"Snapshot {snapshot.snapshot_id}: the tenant as of {snapshot.started_at:%Y-%m-%d %H:%M} UTC, {age(snapshot.age_seconds)} ago"
    )
    output.line(f"Blobs: {snapshot.location}")
    output.table(("table", "#rows"), list(snapshot.tables.items()))
    for kind, reason in snapshot.incomplete.items():
        output.line(f"Incomplete: {kind}. {reason}")
    for reason, count in snapshot.left_out.items():
        output.line(f"Left out: {reason.replace('_', ' ')}: {count:,}")
    for warning in snapshot.warnings:
        output.line(f"Warning: {warning}")


def _sync_line(sync: Progress) -> str:
    told = f"Last sync {sync.sync_id}: {sync.state.value}"
    if not sync.state.final:
        rows = sum(kind.rows for kind in sync.kinds)
        told += f", {sync.stage}, {rows:,} rows, {sync.traffic.requests:,} requests, heard of at {sync.updated_at:%H:%M:%S} UTC"
    if sync.failure is not None:
        told += f". {sync.failure.sentence} {sync.failure.advice}"
    return told


def age(seconds: float) -> str:
    """A length of time for people: its largest unit of minutes, hours and days, rounded down."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}{'s' if count != 1 else ''}"
    return "less than a minute"
