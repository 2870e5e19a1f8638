"""``audit``: the hash-chained file of everything that operations have done: whether it is whole, and what is in it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.exits import Exit
from connector.cli.help import READS_STORAGE, help_text
from connector.cli.invocation import JsonOption, invocation_of
from connector.cli.moments import moment
from connector.cli.output import Output

if TYPE_CHECKING:
    from connector.provisioning.audit.lines import Written
    from connector.provisioning.audit.reports import Verification
    from connector.settings import Settings

HELP = help_text(
    "Everything that happened to grants and revokes, one line an event, in files of a day each. Every line has the hash of the one "
    "before it, so that what is altered, removed, inserted or put elsewhere is noticed.",
    ["audit verify", "audit verify --since 7d --json", "audit show --since 2026-01-05"],
    READS_STORAGE,
)
_VERIFY_HELP = help_text(
    "Checks the hash of every line, the chain from line to line and from day to day, and that lines and the records of operations say "
    "the same; the records tell as well when lines are missing at the end. Names the first thing that is wrong, and what follows. The last "
    "hash is worth keeping elsewhere: who has it can tell later whether anything before it was rewritten.",
    ["audit verify", "audit verify --since 2026-01-05", "audit verify --json"],
    READS_STORAGE,
)
_SHOW_HELP = help_text(
    "The lines: when, what happened, who asked for it, and to which operation it belongs. `--json` prints each with its file and "
    "hash, one a line.",
    ["audit show --since 2h", "audit show --operation 20310303T080000123456Z-5f0c9a1e-0001-001 --json"],
    READS_STORAGE,
)
_SINCE = "A date such as 2026-01-05, a time, or how long ago: 2h, 7d. Days count as a whole, in UTC."
SinceOption = Annotated[str | None, typer.Option("--since", metavar="DAY", help=f"Only from this day on. {_SINCE}")]

audit = typer.Typer(rich_markup_mode="markdown", no_args_is_help=True)


@audit.command("verify", help=_VERIFY_HELP, short_help="Whether every line is as it was written.")
def verify(ctx: typer.Context, since: SinceOption = None, as_json: JsonOption = False) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    report = asyncio.run(_verify(invocation.settings(signs_in=False), _day(since)))
    if as_json:
        output.document(report)
    else:
        _show_report(output, report)
    if not report.whole:
        raise typer.Exit(Exit.TAMPERED)


@audit.command("show", help=_SHOW_HELP, short_help="What is in it.")
def show(
    ctx: typer.Context,
    *,
    operation: Annotated[
        str, typer.Option("--operation", metavar="ID", help="Only what happened to this operation.")
    ] = "",
    since: SinceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line on stdout; messages go to stderr.")
    ] = False,
) -> None:
    """Answer on stdout."""
    invocation = invocation_of(ctx)
    output = invocation.speaking(as_json=as_json)
    if not asyncio.run(_print(invocation.settings(signs_in=False), output, operation, _day(since))):
        output.tell("No such lines.")


async def _verify(settings: Settings, since: date | None) -> Verification:
    from connector.provisioning.audit.verifying import verify as check
    from connector.storage import open_store

    async with open_store(settings) as store:
        return await check(store, since)


async def _print(settings: Settings, output: Output, operation: str, since: date | None) -> int:
    """Print the lines that are wanted; how many there are."""
    from connector.provisioning.audit.verifying import read_lines
    from connector.storage import open_store

    shown = 0
    async with open_store(settings) as store:
        async for file, _, written in read_lines(store, since):
            if operation and written.line.operation != operation:
                continue
            shown += 1
            if output.as_json:
                output.line_of_json({"file": file, "hash": written.hash, "line": written.line})
            else:
                output.plain(_line(written))
    return shown


def _line(written: Written) -> str:
    line = written.line
    told = f"{line.at:%Y-%m-%d %H:%M:%S}  {line.number:>8}  {line.kind:<12}"
    if not line.operation:
        return f"{told}  The file {line.file} goes on."
    by = (line.requester.name or line.requester.id or line.requester.kind) if line.requester else ""
    direction = "to" if line.action == "grant" else "from"
    asked = f"{line.action} {line.entitlement} {direction} {line.principal}"
    return f"{told}  {line.operation}  {asked}, asked for by {by.replace('_', ' ')}: {line.said}"


def _show_report(output: Output, report: Verification) -> None:
    lines, files = _many(report.lines, "line"), _many(report.files, "file")
    events, operations = _many(report.events, "event"), _many(report.operations, "operation")
    output.line(f"{lines} in {files}, {events} of operations. {operations} on record.")
    for problem in report.problems:
        where = f"{problem.file}.jsonl" if problem.file else f"Operation {problem.operation}"
        output.line(f"{where}{f', line {problem.line:,}' if problem.line else ''}: {problem.what}")
    if report.found > len(report.problems):
        output.line(f"… and {report.found - len(report.problems):,} more.")
    if report.whole:
        output.line("Everything is as it was written.")
    if report.last_hash:
        output.line(f"The last line is number {report.last_number:,}, with the hash {report.last_hash}.")
    _note(output, report)


def _note(output: Output, report: Verification) -> None:
    """What is no problem, and worth knowing."""
    if report.repeated:
        output.tell(
            f"{_many(report.repeated, 'line')} repeated: a process died before it could note that it had written them."
        )
    if report.unwritten:
        output.tell(f"{_many(report.unwritten, 'event')} not in the file yet: work on the operations goes on.")
    if report.without_record:
        output.tell("Lines tell of operations that have no record: " + ", ".join(report.without_record))


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _day(text: str | None) -> date | None:
    return moment(text, datetime.now(UTC), "--since").date() if text is not None else None
