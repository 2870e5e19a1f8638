"""Directory roles: granted, changed and revoked, seen, and nothing of anybody else touched; whatever gets lost on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.provisioning.contract import Later, Planned, Sent
from connector.storage.records.operations import Result
from emulators.graph import Variants
from emulators.graph.service.faults import Fault
from tests.support.roles import HELPDESK, READER

REQUESTS = r"roleManagement/directory/role(Assignment|Eligibility)ScheduleRequests$"
AHEAD = pytest.mark.parametrize("ahead", [False, True], ids=["granted", "schedule"])
BOTH = pytest.mark.parametrize("slug", ["assigned", "eligible"])


def test_a_permanent_assignment_is_made_seen_and_removed(roles):
    ada, bob = roles.user(), roles.user("Bob")
    roles.do(roles.grant(bob))
    granted = roles.do(roles.grant(ada))
    assert (granted.result, roles.held(ada)) == (Result.GRANTED, {("assigned", "/", None)})
    [planned] = [one for one in granted.went if isinstance(one, Planned)]
    assert [(one.method, one.path) for one in planned.steps] == [("POST", "/roleManagement/directory/roleAssignments")]
    [row] = granted.reading.rows["role_assignments"]
    assert (row["role_id"], row["principal_id"], row["scope"]) == (READER, ada.id, "/")
    assert roles.do(roles.grant(ada)).result is Result.ALREADY_GRANTED
    revoked = roles.do(roles.revoke(ada))
    assert (revoked.result, roles.held(ada), len(roles.held(bob))) == (Result.REVOKED, set(), 1)
    assert revoked.reading.gone["role_assignments"] == [(row["id"],)]
    assert roles.do(roles.revoke(ada)).result is Result.ALREADY_REVOKED


def test_every_call_is_told_with_the_id_that_support_asks_for(roles):
    ada = roles.user()
    ends = [
        roles.do(roles.grant(ada)),
        roles.do(roles.revoke(ada)),
        roles.do(roles.grant(ada, expires_at=roles.within(days=3))),
    ]
    calls = [call for end in ends for sent in end.went if isinstance(sent, Sent) for call in sent.calls]
    assert [call.method for call in calls] == ["POST", "DELETE", "POST"]
    assert all(call.request_id and call.status < 300 for call in calls)


@BOTH
def test_what_is_for_a_time_goes_through_pim_and_says_when_it_ends(roles, slug):
    ada = roles.user()
    ends = roles.within(days=3)
    granted = roles.do(roles.grant(ada, slug=slug, expires_at=ends, ticket="T-1"))
    assert granted.result is Result.GRANTED
    [(held, scope, until)] = roles.held(ada)
    assert (held, scope, until[:16]) == (slug, "/", ends.isoformat()[:16])
    table = "role_assignment_instances" if slug == "assigned" else "role_eligibility_instances"
    [row] = granted.reading.rows[table]
    assert (row["principal_id"], row["ends_at"][:16]) == (ada.id, ends.isoformat()[:16])
    assert roles.do(roles.grant(ada, slug=slug, expires_at=ends)).result is Result.ALREADY_GRANTED
    revoked = roles.do(roles.revoke(ada, slug=slug))
    assert (revoked.result, roles.held(ada)) == (Result.REVOKED, set())
    assert revoked.reading.gone[table] == [(row["id"],)]
    assert roles.do(roles.revoke(ada, slug=slug)).result is Result.ALREADY_REVOKED


def test_eligible_for_ever(roles):
    ada = roles.user()
    assert roles.do(roles.grant(ada, slug="eligible")).result is Result.GRANTED
    assert roles.held(ada) == {("eligible", "/", None)}


@BOTH
def test_another_end_is_an_update_and_takes_nothing_away_meanwhile(roles, slug):
    ada = roles.user()
    roles.do(roles.grant(ada, slug=slug, expires_at=roles.within(days=3)))
    later = roles.within(days=9)
    updated = roles.do(roles.grant(ada, slug=slug, expires_at=later))
    [(_, _, until)] = roles.held(ada)
    assert (updated.result, until[:16]) == (Result.UPDATED, later.isoformat()[:16])
    assert updated.reading.gone == {}
    assert all(len(rows) == 1 for rows in updated.reading.rows.values())
    for_ever = roles.do(roles.grant(ada, slug=slug))
    assert (for_ever.result, roles.held(ada)) == (Result.UPDATED, {(slug, "/", None)})
    [last] = [one for one in for_ever.went if isinstance(one, Planned)]
    assert "ask Privileged Identity Management to change" in last.steps[0].said


def test_a_permanent_assignment_gets_an_end(roles):
    ada = roles.user()
    roles.do(roles.grant(ada))
    ends = roles.within(hours=5)
    assert roles.do(roles.grant(ada, expires_at=ends)).result is Result.UPDATED
    [(slug, _, until)] = roles.held(ada)
    assert (slug, until[:16]) == ("assigned", ends.isoformat()[:16])


def test_each_scope_is_an_assignment_of_its_own(roles):
    ada = roles.user()
    north, south = (f"/administrativeUnits/{roles.tenant.create_administrative_unit(name)}" for name in ("N", "S"))
    for scope in ("/", north, south):
        assert roles.do(roles.grant(ada, HELPDESK, scope=scope)).result is Result.GRANTED
    revoked = roles.do(roles.revoke(ada, HELPDESK, scope=north))
    assert (revoked.result, len(revoked.reading.gone["role_assignments"])) == (Result.REVOKED, 1)
    assert roles.held(ada, HELPDESK) == {("assigned", "/", None), ("assigned", south, None)}
    assert roles.do(roles.revoke(ada, HELPDESK, scope=north)).result is Result.ALREADY_REVOKED
    assert roles.do(
        roles.grant(ada, HELPDESK, scope=south.upper().replace("ADMINISTRATIVEUNITS", "administrativeUnits"))
    ).result is (Result.ALREADY_GRANTED)


def test_of_a_pair_only_the_asked_for_half_is_revoked(roles):
    ada = roles.user()
    roles.do(roles.grant(ada))
    roles.do(roles.grant(ada, slug="eligible"))
    roles.do(roles.revoke(ada, slug="assigned"))
    assert roles.held(ada) == {("eligible", "/", None)}
    roles.do(roles.grant(ada))
    roles.do(roles.revoke(ada, slug="eligible"))
    assert roles.held(ada) == {("assigned", "/", None)}


@BOTH
@AHEAD
def test_what_begins_later_is_planned_seen_and_revoked(roles, slug, ahead):
    roles.emulator.variants = Variants(pim_schedules_ahead=ahead)
    ada = roles.user()
    times = {"starts_at": roles.within(days=1), "expires_at": roles.within(days=2)}
    assert roles.do(roles.grant(ada, slug=slug, **times)).result is Result.GRANTED
    assert roles.held(ada) == set()
    assert roles.do(roles.grant(ada, slug=slug, **times)).result is Result.ALREADY_GRANTED
    assert roles.do(roles.revoke(ada, slug=slug)).result is Result.REVOKED
    roles.emulator.clock.advance(86_400 + 60)
    assert roles.held(ada) == set()


@BOTH
@AHEAD
def test_what_is_planned_is_replaced_by_what_is_wanted(roles, slug, ahead):
    roles.emulator.variants = Variants(pim_schedules_ahead=ahead)
    ada = roles.user()
    roles.do(roles.grant(ada, slug=slug, starts_at=roles.within(days=1), expires_at=roles.within(days=2)))
    ends = roles.within(hours=8)
    assert roles.do(roles.grant(ada, slug=slug, expires_at=ends)).result is Result.UPDATED
    [(_, _, until)] = roles.held(ada)
    assert until[:16] == ends.isoformat()[:16]
    roles.emulator.clock.advance(3 * 86_400)
    assert roles.held(ada) == set()


@BOTH
@AHEAD
def test_what_is_planned_begins_at_another_time(roles, slug, ahead):
    roles.emulator.variants = Variants(pim_schedules_ahead=ahead)
    ada = roles.user()
    roles.do(roles.grant(ada, slug=slug, starts_at=roles.within(days=1), expires_at=roles.within(days=2)))
    times = {"starts_at": roles.within(days=5), "expires_at": roles.within(days=9)}
    assert roles.do(roles.grant(ada, slug=slug, **times)).result is Result.UPDATED
    assert roles.do(roles.grant(ada, slug=slug, **times)).result is Result.ALREADY_GRANTED
    roles.emulator.clock.advance(86_400 * 3)
    assert roles.held(ada) == set()
    roles.emulator.clock.advance(86_400 * 3)
    assert len(roles.held(ada)) == 1


def test_a_revoke_ends_what_is_in_force_and_what_is_planned(roles):
    roles.emulator.variants = Variants(pim_schedules_ahead=True)
    ada = roles.user()
    roles.do(roles.grant(ada, starts_at=roles.within(days=1), expires_at=roles.within(days=2)))
    roles.tenant.assign_role(ada.id, READER)
    revoked = roles.do(roles.revoke(ada))
    assert revoked.result is Result.REVOKED
    [planned] = [one for one in revoked.went if isinstance(one, Planned)]
    assert [one.method for one in planned.steps] == ["DELETE", "POST"]
    roles.emulator.clock.advance(86_400 + 60)
    assert roles.held(ada) == set()


def test_a_start_to_come_does_not_interrupt_what_is_in_force(roles):
    ada = roles.user()
    roles.do(roles.grant(ada))
    ends = roles.within(days=5)
    assert roles.do(roles.grant(ada, starts_at=roles.within(days=1), expires_at=ends)).result is Result.UPDATED
    [(_, _, until)] = roles.held(ada)
    assert until[:16] == ends.isoformat()[:16]


@pytest.mark.parametrize(
    "variants", [{"pim_enums_as_schema": True}, {"role_assignments_require_filter": True}, {"empty_pages": True}]
)
def test_other_ways_in_which_graph_answers(roles, variants):
    roles.emulator.variants = Variants(**variants)
    ada = roles.user()
    roles.do(roles.grant(ada, slug="eligible"))
    roles.tenant.activate_role(ada.id, READER)
    assert roles.do(roles.revoke(ada)).code == "activated_from_eligibility"
    assert roles.do(roles.grant(ada, slug="eligible")).result is Result.ALREADY_GRANTED
    granted = roles.do(roles.grant(roles.user("Bob"), expires_at=roles.within(days=1)))
    [row] = granted.reading.rows["role_assignment_instances"]
    assert (row["assignment_type"], row["member_type"]) == ("Assigned", "Direct")


def test_what_pim_still_says_of_what_is_gone_is_gone(roles):
    ada = roles.user()
    granted = roles.do(roles.grant(ada, expires_at=roles.within(days=1)))
    task = roles.revoke(ada)
    [planned] = roles.examine(task)
    acted = roles.act(task, planned)
    [row] = granted.reading.rows["role_assignment_instances"]
    stale = {"id": row["id"], "directoryScopeId": "/", "assignmentType": "Assigned", "endDateTime": row["ends_at"]}
    roles.emulator.fail(Fault(path="roleAssignmentScheduleInstances", status=200, body={"value": [stale]}))
    seen = roles.look(replace(task, intended=True, state=acted.state))
    assert seen.as_wanted
    assert seen.reading.gone["role_assignment_instances"] == [(row["id"],)]
    assert seen.reading.rows == {}


def test_what_was_activated_a_moment_ago_is_ended_later(roles):
    ada = roles.user()
    roles.do(roles.grant(ada, slug="eligible"))
    roles.tenant.activate_role(ada.id, READER)
    task = roles.revoke(ada, slug="eligible")
    [planned] = roles.examine(task)
    roles.emulator.fail(Fault(method="POST", path=REQUESTS, status=400, code="ActiveDurationTooShort"))
    assert isinstance(roles.act(task, planned), Later)
    assert roles.do(task).result is Result.REVOKED


@pytest.mark.parametrize("action", ["grant", "revoke"])
def test_a_dry_run_plans_and_writes_nothing(roles, action):
    ada = roles.user()
    if action == "revoke":
        roles.do(roles.grant(ada))
    before = roles.tenant.seq
    [planned] = roles.examine(roles.task(action, ada, dry_run=True))
    assert planned.result is (Result.WOULD_GRANT if action == "grant" else Result.WOULD_REVOKE)
    assert len(planned.steps) == 1
    assert roles.tenant.seq == before


def test_many_principals_are_read_together(roles):
    tasks = [roles.grant(roles.user(f"P{number}")) for number in range(20)]
    roles.emulator.metrics.reset()
    assert all(isinstance(one, Planned) for one in roles.examine(*tasks))
    assert roles.emulator.metrics.snapshot()["http_requests"] <= 8
