"""A day in a tenant, followed round by round, whatever liberties Graph takes in telling it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulators.graph import Variants
from emulators.graph.tenant.tenant import Tenant
from tests.support.picking import (
    a_cloud_group,
    a_manager,
    a_member,
    a_microsoft_365_group,
    a_security_group,
    an_application,
    no_member,
    some,
)
from tests.support.tracking import Tracker

Track = Callable[..., Tracker]

VARIANTS: dict[str, Variants] = {
    "as documented": Variants(),
    "tiny pages, replays, repeats, in no order": Variants(
        delta_page_size=5, delta_slice_size=2, delta_replays=60, delta_repeats=True, delta_shuffled=True
    ),
    "empty pages, answers of batches in another order": Variants(
        empty_first_page=True, empty_pages=True, empty_last_page=True, short_pages=True, batch_reversed=True
    ),
    "tells of purged members and of what was removed before": Variants(
        delta_reports_purged_members=True, delta_initial_removed=True
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_facts_are_right_at_the_end_of_each_round(track: Track, variant: str):
    tracker = track(VARIANTS[variant])
    tenant = tracker.emulator.tenant
    back = _morning(tenant, tracker)
    _end_round(tracker)
    _noon(tenant, tracker, back)
    _end_round(tracker)
    for object_id in back:
        tenant.restore_object(object_id)
    _end_round(tracker)
    assert tracker.untruths() == []


def _morning(tenant: Tenant, tracker: Tracker) -> list[str]:
    """People come and change places; returns who and what will be deleted, and come back."""
    facts = tracker.facts
    group, team = a_cloud_group(facts), tenant.create_group("Team")
    for number in range(5):
        tenant.add_member(team, tenant.create_user(f"New {number}"))
    tenant.add_member(group, team)
    tenant.remove_member(group, a_member(facts, group))
    tenant.add_member(group, no_member(facts, group))
    tenant.add_owner(team, a_manager(facts))
    tenant.assign_app_role(team, tenant.create_service_principal("Open to all"))
    tenant.add_member(team, an_application(facts))
    tenant.assign_license(team, some(facts, "licenses", sku_part_number="WINDOWS_STORE"))
    tenant.assign_role(a_manager(facts), some(facts, "directory_roles", display_name="Reports Reader"))
    return [a_manager(facts), a_microsoft_365_group(facts), an_application(facts)]


def _noon(tenant: Tenant, tracker: Tracker, back: list[str]) -> None:
    """Some go for a while, some for good; a group goes with everything in it."""
    facts = tracker.facts
    for object_id in back:
        tenant.delete_object(object_id)
    tenant.delete_group(a_security_group(facts))
    tenant.purge_user(some(facts, "accounts", display_name="New 0"))
    tenant.update_user(some(facts, "accounts", display_name="New 1"), {"department": "Sales", "mail": None})
    tenant.remove_license(
        some(facts, "groups", display_name="Team"), some(facts, "licenses", sku_part_number="WINDOWS_STORE")
    )


def _end_round(tracker: Tracker) -> None:
    read = tracker.round()
    assert not read.failed
    assert not read.lost


def test_memberships_that_groups_do_not_tell_come_from_the_side_of_service_principals(track: Track):
    tracker = track(Variants(delta_includes_service_principals=False))
    tenant, group, application = tracker.emulator.tenant, a_cloud_group(tracker.facts), an_application(tracker.facts)
    tenant.add_member(group, application)
    tracker.look()
    tracker.compare("service_principal_memberships")
    assert tracker.facts.rows("memberships", "principal_id", [application])
    assert tracker.untruths() == []
    tenant.remove_member(group, application)
    tracker.compare("service_principal_memberships")
    assert tracker.untruths() == []


def test_reads_that_lag_behind_are_caught_up_with(track: Track):
    tracker = track()
    tenant = tracker.emulator.tenant
    tracker.emulator.variants = Variants(read_lag_changes=1000)
    back = _morning(tenant, tracker)
    _end_round(tracker)
    tracker.emulator.settle_reads()
    _end_round(tracker)
    assert tracker.untruths() == []
    tenant.delete_object(back[0])
    _end_round(tracker)
    tracker.emulator.settle_reads()
    _end_round(tracker)
    assert tracker.untruths() == []
