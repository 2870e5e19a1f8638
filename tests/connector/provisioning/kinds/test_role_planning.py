"""What follows from what Graph lists, for what no emulated tenant can hold; and Graph's words for times and for where a request stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.access.roles import RoleAssignment, RoleScheduleInstance
from connector.provisioning.contract import Principal, Task
from connector.provisioning.kinds.pim_requests import (
    Expiration,
    Progress,
    Schedule,
    ScheduleInfo,
    ScheduleRequest,
    progress,
)
from connector.provisioning.kinds.pim_times import duration, moment_of, said, same
from connector.provisioning.kinds.role_holdings import Held
from connector.provisioning.kinds.role_planning import AsWanted, Draft, NotHeld, Situation, draft
from connector.storage.records.operations import Action, Wanted
from tests.support.roles import READER

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ASSIGNMENT = RoleAssignment(id="a-1", directory_scope_id="/")
PERMANENT = RoleScheduleInstance(id="a-1", assignment_type="Assigned")
ACTIVATED = RoleScheduleInstance(id="x-1", assignment_type="Activated", end_date_time="2026-03-01T18:00:00Z")


def situation(action, held, *, slug="assigned", **wanted):
    asked = Wanted(
        action=Action(action),
        entitlement=f"directory_role:{READER}:{slug}",
        principal="p",
        justification="Because.",
        **wanted,
    )
    task = Task("op-1", asked, Principal("p", "account", "Ada"), intended=False, state={}, first_at=NOW)
    return Situation(task, READER, "assignment" if slug == "assigned" else "eligibility", held, NOW)


def verbs(made):
    assert isinstance(made, Draft), made
    return [one.verb for one in made.writes]


def planned(starts, ends=None, status="Provisioned"):
    info = ScheduleInfo(start_date_time=starts, expiration=Expiration(end_date_time=ends))
    if status == "Granted":
        return ScheduleRequest(id="r-1", status=status, action="adminAssign", schedule_info=info)
    return Schedule(id="s-1", schedule_info=info)


def test_what_is_activated_beside_it_survives_a_revoke():
    both = Held((ASSIGNMENT,), (PERMANENT, ACTIVATED))
    assert verbs(draft(situation("revoke", both))) == ["adminRemove"]
    assert verbs(draft(situation("revoke", Held((ASSIGNMENT,), (PERMANENT,))))) == ["unassign"]
    assert draft(situation("revoke", Held((ASSIGNMENT,), (ACTIVATED,)))) == NotHeld(activated=True)


def test_an_assignment_that_pim_has_not_heard_of_yet_is_there():
    assert isinstance(draft(situation("grant", Held((ASSIGNMENT,)))), AsWanted)
    assert verbs(draft(situation("revoke", Held((ASSIGNMENT,))))) == ["unassign"]


def test_what_only_pim_still_says_is_not_in_force():
    assert draft(situation("revoke", Held((), (PERMANENT,)))) == NotHeld()
    assert verbs(draft(situation("grant", Held((), (PERMANENT,))))) == ["assign"]


def test_beside_an_activation_pim_is_asked():
    assert verbs(draft(situation("grant", Held((ASSIGNMENT,), (ACTIVATED,))))) == ["adminAssign"]


def test_of_several_ends_the_last_counts():
    ends = [f"2026-03-0{day}T00:00:00Z" for day in (2, 4, 3)]
    held = Held((ASSIGNMENT,), tuple(RoleScheduleInstance(id=end, end_date_time=end) for end in ends))
    assert held.assigned_until == datetime(2026, 3, 4, tzinfo=UTC)
    assert isinstance(draft(situation("grant", held, expires_at=held.assigned_until)), AsWanted)


@pytest.mark.parametrize(("status", "verb"), [("Granted", ["cancel", "adminAssign"]), ("Provisioned", ["adminUpdate"])])
def test_what_begins_later_gives_way_to_what_is_wanted_now(status, verb):
    one = planned("2026-04-01T00:00:00Z", status=status)
    held = Held(requests=(one,)) if status == "Granted" else Held(schedules=(one,))
    assert verbs(draft(situation("grant", held))) == verb
    ahead = situation("grant", held, starts_at=datetime(2026, 4, 1, tzinfo=UTC))
    assert isinstance(draft(ahead), AsWanted)


def test_what_has_begun_is_not_planned_any_more():
    begun = Held(
        schedules=(planned("2026-02-01T00:00:00Z"),), requests=(planned("2026-02-01T00:00:00Z", None, "Granted"),)
    )
    assert draft(situation("revoke", begun)) == NotHeld()


@pytest.mark.parametrize(
    ("status", "action", "starts", "expected"),
    [
        ("Provisioned", "adminAssign", None, Progress.DONE),
        ("ScheduleCreated", "adminAssign", "2026-04-01T00:00:00Z", Progress.DONE),
        ("Granted", "adminAssign", "2026-04-01T00:00:00Z", Progress.AHEAD),
        ("Granted", "adminAssign", "2026-02-01T00:00:00Z", Progress.OPEN),
        ("Granted", "adminAssign", None, Progress.OPEN),
        ("PendingProvisioning", "adminAssign", "2026-04-01T00:00:00Z", Progress.OPEN),
        ("PendingApproval", "adminUpdate", None, Progress.OPEN),
        ("SomethingNew", "adminAssign", None, Progress.OPEN),
        ("Revoked", "AdminRemove", None, Progress.DONE),
        ("Revoked", "adminAssign", None, Progress.LOST),
        ("Failed", "adminRemove", None, Progress.LOST),
        ("Denied", "adminAssign", None, Progress.LOST),
        ("Canceled", "adminAssign", None, Progress.LOST),
    ],
)
def test_where_a_request_stands(status, action, starts, expected):
    info = ScheduleInfo(start_date_time=starts)
    assert progress(ScheduleRequest(id="r", status=status, action=action, schedule_info=info), NOW) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P180D", timedelta(days=180)),
        ("PT8H", timedelta(hours=8)),
        ("P1DT30M", timedelta(days=1, minutes=30)),
        ("P1Y", timedelta(days=365)),
        ("P6M", timedelta(days=180)),
        ("P2W", timedelta(weeks=2)),
        ("P", None),
        ("PT", None),
        ("8 hours", None),
        (None, None),
    ],
)
def test_durations(text, expected):
    assert duration(text) == expected


def test_times():
    assert moment_of("2022-04-11T11:50:05.9999343Z") == datetime(2022, 4, 11, 11, 50, 5, 999934, UTC)
    assert moment_of("2022-04-11T11:50:05") == datetime(2022, 4, 11, 11, 50, 5, tzinfo=UTC)
    assert [moment_of(one) for one in ("0001-01-01T08:00:00Z", "soon", "", None)] == [None] * 4
    assert same(NOW, NOW + timedelta(seconds=59))
    assert not same(NOW, NOW + timedelta(seconds=61))
    assert not same(NOW, None)
    assert same(None, None)
    lengths = (timedelta(days=1), timedelta(hours=36), timedelta(minutes=30), timedelta(seconds=61))
    assert [said(one) for one in lengths] == ["1 day", "36 hours", "30 minutes", "61 seconds"]


def test_a_schedule_may_say_how_long_it_lasts():
    info = ScheduleInfo(start_date_time="2026-03-01T00:00:00Z", expiration=Expiration(duration="PT8H"))
    assert info.ends_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
