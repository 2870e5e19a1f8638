"""Where the audit files end: what the next line is chained to."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace

from connector.logs import log_event
from connector.provisioning.audit.lines import CONTINUED, decode_line
from connector.storage import Store
from connector.storage.audit import comes_later

_log = logging.getLogger(__name__)

_WINDOW = 64 << 10
"""Bytes at the end of a file that most probably hold its last line."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the audit files.

    Attributes:
        file: the one to add to.
        position: how many bytes it holds.
        blocks: how many times something was added to it.
        number: of the last line of all, which may be in the file before; 0 where there is none.
        hash: of that line; empty where there is none.
    """

    file: str
    position: int
    blocks: int
    number: int
    hash: str

    def holding(self, blocks: int) -> Tail:
        """The same, as storage counts what was added."""
        return replace(self, blocks=blocks)

    def in_file(self, file: str) -> Tail:
        """The same last line, and ``file`` to add to, of which nothing is known."""
        return Tail(file, 0, 0, self.number, self.hash)


async def find_tail(store: Store, today: str) -> Tail:
    """Where the files end. Where there are none, ``today`` is the first."""
    files = await store.audit.files()
    for file in reversed(files):
        tail = await _end_of(store, file)
        if tail is not None:
            return tail
    return Tail(files[-1] if files else today, 0, 0, 0, "")


async def tail_after(store: Store, tail: Tail) -> Tail:
    """Where the files end, once somebody else has added to ``tail.file``, or has gone on elsewhere."""
    return await _end_of(store, tail.file) or await find_tail(store, tail.file)


async def _end_of(store: Store, file: str) -> Tail | None:
    """Where ``file`` ends or, where its last line names another file, the beginning of that; None where it is empty or not there."""
    extent = await store.audit.extent(file)
    if extent is None or not extent.bytes:
        return None
    window = _WINDOW
    while True:
        start = max(0, extent.bytes - window)
        data = await store.audit.read(file, start, extent.bytes - start)
        before, _, last = data.removesuffix(b"\n").rpartition(b"\n")
        if before or not start:
            break
        window *= 8
    try:
        written = decode_line(last)
    except ValueError as problem:
        # Somebody has written there. It is told by whoever verifies the files; what happens from now on has to be written all the same.
        log_event(_log, "audit_damaged", level=logging.ERROR, file=file, problem=str(problem))
        return Tail(file, extent.bytes, extent.blocks, 0, hashlib.sha256(last).hexdigest())
    tail = Tail(file, extent.bytes, extent.blocks, written.line.number, written.hash)
    following = written.line.file
    if written.line.kind == CONTINUED and comes_later(following, file):
        return await _end_of(store, following) or tail.in_file(following)
    return tail
