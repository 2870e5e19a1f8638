"""What was intended and has waited for long: patience and the policy count from what was really written."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from connector.provisioning.contract import Later
from connector.provisioning.working import going
from connector.provisioning.working.limits import NOT_SEEN_AFTER_S
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Result, Status
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

THROTTLED = Later(NOT_SEEN_AFTER_S + 60, "Graph asks to be asked again later.")


@pytest.fixture(autouse=True)
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going, "LOOKS_S", (0.0,))


async def work(tenant: Tenant, store: Store, settings: Settings) -> datetime:
    due = await tenant.provisioner().work_on(store, settings, line_name(group()))
    tenant.wait_until(due or tenant.now())
    return tenant.now()


async def protect(store: Store, principal: str) -> None:
    policy = {"principals": {"protected": {principal: "Since a moment ago"}}}
    await store._blobs.write(store._names.policy, msgspec.json.encode(policy))


def test_what_was_throttled_for_long_is_still_waited_for_once_it_is_written(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(answers={("act", person()): [THROTTLED]}, unseen={person(): 1})
        await ask(store.operations, settings, wanted())
        await work(tenant, store, settings)
        await work(tenant, store, settings)
        (one,) = await everything(store)
        assert one.status is Status.WAITING
        await work(tenant, store, settings)
        (one,) = await everything(store)
        assert (one.status, one.result) == (Status.SUCCEEDED, Result.GRANTED)

    in_deployment(storage_account, test)


def test_what_the_policy_protects_meanwhile_is_not_written_any_more(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(answers={("act", person()): [THROTTLED]})
        await ask(store.operations, settings, wanted())
        await work(tenant, store, settings)
        await protect(store, person())
        await work(tenant, store, settings)
        (one,) = await everything(store)
        assert not tenant.written
        assert one.status is Status.FAILED
        assert one.problem is not None
        assert one.problem.code == "protected_by_policy"

    in_deployment(storage_account, test)


def test_what_was_written_before_it_was_protected_has_succeeded(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(unseen={person(): 1})
        await ask(store.operations, settings, wanted())
        await work(tenant, store, settings)
        await protect(store, person())
        await work(tenant, store, settings)
        (one,) = await everything(store)
        assert len(tenant.written) == 1
        assert (one.status, one.result) == (Status.SUCCEEDED, Result.GRANTED)

    in_deployment(storage_account, test)
