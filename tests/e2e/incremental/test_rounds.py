"""Rounds against the emulated tenant and real storage: what changes there is a line in the journal, and the state is the truth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.incremental.context import Report
from connector.incremental.service import wake_what_is_due
from connector.storage.names import CHANGES_QUEUE, POISON_SUFFIX
from connector.storage.records import Cause, Lane
from emulators.graph import Fault
from tests.support.following import TOLD, Process, encoded, wake

# --- each kind of change

CHANGES: dict[str, tuple[Callable[[Process], Any], set[str]]] = {
    "a user appears": (lambda one: one.tenant.create_user("Maria Nováková"), {"accounts"}),
    "a user moves": (lambda one: one.tenant.update_user(one.some("user"), {"department": "Space"}), {"accounts"}),
    "a manager changes": (lambda one: one.tenant.set_manager(one.some("user", 3), one.some("user", 4)), {"accounts"}),
    "a group appears": (lambda one: one.tenant.create_group("Explorers"), {"groups", "entitlements"}),
    "a member is added": (
        lambda one: one.tenant.add_member(one.tenant.create_group("Crew"), one.some("user", 5)),
        {"groups", "grants"},
    ),
    "an owner is added": (lambda one: one.tenant.add_owner(one.some("group", 1), one.some("user", 6)), {"grants"}),
    "a group is deleted": (lambda one: one.tenant.delete_group(one.some("group", -1)), {"groups", "grants"}),
    "an application appears": (lambda one: one.tenant.create_service_principal("Rover"), {"enterprise_applications"}),
    "an app role is assigned": (
        lambda one: one.tenant.assign_app_role(one.some("user", 7), one.tenant.create_service_principal("Dock")),
        {"grants"},
    ),
    "a role is assigned": (
        lambda one: one.tenant.assign_role(one.some("user", 9), "62e90394-69f5-4237-9190-012177145e10"),
        {"grants"},
    ),
    "a user is deleted": (lambda one: one.tenant.delete_user(one.some("user", 10)), {"accounts", "grants"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_journalled_once_and_the_state_is_the_truth(name: str, process: Process) -> None:
    change, tables = CHANGES[name]
    change(process)

    reports = process.round()

    assert tables <= {one.table for one in process.journal(reports)}
    assert [report.segments for report in process.round()] == [[], []], "what is known is not journalled again"
    assert process.untruths() == []


# --- many messages, few rounds


def test_one_round_takes_along_everything_that_is_queued_for_its_lane(process: Process) -> None:
    process.messages()
    user = process.tenant.create_user("Burst")
    process.send(*(wake("users", "groups") for _ in range(70)), wake(lane=Lane.APPLICATIONS))
    before = process.rounds()

    report = process.take(wake("users"))

    assert report is not None
    assert {"users", "groups"} <= set(report.followed), "what came along is looked at, too"
    assert user in {one.key[0] for one in process.journal([report]) if one.table == "accounts"}
    assert {one.cause for one in report.segments} == {Cause.NOTIFICATION}
    assert process.rounds().rounds == before.rounds + 1
    assert process.rounds().notified_at is not None
    assert [message["lane"] for message in process.messages()] == ["applications"], "nothing else is left, or lost"


def test_messages_that_come_while_a_round_runs_share_the_next(process: Process) -> None:
    before = process.rounds().rounds

    async def burst() -> list[Report | None]:
        takes = [process.follower.take_message(process.settings, encoded(wake("users")), delivery=1) for _ in range(25)]
        return await asyncio.gather(*takes)

    reports = process.run(burst())

    assert all(report is not None and "users" in report.followed for report in reports)
    assert process.rounds().rounds <= before + 2


def test_what_nobody_understands_is_put_aside(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    assert process.take('{"lane": "kitchen"}') is None
    assert process.messages(CHANGES_QUEUE + POISON_SUFFIX) == [{"lane": "kitchen"}]
    assert "message_put_aside" in caplog.text


def test_a_message_that_is_delivered_again_looks_at_everything(process: Process) -> None:
    """Its first delivery may have taken others along, and died: what they asked for is not known any more."""
    report = process.take(wake("users"), delivery=2)

    assert report is not None
    assert {"users", "groups", "servicePrincipals", "directoryRoles"} <= set(report.followed)


# --- what Graph and storage do


def test_what_graph_wants_to_be_asked_later_is_asked_later(process: Process) -> None:
    process.messages()
    process.tenant.create_user("Patience")
    process.deployment.graph.fail(Fault(path=r"/users/delta", status=429, retry_after=3, times=1))

    report = process.take(wake("users", "groups"), step_budget=1)

    assert report is not None
    assert report.followed == ("groups",)
    [again] = report.again
    assert (again.ask.kinds, again.after) == (frozenset({"users"}), 3)
    assert report.problems == {}
    process.round()
    assert process.untruths() == []


def test_a_timer_alone_keeps_the_picture_right(process: Process) -> None:
    """No subscription is known, so every tick asks for everything that has delta."""
    process.messages()
    process.tenant.create_user("Seen by the clock")

    lanes = process.run(wake_what_is_due(process.settings))
    [message] = [one for one in process.messages() if one["lane"] == "directory"]
    report = process.take(json.dumps(message))

    assert Lane.DIRECTORY in lanes
    assert report is not None
    assert {one.cause for one in report.segments} == {Cause.DELTA}
    assert process.untruths() == []


def test_others_are_told_of_every_segment(process: Process) -> None:
    process.take(wake("users"))
    while process.messages(TOLD):
        pass
    process.tenant.create_user("Told")

    report = process.take(wake("users"))

    assert report is not None
    [told] = process.messages(TOLD)
    [ref] = report.segments
    assert (told["first"], told["last"], told["cause"]) == (ref.first, ref.last, "notification")
    assert told["tables"]["accounts"] == {"added": 1, "removed": 0, "changed": 0}
