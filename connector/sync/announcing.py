"""After every save: which units can begin now, and how far is the sync."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from connector.storage.errors import Conflict
from connector.storage.records import (
    Checkpoint,
    Failure,
    Progress,
    StepMessage,
    Sync,
    SyncState,
    Traffic,
    UnitState,
)
from connector.sync.context import Context
from connector.sync.ids import requested_at
from connector.sync.planning import NewUnit, Plan, plan

START, PUBLISH = "start", "publish"
"""The units that read nothing: the first of a sync, and the last."""

SILENCE = timedelta(minutes=15)
"""How long a sync may say nothing before it counts as dead: a step's usual budget, three redeliveries and a margin."""


async def announce(context: Context, sync: Sync, by: str, announced: set[str]) -> None:
    """Ask for the first step of every unit that can begin, and write the progress.

    A unit is announced by whoever creates its checkpoint, so it is asked for once. If that step dies before it has asked,
    its message is delivered again and it finds the checkpoint that bears its name.

    Args:
        by: the step that announces; the same for every delivery of its message.
        announced: what this delivery has asked for already; it grows.
    """
    checkpoints = await context.board.look()
    planned = plan(context.readers, context.settings, checkpoints)
    new = planned.new
    if planned.complete and PUBLISH not in checkpoints:
        new = (NewUnit(PUBLISH, PUBLISH),)
    for unit in new:
        checkpoint = Checkpoint(
            unit=unit.unit,
            reader=unit.reader,
            state=UnitState.PLANNED,
            planned_by=by,
            updated_at=context.now(),
            inputs=unit.inputs,
        )
        try:
            await context.board.put(checkpoint, None)
        except Conflict:
            continue  # somebody else announces it
        await _ask(context, sync, unit.unit, announced)
    for checkpoint in checkpoints.values():
        forgotten = checkpoint.state is UnitState.PLANNED and checkpoint.planned_by == by
        if forgotten and checkpoint.unit not in announced:
            await _ask(context, sync, checkpoint.unit, announced)
    await tell(context, progress_of(sync, planned, checkpoints, context.now()))


async def _ask(context: Context, sync: Sync, unit: str, announced: set[str]) -> None:
    await context.send(StepMessage(sync_id=sync.sync_id, unit=unit))
    announced.add(unit)


async def tell(context: Context, progress: Progress) -> None:
    """Write the progress, and tell whoever listens."""
    await context.store.write_progress(progress)
    context.on_progress(progress)


def total_traffic(sync: Sync, checkpoints: Mapping[str, Checkpoint]) -> Traffic:
    """What the whole sync has asked of Graph."""
    return sum((checkpoint.traffic for checkpoint in checkpoints.values()), sync.traffic)


def progress_of(sync: Sync, planned: Plan, checkpoints: Mapping[str, Checkpoint], now: datetime) -> Progress:
    """How far ``sync`` is."""
    stage = "done" if sync.state.final else "publishing" if planned.complete else "reading"
    return Progress(
        sync_id=sync.sync_id,
        state=sync.state,
        stage=stage,
        requested_at=requested_at(sync.sync_id),
        updated_at=now,
        alive_until=now + SILENCE,
        kinds=tuple(kind.progress for kind in planned.kinds.values()),
        traffic=total_traffic(sync, checkpoints),
        snapshot_id=sync.sync_id if sync.state is SyncState.PUBLISHED else None,
        failure=sync.failure,
    )


async def tell_waiting(context: Context, sync: Sync, delay: float) -> None:
    """Say that the sync lives although nothing will be heard of it for ``delay`` seconds."""
    checkpoints = await context.board.look()
    planned = plan(context.readers, context.settings, checkpoints)
    now = context.now()
    progress = progress_of(sync, planned, checkpoints, now + timedelta(seconds=delay))
    await tell(context, _at(progress, now))


def _at(progress: Progress, now: datetime) -> Progress:
    import msgspec

    return msgspec.structs.replace(progress, updated_at=now)


def failure_of(error: Exception, unit: str) -> Failure:
    """What people are told about ``error``: its sentence and its advice where it has them; never a secret."""
    advice = str(getattr(error, "advice", "") or "Read the log of this step, and report it as a defect.")
    sentence = getattr(error, "sentence", None) or str(error) or type(error).__name__
    return Failure(sentence=str(sentence), advice=advice, unit=unit)
