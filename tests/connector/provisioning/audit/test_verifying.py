"""Tampering with the audit files: any single alteration, removal or swap is noticed, and what honest processes leave behind is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.provisioning.audit.lines import encode_line, line_of
from connector.provisioning.audit.reports import Verification
from connector.provisioning.audit.verifying import verify
from connector.provisioning.audit.writing import AuditTrail
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.errors import StorageError, StorageUnreachable
from connector.storage.records.operations import Operation
from tests.connector.provisioning.audit.conftest import Run
from tests.connector.provisioning.audit.test_writing import Clock, Interrupting
from tests.support.operated import NOON, bundle_of, operation, with_events
from tests.support.snapshots import environment, make_container

T = TypeVar("T")
TODAY, TOMORROW = "2026-11-23", "2026-11-24"


async def keep(store: Store, *operations: Operation) -> None:
    """Write their records."""
    for one in operations:
        bundle = bundle_of(one)
        held = await store.operations.create_bundle(bundle)
        if held.record != bundle:
            await store.operations.replace_bundle(bundle, held)


async def history(store: Store) -> tuple[Operation, ...]:
    """Three days of operations, with their records."""
    clock, done = Clock(), []
    trail = AuditTrail(now=clock)
    for number in range(6):
        [one] = await trail.append(store, [operation(number, at=clock.at)])
        await keep(store, one)
        done.append(one)
        clock.at += timedelta(hours=9)
    return tuple(done)


async def content(store: Store, file: str) -> bytes:
    return await store.audit.read_all(file)


async def overwrite(store: Store, file: str, data: bytes) -> None:
    """What only somebody from outside does."""
    await store.audit._blobs.write(store.audit._names.audit_file(file), data)


async def remove(store: Store, file: str) -> None:
    await store.audit._blobs.delete(store.audit._names.audit_file(file))


def said(report: Verification) -> list[str]:
    return [one.what for one in report.problems]


# --- what is whole


def test_what_was_written_is_whole(run: Run) -> None:
    async def test(store: Store) -> Verification:
        await history(store)
        return await verify(store)

    report = run(test)

    assert report.whole, said(report)
    assert (report.files, report.lines, report.events, report.operations) == (3, 32, 30, 6)
    assert (report.last_number, len(report.last_hash)) == (32, 64)
    assert (report.repeated, report.unwritten, report.without_record) == (0, 0, [])


def test_before_anything_has_happened_it_is_whole(run: Run) -> None:
    assert run(verify).whole


def test_what_a_process_left_behind_that_died_is_not_alarming(run: Run) -> None:
    """Written and not marked, and so written once more; and not written yet."""

    async def test(store: Store) -> Verification:
        one = operation()
        await keep(store, one)
        trail = AuditTrail(now=Clock())
        with pytest.raises(StorageError):
            await trail.append(Interrupting(store, StorageUnreachable("somewhere")), [one])  # type: ignore[arg-type]
        await keep(store, *(await trail.append(store, [one])))
        await keep(store, operation(2, events=3))
        return await verify(store)

    report = run(test)

    assert report.whole, said(report)
    assert (report.repeated, report.unwritten, report.events) == (5, 3, 5)


def test_operations_that_go_on_while_it_is_verified_are_no_problem(run: Run) -> None:
    async def test(store: Store) -> Verification:
        [begun] = await AuditTrail(now=Clock()).append(store, [operation(events=2)])
        await keep(store, begun)
        real = store.audit.files

        class Growing:
            operations = store.operations

            @property
            def audit(self) -> Any:
                return self

            async def files(self) -> list[str]:
                done = await AuditTrail(now=Clock()).append(store, [with_events(begun, 5), operation(2)])
                await keep(store, *done)
                return await real()

            async def read_all(self, file: str) -> bytes:
                return await store.audit.read_all(file)

        return await verify(Growing())  # type: ignore[arg-type]

    report = run(test)

    assert report.whole, said(report)
    assert (report.events, report.operations, report.without_record) == (10, 2, [])


def test_since_a_day_what_came_before_is_taken_on_trust(run: Run) -> None:
    async def test(store: Store) -> tuple[Verification, Verification]:
        await history(store)
        await overwrite(store, TODAY, b"forged\n")
        return await verify(store, date(2026, 11, 25)), await verify(store, date(2026, 11, 24))

    later, earlier = run(test)

    assert later.whole, said(later)
    assert later.files == 2
    assert not earlier.whole, "the day before is looked at, too"


# --- what is not


def test_a_cut_tail_is_noticed_by_the_records(run: Run) -> None:
    async def test(store: Store) -> Verification:
        done = await history(store)
        data = await content(store, "2026-11-25")
        await overwrite(store, "2026-11-25", b"".join(data.splitlines(keepends=True)[:-2]))
        assert done[-1].audited == 5
        return await verify(store)

    report = run(test)

    assert said(report) == [
        f"Its record says that event {number} ({kind}) is in the audit file, and no line tells of it."
        for number, kind in ((4, "verified"), (5, "ended"))
    ]
    assert {one.operation for one in report.problems} == {operation(5, at=NOON + timedelta(hours=45)).id}


def test_a_missing_day_is_named(run: Run) -> None:
    async def test(store: Store) -> Verification:
        await history(store)
        await remove(store, TOMORROW)
        return await verify(store)

    file, lines, *events = said(run(test))

    assert file == f"The file {TOMORROW}, in which it went on before this one, is missing."
    assert lines == "Before this line, which is number 23 of all, lines 12 to 22 are missing."
    assert len(events) == 10, "each of which a record tells"


def test_the_first_altered_line_is_named(run: Run) -> None:
    async def test(store: Store) -> Verification:
        await history(store)
        data = await content(store, TODAY)
        await overwrite(store, TODAY, data.replace(b"someone.1@", b"someone.7@"))
        return await verify(store)

    first, *_ = run(test).problems

    assert (first.file, first.line, first.operation) == (TODAY, 6, operation(1, at=NOON + timedelta(hours=9)).id)
    assert first.what == "It was altered: what it says is not what its hash stands for."


def test_a_line_that_was_altered_with_its_hash_breaks_the_chain_and_contradicts_the_record(run: Run) -> None:
    async def test(store: Store) -> Verification:
        done = await history(store)
        lines = (await content(store, TODAY)).splitlines(keepends=True)
        forged = replace(done[0], requester=replace(done[0].requester, name="Somebody else"))
        lines[0], _ = encode_line(line_of(forged, 1, 1, ""))
        await overwrite(store, TODAY, b"".join(lines))
        return await verify(store)

    report = run(test)

    assert said(report) == [
        "It is not chained to the line before it: one of both has been replaced.",
        "A line tells otherwise of event 1 than its record does.",
    ]


def test_a_record_that_was_altered_is_noticed(run: Run) -> None:
    async def test(store: Store) -> Verification:
        done = await history(store)
        events = tuple(replace(one, said="Nothing happened.") for one in done[0].events)
        await keep(store, replace(done[0], events=events))
        return await verify(store)

    assert said(run(test)) == [
        f"A line tells otherwise of event {number} than its record does." for number in range(1, 6)
    ]


def test_operations_without_a_record_are_noted(run: Run) -> None:
    async def test(store: Store) -> Verification:
        await AuditTrail(now=Clock()).append(store, [operation(1)])
        return await verify(store)

    report = run(test)

    assert report.whole
    assert report.without_record == [operation(1).id]


# --- any single thing


@pytest.fixture(scope="module")
def shelf(new_storage_account: Callable[[], str]) -> Iterator[Shelf]:
    made = Shelf(new_storage_account())
    yield made
    made.runner.close()


class Shelf:
    """A history in storage, and its files in memory: tampered with there, and verified against the records in storage."""

    def __init__(self, account: str) -> None:
        self.settings = Settings.load(environment(account))
        make_container(self.settings)
        self.runner = asyncio.Runner()
        self.files: dict[str, bytes] = {}
        self.files = self.run(self._fill)
        self.operations = self.run(self._operations)

    def run(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async def main() -> T:
            async with open_store(self.settings) as store:
                return await work(store)

        return self.runner.run(main())

    async def _fill(self, store: Store) -> dict[str, bytes]:
        await history(store)
        return {file: await content(store, file) for file in await store.audit.files()}

    async def _operations(self, store: Store) -> Any:
        days = await store.operations.days()
        return {
            day: [await store.operations.bundle(one) for one in await store.operations.bundles_of(day)] for day in days
        }

    def verify(self, files: dict[str, bytes]) -> Verification:
        async def work() -> Verification:
            return await verify(_Shown(files, self.operations))  # type: ignore[arg-type]

        return self.runner.run(work())


class _Shown:
    """A store whose audit files are those that somebody shows."""

    def __init__(self, files: dict[str, bytes], bundles: Any) -> None:
        self._files, self._bundles = files, bundles

    @property
    def audit(self) -> Any:
        return self

    @property
    def operations(self) -> Any:
        return self

    async def files(self) -> list[str]:
        return list(self._files)

    async def read_all(self, file: str) -> bytes:
        return self._files[file]

    async def days(self) -> list[str]:
        return list(self._bundles)

    async def bundles_of(self, day: str) -> list[str]:
        return [held.record.id for held in self._bundles[day]]

    async def bundles(self, ids: Sequence[str]) -> Any:
        return {one.record.id: one for held in self._bundles.values() for one in held if one.record.id in ids}


def changed(shelf: Shelf, data: st.DataObject) -> dict[str, bytes]:
    """The files after somebody has done one thing to them."""
    files = dict(shelf.files)
    file = data.draw(st.sampled_from(sorted(files)), label="file")
    lines = files[file].splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1), label="line")
    what = data.draw(st.sampled_from(["alter", "remove", "swap", "copy", "cut", "remove file"]), label="what")
    if what == "alter":
        at = data.draw(st.integers(0, len(lines[place]) - 1), label="byte")
        byte = data.draw(st.integers(0, 255).filter(lambda value: value != lines[place][at]), label="by")
        lines[place] = lines[place][:at] + bytes([byte]) + lines[place][at + 1 :]
    elif what == "remove":
        del lines[place]
    elif what == "swap":
        other = data.draw(st.integers(0, len(lines) - 1).filter(lambda one: one != place), label="with")
        lines[place], lines[other] = lines[other], lines[place]
    elif what == "copy":
        lines.insert(data.draw(st.integers(0, len(lines)), label="to"), lines[place])
    elif what == "cut":
        lines[place:] = [lines[place][: data.draw(st.integers(0, len(lines[place]) - 1), label="bytes")]]
    files[file] = b"".join(lines)
    if what == "remove file":
        del files[file]
    return files


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_single_thing_that_is_done_to_the_files_is_noticed(shelf: Shelf, data: st.DataObject) -> None:
    assert not shelf.verify(changed(shelf, data)).whole


def test_nothing_done_is_nothing_found(shelf: Shelf) -> None:
    assert shelf.verify(shelf.files).whole
