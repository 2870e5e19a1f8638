"""Relationships: what may be related, what is refused and why, what delta will tell."""

from __future__ import annotations

import pytest

from emulators.graph.tenant.errors import AlreadyExists, NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import Rel


def test_members_come_and_go_and_leave_records(tenant, edges_changed):
    group, user = tenant.create_group("Sales"), tenant.create_user("Adele")

    tenant.add_member(group, user)
    tenant.remove_member(group, user)

    assert edges_changed() == [
        (Rel.MEMBER, group, user, "add", "change"),
        (Rel.MEMBER, group, user, "remove", "change"),
    ]


def test_a_membership_exists_once(tenant):
    group, user = tenant.create_group("Sales"), tenant.create_user("Adele")
    tenant.add_member(group, user)

    with pytest.raises(AlreadyExists):
        tenant.add_member(group, user)


def test_who_is_no_member_cannot_be_removed(tenant):
    group, user = tenant.create_group("Sales"), tenant.create_user("Adele")

    with pytest.raises(NotFound):
        tenant.remove_member(group, user)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"membership_rule": "(user.department -eq 'IT')"}, Reason.DYNAMIC_MEMBERSHIP),
        ({"synced": True}, Reason.SYNCED_FROM_ON_PREMISES),
        ({"kind": "mail_enabled_security"}, Reason.MANAGED_BY_EXCHANGE),
        ({"kind": "distribution"}, Reason.MANAGED_BY_EXCHANGE),
    ],
)
def test_members_of_groups_mastered_elsewhere_change_only_there(tenant, options, reason):
    group, user = tenant.create_group("Elsewhere", **options), tenant.create_user("Adele")

    with pytest.raises(NotAllowed) as refused:
        tenant.add_member(group, user)
    assert refused.value.reason is reason

    tenant.add_member(group, user, as_system=True)
    with pytest.raises(NotAllowed):
        tenant.remove_member(group, user)
    tenant.remove_member(group, user, as_system=True)


def test_owners_of_a_dynamic_group_can_be_changed(tenant):
    group, user = tenant.create_group("Rule", membership_rule="(user.department -eq 'IT')"), tenant.create_user("Adele")

    tenant.add_owner(group, user)

    assert tenant.db.execute("SELECT rel FROM edges").fetchall() == [(Rel.OWNER,)]


def test_only_users_join_microsoft_365_groups(tenant):
    team = tenant.create_group("Team", kind="microsoft_365")

    for other in (tenant.create_group("G"), tenant.create_service_principal("App"), tenant.create_device("PC")):
        with pytest.raises(NotAllowed) as refused:
            tenant.add_member(team, other)
        assert refused.value.reason is Reason.MEMBER_TYPE


def test_role_assignable_groups_hold_no_groups(tenant):
    admins = tenant.create_group("Admins", role_assignable=True)
    tenant.add_member(admins, tenant.create_service_principal("App"))

    with pytest.raises(NotAllowed):
        tenant.add_member(admins, tenant.create_group("G"))


def test_security_groups_hold_everything_but_microsoft_365_groups_and_themselves(tenant):
    group = tenant.create_group("G")
    for member in (
        tenant.create_user("U"),
        tenant.create_group("Inner"),
        tenant.create_service_principal("App"),
        tenant.create_device("PC"),
        tenant.create_contact("Supplier"),
    ):
        tenant.add_member(group, member)

    for member in (group, tenant.create_group("Team", kind="microsoft_365")):
        with pytest.raises(NotAllowed):
            tenant.add_member(group, member)


def test_the_last_owner_stays(tenant):
    group, first, second = tenant.create_group("Sales"), tenant.create_user("A"), tenant.create_user("B")
    tenant.add_owner(group, first)
    tenant.add_owner(group, second)
    tenant.remove_owner(group, first)

    with pytest.raises(NotAllowed) as refused:
        tenant.remove_owner(group, second)

    assert refused.value.reason is Reason.LAST_OWNER
    assert tenant.db.execute("SELECT COUNT(*) FROM edges").fetchone() == (1,)


def test_an_application_may_lose_its_last_owner(tenant):
    app, user = tenant.create_service_principal("App"), tenant.create_user("A")
    tenant.add_owner(app, user)

    tenant.remove_owner(app, user)

    assert tenant.db.execute("SELECT COUNT(*) FROM edges").fetchone() == (0,)


def test_a_manager_is_set_replaced_and_removed(tenant, row, properties_changed):
    user, first, second = (tenant.create_user(name) for name in ("Adele", "First", "Second"))

    tenant.set_manager(user, first)
    tenant.set_manager(user, second)
    assert row("accounts", user)["manager_id"] == second

    tenant.set_manager(user, None)
    assert row("accounts", user)["manager_id"] is None
    assert properties_changed(user) == {"*", "manager"}
    with pytest.raises(NotFound):
        tenant.set_manager(user, None)


def test_administrative_units_have_members(tenant, edges_changed):
    unit, user = tenant.create_administrative_unit("Seattle"), tenant.create_user("Adele")

    tenant.add_au_member(unit, user)
    with pytest.raises(AlreadyExists):
        tenant.add_au_member(unit, user)
    tenant.remove_au_member(unit, user)

    assert [change[3] for change in edges_changed()] == ["add", "remove"]
