"""Directory roles when answers get lost, processes die, others are faster, and Graph takes its time: nothing is asked for twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.provisioning.contract import Already, Later, Refused, Sent
from connector.storage.records.operations import Result
from emulators.graph import Variants
from emulators.graph.service.faults import Fault
from tests.support.roles import READER, RolesAtWork

ASSIGNMENTS = r"roleManagement/directory/roleAssignments$"
ONE_ASSIGNMENT = r"roleManagement/directory/roleAssignments/[^/]+$"
REQUESTS = r"roleManagement/directory/role(Assignment|Eligibility)ScheduleRequests$"
BOTH = pytest.mark.parametrize("slug", ["assigned", "eligible"])


@BOTH
@pytest.mark.parametrize("action", ["grant", "revoke"])
def test_a_request_that_takes_its_time_is_waited_for_and_not_repeated(roles, slug, action):
    ada = roles.user()
    if action == "revoke":
        roles.do(roles.grant(ada, slug=slug, expires_at=roles.within(days=1)))
    roles.emulator.variants = Variants(pim_provisioning_seconds=30)
    task = roles.task(action, ada, slug=slug, expires_at=roles.within(days=3) if action == "grant" else None)
    before = requests_of(roles, ada)
    ended = roles.do(task, rounds=30)
    assert ended.result in (Result.GRANTED, Result.REVOKED)
    waits = [one for one in ended.went if isinstance(one, Later)]
    assert not any(one.counts for one in waits)
    assert all(one.state["request_id"] for one in waits)
    assert requests_of(roles, ada) == before + 1


def requests_of(roles, principal):
    [(count,)] = roles.tenant.db.execute(
        "SELECT count(*) FROM role_schedule_requests WHERE principal_id = ?", (principal.id,)
    )
    return count


@BOTH
@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("seconds", [0, 20])
def test_a_lost_answer_makes_no_second_request(roles, slug, drop, seconds):
    ada = roles.user()
    roles.emulator.variants = Variants(pim_provisioning_seconds=seconds)
    roles.emulator.fail(Fault(method="POST", path=REQUESTS, drop=drop))
    ended = roles.do(roles.grant(ada, slug=slug, expires_at=roles.within(days=3)), rounds=30)
    assert ended.result is Result.GRANTED
    assert (len(roles.held(ada)), requests_of(roles, ada)) == (1, 1)


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_makes_no_second_assignment(roles, drop):
    ada = roles.user()
    roles.emulator.fail(Fault(method="POST", path=ASSIGNMENTS, drop=drop))
    assert roles.do(roles.grant(ada)).result is Result.GRANTED
    assert roles.held(ada) == {("assigned", "/", None)}
    roles.emulator.fail(Fault(method="DELETE", path=ONE_ASSIGNMENT, drop=drop))
    revoked = roles.do(roles.revoke(ada))
    assert (revoked.result, roles.held(ada)) == (Result.REVOKED, set())
    assert len(revoked.reading.gone["role_assignments"]) == 1


@BOTH
def test_after_a_crash_between_sending_and_answer_the_own_request_is_found(roles, slug):
    ada = roles.user()
    roles.emulator.variants = Variants(pim_provisioning_seconds=60)
    task = roles.grant(ada, slug=slug, expires_at=roles.within(days=3))
    [planned] = roles.examine(task)
    roles.act(task, planned)  # and the process dies before anybody knows
    intended = replace(task, intended=True, state=planned.state)
    [verdict] = roles.examine(intended)
    assert isinstance(verdict, Later)
    assert verdict.state["request_id"]
    assert roles.do(intended, rounds=30).result is Result.GRANTED
    assert requests_of(roles, ada) == 1


def test_after_a_crash_a_revoke_still_says_what_is_gone(roles):
    ada = roles.user()
    granted = roles.do(roles.grant(ada))
    task = roles.revoke(ada)
    [planned] = roles.examine(task)
    roles.act(task, planned)
    [verdict] = roles.examine(replace(task, intended=True, state=planned.state))
    assert isinstance(verdict, Already)
    [row] = granted.reading.rows["role_assignments"]
    assert verdict.reading.gone["role_assignments"] == [(row["id"],)]


def test_somebody_elses_request_is_in_the_way(roles):
    ada = roles.user()
    roles.emulator.variants = Variants(pim_provisioning_seconds=600)
    first = roles.grant(ada, expires_at=roles.within(days=3))
    [planned] = roles.examine(first)
    roles.act(first, planned)
    other = roles.grant(ada, expires_at=roles.within(days=9))
    assert roles.do(other).code == "pim_request_pending"
    assert requests_of(roles, ada) == 1


def test_a_request_that_pim_ends_otherwise_is_said(roles):
    ada = roles.user()
    roles.emulator.variants = Variants(pim_provisioning_seconds=60)
    task = roles.grant(ada, slug="eligible", expires_at=roles.within(days=3))
    [planned] = roles.examine(task)
    sent = roles.act(task, planned)
    roles.tenant.delete_user(ada.id)
    roles.emulator.clock.advance(61)
    waiting = replace(task, intended=True, state=sent.state)
    assert roles.look(waiting).problem.code == "pim_request_ended"
    [verdict] = roles.examine(waiting)
    assert isinstance(verdict, Refused)
    assert verdict.problem.code == "pim_request_ended"
    assert "Failed" in verdict.problem.sentence


@pytest.mark.parametrize("wording", ["current", "older"])
def test_who_is_faster_is_found_by_looking_not_by_words(roles, wording):
    ada = roles.user()
    roles.emulator.variants = Variants(refusal_wording=wording)
    task = roles.grant(ada)
    [planned] = roles.examine(task)
    roles.tenant.assign_role(ada.id, READER)
    acted = roles.act(task, planned)
    assert isinstance(acted, Sent)
    assert acted.result is Result.ALREADY_GRANTED
    assert roles.look(replace(task, state=acted.state)).as_wanted


@BOTH
def test_who_is_faster_in_pim_is_found_by_looking(roles, slug):
    ada = roles.user()
    ends = roles.within(days=3)
    first, second = (roles.grant(ada, slug=slug, expires_at=ends) for _ in "12")
    [planned] = roles.examine(second)
    roles.do(first)
    assert roles.act(second, planned).result is Result.ALREADY_GRANTED
    first, second = (roles.revoke(ada, slug=slug) for _ in "12")
    [planned] = roles.examine(second)
    roles.do(first)
    assert roles.act(second, planned).result is Result.ALREADY_REVOKED


def test_who_is_faster_in_removing_a_permanent_assignment(roles):
    ada = roles.user()
    roles.do(roles.grant(ada))
    first, second = (roles.revoke(ada) for _ in "12")
    [planned] = roles.examine(second)
    roles.do(first)
    assert isinstance(roles.act(second, planned), Sent)
    assert roles.look(second).as_wanted


def test_who_is_faster_with_another_end_is_followed_by_an_update(roles):
    ada = roles.user()
    task = roles.grant(ada, expires_at=roles.within(days=3))
    [planned] = roles.examine(task)
    roles.do(roles.grant(ada, expires_at=roles.within(days=9)))
    assert isinstance(roles.act(task, planned), Later)
    assert roles.do(replace(task, intended=True)).result is Result.UPDATED


@BOTH
def test_throttled_is_later_and_does_not_count(roles, slug):
    task = roles.grant(roles.user(), slug=slug, expires_at=roles.within(days=1))
    [planned] = roles.examine(task)
    roles.emulator.fail(Fault(method="POST", path=REQUESTS, status=429, retry_after=30))
    with RolesAtWork(roles.emulator, patience=20) as impatient:
        later = impatient.act(task, planned)
    assert isinstance(later, Later)
    assert (later.seconds, later.counts) == (30, False)
    assert requests_of(roles, task.principal) == 0


def test_reads_that_lag_behind_do_not_make_it_a_failure(roles):
    ada = roles.user()
    roles.emulator.variants = Variants(read_lag_changes=100)
    task = roles.grant(ada, expires_at=roles.within(days=3))
    [planned] = roles.examine(task)
    acted = roles.act(task, planned)
    sent = replace(task, intended=True, state=acted.state)
    assert not roles.look(sent).as_wanted
    [verdict] = roles.examine(sent)
    assert isinstance(verdict, Later)
    roles.emulator.clock.advance(90)
    [verdict] = roles.examine(sent)
    again = roles.act(sent, verdict)
    assert isinstance(again, Later)
    assert again.counts
    roles.emulator.settle_reads()
    assert roles.look(sent).as_wanted
    assert requests_of(roles, ada) == 1
