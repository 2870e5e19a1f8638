"""The least resource units: literal numbers from Microsoft's cost table."""

from __future__ import annotations

import pytest

from tools.bench.bound import Facts, resource_units_lower_bound, units_by_call


def facts(**changes: int) -> Facts:
    numbers = {"accounts": 0, "groups": 0, "applications": 0, "can_be_provisioned": 0} | changes
    return Facts(**numbers, unit_scopes=False, object_scopes=False)


def test_an_empty_tenant_has_to_be_asked_all_the_same():
    # users 2, groups 1, servicePrincipals 1, four role lists, subscribedSkus 2, six cursors
    assert resource_units_lower_bound(facts()) == 16


@pytest.mark.parametrize(("accounts", "units"), [(1, 2), (999, 2), (1000, 4), (1_000_000, 2004)])
def test_a_page_of_999_users_with_managers_costs_two(accounts, units):
    assert units_by_call(facts(accounts=accounts))["users"] == units


@pytest.mark.parametrize(("groups", "units"), [(0, 0), (1, 1), (50, 1), (51, 2), (200, 4)])
def test_memberships_of_fifty_groups_cost_one(groups, units):
    assert units_by_call(facts(groups=groups))["groups/delta"] == units


def test_applications_are_asked_one_by_one():
    found = units_by_call(facts(applications=20, can_be_provisioned=7))

    assert (found["appRoleAssignedTo"], found["synchronization/jobs"]) == (20, 7)


def test_names_of_scopes_cost_one_for_each_kind_that_there_is():
    limited = Facts(0, 0, 0, 0, unit_scopes=True, object_scopes=True)

    assert resource_units_lower_bound(limited) == 18
