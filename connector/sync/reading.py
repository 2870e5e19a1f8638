"""One step of reading: take up a unit where it stands, stage what comes, save the place, hand over."""

from __future__ import annotations

import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from connector.graph.errors import GraphError, RequestRefused, SyncStateLost, Throttled, UnexpectedAnswer
from connector.logs import log_event
from connector.storage import Held
from connector.storage.records import UNREAD, Checkpoint, Part, StepMessage, Sync, Traffic, UnitState
from connector.sync.announcing import announce, tell_waiting
from connector.sync.context import Context, Graph
from connector.sync.errors import ReaderBroken
from connector.sync.staging import Buffer, UnreadRow, read_lines

if TYPE_CHECKING:
    from connector.sync.kinds.reader import Page, Reader

_log = logging.getLogger(__name__)

MOST_RESTARTS = 3
"""How often a unit is read anew because Graph forgot the place, before the sync fails."""


class ReadingStep:
    """One step of one unit, which this step has claimed: ``held`` is the checkpoint as claimed."""

    def __init__(self, context: Context, sync: Sync, held: Held[Checkpoint], by: str, *, last_try: bool) -> None:
        self._context = context
        self._last_try = last_try
        self._sync = sync
        self._held = held
        self._by = by
        self._announced: set[str] = set()
        self._buffer = Buffer()
        self._position = held.record.position
        self._notes = dict(held.record.notes)
        self._reason = held.record.reason
        self._reader: Reader = context.reader(held.record.reader)
        self._ends = None if context.budget is None else time.monotonic() + context.budget

    async def run(self) -> None:
        """Read until the unit or the budget ends.

        Raises:
            Conflict: somebody else has claimed the unit; what this step staged is never read.
            GraphError, StorageError: as met; what was saved before counts.
        """
        async with self._context.open_graph() as graph:
            try:
                state = await self._read(graph)
                await self._save(graph.meter.take(), state)
            except Throttled as waiting:
                await self._save(graph.meter.take(), UnitState.WAITING)
                await self._hand_over(waiting.retry_after)
                return
            except SyncStateLost:
                if self._held.record.restarts >= MOST_RESTARTS:
                    raise
                await self._restart(graph.meter.take())
                await self._hand_over(0)
                return
            except (RequestRefused, UnexpectedAnswer) as unreadable:
                if not (is_refusal(unreadable) or (self._last_try and is_about_this(unreadable))):
                    raise
                self._reason = f"{unreadable}. {unreadable.advice}"
                state = UnitState.INCOMPLETE
                await self._save(graph.meter.take(), state)
        if state is UnitState.WAITING:
            await self._hand_over(0)

    async def _read(self, graph: Graph) -> UnitState:
        from connector.sync.kinds.reader import Work

        context = self._context
        work = Work(graph.session, context.settings, self._position, await self._inputs())
        pages: Any = self._reader.read(work)
        done = True
        async with aclosing(pages):
            async for page in pages:
                self._take(page)
                done = page.position is None
                if done:
                    break
                if self._ends is not None and time.monotonic() >= self._ends:
                    return UnitState.WAITING
                if self._buffer.full:
                    await self._save(graph.meter.take(), UnitState.READING)
        if not done:
            raise ReaderBroken(self._reader.name)
        return UnitState.COMPLETE

    async def _inputs(self) -> list[dict[str, Any]]:
        inputs = self._held.record.inputs
        if inputs is None:
            return []
        unit, _, part = inputs.partition("/")
        return read_lines(await self._context.store.staged_rows(self._sync.sync_id, unit, part))

    def _take(self, page: Page) -> None:
        self._buffer.add(page.rows)
        self._position = page.position
        for name, count in page.notes.items():
            self._notes[name] = self._notes.get(name, 0) + count
        if page.incomplete:
            self._reason = self._reason or page.incomplete[0].reason
            self._buffer.add(
                {UNREAD: [UnreadRow(one.table, one.column, one.id, one.reason) for one in page.incomplete]}
            )

    async def _save(self, traffic: Traffic, state: UnitState) -> None:
        """Stage what has gathered, then say in the checkpoint that it counts, and what can begin because of it."""
        was = self._held.record
        parts = []
        for table, rows, lines in self._buffer.take():
            name = f"{table}-{was.saved:05d}-{was.attempt}.jsonl"
            await self._context.store.stage(self._sync.sync_id, was.unit, name, lines)
            parts.append(Part(table=table, number=was.saved, name=name, rows=rows, bytes=len(lines)))
        saved = replace(
            was,
            state=state,
            step=was.step + (state is UnitState.WAITING),
            saved=was.saved + 1,
            position=self._position,
            parts=(*was.parts, *parts),
            notes=dict(self._notes),
            traffic=was.traffic + traffic,
            reason=self._reason,
            updated_at=self._context.now(),
        )
        await self._put(saved)

    async def _restart(self, traffic: Traffic) -> None:
        """Forget what was read, because Graph has forgotten the place at which to go on."""
        was = self._held.record
        self._buffer = Buffer()
        await self._put(
            replace(
                was,
                state=UnitState.WAITING,
                step=was.step + 1,
                saved=was.saved + 1,
                restarts=was.restarts + 1,
                position=None,
                parts=(),
                notes={},
                reason=None,
                traffic=was.traffic + traffic,
                updated_at=self._context.now(),
            )
        )

    async def _put(self, checkpoint: Checkpoint) -> None:
        self._held = await self._context.board.put(checkpoint, self._held)
        log_event(
            _log,
            "unit_saved",
            sync_id=self._sync.sync_id,
            unit=checkpoint.unit,
            state=checkpoint.state.value,
            rows=checkpoint.rows,
            requests=checkpoint.traffic.requests,
        )
        await announce(self._context, self._sync, self._by, self._announced)

    async def _hand_over(self, delay: float) -> None:
        record = self._held.record
        if delay:
            await tell_waiting(self._context, self._sync, delay)
        message = StepMessage(sync_id=self._sync.sync_id, unit=record.unit, step=record.step)
        await self._context.send(message, delay=delay)


def is_refusal(error: GraphError) -> bool:
    """Whether Graph says that this may not be read, as opposed to: not now, or not with this token."""
    return isinstance(error, RequestRefused) and 400 <= error.status < 500 and error.status not in (401, 408, 429)


def is_about_this(error: GraphError) -> bool:
    """Whether something else may well be readable: Graph was there and knew us, but gave no usable answer to this."""
    return isinstance(error, UnexpectedAnswer) or (isinstance(error, RequestRefused) and error.status != 401)
