"""Rounds that come before an operation's effect, meanwhile or afterwards neither repeat nor undo it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connector.incremental import round as round_module
from connector.incremental import tracking
from connector.incremental.operations import Journalled, Journalling
from connector.incremental.service import Follower, run_round
from connector.storage.records import Lane
from tests.support.effects import USER_ADMINISTRATOR, Worker, joined, left


def test_what_a_round_has_told_already_is_known(worker: Worker, crew: Any) -> None:
    group, user = crew
    since = worker.run(worker.in_force)
    worker.tenant.add_member(group, user)
    worker.round()

    done = worker.journal(joined(group, user), since=since)

    assert done.outcome is Journalling.KNOWN
    assert worker.untruths() == []


def test_what_somebody_else_has_undone_since_it_was_seen_is_not_brought_back(worker: Worker, crew: Any) -> None:
    """Its cursor has moved on: no later delta would tell that it is gone."""
    group, user = crew
    since = worker.run(worker.in_force)
    worker.tenant.add_member(group, user)
    seen = joined(group, user)
    worker.tenant.remove_member(group, user)
    worker.round()
    worker.tenant.update_user(user, {"department": "Elsewhere"})
    worker.round()

    done = worker.journal(seen, since=since)

    assert (done.outcome, done.settled) == (Journalling.STALE, False)
    assert worker.journal(left(group, user)).outcome is Journalling.KNOWN, "seen again, as it is now"
    assert worker.untruths() == []


def test_a_list_of_roles_that_was_put_in_force_since_is_younger(worker: Worker) -> None:
    user = worker.tenant.create_user("Rose")
    worker.round()
    since = worker.run(worker.in_force)
    worker.tenant.assign_role(user, USER_ADMINISTRATOR)
    seen = worker.roles_of(user)
    worker.tenant.remove_role_assignment(seen.rows["role_assignments"][0]["id"])
    worker.tenant.assign_role(worker.tenant.create_user("Somebody else"), USER_ADMINISTRATOR)
    worker.round()
    worker.round("role_assignments")

    assert worker.journal(seen, since=since).outcome is Journalling.STALE
    assert worker.untruths() == []


@pytest.mark.parametrize("granted", [True, False], ids=["granted", "revoked"])
def test_a_delta_that_was_read_before_takes_nothing_back(
    worker: Worker, crew: Any, monkeypatch: pytest.MonkeyPatch, granted: bool
) -> None:
    """The round has read what somebody else did; then operations do the opposite, and are in the journal first."""
    group, user = crew
    tenant, reading = worker.tenant, {True: joined(group, user), False: left(group, user)}
    tenant.add_member(group, user)
    worker.round()
    tenant.remove_member(group, user)
    if not granted:
        tenant.add_member(group, user)
    done: list[Journalled] = []
    real = tracking.read_deltas

    async def overtaken(*args: Any, **options: Any) -> Any:
        read = await real(*args, **options)
        for wanted in () if done else (False, True)[: 1 + granted]:
            if wanted:
                tenant.add_member(group, user)
            elif not granted:
                tenant.remove_member(group, user)
            done.append(await worker.journalled(reading[wanted]))
        return read

    monkeypatch.setattr(round_module, "read_deltas", overtaken)
    [report] = worker.round("groups")

    assert {one.outcome for one in done} == {Journalling.COMMITTED}
    assert report.segments == []
    assert [again.ask.kinds for again in report.again] == [{"groups"}], "nobody knows what is younger: it is read again"
    assert worker.untruths() == []
    assert worker.found_nothing()


def test_a_list_that_was_read_before_takes_nothing_back(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    user = worker.tenant.create_user("Rita")
    worker.round()
    done: list[Journalled] = []
    real = tracking.compare

    async def overtaken(*args: Any) -> Any:
        read = await real(*args)
        if not done:
            worker.tenant.assign_role(user, USER_ADMINISTRATOR)
            done.append(await worker.journalled(await worker.listed(user)))
        return read

    monkeypatch.setattr(round_module, "compare", overtaken)
    worker.round("role_assignments")

    assert done[0].outcome is Journalling.COMMITTED
    assert worker.untruths() == []


def test_many_workers_and_rounds_at_once_lose_nothing(worker: Worker) -> None:
    groups = [worker.tenant.create_group(f"Team {number}") for number in range(3)]
    users = [worker.tenant.create_user(f"Busy {number}") for number in range(2)]
    worker.round()

    async def operate(group: str, follower: Follower) -> list[Journalled]:
        done = []
        for user in users:
            since = await worker.in_force()
            worker.tenant.add_member(group, user)
            done.append(await worker.journalled(joined(group, user), since=since, follower=follower))
        return done

    async def rounds() -> None:
        for _ in range(2):
            await run_round(worker.settings, Lane.DIRECTORY, ["groups"], follower=worker.follower)

    async def everybody() -> list[Any]:
        other = Follower()
        try:
            work = [operate(group, (worker.follower, other)[number % 2]) for number, group in enumerate(groups)]
            return await asyncio.gather(*work, rounds())
        finally:
            await other.close()

    outcomes = [one.outcome for done in worker.run(everybody) for one in done or ()]

    assert len(outcomes) == 6
    assert Journalling.LEFT not in outcomes
    worker.round()
    assert worker.untruths() == []


def test_an_effect_on_what_has_been_deleted_since_is_dropped(worker: Worker, crew: Any) -> None:
    group, user = crew
    worker.tenant.delete_user(user)
    worker.round()

    assert worker.journal(joined(group, user)).outcome is Journalling.KNOWN
    assert worker.untruths() == []
