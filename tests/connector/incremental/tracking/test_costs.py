"""How often what is looked at, and what an hour costs in which nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from connector.incremental.tracking import COMPARED, DELTA_KINDS, comparisons
from connector.storage.records import Lane
from tests.support.tracking import Tracker

_HOUR = timedelta(hours=1)
_AS_PUBLISHED: dict[str, dict[str, int]] = {"memberships": {}}


def test_assignments_are_compared_rarely_where_delta_tells_of_them():
    assert comparisons(_AS_PUBLISHED, DELTA_KINDS)["application_grants"] == timedelta(days=1)
    assert comparisons(_AS_PUBLISHED, ())["application_grants"] < _HOUR


def test_memberships_of_service_principals_are_compared_where_a_full_sync_had_to_read_them_from_their_side():
    assert "service_principal_memberships" not in comparisons(_AS_PUBLISHED, DELTA_KINDS)
    assert "service_principal_memberships" in comparisons({"service_principal_memberships": {}}, DELTA_KINDS)


def test_what_takes_a_request_an_application_is_in_a_lane_of_its_own():
    assert {kind for kind, one in COMPARED.items() if one.lane is Lane.DIRECTORY} == {
        "role_assignments",
        "directory_roles",
        "licenses",
    }


def test_an_idle_look_costs_a_unit_a_page(track: Callable[..., Tracker]):
    tracker = track()
    before = tracker.stats.resource_units
    tracker.look()
    assert tracker.stats.resource_units - before == len(DELTA_KINDS) + 1  # of assignments and users there are two pages
