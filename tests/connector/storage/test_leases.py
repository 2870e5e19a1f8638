"""Leases on real storage: one holder at a time, and a holder that lost its lease is told before it commits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from azure.storage.blob.aio import BlobLeaseClient, BlobServiceClient

from connector.settings import Settings
from connector.storage.blobs import Blobs
from connector.storage.errors import ContainerMissing
from connector.storage.leases import LeaseHeld, LeaseLost, hold_lease
from connector.storage.store import open_store
from tests.support.snapshots import environment

PATIENCE = 20  # seconds, for what takes milliseconds


@dataclass
class Account:
    """A storage account, as an operator sees it."""

    service: BlobServiceClient
    container: str = "entra"

    @property
    def blobs(self) -> Blobs:
        return Blobs(self.service, self.container)

    def hold(self, **options: Any) -> Any:
        return hold_lease(self.blobs, "leases/directory", "directory", **options)

    async def break_lease(self) -> None:
        blob = self.service.get_blob_client(self.container, "leases/directory")
        await BlobLeaseClient(blob).break_lease(lease_break_period=0)


def on(storage: str, test: Callable[[Account], Awaitable[None]], *, container: bool = True) -> None:
    async def main() -> None:
        async with BlobServiceClient.from_connection_string(storage) as service:
            if container:
                await service.create_container("entra")
            await test(Account(service))

    asyncio.run(main())


def test_one_at_a_time_and_the_next_as_soon_as_it_is_given_back(storage_account: str) -> None:
    async def test(account: Account) -> None:
        async with account.hold() as lease:
            lease.check()
            with pytest.raises(LeaseHeld) as refused:
                async with account.hold():
                    pytest.fail("two held it")
            assert refused.value.transient
        async with account.hold() as next_one:
            next_one.check()
        with pytest.raises(LeaseLost):
            lease.check()

    on(storage_account, test)


def test_it_is_given_back_when_its_holder_fails(storage_account: str) -> None:
    async def test(account: Account) -> None:
        with pytest.raises(ZeroDivisionError):
            async with account.hold():
                raise ZeroDivisionError
        async with account.hold() as lease:
            lease.check()

    on(storage_account, test)


def test_many_who_come_first_together_get_it_one_after_another(storage_account: str) -> None:
    """The blob is missing: all try to make it, one gets the lease, the patient ones follow."""
    inside: list[int] = []

    async def test(account: Account) -> None:
        async def work(number: int) -> None:
            async with account.hold(patience=PATIENCE) as lease:
                inside.append(number)
                await asyncio.sleep(0)
                lease.check()
                assert inside[-1] == number, "two held it"

        await asyncio.gather(*(work(number) for number in range(4)))
        assert sorted(inside) == [0, 1, 2, 3]

    on(storage_account, test)


def test_a_holder_that_stalls_is_told_although_no_renewal_failed(storage_account: str) -> None:
    """The machine was asleep: by the clock the lease has run out, so the holder must not go on, whatever storage says."""
    now = 1000.0

    async def test(account: Account) -> None:
        nonlocal now
        async with account.hold(clock=lambda: now) as lease:
            now += 54
            lease.check()
            now += 2
            with pytest.raises(LeaseLost):
                lease.check()

    on(storage_account, test)


def test_it_is_renewed_in_the_background(storage_account: str) -> None:
    now = 1000.0

    async def test(account: Account) -> None:
        nonlocal now
        async with account.hold(clock=lambda: now, renew_every=0.01) as lease:
            for _ in range(3):
                now += 56  # beyond what the renewal before allows
                await until(lambda: not lost(lease))

    on(storage_account, test)


def test_a_lease_that_was_broken_and_taken_is_lost_for_good(storage_account: str) -> None:
    async def test(account: Account) -> None:
        async with account.hold(renew_every=0.05) as lease:
            await account.break_lease()
            async with account.hold() as taken:
                await until(lambda: lost(lease))
                taken.check()
            assert lost(lease)
        async with account.hold() as again:
            again.check()

    on(storage_account, test)


def test_leaving_with_a_lost_lease_does_not_end_somebody_elses(storage_account: str) -> None:
    async def test(account: Account) -> None:
        async with account.hold():
            await account.break_lease()
            thief = account.hold()
            await thief.__aenter__()
        with pytest.raises(LeaseHeld):
            async with account.hold():
                pytest.fail("it was taken from its holder")
        await thief.__aexit__(None, None, None)

    on(storage_account, test)


def test_storage_that_cannot_be_used_is_said_plainly(storage_account: str) -> None:
    async def test(account: Account) -> None:
        with pytest.raises(ContainerMissing):
            async with account.hold():
                pytest.fail("there is nothing to lease")

    on(storage_account, test, container=False)


def test_leases_of_the_store_are_apart_by_name(storage_account: str) -> None:
    async def test(_: Account) -> None:
        async with (
            open_store(Settings.load(environment(storage_account))) as store,
            store.lease("directory") as one,
            store.lease("applications") as other,
        ):
            one.check()
            other.check()

    on(storage_account, test)


async def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def lost(lease: Any) -> bool:
    try:
        lease.check()
    except LeaseLost:
        return True
    return False
