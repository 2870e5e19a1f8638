"""Who is woken for one line lends a hand with others that are due; what goes wrong there is met again by their own messages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from connector.provisioning.working import helping
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Status
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, wanted

LINES = 5


def message(number: int) -> str:
    return json.dumps({"line": line_name(group(number))})


async def asked(store: Store, settings: Settings) -> None:
    await ask(store.operations, settings, *(wanted(entitlement=group(number)) for number in range(LINES)))


async def ended(store: Store) -> set[str]:
    return {one.wanted.entitlement for one in await everything(store) if one.status is Status.SUCCEEDED}


def test_one_message_is_enough_for_many_lines(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "SETTLED_S", -60.0)

    async def test(store: Store, settings: Settings) -> None:
        await asked(store, settings)
        tenant, working = Tenant(), set[str]()
        meeting = asyncio.Event()

        async def together(step: str, tasks: Any) -> None:
            working.update(task.id for task in tasks)
            if len(working) == LINES:
                meeting.set()
            await asyncio.wait_for(meeting.wait(), 30)

        tenant.before = lambda step, tasks: together(step, tasks) if step == "examine" else None
        await tenant.provisioner().take_message(settings, message(0))

        assert len(await ended(store)) == LINES
        assert await store.operations.lines() == []

    in_deployment(storage_account, test)


def test_what_was_just_written_is_left_to_its_own_message(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helping, "SETTLED_S", 3600.0)

    async def test(store: Store, settings: Settings) -> None:
        await asked(store, settings)
        await Tenant().provisioner().take_message(settings, message(0))

        assert await ended(store) == {group(0)}

    in_deployment(storage_account, test)


def test_what_went_wrong_once_is_tried_alone(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "SETTLED_S", -60.0)

    async def test(store: Store, settings: Settings) -> None:
        await asked(store, settings)
        await Tenant().provisioner().take_message(settings, message(0), delivery=2)

        assert await ended(store) == {group(0)}

    in_deployment(storage_account, test)


def test_a_line_that_cannot_be_helped_disturbs_nobody(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helping, "SETTLED_S", -60.0)

    async def test(store: Store, settings: Settings) -> None:
        await asked(store, settings)
        async with store.lease(f"line-{line_name(group(3))}", patience=1):
            await Tenant().provisioner().take_message(settings, message(0))

        assert await ended(store) == {group(number) for number in range(LINES)} - {group(3)}

    in_deployment(storage_account, test)


def test_where_a_list_takes_long_it_is_asked_for_a_tenth_of_the_time(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, lists = [1_000.0], list[float]()

    async def listed(_store: Store) -> list[str]:
        lists.append(clock[0])
        clock[0] += 2.0
        return []

    monkeypatch.setattr(helping, "_due", listed)
    monkeypatch.setattr("connector.provisioning.working.helping.monotonic", lambda: clock[0])

    async def test(store: Store, _settings: Settings) -> None:
        hands = helping.Helping()
        for _ in range(40):
            await hands.others(store, "", _nothing)
            clock[0] += 1.0

    in_deployment(storage_account, test)
    assert lists == [1_000.0, 1_020.0, 1_040.0]


async def _nothing(_line: str) -> None:
    return
