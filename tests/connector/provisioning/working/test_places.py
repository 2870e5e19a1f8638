"""Places in lines: taken before what stands there is written, waited for, and given up in the end."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.provisioning.asking.lines import KEPT_S
from connector.provisioning.asking.reviving import revive
from connector.provisioning.contract import Refused
from connector.provisioning.refusals import problem
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Status
from tests.support.dying import Dying, Killed
from tests.support.fake_kind import Tenant
from tests.support.operations import SOMEBODY, ask, everything, group, in_deployment, wanted

LINE = line_name(group())


@pytest.mark.parametrize("minutes", [0, 6], ids=["at once", "after it was given up"])
def test_what_is_named_and_not_there_yet_is_waited_for(storage_account: str, minutes: int) -> None:
    """Whoever accepts is slower than the worker whom somebody else's message has woken, or dies and is asked again later."""

    async def test(store: Store, settings: Settings) -> None:
        tenant, now = Tenant(), datetime.now(UTC)
        dying: Any = Dying(store.operations, store.operations.send, 4, after=False)  # count, key, line, and no bundle
        with suppress(Killed):
            await ask(dying, settings, wanted(), key="a", now=now)
        due = await tenant.provisioner().work_on(store, settings, LINE)
        assert due == now + timedelta(seconds=KEPT_S)

        tenant.later = timedelta(minutes=minutes)
        await tenant.provisioner().work_on(store, settings, LINE)
        assert (await store.operations.line(LINE) is None) is bool(minutes)
        await ask(store.operations, settings, wanted(), key="a", now=tenant.now())
        await tenant.provisioner().work_on(store, settings, LINE)
        (one,) = await everything(store)
        assert one.status is Status.SUCCEEDED
        assert await store.operations.line(LINE) is None

    in_deployment(storage_account, test)


def test_a_worker_does_not_take_the_place_of_what_is_being_revived(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        one = (await ask(store.operations, settings, wanted())).operations[0]
        tenant.answers["act", one.wanted.principal] = [Refused(problem("refused_by_graph", "No.", "Ask Microsoft."))]
        await tenant.provisioner().work_on(store, settings, LINE)

        class Overtaken:
            """Storage that is so slow that a worker comes between the place and what stands there."""

            def __getattr__(self, name: str) -> Any:
                return getattr(store.operations, name)

            async def replace_bundle(self, *given: Any) -> Any:
                await tenant.provisioner().work_on(store, settings, LINE)
                return await store.operations.replace_bundle(*given)

        slow: Any = Overtaken()
        await revive(slow, one.id, SOMEBODY, datetime.now(UTC))
        await tenant.provisioner().work_on(store, settings, LINE)
        (one,) = await everything(store)
        assert one.status is Status.SUCCEEDED

    in_deployment(storage_account, test)
