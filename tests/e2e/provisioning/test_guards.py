"""Every refusal end to end: a tenant that has an operation refused, and its near miss that lets it succeed.

What each guard looks at is tried with the kinds; here it is tried that a record ends with its code, and only where it should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from msgspec.structs import replace

from connector.provisioning.contract import Planned
from connector.provisioning.refusals import CODES
from connector.provisioning.working import going
from connector.storage.records import EventKind, Result, Status, Wanted
from emulators.graph import GraphEmulator, Variants
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.tenant import Tenant
from tests.support.haste import in_haste
from tests.support.operating.judging import told
from tests.support.roles import ADMINISTRATOR, APPLICATIONS, HELPDESK, READER, RolesAtWork
from tests.support.stage import Stage, assigned, eligible, grant, member, owner, revoke

NOBODY = "00000000-1111-4222-8333-444444444444"
Guard = Callable[[Stage], Iterator[Wanted]]

ELSEWHERE = {
    "provisioning_disabled": "asked over HTTP it is an answer, and on the queue the message is put aside: there is no record",
    "malformed_message": "a message that is no request has no record; it is put aside",
    "dead_lettered": "only what brings the process down, or is a mistake of ours, comes to that: tests of crashes have it",
    "graph_unavailable": "it is told while an operation waits; what never passes ends as gave_up",
}
"""Codes that no tenant can bring about, and why; where they are tried is in tests of working on lines and of messages."""


def principal_not_found(stage: Stage) -> Iterator[Wanted]:
    group = stage.group()
    yield grant(member(group), NOBODY)
    yield grant(member(group), stage.user())


def principal_kind_not_allowed(stage: Stage) -> Iterator[Wanted]:
    team = stage.group(kind="microsoft_365")
    yield grant(member(team), stage.application())
    yield grant(owner(team), stage.application())


def resource_not_found(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(kind="microsoft_365"), stage.user()
    stage.tenant.delete_group(group)
    yield grant(member(group), ada)
    stage.tenant.restore_group(group)
    yield grant(member(group), ada)


def policy_unreadable(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    stage.policy(b'{"groups": ')
    yield grant(member(group), ada)
    stage.policy({"groups": {}})
    yield grant(member(group), ada)


def not_allowed_by_policy(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    stage.policy({"groups": {"allowed": {stage.group(): "another one"}}})
    yield grant(member(group), ada)
    stage.policy({"groups": {"allowed": {group: "this one"}}})
    yield grant(member(group), ada)


def protected_by_policy(stage: Stage) -> Iterator[Wanted]:
    group, ada, bob = stage.group(), stage.user(), stage.user()
    stage.policy({"principals": {"protected": {ada: "the director"}}})
    yield grant(member(group), ada)
    yield grant(member(group), bob)


def protected_principal(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    stage.break_glass = frozenset({ada})
    yield grant(member(group), ada)
    yield grant(member(group), stage.user())


def end_demanded_by_policy(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    stage.policy({"groups": {"end_demanded": {group: "for a time only"}}})
    yield grant(member(group), ada)
    yield grant(member(group), ada, expires_at=stage.within(days=1))


def eligible_demanded_by_policy(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    stage.policy({"roles": {"eligible_or_end_demanded": {READER: "never for ever"}}})
    yield grant(assigned(READER), ada)
    yield grant(eligible(READER), ada)


def dynamic_membership(stage: Stage) -> Iterator[Wanted]:
    dynamic = stage.group(membership_rule="true")
    yield grant(member(dynamic), stage.user())
    yield grant(owner(dynamic), stage.user())


def synced_from_on_premises(stage: Stage) -> Iterator[Wanted]:
    yield grant(member(stage.group(synced=True)), stage.user())
    yield grant(member(stage.group(properties={"onPremisesSyncEnabled": False})), stage.user())


def managed_by_exchange(stage: Stage) -> Iterator[Wanted]:
    yield grant(member(stage.group(kind="distribution")), stage.user())
    yield grant(member(stage.group(kind="microsoft_365")), stage.user())


def nesting_not_allowed(stage: Stage) -> Iterator[Wanted]:
    inner = stage.group()
    yield grant(member(stage.group(role_assignable=True)), inner)
    yield grant(member(stage.group()), inner)


def last_owner(stage: Stage) -> Iterator[Wanted]:
    ada, bob = stage.user(), stage.user()
    yield revoke(owner(stage.group(owners=[ada])), ada)
    yield revoke(owner(stage.group(owners=[ada, bob])), ada)


def role_disabled(stage: Stage) -> Iterator[Wanted]:
    ada, role = stage.user(), stage.tenant.create_role_definition("Own", enabled=False)
    yield grant(assigned(role), ada)
    stage.tenant.update_role_definition(role, {"isEnabled": True})
    yield grant(assigned(role), ada)


def scope_not_supported(stage: Stage) -> Iterator[Wanted]:
    ada, unit = stage.user(), stage.unit()
    yield grant(assigned(READER), ada, scope=unit)
    yield grant(assigned(HELPDESK), ada, scope=unit)


def scope_not_applicable(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    yield grant(member(group), ada, scope=stage.unit())
    yield grant(member(group), ada, scope="/")


def group_not_role_assignable(stage: Stage) -> Iterator[Wanted]:
    yield grant(assigned(READER), stage.group())
    yield grant(assigned(READER), stage.group(role_assignable=True))


def pim_not_licensed(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    stage.tenant.set_fact("entra_id_p2", "false")
    yield grant(assigned(READER), ada, expires_at=stage.within(days=1))
    yield grant(assigned(READER), ada)


def pim_policy(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    stage.demand(READER, "Eligibility", "Expiration", isExpirationRequired=True, maximumDuration="P30D")
    yield grant(eligible(READER), ada, expires_at=stage.within(days=31))
    yield grant(eligible(READER), ada, expires_at=stage.within(days=29))


def pim_request_pending(stage: Stage) -> Iterator[Wanted]:
    stage.graph.variants = Variants(pim_provisioning_seconds=600)
    with RolesAtWork(stage.graph) as somebody:
        ada = somebody.user()
        theirs = somebody.grant(ada, expires_at=somebody.within(days=3))
        [planned] = somebody.examine(theirs)
        assert isinstance(planned, Planned)
        somebody.act(theirs, planned)
    yield grant(assigned(READER), ada.id, expires_at=stage.within(days=9))
    stage.graph.clock.advance(601)
    yield grant(assigned(READER), ada.id, expires_at=stage.within(days=9))


def pim_request_ended(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    stage.graph.variants = Variants(pim_provisioning_seconds=600)
    stage.meanwhile = partial(
        stage.tenant.db.execute,
        "UPDATE role_schedule_requests SET status = 'Failed', body = json_set(body, '$.status', 'Failed'), due = NULL"
        f" WHERE principal_id = '{ada}'",
    )
    yield grant(eligible(READER), ada, expires_at=stage.within(days=1))
    yield grant(eligible(READER), ada, expires_at=stage.within(days=1))


def activated_from_eligibility(stage: Stage) -> Iterator[Wanted]:
    ada, bob = stage.user(), stage.user()
    for one in (ada, bob):
        stage.tenant.make_eligible(one, READER)
    stage.tenant.activate_role(ada, READER)
    stage.tenant.assign_role(bob, READER)
    yield revoke(assigned(READER), ada)
    yield revoke(assigned(READER), bob)


def permission_missing(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(role_assignable=True), stage.user()
    stage.forbid("RoleManagement.ReadWrite.Directory")
    yield grant(member(group), ada)
    yield grant(member(stage.group()), ada)


def inherited_access(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    outer = stage.group(stage.group(ada))
    yield revoke(member(outer), ada)
    stage.tenant.add_member(outer, ada)
    yield revoke(member(outer), ada)


def self_lockout(stage: Stage) -> Iterator[Wanted]:
    mine, others = stage.group(stage.own), stage.group(stage.application())
    outer = stage.group(mine, others)
    yield revoke(member(outer), mine)
    yield revoke(member(outer), others)


def last_global_administrator(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    stage.tenant.assign_role(ada, ADMINISTRATOR)
    yield revoke(assigned(ADMINISTRATOR), ada)
    stage.tenant.assign_role(stage.user(), ADMINISTRATOR)
    yield revoke(assigned(ADMINISTRATOR), ada)


def start_in_the_past(stage: Stage) -> Iterator[Wanted]:
    ada = stage.user()
    yield grant(assigned(APPLICATIONS), ada, expires_at=stage.within(seconds=-1))
    yield grant(assigned(APPLICATIONS), ada, expires_at=stage.within(hours=1))


def refused_by_graph(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    stage.graph.fail(Fault(method="POST", path=r"/members/\$ref", status=400, code="Something_New", times=50))
    yield grant(member(group), ada)
    stage.graph.faults.clear()
    yield grant(member(group), ada)


def not_seen(stage: Stage) -> Iterator[Wanted]:
    group, ada, bob = stage.group(), stage.user(), stage.user()
    stage.graph.variants = Variants(read_lag_changes=1000)
    yield grant(member(group), ada)
    stage.graph.variants = Variants(read_lag_changes=1000, read_lag_seconds=120)
    yield grant(member(group), bob)


def gave_up(stage: Stage) -> Iterator[Wanted]:
    group, ada = stage.group(), stage.user()
    stage.graph.fail(Fault(method="GET", path=f"/groups/{group}", status=503, times=1000))
    yield grant(member(group), ada)
    stage.graph.faults.clear()
    stage.graph.fail(Fault(method="GET", path=f"/groups/{group}", status=503, times=20))
    yield grant(member(group), ada)


GUARDS: tuple[Guard, ...] = (
    principal_not_found,
    principal_kind_not_allowed,
    resource_not_found,
    policy_unreadable,
    not_allowed_by_policy,
    protected_by_policy,
    protected_principal,
    end_demanded_by_policy,
    eligible_demanded_by_policy,
    dynamic_membership,
    synced_from_on_premises,
    managed_by_exchange,
    nesting_not_allowed,
    last_owner,
    role_disabled,
    scope_not_supported,
    scope_not_applicable,
    group_not_role_assignable,
    pim_not_licensed,
    pim_policy,
    pim_request_pending,
    pim_request_ended,
    activated_from_eligibility,
    permission_missing,
    inherited_access,
    self_lockout,
    last_global_administrator,
    start_in_the_past,
    refused_by_graph,
    not_seen,
    gave_up,
)
AFTER_THE_WRITE = {pim_request_ended, refused_by_graph, not_seen, gave_up}
"""What is no guard but the end of an attempt."""


@pytest.fixture(scope="module")
def shared(new_storage_account: Callable[[], str]) -> Iterator[Stage]:
    tenant = Tenant.empty()
    with GraphEmulator(tenant) as graph, in_haste(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(going, "LOOKS_S", (0.0,))
        yield Stage(graph, new_storage_account())
    tenant.close()


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.reset()
    return shared


def test_every_code_is_here_or_elsewhere() -> None:
    here = [guard.__name__ for guard in GUARDS]
    assert sorted([*here, *ELSEWHERE]) == sorted(CODES)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_record_ends_with_the_code_and_the_near_miss_succeeds(guard: Guard, stage: Stage) -> None:
    asked = guard(stage)
    refused = stage.do(next(asked))
    why = refused.problem
    assert why is not None, told(refused)
    assert why.code == guard.__name__, told(refused)
    assert why.sentence
    assert why.remedy
    if guard in AFTER_THE_WRITE:
        assert refused.status is Status.FAILED
    else:
        assert refused.status is Status.REFUSED
        assert not any(event.kind in (EventKind.INTENDED, EventKind.WRITTEN) for event in refused.events)
    near = stage.do(next(asked))
    assert near.status is Status.SUCCEEDED, told(near)
    assert next(asked, None) is None


@pytest.mark.parametrize("guard", [one for one in GUARDS if one not in AFTER_THE_WRITE], ids=lambda one: one.__name__)
def test_a_dry_run_says_the_same_and_changes_nothing(guard: Guard, stage: Stage) -> None:
    asked = guard(stage)
    refused = stage.do(replace(next(asked), dry_run=True))
    assert refused.problem is not None, told(refused)
    assert refused.problem.code == guard.__name__
    near = next(asked)
    before = stage.tenant.seq
    would = stage.do(replace(near, dry_run=True))
    assert would.result in (Result.WOULD_GRANT, Result.WOULD_UPDATE, Result.WOULD_REVOKE), told(would)
    assert stage.tenant.seq == before
