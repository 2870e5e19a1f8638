"""Licenses, and what membership in licensed groups makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.tenant import Tenant


@pytest.fixture
def sku(tenant: Tenant) -> str:
    return tenant.add_sku("SPE_E5", 2)


def states(tenant: Tenant) -> list[Any]:
    return tenant.db.execute(
        "SELECT o.id, l.by_group <> 0, l.state, l.error FROM user_licenses l JOIN objects o ON o.key = l.user_key"
    ).fetchall()


def seats(tenant: Tenant) -> Any:
    return tenant.db.execute("SELECT consumed FROM sku_seats").fetchone()[0]


def test_a_direct_license_is_given_and_taken(tenant, sku, properties_changed):
    user = tenant.create_user("Adele")

    tenant.assign_license(user, sku)
    assert (states(tenant), seats(tenant)) == ([(user, 0, "Active", None)], 1)

    tenant.remove_license(user, sku)
    assert (states(tenant), seats(tenant)) == ([], 0)
    assert properties_changed(user) == {"*", "assignedLicenses", "licenseAssignmentStates"}


def test_direct_members_have_the_license_of_their_group(tenant, sku):
    group, inner = tenant.create_group("Licensed"), tenant.create_group("Inner")
    before, after, nested = (tenant.create_user(name) for name in ("Before", "After", "Nested"))
    tenant.add_member(group, before)
    tenant.add_member(group, inner)
    tenant.add_member(inner, nested)

    tenant.assign_license(group, sku)
    tenant.add_member(group, after)

    assert sorted(states(tenant)) == sorted([(before, 1, "Active", None), (after, 1, "Active", None)])


def test_who_leaves_the_group_loses_its_license_and_keeps_the_direct_one(tenant, sku):
    group, user = tenant.create_group("Licensed"), tenant.create_user("Adele")
    tenant.assign_license(user, sku)
    tenant.assign_license(group, sku)
    tenant.add_member(group, user)
    assert (len(states(tenant)), seats(tenant)) == (2, 1)

    tenant.remove_member(group, user)

    assert states(tenant) == [(user, 0, "Active", None)]


def test_removing_a_groups_license_takes_it_from_all(tenant, sku):
    group, user = tenant.create_group("Licensed"), tenant.create_user("Adele")
    tenant.add_member(group, user)
    tenant.assign_license(group, sku)

    tenant.remove_license(group, sku)

    assert states(tenant) == []


def test_without_a_seat_a_member_gets_an_error_and_a_user_is_refused(tenant, sku):
    group = tenant.create_group("Licensed")
    users = [tenant.create_user(f"User {number}") for number in range(3)]
    for user in users:
        tenant.add_member(group, user)

    tenant.assign_license(group, sku)

    assert [state[2:] for state in states(tenant)] == [("Active", None), ("Active", None), ("Error", "CountViolation")]
    assert seats(tenant) == 2
    with pytest.raises(NotAllowed) as refused:
        tenant.assign_license(tenant.create_user("Late"), sku)
    assert refused.value.reason is Reason.NO_SEATS


def test_a_deleted_user_frees_the_seat(tenant, sku):
    user = tenant.create_user("Adele")
    tenant.assign_license(user, sku)

    tenant.delete_user(user)
    assert seats(tenant) == 0

    tenant.restore_user(user)
    assert seats(tenant) == 1


def test_a_group_that_is_gone_for_good_licenses_nobody(tenant, sku):
    group, user = tenant.create_group("Licensed"), tenant.create_user("Adele")
    tenant.add_member(group, user)
    tenant.assign_license(group, sku)
    before = tenant.seq

    tenant.purge_object(group)

    assert states(tenant) == []
    changed = tenant.db.execute("SELECT name FROM property_changes WHERE seq > ?", (before,)).fetchall()
    assert ("licenseAssignmentStates",) in changed


def test_what_cannot_be(tenant, sku):
    user = tenant.create_user("Adele")
    tenant.assign_license(user, sku)

    with pytest.raises(AlreadyExists):
        tenant.assign_license(user, sku)
    with pytest.raises(NotFound):
        tenant.assign_license(user, "00000000-0000-0000-0000-00000000dead")
    with pytest.raises(NotFound):
        tenant.remove_license(tenant.create_group("G"), sku)
    with pytest.raises(AlreadyExists):
        tenant.add_sku("SPE_E5", 1)
