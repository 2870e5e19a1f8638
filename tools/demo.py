"""The main job, end to end: a made-up tenant is synced by the real triggers and asked; it changes; access is granted and revoked."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from connector.access.tables import TABLES
from connector.cli.output import Output
from connector.cli.progress import shown_progress
from connector.query.insights.deepest_nesting import deepest_nesting
from connector.query.insights.global_administrators import global_administrators
from connector.query.insights.privileged_guests import privileged_guests
from connector.query.insights.unused_seats import unused_seats
from connector.query.insights.widest_application import widest_application
from connector.query.opening import open_current
from connector.query.snapshot import Snapshot
from connector.storage import Manifest, Progress, SyncState, open_store
from tools import second_act, third_act
from tools.following import full_sync_done
from tools.second_act import Arrival
from tools.stack import CONTAINER, TOP, Stack, add_tenant_options, running
from tools.third_act import Act, Ended

KEPT = TOP / ".state" / "demo"
"""Where the snapshot's files are kept for a look after the demo has stopped its storage."""

QUESTIONS: tuple[tuple[str, Callable[[Snapshot], str]], ...] = (
    ("Who is Global Administrator, and how?", lambda snapshot: global_administrators(snapshot).sentence),
    ("Which application reaches furthest?", lambda snapshot: widest_application(snapshot).sentence),
    ("Are guests in role-assignable groups?", lambda snapshot: privileged_guests(snapshot).sentence),
    ("Which license seats are unused?", lambda snapshot: unused_seats(snapshot).sentence),
    ("How deep does nesting go?", lambda snapshot: deepest_nesting(snapshot).sentence),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code is 0 when a snapshot came out of it."""
    options = _parser().parse_args(arguments)
    output = Output()
    output.tell(f"Making a tenant of {options.users:,} users; starting storage, Microsoft Graph and a Functions host …")
    with running(users=options.users, groups=options.groups, seed=options.seed) as stack:
        output.tell("Firing full_sync_timer through the Functions host …")
        end, seconds = asyncio.run(_run(stack, output))
        if end.state is not SyncState.PUBLISHED:
            return _failed(output, stack, end)
        with asyncio.run(open_current(stack.settings, cache=KEPT)) as opened:
            answers = [(question, ask(opened.snapshot)) for question, ask in QUESTIONS]
            manifest = opened.manifest
        if not options.json:
            _show(output, manifest, seconds, answers)
        output.tell(
            "\nThe tenant changes. Microsoft Graph notifies the Functions host, delta queries tell what happened:"
        )
        arrivals = asyncio.run(
            _change(stack, lambda arrival: None if options.json else second_act.show(output, arrival))
        )
        output.tell("\nAccess is asked for over HTTP. Every guard is asked, then Graph; what was done is looked for:")
        act = asyncio.run(_provision(stack, lambda ended: None if options.json else third_act.show(output, ended)))
    if options.json:
        summary = _summary(manifest, seconds, answers) | {"changes": [asdict(arrival) for arrival in arrivals]}
        sys.stdout.write(json.dumps(summary | asdict(act)) + "\n")
    else:
        third_act.show_journal(output, act.journal)
        _show_end(output, manifest)
    return 0


async def _run(stack: Stack, output: Output) -> tuple[Progress, float]:
    """Fire the timer, and follow the sync that it asks for."""
    began = time.monotonic()
    stack.host.invoke_timer("full_sync_timer")
    async with open_store(stack.settings) as store:
        with shown_progress(output) as on_progress:
            return await full_sync_done(store, on_progress), time.monotonic() - began


async def _change(stack: Stack, on_arrival: Callable[[Arrival], None]) -> list[Arrival]:
    async with open_store(stack.settings) as store:
        return await second_act.play(stack, store, KEPT, on_arrival)


async def _provision(stack: Stack, on_ended: Callable[[Ended], None]) -> Act:
    async with open_store(stack.settings) as store:
        return await third_act.play(stack, store, KEPT, on_ended)


def _failed(output: Output, stack: Stack, end: Progress) -> int:
    failure = end.failure
    output.tell(f"The sync ended as {end.state}: {failure.sentence} {failure.advice}" if failure else f"{end.state}")
    output.tell("\n".join(["The host's last lines:", *stack.host.logs()[-20:]]))
    return 1


def _summary(manifest: Manifest, seconds: float, answers: Sequence[tuple[str, str]]) -> dict[str, object]:
    return {
        "tables": {table.name: manifest.tables[table.name].rows for table in TABLES},
        "requests": manifest.traffic.requests,
        "resource_units": manifest.traffic.resource_units,
        "seconds": round(seconds, 2),
        "throttled": manifest.traffic.throttled,
        "snapshot_id": manifest.snapshot_id,
        "incomplete": manifest.incomplete,
        "answers": dict(answers),
    }


def _show(output: Output, manifest: Manifest, seconds: float, answers: Sequence[tuple[str, str]]) -> None:
    output.line()
    output.table(("table", "#rows"), [(table.name, manifest.tables[table.name].rows) for table in TABLES])
    output.line()
    for question, answer in answers:
        output.line(question, style="bold")
        output.line(f"  {answer}")
    output.line()
    output.line(
        f"{seconds:,.1f} s from the timer to the published snapshot: {manifest.traffic.requests:,} requests, "
        f"{manifest.traffic.resource_units:,} resource units."
    )
    for kind, reason in manifest.incomplete.items():
        output.line(f"Incomplete: {kind}. {reason}")


def _show_end(output: Output, manifest: Manifest) -> None:
    blobs, kept = f"{CONTAINER}/{manifest.tenant_id}/", Path(KEPT, manifest.tenant_id, manifest.snapshot_id)
    output.line()
    output.line(f"Blobs in {blobs}: current.json, snapshots/{manifest.snapshot_id}/, journal/, operations/, audit/")
    output.line(f"The storage emulator has stopped; the Parquet files are kept in {kept.relative_to(TOP)}/")
    output.line(
        "Next: `python3 dev.py start` keeps everything running, for `python -m connector grant`, `changes --follow` …"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 dev.py demo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON summary as the last line, for programs")
    add_tenant_options(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
