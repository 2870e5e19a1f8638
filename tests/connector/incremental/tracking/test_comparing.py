"""What has no delta, compared: every change is found, and what could not be read is not taken for gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.graph.errors import RequestRefused
from connector.incremental.facts import Replace
from connector.incremental.tracking import COMPARED
from emulators.graph import Fault, Variants
from emulators.graph.tenant.tenant import Tenant
from tests.support.haste import in_haste
from tests.support.picking import an_application, some
from tests.support.tracking import Facts, Tracker

Track = Callable[..., Tracker]
Verb = Callable[[Tenant, Facts], object]
_READER = "Reports Reader"


def a_role(facts: Facts) -> str:
    return some(facts, "directory_roles", display_name=_READER)


def _limited(tenant: Tenant, facts: Facts) -> None:
    unit = tenant.create_administrative_unit("Nordics")
    tenant.assign_role(tenant.create_user("Limited"), a_role(facts), f"/administrativeUnits/{unit}")


def _limited_to_an_application(tenant: Tenant, facts: Facts) -> None:
    application = tenant.create_application("Limited to")
    tenant.assign_role(tenant.create_user("Limited"), a_role(facts), f"/{application}", app_scope=True)


def _activated(tenant: Tenant, facts: Facts) -> None:
    user = tenant.create_user("Eligible")
    tenant.make_eligible(user, a_role(facts))
    tenant.activate_role(user, a_role(facts))


def _custom(tenant: Tenant, _: Facts) -> None:
    tenant.assign_role(
        tenant.create_user("Custom"),
        tenant.create_role_definition("Custom role"),
    )


ROLES: dict[str, Verb] = {
    "assigned": lambda tenant, facts: tenant.assign_role(some(facts, "accounts"), a_role(facts)),
    "no longer assigned": lambda tenant, facts: tenant.remove_role_assignment(some(facts, "role_assignments")),
    "assigned for a unit": _limited,
    "assigned for an application": _limited_to_an_application,
    "eligible": lambda tenant, facts: tenant.make_eligible(some(facts, "accounts"), a_role(facts)),
    "activated": _activated,
    "no longer eligible": lambda tenant, facts: tenant.remove_eligibility(some(facts, "role_eligibility_instances")),
    "a custom role": _custom,
}
OTHERS: dict[str, tuple[str, Verb]] = {
    "a custom role is made": (
        "directory_roles",
        lambda tenant, _: tenant.create_role_definition("Custom role"),
    ),
    "an application is owned": (
        "application_owners",
        lambda tenant, facts: tenant.add_owner(an_application(facts), some(facts, "accounts"), as_system=True),
    ),
    "a role is taken away": (
        "application_grants",
        lambda tenant, facts: tenant.remove_app_role_assignment(some(facts, "app_role_assignments")),
    ),
    "an application is provisioned": (
        "provisioning_jobs",
        lambda tenant, facts: tenant.set_provisioning(_candidate(facts), state="Quarantine"),
    ),
}


def _candidate(facts: Facts) -> str:
    return next(
        str(row["id"])
        for row in facts.tables["enterprise_applications"].values()
        if "WindowsAzureActiveDirectoryIntegratedApp" in row.get("tags", ())
        and not row.get("is_microsoft_first_party")
        and row["display_name"] != "Access connector"
    )


def test_the_jobs_of_an_application_that_can_no_longer_be_provisioned_are_forgotten(track: Track):
    tracker = track()
    tenant, id_ = tracker.emulator.tenant, _candidate(tracker.facts)
    tenant.set_provisioning(id_, state="Active")
    tracker.compare("provisioning_jobs")
    with tenant.transaction():
        tenant.update_object(tenant.find(id_, "servicePrincipal"), {"tags": []})
    tracker.compare("provisioning_jobs")
    assert not tracker.facts.rows("provisioning_jobs", "application_id", [id_])


@pytest.mark.parametrize("verb", ROLES)
def test_roles_are_compared_with_what_privileged_identity_management_says(track: Track, verb: str):
    tracker = track()
    ROLES[verb](tracker.emulator.tenant, tracker.facts)
    tracker.look()
    tracker.compare("role_assignments")
    assert tracker.untruths() == []


def test_a_role_of_the_whole_tenant_is_looked_for_at_once(track: Track):
    tracker = track()
    tracker.emulator.tenant.assign_role(some(tracker.facts, "accounts"), a_role(tracker.facts))
    assert "role_assignments" in tracker.look().signals


@pytest.mark.parametrize("change", OTHERS)
def test_a_comparison_finds_what_delta_cannot_see(track: Track, change: str):
    tracker = track()
    kind, verb = OTHERS[change]
    verb(tracker.emulator.tenant, tracker.facts)
    assert tracker.compare(kind)
    assert tracker.untruths() == []


def test_the_name_of_a_unit_that_a_role_is_limited_to_follows(track: Track):
    tracker = track()
    tenant = tracker.emulator.tenant
    unit = tenant.create_administrative_unit("Nordics")
    tenant.assign_role(tenant.create_user("Limited"), a_role(tracker.facts), f"/administrativeUnits/{unit}")
    tracker.look()
    tracker.compare("role_assignments")
    tenant.update_administrative_unit(unit, {"displayName": "Northern Europe"})
    tenant.create_administrative_unit("Of no interest")
    assert len(tracker.look().reading.rows["scopes"]) == 1
    assert tracker.untruths("scopes") == [line for line in tracker.untruths("scopes") if "Of no interest" in line]
    tenant.delete_object(unit)
    assert tracker.look().signals >= {"role_assignments"}
    assert not tracker.facts.rows("scopes", "id", [f"/administrativeUnits/{unit}"])


def test_whole_lists_may_not_shrink_without_limit(track: Track):
    tracker = track()
    replaced = tracker.compare("role_assignments").replaced
    assert {one.table for one in replaced} == {
        "role_assignments",
        "role_assignment_instances",
        "role_eligibility_instances",
    }
    assert all(one.limited for one in replaced)


def test_a_refusal_of_what_privileged_identity_management_says_leaves_it_as_it_was(track: Track):
    tracker = track()
    tracker.emulator.fail(Fault(path="ScheduleInstances", times=9, status=403, code="Authorization_RequestDenied"))
    replaced = tracker.compare("role_assignments").replaced
    assert [one.table for one in replaced] == ["role_assignments"]


def test_a_tenant_without_privileged_identity_management_has_nothing_of_it(track: Track):
    tracker = track()
    tracker.emulator.tenant.set_fact("entra_id_p2", "false")
    tracker.compare("role_assignments")
    assert tracker.untruths() == []


def test_roles_that_cannot_be_read_one_by_one_stay(track: Track):
    tracker = track(Variants(role_assignments_require_filter=True))
    role = str(next(iter(tracker.facts.tables["role_assignments"].values()))["role_id"])
    tracker.emulator.fail(Fault(path=f"roleAssignments.*{role}", times=9, status=400, code="BadRequest"))
    [replaced] = [one for one in tracker.compare("role_assignments").replaced if one.table == "role_assignments"]
    assert replaced == Replace("role_assignments", but=frozenset({("role_id", role)}), limited=True)
    tracker.emulator.faults.clear()
    assert tracker.untruths() == []


def test_a_list_with_items_that_cannot_be_understood_replaces_nothing(track: Track):
    tracker = track()
    answer = {"value": [{"displayName": "No id"}]}
    tracker.emulator.fail(Fault(path="roleDefinitions", status=200, body=answer))
    reading = tracker.compare("directory_roles")
    assert not reading.replaced
    assert tracker.untruths() == []


def test_assignments_of_an_application_that_cannot_be_read_stay(track: Track):
    tracker = track()
    application = an_application(tracker.facts)
    fault = Fault(path=f"{application}/appRoleAssignedTo", times=99, status=500, code="InternalServerError")
    tracker.emulator.fail(fault)
    with in_haste():
        reading = tracker.compare("application_grants")
    assert application not in {one.id for one in reading.replaced}
    tracker.emulator.faults.clear()
    assert tracker.untruths() == []


@pytest.mark.parametrize("kind", COMPARED)
def test_a_refusal_is_an_error_and_changes_nothing(track: Track, kind: str):
    tracker = track()
    tracker.emulator.fail(Fault(path="/v1.0/", times=99, status=403, code="Authorization_RequestDenied"))
    with pytest.raises(RequestRefused):
        tracker.compare(kind)


def test_the_seats_of_a_license_are_counted_again_when_one_is_taken(track: Track):
    tracker = track()
    sku = some(tracker.facts, "licenses", sku_part_number="WINDOWS_STORE")
    tracker.emulator.tenant.assign_license(some(tracker.facts, "accounts"), sku)
    assert tracker.look().signals == {"licenses"}
    tracker.compare("licenses")
    assert tracker.untruths() == []
