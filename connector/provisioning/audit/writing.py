"""Adding to the audit file: any number of processes at once, each line after the one that it is chained to.

A block is added at the position at which the writer has seen the file end. Where somebody else was faster, storage refuses; the writer
reads what came, and chains its lines to that. What was added before the process died, and could not be marked in the record any more, is
added once more: the same operation, the same event, which readers recognise.

A file that is not to be added to any more ends with a line that names the file that goes on. So a process whose clock is late, or that
was stopped for a while, cannot add to a day that is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from connector.logs import log_event
from connector.provisioning.audit.lines import CONTINUED, AuditLine, encode_line, line_of
from connector.provisioning.audit.tails import Tail, find_tail, tail_after
from connector.storage import Store
from connector.storage.appending import MOST_BLOCKS, MOST_BYTES
from connector.storage.audit import audit_file, audit_file_after, day_of_audit_file
from connector.storage.errors import Conflict, StorageFailed
from connector.storage.records.operations import Operation

_log = logging.getLogger(__name__)

_MOST_CONFLICTS = 100
"""Each means that somebody else has added something; more than this in a row are none."""
_NOT_TO_BE_ADDED_TO = frozenset(
    {"InvalidBlobType", "BlockCountExceedsLimit", "BlobIsSealed", "BlobImmutableDueToPolicy"}
)
"""What storage says of a file that somebody has replaced, sealed or protected from outside."""

_Event = tuple[Operation, int]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AuditTrail:
    """Adds to the audit files of one store. One for a process: it remembers where they end, so that adding is one request.

    Args:
        now: tells the time, and so in which day's file to write.
        most_blocks: how often anything may be added to a file, its last line included.
    """

    def __init__(self, *, now: Callable[[], datetime] = _utc_now, most_blocks: int = MOST_BLOCKS) -> None:
        self._now = now
        self._most_blocks = most_blocks
        self._lock = asyncio.Lock()
        self._tail: Tail | None = None

    async def append(self, store: Store, operations: Sequence[Operation]) -> tuple[Operation, ...]:
        """Add the events of ``operations`` that are not in the audit file yet.

        Returns:
            The same operations, with ``audited`` set: to be kept in their records.

        Raises:
            StorageError: it is not known what was added. Adding it again is right.
        """
        left = [(one, event) for one in operations for event in range(one.audited + 1, len(one.events) + 1)]
        if left:
            async with self._lock:
                await self._append(store, left)
        return tuple(replace(one, audited=len(one.events)) for one in operations)

    async def _append(self, store: Store, left: list[_Event]) -> None:
        conflicts = 0
        while left:
            tail, self._tail = self._tail or await find_tail(store, self._today()), None
            over = day_of_audit_file(tail.file) < day_of_audit_file(self._today()) and tail.position > 0
            if over or tail.blocks >= self._most_blocks - 1:
                data, after, taken = self._closing(tail, over=over)
            else:
                data, after, taken = _block(tail, left)
            try:
                blocks = await store.audit.append(tail.file, data, tail.position)
            except Conflict:
                conflicts += 1
                if conflicts > _MOST_CONFLICTS:
                    raise
                self._tail = await tail_after(store, tail)
                continue
            except StorageFailed as refused:
                if refused.code not in _NOT_TO_BE_ADDED_TO:
                    raise
                log_event(_log, "audit_file_not_writable", level=logging.ERROR, file=tail.file, code=refused.code)
                self._tail = tail.in_file(audit_file_after(tail.file))
                continue
            self._tail = after if after.position == 0 else after.holding(blocks)
            left = left[taken:]
            if after.position == 0:
                log_event(_log, "audit_file_closed", file=tail.file, lines_so_far=after.number, hash=after.hash)

    def _today(self) -> str:
        return audit_file(self._now().date())

    def _closing(self, tail: Tail, *, over: bool) -> tuple[bytes, Tail, int]:
        """The last line of a file, and the beginning of the one that goes on."""
        file = self._today() if over else audit_file_after(tail.file)
        line = AuditLine(number=tail.number + 1, at=self._now(), previous=tail.hash, kind=CONTINUED, file=file)
        data, digest = encode_line(line)
        return data, Tail(file, 0, 0, line.number, digest), 0


def _block(tail: Tail, left: Sequence[_Event]) -> tuple[bytes, Tail, int]:
    """As many lines as one block holds; where the file ends then, and how many events that were."""
    lines: list[bytes] = []
    size, digest = 0, tail.hash
    for operation, event in left:
        data, hashed = encode_line(line_of(operation, event, tail.number + len(lines) + 1, digest))
        if lines and size + len(data) > MOST_BYTES:
            break
        lines.append(data)
        size, digest = size + len(data), hashed
    after = Tail(tail.file, tail.position + size, tail.blocks + 1, tail.number + len(lines), digest)
    return b"".join(lines), after, len(lines)
