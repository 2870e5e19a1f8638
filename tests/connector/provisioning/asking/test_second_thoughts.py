"""Operations read, listed, cancelled and tried again."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.provisioning.asking.reading import list_operations, read_operation
from connector.provisioning.asking.reviving import cancel, revive
from connector.provisioning.contract import Later, Refused
from connector.provisioning.errors import EndIsKept, NoSuchOperation, NotRevivable, TooLate
from connector.provisioning.refusals import problem
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import EventKind, Operation, Requester, Result, Status
from tests.support.dying import Dying, Killed
from tests.support.fake_kind import Tenant
from tests.support.operations import NOW, ask, everything, group, in_deployment, person, wanted

ANNA = Requester(kind="entra", id=person(9), name="anna@contoso.com")
NO = Refused(problem("refused_by_graph", "No.", "Ask Microsoft."))
UNKNOWN = ["", "..", "20261123T073849123456Z-1a2b3c4d-0001-001", "20261123T073849123456Z-1a2b3c4d-0001", "a/b"]


async def work(tenant: Tenant, store: Store, settings: Settings) -> None:
    await tenant.provisioner().work_on(store, settings, line_name(group()))


async def ids(store: Store, **options: Any) -> list[str]:
    asked: dict[str, Any] = {"statuses": (), "principal": "", "after": "", "limit": 100} | options
    page = await list_operations(store.operations, **asked)
    return [one.id for one in page.operations]


async def again(store: Store, one: Operation) -> Operation:
    found = await read_operation(store.operations, one.id)
    assert found is not None
    return found


def test_an_operation_is_read_by_its_id(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        accepted = await ask(store.operations, settings, wanted(), wanted(principal=person(2)))

        for one in accepted.operations:
            assert await read_operation(store.operations, one.id) == one
        for id_ in UNKNOWN:
            assert await read_operation(store.operations, id_) is None

    in_deployment(storage_account, test)


def test_a_list_has_the_newest_first_page_by_page(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        expected = []
        for day in range(4):
            asked = [wanted(principal=person(number)) for number in (1, 2, 3)]
            accepted = await ask(store.operations, settings, *asked, now=NOW + timedelta(days=day))
            expected += [one.id for one in accepted.operations]
        expected.reverse()
        assert await ids(store) == expected

        found: list[str] = []
        after = ""
        while True:
            page = await list_operations(store.operations, statuses=(), principal="", after=after, limit=5)
            found += [one.id for one in page.operations]
            after = page.next
            if not after:
                break
        assert found == expected
        assert await ids(store, after=expected[3]) == expected[4:]

    in_deployment(storage_account, test)


def test_a_list_has_what_is_wanted(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant(names={"Anna@contoso.com": person(1)})
        tenant.answers["act", person(2)] = [NO]
        asked = (
            wanted(principal="Anna@contoso.com"),
            wanted(principal=person(2)),
            wanted("revoke", principal=person(1)),
        )
        accepted = [one.id for one in (await ask(store.operations, settings, *asked)).operations]
        await work(tenant, store, settings)

        assert await ids(store, statuses=[Status.FAILED]) == [accepted[1]]
        assert await ids(store, statuses=[Status.FAILED, Status.SUCCEEDED]) == accepted[::-1]
        assert await ids(store, principal="anna@CONTOSO.com") == [accepted[0]]
        assert await ids(store, principal=person(1).upper()) == [accepted[2], accepted[0]]
        assert await ids(store, statuses=[Status.RUNNING]) == []

    in_deployment(storage_account, test)


def test_a_page_is_short_rather_than_slow(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.provisioning.asking.reading._MOST_BUNDLES", 2)
    monkeypatch.setattr("connector.provisioning.asking.reading._AT_ONCE", 2)

    async def test(store: Store, settings: Settings) -> None:
        accepted = [
            (await ask(store.operations, settings, wanted(principal=person(number)), now=NOW + timedelta(hours=number)))
            for number in range(4)
        ]
        first = await list_operations(store.operations, statuses=(), principal=person(0), after="", limit=5)
        assert first.operations == ()
        second = await list_operations(store.operations, statuses=(), principal=person(0), after=first.next, limit=5)
        assert second.operations == accepted[0].operations

    in_deployment(storage_account, test)


def test_what_nobody_has_begun_is_cancelled(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        accepted = await ask(store.operations, settings, wanted(), wanted(principal=person(2)))
        first = accepted.operations[0]
        cancelled = await cancel(store.operations, first.id, ANNA, NOW)
        assert cancelled.status is Status.CANCELLED
        assert cancelled.events[-1].said == "Cancelled by a caller (anna@contoso.com)."
        assert cancelled.events[-1].facts == {"requester": "entra", "requester_id": ANNA.id}
        assert await cancel(store.operations, first.id, ANNA, NOW) == cancelled
        await work(tenant, store, settings)

        assert [one.status for one in await everything(store)] == [Status.CANCELLED, Status.SUCCEEDED]
        assert tenant.written == [("grant", group(), person(2))]
        assert f"{first.id} cancelled" in tenant.audited
        assert await store.operations.line(line_name(group())) is None

    in_deployment(storage_account, test)


def test_what_may_have_been_written_can_no_longer_be_cancelled(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        tenant.answers["act", person(1)] = [Later(3600, "Graph is busy.")]
        tenant.answers["examine", person(2)] = [Later(3600, "Graph is busy.")]
        asked = [wanted(principal=person(number)) for number in (1, 2, 3)]
        accepted = await ask(store.operations, settings, *asked)
        await work(tenant, store, settings)

        for number in (0, 2):
            with pytest.raises(TooLate):
                await cancel(store.operations, accepted.operations[number].id, ANNA, NOW)
        assert (await cancel(store.operations, accepted.operations[1].id, ANNA, NOW)).status is Status.CANCELLED
        for id_ in UNKNOWN:
            with pytest.raises(NoSuchOperation):
                await cancel(store.operations, id_, ANNA, NOW)

    in_deployment(storage_account, test)


def test_an_end_that_the_connector_carries_out_cannot_be_cancelled(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant, end = Tenant(), datetime.now(UTC) + timedelta(minutes=1)
        await ask(store.operations, settings, wanted(expires_at=end))
        await work(tenant, store, settings)
        tenant.wait_until(end)
        tenant.answers["examine", person()] = [Later(0.1, "Graph is busy.")]
        await work(tenant, store, settings)
        (revoke,) = [one for one in await everything(store) if one.by]
        assert revoke.status is Status.WAITING

        with pytest.raises(EndIsKept):
            await cancel(store.operations, revoke.id, ANNA, NOW)
        tenant.wait_until(end + timedelta(minutes=1))
        await work(tenant, store, settings)
        assert (await again(store, revoke)).result is Result.REVOKED
        with pytest.raises(TooLate) as late:
            await cancel(store.operations, revoke.id, ANNA, NOW)
        assert not isinstance(late.value, EndIsKept)

    in_deployment(storage_account, test)


def test_who_cancels_while_a_worker_decides_is_obeyed(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        accepted = await ask(store.operations, settings, wanted(), wanted(principal=person(2)))

        async def cancelling() -> None:
            await cancel(store.operations, accepted.operations[0].id, ANNA, NOW)

        tenant.before = lambda step, tasks: cancelling() if step == "examine" and len(tasks) == 2 else None
        await work(tenant, store, settings)

        assert [one.status for one in await everything(store)] == [Status.CANCELLED, Status.SUCCEEDED]
        assert tenant.written == [("grant", group(), person(2))]

    in_deployment(storage_account, test)


def test_what_has_failed_is_tried_again_at_the_end_of_its_line(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        tenant.answers["act", person(1)] = [NO]
        tenant.answers["examine", person(2)] = [Later(0.1, "Graph is busy.")]
        asked = (wanted(principal=person(1)), wanted(principal=person(2)))
        failed = (await ask(store.operations, settings, *asked)).operations[0]
        await work(tenant, store, settings)
        assert (await again(store, failed)).status is Status.FAILED

        await ask(store.operations, settings, wanted("revoke", principal=person(1)))  # in front of it now
        revived = await revive(store.operations, failed.id, ANNA, NOW)
        assert (revived.status, revived.problem, revived.ended_at) == (Status.ACCEPTED, None, None)
        assert revived.events[-1].facts == {"requester": "entra", "requester_id": ANNA.id}
        tenant.held.add((group(), person(1)))
        await work(tenant, store, settings)
        one = await again(store, failed)

        assert one.status is Status.SUCCEEDED
        assert [action for action, _, principal in tenant.written if principal == person(1)] == ["revoke", "grant"]
        assert EventKind.REVIVED in [event.kind for event in one.events]
        assert [event.kind for event in one.events].count(EventKind.ENDED) == 2

    in_deployment(storage_account, test)


@pytest.mark.parametrize("after", [False, True])
def test_a_revival_that_dies_leaves_nothing_that_is_stuck(storage_account: str, after: bool) -> None:
    async def test(store: Store, settings: Settings) -> None:
        for at in (1, 2, 3):
            tenant = Tenant()
            tenant.answers["act", person()] = [NO]
            failed = (await ask(store.operations, settings, wanted())).operations[0]
            await work(tenant, store, settings)
            dying: Any = Dying(store.operations, store.operations.send, at, after=after)
            with suppress(Killed):
                await revive(dying, failed.id, ANNA, NOW)
            await work(tenant, store, settings)
            one = await again(store, failed)
            assert one.status in (Status.FAILED, Status.SUCCEEDED)
            if one.status is Status.FAILED:
                await revive(store.operations, failed.id, ANNA, NOW)
                await work(tenant, store, settings)
                assert (await again(store, failed)).status is Status.SUCCEEDED

    in_deployment(storage_account, test)


def test_what_is_open_or_has_succeeded_cannot_be_tried_again(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        one = (await ask(store.operations, settings, wanted())).operations[0]
        with pytest.raises(NotRevivable):
            await revive(store.operations, one.id, ANNA, NOW)
        await work(Tenant(), store, settings)
        with pytest.raises(NotRevivable):
            await revive(store.operations, one.id, ANNA, NOW)
        for id_ in UNKNOWN:
            with pytest.raises(NoSuchOperation):
                await revive(store.operations, id_, ANNA, NOW)

    in_deployment(storage_account, test)
