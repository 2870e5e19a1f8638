"""What only one may do at a time is waited for until it shows: whoever comes next must not count what is gone already."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.provisioning.contract import Later
from connector.provisioning.working import going
from connector.provisioning.working.limits import NOT_SEEN_AFTER_S
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Operation, Status
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

ALONE = "global-administrators"
ADA, BOB = person(1), person(2)


@pytest.fixture(autouse=True)
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going, "LOOKS_S", (0.0,))


async def work(tenant: Tenant, store: Store, settings: Settings, number: int) -> datetime | None:
    return await tenant.provisioner().work_on(store, settings, line_name(group(number)))


async def of(store: Store, principal: str) -> Operation:
    return next(one for one in await everything(store) if one.wanted.principal == principal)


def two_lines() -> Tenant:
    return Tenant(held={(group(1), ADA), (group(2), BOB)}, only_one=ALONE)


def test_nobody_goes_by_what_does_not_show_yet_whichever_line_it_is_in(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = two_lines()
        tenant.unseen[ADA] = 1
        await ask(store.operations, settings, wanted("revoke", group(1), ADA))
        await ask(store.operations, settings, wanted("revoke", group(2), BOB))
        due = await work(tenant, store, settings, 1)
        await work(tenant, store, settings, 2)
        assert [principal for _, _, principal in tenant.written] == [ADA]
        waits = await of(store, BOB)
        assert (waits.status, waits.intended, waits.attempts) == (Status.WAITING, False, 0)

        assert due is not None
        tenant.wait_until(due)
        await work(tenant, store, settings, 1)
        assert (await of(store, ADA)).status is Status.SUCCEEDED
        tenant.later += timedelta(minutes=1)
        await work(tenant, store, settings, 2)
        assert (await of(store, BOB)).status is Status.SUCCEEDED

    in_deployment(storage_account, test)


def test_what_never_shows_is_not_waited_for_for_ever(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = two_lines()
        tenant.unseen[ADA] = 1_000
        tenant.before = lambda step, _tasks: tenant.held.add((group(1), ADA)) if step == "examine" else None
        await ask(store.operations, settings, wanted("revoke", group(1), ADA))
        await ask(store.operations, settings, wanted("revoke", group(2), BOB))
        await work(tenant, store, settings, 1)
        tenant.later += timedelta(seconds=NOT_SEEN_AFTER_S + 1)
        await work(tenant, store, settings, 1)
        assert (await of(store, ADA)).status is Status.FAILED
        await work(tenant, store, settings, 2)
        assert (await of(store, BOB)).status is Status.SUCCEEDED

    in_deployment(storage_account, test)


def test_two_that_were_written_together_do_not_wait_for_each_other(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(held={(group(1), ADA), (group(1), BOB)}, only_one=ALONE, unseen={ADA: 1, BOB: 1})
        await ask(store.operations, settings, wanted("revoke", group(1), ADA), wanted("revoke", group(1), BOB))
        await work(tenant, store, settings, 1)
        for principal, wait in ((ADA, 60), (BOB, 0)):
            one = await of(store, principal)
            assert one.status is Status.WAITING
            tenant.answers["examine", principal] = [Later(wait, "Not now.")] if wait else []
        tenant.later += timedelta(seconds=30)
        await work(tenant, store, settings, 1)
        assert (await of(store, BOB)).status is Status.SUCCEEDED

    in_deployment(storage_account, test)
