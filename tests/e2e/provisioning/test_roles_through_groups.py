"""What a policy says of roles holds for groups that hold them as well: a membership must not be a way around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connector.storage.records import Operation, Result, Status
from emulators.graph import GraphEmulator
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.tenant import Tenant
from tests.support.haste import in_haste
from tests.support.roles import ADMINISTRATOR, READER
from tests.support.stage import Stage, grant, member, owner, revoke

GROUPS_ONLY = {"roles": {"protected": "all"}}


@pytest.fixture(scope="module")
def shared(new_storage_account: Callable[[], str]) -> Iterator[Stage]:
    tenant = Tenant.empty()
    with GraphEmulator(tenant) as graph, in_haste():
        yield Stage(graph, new_storage_account())
    tenant.close()


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.reset()
    return shared


def why(one: Operation) -> str:
    assert one.status is Status.REFUSED
    assert one.problem is not None
    assert one.problem.sentence.startswith("It comes with a directory role.")
    return one.problem.code


@pytest.mark.parametrize("entitlement", [member, owner], ids=["member", "owner"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_who_may_not_grant_a_role_may_not_grant_a_group_that_holds_it(
    stage: Stage, entitlement: Callable[[str], str], dry_run: bool
) -> None:
    ada, holding, empty = stage.user(), stage.group(role_assignable=True), stage.group(role_assignable=True)
    stage.tenant.assign_role(holding, ADMINISTRATOR)
    stage.policy(GROUPS_ONLY)
    before = stage.tenant.seq
    assert why(stage.do(grant(entitlement(holding), ada, dry_run=dry_run))) == "protected_by_policy"
    assert stage.tenant.seq == before
    assert stage.do(grant(entitlement(empty), ada, dry_run=dry_run)).status is Status.SUCCEEDED
    stage.policy({"roles": {"allowed": {ADMINISTRATOR: "all the same"}}})
    assert stage.do(grant(entitlement(holding), ada, dry_run=dry_run)).status is Status.SUCCEEDED


def test_who_may_not_take_a_role_may_not_take_anybody_out_of_a_group_that_holds_it(stage: Stage) -> None:
    ada = stage.user()
    group = stage.group(ada, role_assignable=True)
    stage.tenant.assign_role(group, READER)
    stage.policy({"roles": {"allowed": {ADMINISTRATOR: "another one"}}})
    assert why(stage.do(revoke(member(group), ada))) == "not_allowed_by_policy"
    stage.policy({"roles": {"allowed": {READER: "this one"}}})
    assert stage.do(revoke(member(group), ada)).result is Result.REVOKED


def test_a_role_that_is_granted_for_a_time_only_makes_memberships_end_and_keeps_their_end(stage: Stage) -> None:
    ada, group = stage.user(), stage.group(role_assignable=True)
    stage.tenant.assign_role(group, READER)
    stage.policy({"roles": {"eligible_or_end_demanded": {READER: "never for ever"}}})
    assert why(stage.do(grant(member(group), ada))) == "eligible_demanded_by_policy"
    assert stage.do(grant(member(group), ada, expires_at=stage.within(days=1))).result is Result.GRANTED
    assert why(stage.do(grant(member(group), ada))) == "eligible_demanded_by_policy"  # it would take the end away
    assert stage.do(grant(member(group), ada, expires_at=stage.within(days=2))).result is Result.UPDATED


def test_what_a_group_is_eligible_for_counts_as_eligible(stage: Stage) -> None:
    ada, group = stage.user(), stage.group(role_assignable=True)
    stage.tenant.make_eligible(group, READER)
    stage.policy({"roles": {"eligible_or_end_demanded": {READER: "never for ever"}}})
    assert stage.do(grant(member(group), ada)).result is Result.GRANTED
    stage.policy(GROUPS_ONLY)
    assert why(stage.do(revoke(member(group), ada))) == "protected_by_policy"


def test_without_privileged_identity_management_assignments_tell_all(stage: Stage) -> None:
    ada, holding, empty = stage.user(), stage.group(role_assignable=True), stage.group(role_assignable=True)
    stage.tenant.set_fact("entra_id_p2", "")
    stage.tenant.assign_role(holding, READER)
    stage.policy(GROUPS_ONLY)
    assert why(stage.do(grant(member(holding), ada))) == "protected_by_policy"
    assert stage.do(grant(member(empty), ada)).result is Result.GRANTED


def test_roles_that_cannot_be_read_are_not_granted(stage: Stage) -> None:
    ada, group = stage.user(), stage.group(role_assignable=True)
    stage.policy(GROUPS_ONLY)
    stage.graph.fail(Fault(method="GET", path="/roleAssignmentSchedules", status=403, times=50))
    refused = stage.do(grant(member(group), ada))
    assert refused.problem is not None
    assert refused.problem.code == "permission_missing"
