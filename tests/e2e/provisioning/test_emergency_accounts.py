"""Accounts that are kept for emergencies keep what they hold through groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connector.storage.records import Operation, Result, Status
from emulators.graph import GraphEmulator
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.tenant import Tenant
from tests.support.haste import in_haste
from tests.support.roles import READER
from tests.support.stage import Stage, assigned, grant, member, revoke


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
    return one.problem.code


@pytest.mark.parametrize("named_by", ["id", "userPrincipalName"])
def test_a_role_is_not_taken_from_a_group_that_they_are_in(stage: Stage, named_by: str) -> None:
    ada, bob = stage.user(), stage.user()
    keeping, other = stage.group(ada, role_assignable=True), stage.group(bob, role_assignable=True)
    for group in (keeping, other):
        stage.tenant.assign_role(group, READER)
    names = {"id": ada, **stage.tenant.find(ada).body}
    stage.break_glass = frozenset({str(names[named_by]).lower()})
    assert why(stage.do(revoke(assigned(READER), keeping))) == "protected_principal"
    assert why(stage.do(revoke(assigned(READER), keeping, dry_run=True))) == "protected_principal"
    assert stage.do(revoke(assigned(READER), other)).result is Result.REVOKED


def test_a_group_that_they_are_in_at_any_depth_is_not_taken_out_of_another(stage: Stage) -> None:
    ada = stage.user()
    inner = stage.group(ada)
    keeping, other = stage.group(inner), stage.group()
    outer = stage.group(keeping, other)
    stage.break_glass = frozenset({ada, "nobody@contoso.com"})
    assert why(stage.do(revoke(member(outer), keeping))) == "protected_principal"
    assert stage.do(revoke(member(outer), other)).result is Result.REVOKED
    assert stage.do(grant(member(stage.group()), keeping)).result is Result.GRANTED


def test_what_cannot_be_looked_up_is_not_taken(stage: Stage) -> None:
    inner = stage.group()
    outer = stage.group(inner)
    stage.break_glass = frozenset({stage.user()})
    stage.graph.fail(Fault(method="GET", path="/transitiveMemberOf", status=403, times=50))
    assert why(stage.do(revoke(member(outer), inner))) == "permission_missing"
