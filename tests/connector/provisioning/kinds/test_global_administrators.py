"""The last active Global Administrator, in all forms: who counts, who does not, and what may not be taken away."""

from __future__ import annotations

import pytest

from connector.provisioning.contract import Planned, Refused
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.global_administrators import ALONE, GlobalAdministrators
from connector.storage.records.operations import Result
from emulators.graph.service.faults import Fault
from tests.support.roles import ADMINISTRATOR, READER


@pytest.fixture
def roles(at_work):
    """A tenant in which nobody is a Global Administrator yet."""
    at_work.emulator.faults.clear()
    for table in ("role_assignments", "role_schedules"):
        at_work.tenant.db.execute(f"DELETE FROM {table}")
    return at_work


def administrators(roles):
    return roles.ask(lambda tools: GlobalAdministrators.read(tools.session))


def last(roles, holder):
    """Whether revoking the role from ``holder`` is refused because nobody would be left."""
    why = roles.refusal(roles.revoke(holder, ADMINISTRATOR))
    assert why is None or why.code == "last_global_administrator"
    return why is not None


def directly(roles, account):
    roles.tenant.assign_role(account.id, ADMINISTRATOR)


def for_a_time(roles, account):
    roles.tenant.assign_role(
        account.id, ADMINISTRATOR, starts_at=roles.now.isoformat(), ends_at=roles.within(days=3).isoformat()
    )


def activated(roles, account):
    roles.tenant.make_eligible(account.id, ADMINISTRATOR)
    roles.tenant.activate_role(account.id, ADMINISTRATOR)


def through_a_group(roles, account):
    roles.tenant.assign_role(roles.group(account).id, ADMINISTRATOR)


@pytest.mark.parametrize("way", [directly, for_a_time, activated, through_a_group])
def test_who_counts(roles, way):
    ada, bob = roles.user(), roles.user("Bob")
    directly(roles, ada)
    assert last(roles, ada)
    way(roles, bob)
    assert not last(roles, ada)


def nothing(_roles, _account):
    pass


def eligible_only(roles, account):
    roles.tenant.make_eligible(account.id, ADMINISTRATOR)


def another_role(roles, account):
    roles.tenant.assign_role(account.id, READER)


def limited(roles, account):
    unit = roles.tenant.create_administrative_unit("North")
    roles.tenant.assign_role(account.id, ADMINISTRATOR, f"/administrativeUnits/{unit}")


def disabled(roles, account):
    roles.tenant.update_user(account.id, {"accountEnabled": False})
    directly(roles, account)


def disabled_in_a_group(roles, account):
    roles.tenant.update_user(account.id, {"accountEnabled": False})
    through_a_group(roles, account)


def deleted(roles, account):
    directly(roles, account)
    roles.tenant.delete_user(account.id)


def a_service_principal(roles, _account):
    directly(roles, roles.service_principal())


def a_service_principal_in_a_group(roles, _account):
    through_a_group(roles, roles.service_principal())


def an_empty_group(roles, _account):
    roles.tenant.assign_role(roles.group().id, ADMINISTRATOR)


@pytest.mark.parametrize(
    "way",
    [
        nothing,
        eligible_only,
        another_role,
        limited,
        disabled,
        disabled_in_a_group,
        deleted,
        a_service_principal,
        a_service_principal_in_a_group,
        an_empty_group,
    ],
)
def test_who_does_not_count(roles, way):
    ada = roles.user()
    directly(roles, ada)
    way(roles, roles.user("Bob"))
    assert last(roles, ada)


def test_the_last_way_of_the_last_one(roles):
    ada = roles.user()
    directly(roles, ada)
    group = roles.group(ada)
    roles.tenant.assign_role(group.id, ADMINISTRATOR)
    assert not last(roles, ada)
    assert not last(roles, group)
    assert roles.do(roles.revoke(ada, ADMINISTRATOR)).result is Result.REVOKED
    assert last(roles, group)


def test_a_group_is_taken_from_all_its_members(roles):
    ada, bob = roles.user(), roles.user("Bob")
    group = roles.group(ada, bob)
    roles.tenant.assign_role(group.id, ADMINISTRATOR)
    assert last(roles, group)
    directly(roles, bob)
    assert not last(roles, group)


def test_who_does_not_count_may_go_even_when_only_one_is_left(roles):
    ada, bob = roles.user(), roles.user("Bob")
    directly(roles, ada)
    disabled(roles, bob)
    assert not last(roles, bob)


def test_what_is_limited_to_a_part_may_go(roles):
    ada = roles.user()
    directly(roles, ada)
    unit = f"/administrativeUnits/{roles.tenant.create_administrative_unit('North')}"
    roles.tenant.assign_role(ada.id, ADMINISTRATOR, unit)
    assert roles.do(roles.revoke(ada, ADMINISTRATOR, scope=unit)).result is Result.REVOKED
    assert last(roles, ada)


def test_of_two_that_are_revoked_together_one_stays(roles):
    accounts = [roles.user(name) for name in ("Ada", "Bob", "Cid")]
    for one in accounts:
        directly(roles, one)
    verdicts = roles.examine(*(roles.revoke(one, ADMINISTRATOR) for one in accounts))
    assert [type(one) for one in verdicts] == [Planned, Planned, Refused]


@pytest.mark.parametrize("slug", ["assigned", "eligible"])
def test_other_ways_of_losing_it(roles, slug):
    ada = roles.user()
    activated(roles, ada) if slug == "eligible" else directly(roles, ada)
    task = (
        roles.revoke(ada, ADMINISTRATOR, slug)
        if slug == "eligible"
        else roles.grant(ada, ADMINISTRATOR, expires_at=roles.within(days=1))
    )
    assert roles.refusal(task).code == "last_global_administrator"
    directly(roles, roles.user("Bob"))
    assert roles.refusal(task) is None


def test_an_eligibility_that_nobody_uses_may_go(roles):
    ada, bob = roles.user(), roles.user("Bob")
    directly(roles, ada)
    eligible_only(roles, bob)
    assert roles.do(roles.revoke(bob, ADMINISTRATOR, "eligible")).result is Result.REVOKED


def test_a_later_end_takes_nothing_away(roles):
    ada = roles.user()
    for_a_time(roles, ada)
    assert roles.do(roles.grant(ada, ADMINISTRATOR, expires_at=roles.within(days=9))).result is Result.UPDATED


@pytest.mark.parametrize("path", ["roleDefinitionId", "users/", "members"])
def test_what_cannot_be_read_may_not_be_taken_away(roles, path):
    ada, bob = roles.user(), roles.user("Bob")
    directly(roles, ada)
    through_a_group(roles, bob)
    task = roles.revoke(ada, ADMINISTRATOR)
    found = r"roleAssignments\?\$filter=roleDefinitionId" if path == "roleDefinitionId" else path
    roles.emulator.fail(Fault(method="GET", path=found, status=403, times=9))
    assert roles.refusal(task).code == "permission_missing"


def test_memberships(roles):
    ada, bob = roles.user(), roles.user("Bob")
    group, other = roles.group(ada, bob), roles.group(ada)
    roles.tenant.assign_role(group.id, ADMINISTRATOR)
    found = administrators(roles)
    assert found.take_membership(other.id, ada.id)
    assert found.take_membership(group.id.upper(), ada.id.upper())
    assert found.take_membership(group.id, ada.id)  # she is gone already
    assert not found.take_membership(group.id, bob.id)
    assert not found.take(group.id)
    assert not found.take_membership(group.id, bob.id)  # what was refused was not taken


def test_many_members_on_several_pages(roles):
    people = [roles.user(f"P{number}", accountEnabled=False) for number in range(120)]
    group = roles.group(*people)
    roles.tenant.assign_role(group.id, ADMINISTRATOR)
    ada = roles.user()
    directly(roles, ada)
    assert last(roles, ada)
    roles.tenant.update_user(people[-1].id, {"accountEnabled": True})
    assert not last(roles, ada)


def test_a_tenant_without_any_loses_none(roles):
    assert administrators(roles).take(roles.user().id)


def test_only_what_takes_it_away_is_done_alone(roles):
    def name(*tasks):
        return roles.kind.exclusive(Entitlement.parse(tasks[0].wanted.entitlement), tasks)

    ada = roles.user()
    assert name(roles.grant(ada, ADMINISTRATOR)) is None
    assert name(roles.grant(ada, ADMINISTRATOR), roles.revoke(ada, ADMINISTRATOR)) == ALONE
    assert name(roles.grant(ada, ADMINISTRATOR, expires_at=roles.within(days=1))) == ALONE
    assert name(roles.revoke(ada, READER)) is None
