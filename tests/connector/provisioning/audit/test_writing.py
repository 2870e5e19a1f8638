"""Adding to the audit file in real storage: by many at once, across days, when files are full, and when answers are lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connector.provisioning.audit.lines import AuditLine, Written, decode_line, encode_line
from connector.provisioning.audit.writing import AuditTrail
from connector.storage import Store
from connector.storage.appending import AppendBlobs
from connector.storage.errors import BlobMissing, StorageError, StorageUnreachable
from tests.connector.provisioning.audit.conftest import Run
from tests.support.operated import NOON, operation, with_events

TODAY, TOMORROW = "2026-11-23", "2026-11-24"


async def lines(store: Store, file: str = TODAY) -> list[Written]:
    data = await store.audit.read_all(file)
    return [decode_line(line) for line in data.splitlines()]


def told(written: Sequence[Written]) -> list[tuple[str, int]]:
    return [(one.line.operation, one.line.event) for one in written]


def is_chained(written: Sequence[Written], previous: str = "", number: int = 0) -> bool:
    for place, one in enumerate(written, number + 1):
        if not one.genuine or one.line.previous != previous or one.line.number != place:
            return False
        previous = one.hash
    return True


class Clock:
    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def test_every_event_is_a_line_that_says_who_asked_for_what_and_what_was_done(run: Run) -> None:
    one = operation()

    async def test(store: Store) -> tuple[Any, list[Written], bytes]:
        marked = await AuditTrail(now=Clock()).append(store, [one])
        return marked, await lines(store), await store.audit.read_all(TODAY)

    marked, written, data = run(test)

    assert marked == (replace(one, audited=5),)
    assert told(written) == [(one.id, event) for event in range(1, 6)]
    assert is_chained(written)
    first, third = (json.loads(line) for line in data.splitlines()[::2][:2])
    assert first["requester"] == {"kind": "function_key", "id": "", "name": ""}
    assert (first["action"], first["entitlement"]) == ("grant", one.wanted.entitlement)
    assert (first["justification"], first["ticket"]) == ("On call – this week", "CHG1")
    assert "justification" not in third, "why it was asked for is said once"
    assert third["facts"] == {"request_id": "0c1a", "status": 204}


def test_only_what_is_new_is_added_and_nothing_where_nothing_is(run: Run) -> None:
    async def test(store: Store) -> list[Written]:
        trail = AuditTrail(now=Clock())
        [begun] = await trail.append(store, [operation(events=2)])
        assert await trail.append(store, [begun]) == (begun,)
        await trail.append(store, [with_events(begun, 5)])
        return await lines(store)

    written = run(test)

    assert [one.line.event for one in written] == [1, 2, 3, 4, 5]
    assert [one.line.status for one in written] == ["running"] * 2 + ["succeeded"] * 3
    assert is_chained(written)


def test_many_operations_are_one_request_once_the_end_is_known(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = counted(monkeypatch)

    async def test(store: Store) -> list[Written]:
        trail = AuditTrail(now=Clock())
        await trail.append(store, [operation(1)])
        requests.clear()
        await trail.append(store, [operation(number) for number in range(2, 102)])
        await trail.append(store, [operation(102)])
        return await lines(store)

    written = run(test)

    assert len(written) == 5 * 102
    assert is_chained(written)
    assert requests[:2] == ["_append", "_append"], "the rest is this test, reading"
    assert "_append" not in requests[2:]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is asked of append blobs, as it is asked."""
    requests: list[str] = []
    for name in ("_append", "extent", "read", "_make"):
        monkeypatch.setattr(AppendBlobs, name, noting(requests, name, getattr(AppendBlobs, name)))
    return requests


def noting(requests: list[str], name: str, real: Any) -> Any:
    async def noted(*args: Any) -> Any:
        requests.append(name)
        return await real(*args)

    return noted


def test_any_number_of_processes_at_once_make_one_chain(run: Run) -> None:
    async def process(store: Store, number: int) -> None:
        trail = AuditTrail(now=Clock())
        for place in range(4):
            await trail.append(store, [operation(10 * number + place)])
            await trail.append(store, [operation(1000 + 10 * number + place)])

    async def test(store: Store) -> list[Written]:
        await asyncio.gather(*(process(store, number) for number in range(6)))
        return await lines(store)

    written = run(test)

    assert is_chained(written)
    assert len(written) == len(set(told(written))) == 6 * 4 * 2 * 5, "everything, and nothing twice"
    assert all(
        [one.line.event for one in written if one.line.operation == id_] == [1, 2, 3, 4, 5]
        for id_ in {one.line.operation for one in written}
    )


def test_the_first_line_of_a_day_continues_the_day_before(run: Run) -> None:
    clock = Clock()

    async def test(store: Store) -> tuple[list[Written], list[Written]]:
        trail = AuditTrail(now=clock)
        await trail.append(store, [operation(1)])
        clock.at += timedelta(days=1)
        await trail.append(store, [operation(2)])
        return await lines(store), await lines(store, TOMORROW)

    before, after = run(test)

    assert (before[-1].line.kind, before[-1].line.file) == ("continued", TOMORROW)
    assert is_chained([*before, *after])
    assert len(after) == 5


def test_who_is_late_cannot_add_to_a_day_that_is_over(run: Run) -> None:
    """A process that was stopped over midnight, or whose clock is behind, finds the day closed."""
    late, early = AuditTrail(now=Clock()), AuditTrail(now=Clock(NOON + timedelta(days=1)))

    async def test(store: Store) -> tuple[list[Written], list[Written]]:
        await late.append(store, [operation(1)])
        await early.append(store, [operation(2)])
        await late.append(store, [operation(3)])
        await AuditTrail(now=Clock()).append(store, [operation(4)])
        return await lines(store), await lines(store, TOMORROW)

    before, after = run(test)

    assert len(before) == 6
    assert len(after) == 15
    assert is_chained([*before, *after])


def test_a_full_file_is_followed_by_another_of_the_same_day(run: Run) -> None:
    async def test(store: Store) -> tuple[list[str], list[Written]]:
        trails = [AuditTrail(now=Clock(), most_blocks=3) for _ in range(2)]
        for number in range(8):
            await trails[number % 2].append(store, [operation(number)])
        files = await store.audit.files()
        return files, [line for file in files for line in await lines(store, file)]

    files, written = run(test)

    assert files == [TODAY, *(f"{TODAY}-{number}" for number in range(2, 5))]
    assert is_chained(written)
    assert sum(one.line.kind == "continued" for one in written) == 3


def test_what_is_more_than_a_block_is_several(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.provisioning.audit.writing.MOST_BYTES", 2_000)

    async def test(store: Store) -> tuple[list[Written], int]:
        await AuditTrail(now=Clock()).append(store, [operation(number) for number in range(4)])
        extent = await store.audit.extent(TODAY)
        assert extent
        return await lines(store), extent.blocks

    written, blocks = run(test)

    assert len(written) == 20
    assert is_chained(written)
    assert blocks > 4


class Interrupting:
    """A store whose audit file is added to, and then the answer does not come, or the process dies."""

    def __init__(self, store: Store, *failures: Exception | None) -> None:
        self._store = store
        self._failures = list(failures)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def audit(self) -> Any:
        return self

    async def files(self) -> list[str]:
        return await self._store.audit.files()

    async def extent(self, file: str) -> Any:
        return await self._store.audit.extent(file)

    async def read(self, *args: Any) -> bytes:
        return await self._store.audit.read(*args)

    async def append(self, *args: Any) -> int:
        blocks = await self._store.audit.append(*args)
        failure = self._failures.pop(0) if self._failures else None
        if failure:
            raise failure
        return blocks


def test_what_was_added_and_not_marked_is_added_once_more_and_recognised(run: Run) -> None:
    one = operation()

    async def test(store: Store) -> list[Written]:
        trail = AuditTrail(now=Clock())
        with pytest.raises(StorageError):
            await trail.append(Interrupting(store, StorageUnreachable("somewhere")), [one])  # type: ignore[arg-type]
        await trail.append(store, [one])
        return await lines(store)

    written = run(test)

    assert told(written) == [(one.id, event) for event in (*range(1, 6), *range(1, 6))]
    assert is_chained(written)


def test_a_block_whose_answer_got_lost_is_recognised(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends it again by itself, and is told that the file does not end there any more."""
    real = AppendBlobs._append

    async def twice(self: AppendBlobs, *args: Any) -> int:
        await real(self, *args)
        return await real(self, *args)

    async def test(store: Store) -> list[Written]:
        trail = AuditTrail(now=Clock())
        await trail.append(store, [operation(1)])
        with monkeypatch.context() as patch:
            patch.setattr(AppendBlobs, "_append", twice)
            await trail.append(store, [operation(2)])
        await trail.append(store, [operation(3)])
        return await lines(store)

    written = run(test)

    assert len(written) == 15
    assert is_chained(written)


def test_a_file_that_somebody_has_tampered_with_does_not_stop_what_comes_after(run: Run) -> None:
    """Whoever can write to storage must not be able to stop revokes by spoiling the file; verifying tells of it."""

    async def test(store: Store) -> list[str]:
        await AuditTrail(now=Clock()).append(store, [operation(1)])
        await store.audit._blobs.write(store.audit._names.audit_file(TODAY), b'{"forged": true}\n')
        await AuditTrail(now=Clock()).append(store, [operation(2)])
        return await store.audit.files()

    assert run(test) == [TODAY, f"{TODAY}-2"]


def test_a_line_cannot_send_writers_back_to_an_earlier_file(run: Run) -> None:
    async def test(store: Store) -> list[Written]:
        for file in (TODAY, "2026-11-22", "../x"):
            data, _ = encode_line(AuditLine(number=1, at=NOON, previous="", kind="continued", file=file))
            extent = await store.audit.extent(TODAY)
            await store.audit.append(TODAY, data, extent.bytes if extent else 0)
        await AuditTrail(now=Clock()).append(store, [operation(1)])
        return await lines(store)

    assert [one.line.operation for one in run(test)][3:] == [operation(1).id] * 5


def test_there_is_nothing_to_read_before_the_first_event(run: Run) -> None:
    async def test(store: Store) -> list[str]:
        with pytest.raises(BlobMissing):
            await store.audit.read_all(TODAY)
        return await store.audit.files()

    assert run(test) == []


def test_files_are_in_the_order_in_which_they_were_begun(run: Run) -> None:
    async def test(store: Store) -> list[str]:
        for file in ("2026-11-23-10", TODAY, "2026-11-22", f"{TODAY}-2", "note", "2026-13-01", "2026-11-23-1"):
            await store.audit.append(file, b"x\n", 0)
        return await store.audit.files()

    assert run(test) == ["2026-11-22", TODAY, f"{TODAY}-2", "2026-11-23-10"]
