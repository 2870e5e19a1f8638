"""What speaks against a membership or ownership: each guard with a tenant that triggers it, and its near miss that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.provisioning.contract import Already, Later, Planned, Refused
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.kinds.global_administrators import ALONE, GLOBAL_ADMINISTRATOR
from connector.provisioning.kinds.groups import Groups
from connector.storage.records.operations import Result
from emulators.graph.service.faults import Fault
from tests.support.kinds import NOW, with_tools

NOBODY = "00000000-1111-4222-8333-444444444444"


def verdict(work, group, who, *, revoke=False, relation="member", **options):
    """What is decided of one grant or revoke."""
    asked = {"revoke": [who]} if revoke else {"grant": [who]}
    return work.go(group, **asked, relation=relation, only_examine=True, **options).verdicts[who]


def code(work, *args, **options):
    """The code of the refusal, which has a sentence and a remedy; empty where nothing is in the way."""
    decided = verdict(work, *args, **options)
    if isinstance(decided, Planned):
        return ""
    assert isinstance(decided, Refused), decided
    assert decided.problem.sentence
    assert decided.problem.remedy
    return decided.problem.code


def test_a_group_that_is_not_there(work):
    ada = work.user()
    deleted = work.group()
    work.tenant.delete_group(deleted)
    for group in (NOBODY, deleted, ada):
        assert code(work, group, ada) == "resource_not_found"
        assert code(work, group, ada, revoke=True) == "resource_not_found"
    assert code(work, work.group(), ada) == ""


@pytest.mark.parametrize("revoke", [False, True])
@pytest.mark.parametrize("relation", ["member", "owner"])
def test_dynamic_membership_but_not_ownership(work, relation, revoke):
    ada, bob = work.users(2)
    holders = [ada, bob] if revoke else []
    made = {"owners": holders} if relation == "owner" else {}
    members = holders if relation == "member" else []
    dynamic = work.group(*members, membership_rule="true", **made)
    plain = work.group(*members, **made)
    assert code(work, dynamic, ada, revoke=revoke, relation=relation) == (
        "dynamic_membership" if relation == "member" else ""
    )
    assert code(work, plain, ada, revoke=revoke, relation=relation) == ""


@pytest.mark.parametrize("revoke", [False, True])
@pytest.mark.parametrize("relation", ["member", "owner"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"synced": True}, "synced_from_on_premises"),
        ({"kind": "mail_enabled_security"}, "managed_by_exchange"),
        ({"kind": "distribution"}, "managed_by_exchange"),
        ({"kind": "microsoft_365"}, ""),
        ({"kind": "security"}, ""),
        ({"properties": {"onPremisesSyncEnabled": False}}, ""),
    ],
)
def test_groups_that_are_mastered_elsewhere(work, options, expected, relation, revoke):
    ada, bob = work.users(2)
    holders = [ada, bob] if revoke else []
    made = {"owners": holders} if relation == "owner" else {}
    group = work.group(*(holders if relation == "member" else []), **made, **options)
    assert code(work, group, ada, revoke=revoke, relation=relation) == expected


@pytest.mark.parametrize("relation", ["member", "owner"])
def test_a_group_that_holds_roles_needs_a_permission_of_its_own(work, relation):
    ada, group, plain = work.user(), work.group(role_assignable=True), work.group()
    assert code(work, group, ada, relation=relation) == ""
    work.tenant.set_fact(
        "permissions", '["Directory.Read.All", "Group.ReadWrite.All", "User.Read.All", "Application.Read.All"]'
    )
    assert code(work, group, ada, relation=relation) == "permission_missing"
    assert code(work, plain, ada, relation=relation) == ""
    assert "RoleManagement.ReadWrite.Directory" in verdict(work, group, ada, relation=relation).problem.remedy


def test_permissions_to_write_members_and_owners(work):
    ada, group = work.user(), work.group()
    work.tenant.set_fact("permissions", '["Directory.Read.All", "GroupMember.ReadWrite.All"]')
    assert code(work, group, ada) == ""
    assert code(work, group, ada, relation="owner") == "permission_missing"
    work.tenant.set_fact("permissions", '["Directory.Read.All"]')
    assert code(work, group, ada) == "permission_missing"


def test_a_group_that_may_not_be_read(work):
    ada, group = work.user(), work.group()
    work.tenant.set_fact("permissions", '["User.Read.All", "Application.Read.All"]')
    assert code(work, group, ada) == "permission_missing"


def test_hidden_membership_could_not_be_seen(work):
    ada = work.user()
    hidden = work.group(kind="microsoft_365", properties={"visibility": "HiddenMembership"})
    assert code(work, hidden, ada) == ""
    work.tenant.set_fact("permissions", '["Directory.Read.All", "Group.ReadWrite.All"]')
    assert "Member.Read.Hidden" in verdict(work, hidden, ada).problem.remedy
    assert code(work, hidden, ada, relation="owner") == ""
    assert code(work, work.group(kind="microsoft_365"), ada) == ""


@pytest.mark.parametrize(
    ("target", "relation", "whom", "expected"),
    [
        ("security", "member", "account", ""),
        ("security", "member", "group", ""),
        ("security", "member", "service_principal", ""),
        ("microsoft_365", "member", "account", ""),
        ("microsoft_365", "member", "group", "nesting_not_allowed"),
        ("microsoft_365", "member", "service_principal", "principal_kind_not_allowed"),
        ("security", "owner", "account", ""),
        ("security", "owner", "group", "principal_kind_not_allowed"),
        ("security", "owner", "service_principal", ""),
        ("microsoft_365", "owner", "service_principal", ""),
    ],
)
def test_which_kinds_of_principals_can_hold_it(work, target, relation, whom, expected):
    make = {"account": work.user, "group": work.group, "service_principal": work.application}
    assert code(work, work.group(kind=target), make[whom](), relation=relation) == expected


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ({"role_assignable": True}, {}, "nesting_not_allowed"),
        ({}, {"role_assignable": True}, ""),
        ({}, {"kind": "microsoft_365"}, "nesting_not_allowed"),
        ({}, {"kind": "distribution"}, "nesting_not_allowed"),
        ({}, {"kind": "mail_enabled_security"}, ""),
        ({}, {"synced": True}, ""),
        ({}, {"membership_rule": "true"}, ""),
    ],
    ids=str,
)
def test_which_groups_can_be_in_which(work, outer, inner, expected):
    assert code(work, work.group(**outer), work.group(**inner)) == expected


def test_a_group_in_itself_but_not_in_a_circle(work):
    one = work.group()
    other = work.group(one)
    assert code(work, one, one) == "nesting_not_allowed"
    assert code(work, one, other) == ""


def test_what_should_not_be_there_can_be_taken_out(work):
    device_like = work.group()
    outer = work.group(device_like)
    work.tenant.update_group(device_like, {"groupTypes": ["Unified"]})
    assert code(work, outer, device_like, revoke=True) == ""


def test_groups_have_no_scope(work):
    ada, group = work.user(), work.group()
    assert code(work, group, ada, scope="/administrativeUnits/x") == "scope_not_applicable"
    assert code(work, group, ada, scope="/") == ""


@pytest.mark.parametrize("relation", ["member", "owner"])
def test_an_end_that_has_passed_meanwhile_ends_nothing_that_somebody_else_has_given(work, relation):
    ada, bob = work.users(2)
    group = work.group(ada, owners=[ada])
    passed = {"relation": relation, "expires_at": NOW}
    assert code(work, group, ada, **passed) == "start_in_the_past"  # it would be kept, and revoked at once
    assert code(work, group, bob, **passed) == "start_in_the_past"
    assert isinstance(verdict(work, group, ada, changes={"intended": True}, **passed), Already)  # it was our doing
    to_come = passed | {"expires_at": NOW + timedelta(seconds=1)}
    assert isinstance(verdict(work, group, ada, **to_come), Already)
    assert code(work, group, bob, **to_come) == ""


def test_the_last_owner(work):
    ada, bob, eve = work.users(3)
    owned = work.group(owners=[ada])
    assert code(work, owned, ada, revoke=True, relation="owner") == "last_owner"
    assert code(work, work.group(owners=[ada, bob]), ada, revoke=True, relation="owner") == ""
    both = work.go(work.group(owners=[ada, bob]), revoke=[ada, bob], relation="owner", only_examine=True).verdicts
    assert isinstance(both[ada], Planned)
    assert both[bob].problem.code == "last_owner"
    replaced = work.go(owned, revoke=[ada], grant=[eve], relation="owner")
    assert work.holders(owned, "owner") == {eve}
    assert all(one.as_wanted for one in replaced.seen.values())


def test_the_last_account_among_owners_is_told_by_graph_and_explained_by_looking(work):
    """Graph refuses it in some groups where service principals would be left, and not in others."""
    ada, app = work.user(), work.application()
    group = work.group(owners=[ada, app])
    work.emulator.fail(Fault(method="DELETE", path="owners", status=400, code="Request_BadRequest"))
    gone = work.go(group, revoke=[ada], relation="owner")
    assert gone.acted[ada].problem.code == "last_owner"
    assert gone.acted[ada].problem.graph_code == "Request_BadRequest"
    assert gone.acted[ada].problem.request_id
    assert work.go(group, revoke=[ada], relation="owner").seen[ada].as_wanted


def test_what_the_connector_itself_holds(work):
    other = work.application()
    group = work.group(work.own, other, owners=[work.own, other])
    for relation in ("member", "owner"):
        assert code(work, group, work.own, revoke=True, relation=relation) == "self_lockout"
        assert code(work, group, other, revoke=True, relation=relation) == ""


def test_what_the_connector_holds_through_a_group(work):
    nested = work.group(work.own)
    between = work.group(nested)
    others = work.group(work.application())
    group = work.group(between, nested, others)
    assert code(work, group, between, revoke=True) == "self_lockout"
    assert code(work, group, nested, revoke=True) == "self_lockout"
    assert code(work, group, others, revoke=True) == ""


def test_granting_the_connector_something_is_for_the_policy_to_judge(work):
    assert code(work, work.group(), work.own) == ""


def test_inherited_membership_says_through_which_group_and_what_would_end_it(work):
    ada, bob, eve = work.users(3)
    inner = work.group(ada)
    middle = work.group(inner, bob)
    outer = work.group(middle, ada)
    decided = verdict(work, outer, bob, revoke=True)
    assert decided.problem.code == "inherited_access"
    assert middle in decided.problem.sentence
    assert f"group:{middle}:member" in decided.problem.remedy
    assert code(work, outer, ada, revoke=True) == ""  # a member directly as well
    work.tenant.remove_member(outer, ada)
    deep = verdict(work, outer, ada, revoke=True)
    assert f"group:{inner}:member" in deep.problem.remedy  # where the account is a member itself
    assert isinstance(verdict(work, outer, eve, revoke=True), Already)
    assert code(work, outer, inner, revoke=True) == "inherited_access"


def test_inherited_membership_of_service_principals(work):
    app = work.application()
    inner = work.group(app)
    outer = work.group(inner)
    assert f"group:{inner}:member" in verdict(work, outer, app, revoke=True).problem.remedy


def test_inheriting_does_not_matter_for_owners_and_for_grants(work):
    ada = work.user()
    inner = work.group(ada, owners=[ada])
    outer = work.group(inner)
    assert code(work, outer, ada) == ""
    assert isinstance(verdict(work, outer, ada, revoke=True, relation="owner"), Already)


def test_members_of_groups_that_hold_roles_are_taken_out_by_one_worker_at_a_time(work):
    ada = work.user()
    group = work.group(ada, role_assignable=True)
    first = verdict(work, group, ada, revoke=True)
    assert isinstance(first, Later)
    assert not first.counts
    gone = work.go(group, revoke=[ada], changes={"state": first.state})
    assert gone.seen[ada].as_wanted


def test_only_such_revokes_are_exclusive(work):
    ada, group = work.user(), work.group()
    entitlement = Entitlement("group", group, "member")
    (revoke,) = with_tools(work.emulator, lambda tools: work.tasks(tools, entitlement, revoke=[ada]))
    (grant,) = with_tools(work.emulator, lambda tools: work.tasks(tools, entitlement, grant=[ada]))
    holds_roles = {"state": {"holds_roles": True}}
    assert Groups().exclusive(entitlement, [revoke, grant]) is None
    assert Groups().exclusive(entitlement, [replace(grant, **holds_roles)]) is None
    assert Groups().exclusive(entitlement, [grant, replace(revoke, **holds_roles)]) == ALONE


def test_the_last_global_administrator(work):
    ada, bob = work.users(2)
    group = work.group(ada, bob, role_assignable=True)
    work.tenant.assign_role(group, GLOBAL_ADMINISTRATOR)
    alone = {"state": {"holds_roles": True}}
    both = work.go(group, revoke=[ada, bob], changes=alone, only_examine=True).verdicts
    assert isinstance(both[ada], Planned)
    assert both[bob].problem.code == "last_global_administrator"
    work.tenant.remove_member(group, bob)
    assert code(work, group, ada, revoke=True, changes=alone) == "last_global_administrator"
    work.tenant.assign_role(bob, GLOBAL_ADMINISTRATOR)
    assert code(work, group, ada, revoke=True, changes=alone) == ""


@pytest.mark.parametrize("revoke", [False, True])
def test_a_dry_run_says_what_would_be_done(work, revoke):
    ada = work.user()
    group = work.group(*([ada] if revoke else []))
    decided = verdict(work, group, ada, revoke=revoke, dry_run=True)
    assert decided.result is (Result.WOULD_REVOKE if revoke else Result.WOULD_GRANT)
    (step,) = decided.steps
    assert (step.method, step.path.endswith("/$ref")) == ("DELETE" if revoke else "POST", True)
    assert work.emulator.metrics.snapshot()["writes"] == 0


def test_what_may_have_been_done_already_is_looked_for_before_anything_speaks_against_it(work):
    ada, bob = work.users(2)
    group = work.group(ada, synced=True)
    intended = {"intended": True}
    assert isinstance(verdict(work, group, ada, changes=intended), Already)
    assert code(work, group, bob, changes=intended) == "synced_from_on_premises"
    assert isinstance(verdict(work, NOBODY, ada, changes=intended), Later)
