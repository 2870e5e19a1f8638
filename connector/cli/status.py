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
    from connector.query.status import CredentialStatus, JournalStatus, NotificationStatus, SnapshotStatus, Status
    from connector.storage import Progress
    from connector.storage.records import Rounds
    from connector.storage.records.consents import Connection

HELP = help_text(
    "How fresh the snapshot in force is, how much it holds, which kinds are incomplete and why, how far the journal is and "
    "whether it is whole, what rounds have been doing, what is signed in with and when that ends, and what the running or the last sync is "
    "doing. For monitoring: the "
    "exit code says whether something has been synced, and is complete and followed.",
    ["status", "status --json"],
    READS_STORAGE,
)


def status(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    settings = invocation.settings(signs_in=False)
    from connector.query.status import read_status

    found = asyncio.run(read_status(settings, datetime.now(UTC)))
    if as_json:
        output.document(found)
    else:
        _show(output, found)
    if found.snapshot is None:
        raise typer.Exit(Exit.NOTHING_SYNCED)
    if _lacks_something(found):
        raise typer.Exit(Exit.INCOMPLETE)


def _lacks_something(found: Status) -> bool:
    """Whether not all of the tenant is in the picture, or is followed."""
    wanting = [found.snapshot and found.snapshot.incomplete, found.rounds and found.rounds.problem]
    return any(wanting) or (found.journal is not None and bool(found.journal.damage or found.journal.lost))


def _show(output: Output, found: Status) -> None:
    if found.snapshot is None:
        output.line("Nothing has been synced yet. Run `python -m connector sync`, or wait for the schedule.")
    else:
        _show_snapshot(output, found.snapshot)
    if found.journal is not None:
        _show_journal(output, found.journal)
    if found.rounds is not None:
        _show_rounds(output, found.rounds)
    if found.notifications is not None:
        _show_notifications(output, found.notifications)
    if found.credential is not None:
        _show_credential(output, found.credential)
    if found.connection is not None:
        _show_connection(output, found.connection)
    if found.last_sync is not None:
        output.line(_sync_line(found.last_sync))


def _show_snapshot(output: Output, snapshot: SnapshotStatus) -> None:
    output.line(
        f"Snapshot {snapshot.snapshot_id}: the tenant as of {snapshot.started_at:%Y-%m-%d %H:%M} UTC, {age(snapshot.age_seconds)} ago"
    )
    output.line(f"Blobs: {snapshot.location}")
    output.table(("table", "#rows in the snapshot"), list(snapshot.tables.items()))
    for kind, reason in snapshot.incomplete.items():
        output.line(f"Incomplete: {kind}. {reason}")
    for reason, count in snapshot.left_out.items():
        output.line(f"Left out: {reason.replace('_', ' ')}: {count:,}")
    for warning in snapshot.warnings:
        output.line(f"Warning: {warning}")


def _show_journal(output: Output, journal: JournalStatus) -> None:
    commits = "1 commit" if journal.segments == 1 else f"{journal.segments:,} commits"
    since = f"{journal.changes:,} changes in {commits} since the snapshot"
    newest = f"the last {age(journal.age_seconds)} ago" if journal.segments else "none yet"
    output.line(f"Journal: sequence {journal.head:,}, {since}, {newest}")
    if journal.damage is not None:
        output.line(journal.damage)
    for kind, reason in journal.lost.items():
        output.line(f"Not followed until the next full sync: {kind}. {reason}")


def _show_rounds(output: Output, rounds: Rounds) -> None:
    told = f"Rounds: {rounds.rounds:,} since {rounds.since:%Y-%m-%d %H:%M} UTC, {rounds.traffic.requests:,} requests, "
    told += f"{rounds.traffic.resource_units:,} resource units, heard of at {rounds.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    notified = f"{rounds.notified_at:%Y-%m-%d %H:%M:%S} UTC" if rounds.notified_at else "never"
    output.line(f"{told}; last notification: {notified}")
    if rounds.problem is not None:
        output.line(f"Rounds cannot go on. {rounds.problem}")
    output.table(
        ("kind", "last read (UTC)", "last change (UTC)", "problem"),
        [(name, _time(kind.read_at), _time(kind.changed_at), kind.problem) for name, kind in rounds.kinds.items()],
    )


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else None


def _show_notifications(output: Output, notifications: NotificationStatus) -> None:
    for resource, moment in sorted(notifications.expires_at.items()):
        output.line(
            f"Notifications: {resource} tell of changes at {notifications.address}, until {moment:%Y-%m-%d %H:%M} UTC"
        )
    for problem in notifications.problems:
        output.line(f"Notifications: {problem}")


def _show_credential(output: Output, credential: CredentialStatus) -> None:
    ends = f", until {credential.expires_at:%Y-%m-%d %H:%M} UTC" if credential.expires_at else ""
    output.line(f"Signs in with: {credential.described}{ends}")
    if credential.warning is not None:
        output.line(f"Warning: {credential.warning}")


def _show_connection(output: Output, connection: Connection) -> None:
    told = f"Consent: seen at {connection.proved_at:%Y-%m-%d %H:%M} UTC for application {connection.client_id}"
    if connection.permissions is not None:
        count = len(connection.permissions)
        told += f", {count:,} permission{'s' if count != 1 else ''}"
    if connection.missing:
        told += f"; missing then: {', '.join(connection.missing)}"
    output.line(told)


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
