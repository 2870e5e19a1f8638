"""Working on lines: order, claims, intents, looking, waiting, and what follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import pytest

from connector.graph.errors import GraphUnreachable, Throttled
from connector.provisioning.contract import Later, Refused, Task
from connector.provisioning.refusals import problem
from connector.provisioning.working import limits
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import EventKind, LineMessage, Operation, Result, Status
from tests.support.fake_kind import Done, Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

Work = Callable[[Store, Settings, Tenant], Awaitable[None]]
DRY = True


def on(storage: str, test: Work, **more: str) -> None:
    """Run ``test`` in a new deployment, with a new tenant."""

    async def main(store: Store, settings: Settings) -> None:
        await test(store, settings, Tenant())

    in_deployment(storage, main, **more)


async def work(tenant: Tenant, settings: Settings, number: int = 1) -> None:
    """Have a new process take the message of a line."""
    await tenant.provisioner().take_message(settings, message(number))


def message(number: int = 1) -> str:
    return f'{{"line":"{line_name(group(number))}"}}'


def kinds(one: Operation) -> list[str]:
    return [event.kind.value for event in one.events]


async def only(store: Store) -> Operation:
    (one,) = await everything(store)
    return one


def test_a_grant_is_decided_written_seen_and_journalled(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        await ask(store.operations, settings, wanted(principal="anna@contoso.com"))
        tenant.names["anna@contoso.com"] = person()
        await work(tenant, settings)
        one = await only(store)

        assert (one.status, one.result, one.problem) == (Status.SUCCEEDED, Result.GRANTED, None)
        assert (one.principal_id, one.principal_kind, one.principal_name) == (person(), "account", "anna@contoso.com")
        assert kinds(one) == [
            "accepted", "started", "decided", "intended", "written", "verified", "ended", "journalled",
        ]  # fmt: skip
        written = one.events[4]
        assert written.facts == {"method": "POST", "path": f"/{person()}", "status": 204, "request_id": "r-1"}
        assert tenant.written == [("grant", group(), person())]
        assert tenant.effects == [(one.id,)]
        assert tenant.audited == [f"{one.id} {kind}" for kind in kinds(one)]
        assert await store.operations.line(line_name(group())) is None

    on(storage_account, test)


def test_what_is_so_already_is_a_success_that_says_so(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.held.add((group(), person(1)))
        asked = (wanted(principal=person(1)), wanted("revoke", principal=person(2)))
        await ask(store.operations, settings, *asked)
        await work(tenant, settings)

        assert [one.result for one in await everything(store)] == [Result.ALREADY_GRANTED, Result.ALREADY_REVOKED]
        assert tenant.written == []

    on(storage_account, test)


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.held.add((group(), person(2)))
        asked = [wanted(principal=person(number), dry_run=DRY) for number in (1, 2)]
        await ask(store.operations, settings, *asked, wanted("revoke", principal=person(2)), wanted())
        tenant.refuses.add(person(1))
        await work(tenant, settings)
        found = await everything(store)

        assert [(one.status, one.result) for one in found] == [
            (Status.REFUSED, None),
            (Status.SUCCEEDED, Result.ALREADY_GRANTED),
            (Status.SUCCEEDED, Result.REVOKED),
            (Status.REFUSED, None),
        ]
        assert tenant.written == [("revoke", group(), person(2))]
        assert tenant.effects == [(found[2].id,)]

    on(storage_account, test)


def test_a_dry_run_would_grant_and_would_revoke(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.held.add((group(), person(2)))
        asked = (wanted(dry_run=DRY), wanted("revoke", principal=person(2), dry_run=DRY))
        await ask(store.operations, settings, *asked)
        await work(tenant, settings)

        assert [one.result for one in await everything(store)] == [Result.WOULD_GRANT, Result.WOULD_REVOKE]
        assert tenant.written == []

    on(storage_account, test)


def test_one_pair_goes_in_the_order_in_which_it_was_accepted_by_whatever_name(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.names["anna@contoso.com"] = person()
        await ask(
            store.operations, settings, wanted(principal=person()), wanted("revoke", principal="anna@contoso.com")
        )
        await ask(store.operations, settings, wanted(principal="anna@contoso.com"), wanted(principal=person(2)))
        await work(tenant, settings)

        mine = [action for action, _, principal in tenant.written if principal == person()]
        assert mine == ["grant", "revoke", "grant"]
        assert {one.status for one in await everything(store)} == {Status.SUCCEEDED}

    on(storage_account, test)


def test_who_waits_is_not_passed_by_the_same_pair_and_holds_up_nobody_else(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.answers["act", person(1)] = [Later(3600, "Graph is busy.")]
        asked = (wanted(), wanted("revoke"), wanted(principal=person(2)))
        await ask(store.operations, settings, *asked)
        await work(tenant, settings)
        found = await everything(store)

        assert [one.status for one in found] == [Status.WAITING, Status.ACCEPTED, Status.SUCCEEDED]
        line = await store.operations.line(line_name(group()))
        assert line is not None
        assert line.record.due == found[0].not_before
        (listed,) = await store.operations.lines()
        assert listed.due == found[0].not_before

    on(storage_account, test)


def test_a_refusal_is_final_and_does_nothing(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.refuses.add(person(1))
        tenant.nobody.add(person(2))
        await ask(store.operations, settings, wanted(), wanted(principal=person(2)))
        await work(tenant, settings)
        found = await everything(store)

        assert [(one.status, one.problem.code) for one in found if one.problem] == [
            (Status.REFUSED, "nesting_not_allowed"),
            (Status.REFUSED, "principal_not_found"),
        ]
        assert not tenant.written
        assert await store.operations.line(line_name(group())) is None

    on(storage_account, test)


def test_what_graph_refuses_has_failed(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        why = problem("refused_by_graph", "No.", "Ask Microsoft.", graph_code="Request_BadRequest", request_id="r-9")
        tenant.answers["act", person()] = [Refused(why)]
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert (one.status, one.problem) == (Status.FAILED, why)
        assert one.events[-1].facts["request_id"] == "r-9"

    on(storage_account, test)


def test_the_policy_is_asked(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert one.problem is not None
        assert (one.status, one.problem.code) == (Status.REFUSED, "protected_principal")
        assert not tenant.written

    on(storage_account, test, BREAK_GLASS_ACCOUNTS=person())


def test_an_effect_that_shows_late_is_waited_for(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.provisioning.working.going.LOOKS_S", (0.0, 0.0, 0.0))

    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.unseen = {person(1): 2, person(2): 3}
        await ask(store.operations, settings, wanted(), wanted(principal=person(2)))
        await work(tenant, settings)
        found = await everything(store)

        assert [one.status for one in found] == [Status.SUCCEEDED, Status.WAITING]
        assert found[1].events[-1].kind is EventKind.POSTPONED
        assert found[1].intended

    on(storage_account, test)


def test_what_was_intended_and_is_found_done_is_our_doing(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.provisioning.working.going.LOOKS_S", (0.0,))
    monkeypatch.setattr("connector.provisioning.working.going.back_off", lambda _: 0.0)

    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.unseen = {person(1): 1}
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert (one.status, one.result) == (Status.SUCCEEDED, Result.GRANTED)
        assert len(tenant.written) == 1

    on(storage_account, test)


def test_an_effect_that_never_shows_has_failed_in_the_end(
    storage_account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.provisioning.working.going.LOOKS_S", (0.0,))
    monkeypatch.setattr("connector.provisioning.working.going.NOT_SEEN_AFTER_S", 0.0)

    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.unseen = {person(1): 1}
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert one.problem is not None
        assert (one.status, one.problem.code) == (Status.FAILED, "not_seen")

    on(storage_account, test)


@pytest.mark.parametrize("step", ["resolve", "examine", "act", "look"])
def test_throttling_is_waited_for_as_told_and_is_nobodys_fault(storage_account: str, step: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        def throttle(at: str, _tasks: Sequence[Task]) -> None:
            if at == step:
                raise Throttled(120)

        tenant.before = throttle
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert (one.status, one.attempts) == (Status.WAITING, 0)
        assert one.not_before is not None
        assert one.not_before - one.events[-1].at == timedelta(seconds=120)
        assert one.intended is (step in ("act", "look"))

    on(storage_account, test)


@pytest.mark.parametrize("step", ["resolve", "examine", "act"])
def test_what_fails_for_a_moment_is_tried_again_and_given_up_in_the_end(
    storage_account: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr("connector.provisioning.working.going.back_off", lambda _: 0.0)

    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        def fail(at: str, _tasks: Sequence[Task]) -> None:
            if at == step:
                raise GraphUnreachable("graph.microsoft.com", "no route")

        tenant.before = fail
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert one.problem is not None
        assert (one.status, one.problem.code, one.attempts) == (Status.FAILED, "gave_up", limits.MOST_ATTEMPTS)
        assert "no route" in one.problem.sentence

    on(storage_account, test)


def test_a_journal_that_is_stale_has_the_effect_looked_for_again(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.journalling = [Done(settled=False), Done(settled=False)]
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)

        assert (await only(store)).journalled
        assert len(tenant.effects) == 1

    on(storage_account, test)


def test_success_does_not_wait_for_the_journal_and_the_line_does(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.journalling = [Done(settled=False)] * 3
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)
        assert (one.status, one.journalled) == (Status.SUCCEEDED, False)
        assert await store.operations.line(line_name(group())) is not None

        await work(tenant, settings)
        assert (await only(store)).journalled
        assert await store.operations.line(line_name(group())) is None

    on(storage_account, test)


def test_a_storage_that_fails_leaves_everything_to_the_next_delivery(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        from connector.storage.errors import StorageUnreachable

        tenant.journalling = [StorageUnreachable("here")]
        await ask(store.operations, settings, wanted())
        with pytest.raises(StorageUnreachable):
            await work(tenant, settings)
        await work(tenant, settings)
        one = await only(store)

        assert (one.status, one.journalled) == (Status.SUCCEEDED, True)
        assert len(tenant.written) == 1

    on(storage_account, test)


def test_nothing_is_done_while_provisioning_is_off(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        from tests.support.operations import settings_of

        await ask(store.operations, settings, wanted())
        await work(tenant, settings_of(storage_account, PROVISIONING_ENABLED="false"))

        assert (await only(store)).status is Status.ACCEPTED
        await work(tenant, settings)
        assert (await only(store)).status is Status.SUCCEEDED

    on(storage_account, test)


def test_a_line_of_which_nothing_is_known_is_nothing(storage_account: str) -> None:
    async def test(_store: Store, settings: Settings, tenant: Tenant) -> None:
        await work(tenant, settings)
        await tenant.provisioner().take_message(settings, message(7))

    on(storage_account, test)


def test_messages_of_lines_are_what_is_sent(storage_account: str) -> None:
    assert LineMessage(line=line_name(group())).line in message()


def test_waiting_for_long_is_said_once(storage_account: str) -> None:
    """What Graph carries out in its own time is asked about again and again; the record does not grow with it."""

    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.answers["examine", person()] = [Later(0, "It is being carried out.")] * 50
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)
        one = await only(store)

        assert one.status is Status.SUCCEEDED
        assert kinds(one).count("postponed") == kinds(one).count("started") == 1

    on(storage_account, test)


def test_what_the_kind_wants_to_be_kept_is_kept(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        tenant.answers["examine", person()] = [Later(0, "Wait.", {"request": "1"}), Later(0, "Wait.", {"more": 2})]
        kept: list[Mapping[str, object]] = []
        tenant.before = lambda step, tasks: kept.append(tasks[0].state) if step == "examine" else None
        await ask(store.operations, settings, wanted())
        await work(tenant, settings)

        assert kept == [{}, {"request": "1"}, {"request": "1", "more": 2}]

    on(storage_account, test)


def test_many_go_together(storage_account: str) -> None:
    async def test(store: Store, settings: Settings, tenant: Tenant) -> None:
        steps: list[tuple[str, int]] = []
        tenant.before = lambda step, tasks: steps.append((step, len(tasks))) if tasks else None
        await ask(store.operations, settings, *(wanted(principal=person(number)) for number in range(250)))
        await work(tenant, settings)

        assert steps == [("examine", 250), ("act", 250), ("look", 250)]
        assert len(tenant.effects) == 1

    on(storage_account, test)
