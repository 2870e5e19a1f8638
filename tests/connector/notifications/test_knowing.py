"""What is known of subscriptions is read seldom, and soon enough."""

from __future__ import annotations

import asyncio

import pytest

from connector.notifications import knowing
from connector.notifications.knowing import Knowledge, Unavailable
from connector.notifications.verifying import Known
from connector.storage.errors import StorageUnreachable


class Storage:
    def __init__(self):
        self.reads = 0
        self.now = 100.0
        self.error = None
        self.gate = None

    async def read(self):
        self.reads += 1
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        return Known({str(self.reads): ("", "users")}, ())

    def knowledge(self):
        return Knowledge(self.read, lambda: self.now)


def test_a_minute_is_served_by_one_reading():
    async def run():
        storage = Storage()
        knowledge = storage.knowledge()
        for _ in range(100):
            await knowledge.get()
            storage.now += 0.5
        return storage.reads

    assert asyncio.run(run()) == 1


def test_forged_ids_do_not_make_it_read_all_the_time():
    async def run():
        storage = Storage()
        knowledge = storage.knowledge()
        for _ in range(1000):
            await knowledge.look_again()
            storage.now += 0.01
        return storage.reads

    assert asyncio.run(run()) <= 3


def test_a_crowd_waits_for_one_reading():
    async def run():
        storage = Storage()
        storage.gate = asyncio.Event()
        knowledge = storage.knowledge()
        crowd = [asyncio.create_task(knowledge.get()) for _ in range(50)]
        await asyncio.sleep(0)
        storage.gate.set()
        await asyncio.gather(*crowd)
        return storage.reads

    assert asyncio.run(run()) == 1


def test_while_storage_fails_what_was_known_goes_on_to_hold():
    async def run():
        storage = Storage()
        knowledge = storage.knowledge()
        known = await knowledge.get()
        storage.error = StorageUnreachable("host")
        storage.now += 3600
        assert await knowledge.get() is known
        storage.error, storage.now = None, storage.now + 3600
        assert await knowledge.get() is not known

    asyncio.run(run())


def test_nothing_is_judged_before_it_was_ever_read():
    async def run():
        storage = Storage()
        storage.error = StorageUnreachable("host")
        knowledge = storage.knowledge()
        with pytest.raises(Unavailable):
            await knowledge.get()
        storage.error = None
        await knowledge.get()

    asyncio.run(run())


def test_a_first_reading_that_takes_long_is_used_when_it_comes(monkeypatch):
    monkeypatch.setattr(knowing, "_PATIENCE", 0.01)

    async def run():
        storage = Storage()
        storage.gate = asyncio.Event()
        knowledge = storage.knowledge()
        for _ in range(3):
            with pytest.raises(Unavailable):
                await knowledge.get()
        storage.gate.set()
        await asyncio.sleep(0)
        await knowledge.get()
        return storage.reads

    assert asyncio.run(run()) == 1
