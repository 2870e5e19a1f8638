"""The table of permissions, proved on granting and revoking: what it calls enough is enough, and what it calls lost is refused, nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.permissions import ALWAYS, PERMISSIONS, PROVISIONING, Feature, missing, needed_for, sufficient
from connector.provisioning.contract import Refused
from connector.storage.records.operations import Result
from emulators.graph import GraphEmulator
from emulators.graph.service.permissions import rule_of
from emulators.graph.tenant.generator import generate
from tests.support.groups import Groupwork
from tests.support.haste import in_haste
from tests.support.roles import READER, RolesAtWork

EVERYTHING = PROVISIONING | ALWAYS
NEEDED = frozenset(one.name for one in needed_for(EVERYTHING))
USES = tuple(
    (one, use)
    for one in PERMISSIONS
    for use in one.uses
    if use.feature in PROVISIONING | {Feature.HIDDEN_MEMBERSHIP} and not use.only_if_refused
)

ACCOUNTS, GROUPS, ROLES = ((Feature.SYNC, what) for what in ("accounts", "groups", "roles"))
MEMBERS = (Feature.PROVISIONING_GROUPS, "members")
OWNERS = (Feature.PROVISIONING_GROUP_OWNERS, "owners")
PROTECTED = (Feature.PROVISIONING_ROLE_ASSIGNABLE_GROUPS, "protected")
HIDDEN = (Feature.HIDDEN_MEMBERSHIP, "members")
FOR_EVER = (Feature.PROVISIONING_ROLES, "assignments")
POLICIES = (Feature.PROVISIONING_PIM, "policies")
ACTIVE = (Feature.PROVISIONING_PIM, "assignment")
ELIGIBLE = (Feature.PROVISIONING_PIM, "eligibility")
SEES_ACTIVE, SEES_ELIGIBLE = ((Feature.PIM, what) for what in ("assignments", "eligibilities"))


class Desk:
    """Grants and revokes in one tenant, with the permissions of the moment."""

    def __init__(self, graph):
        self.work, self.roles = Groupwork(graph), RolesAtWork(graph)

    def holding(self, permissions):
        """The same, with just these ``permissions``."""
        self.work.tenant.set_permissions(sorted(permissions))
        self.roles.close()
        return self

    def close(self):
        self.roles.__exit__()

    def in_group(self, relation="member", **options):
        """Why somebody cannot be put into a group and taken out again; None: it was done."""
        ada, bob = self.work.users(2)
        group = self.work.group(bob, owners=[bob], **options)
        alone = {"changes": {"state": {"holds_roles": True}}} if options.get("role_assignable") else {}
        for change in ({"grant": [ada]}, {"revoke": [ada], **alone}):
            gone = self.work.go(group, relation=relation, **change)
            refused = [one.problem for one in (gone.verdicts[ada], *gone.acted.values()) if isinstance(one, Refused)]
            if refused:
                return refused[0]
            assert gone.seen, gone
            assert gone.seen[ada].as_wanted
        return None

    def in_role(self, slug="assigned", **until):
        """Why somebody cannot be given a role; None: it was done."""
        ada = self.roles.user()
        ended = self.roles.do(
            self.roles.grant(ada, READER, slug, expires_at=self.roles.within(**until) if until else None)
        )
        assert ended.problem or (ended.result is Result.GRANTED and self.roles.held(ada))
        return ended.problem


OPERATIONS: dict[str, tuple[set[tuple[Feature, str]], Callable[[Desk], str | None]]] = {
    "member": ({ACCOUNTS, GROUPS, MEMBERS}, Desk.in_group),
    "owner": ({ACCOUNTS, GROUPS, OWNERS}, lambda desk: desk.in_group("owner")),
    "member of a role-assignable group": (
        {ACCOUNTS, GROUPS, ROLES, MEMBERS, PROTECTED},
        lambda desk: desk.in_group(role_assignable=True),
    ),
    "member of a hidden group": (
        {ACCOUNTS, GROUPS, MEMBERS, HIDDEN},
        lambda desk: desk.in_group(kind="microsoft_365", properties={"visibility": "HiddenMembership"}),
    ),
    "role for ever": ({ROLES, FOR_EVER}, Desk.in_role),
    "role for a day": ({ROLES, SEES_ACTIVE, POLICIES, ACTIVE}, lambda desk: desk.in_role(days=1)),
    "eligible": ({ROLES, SEES_ELIGIBLE, POLICIES, ELIGIBLE}, lambda desk: desk.in_role("eligible", days=1)),
}
"""What each takes, by feature and part, and how it is done."""


@pytest.fixture(scope="module")
def desk():
    with GraphEmulator(generate(users=0, seed=4)) as graph, in_haste():
        graph.clock.stop()
        desk = Desk(graph)
        yield desk
        desk.close()


def refused(desk, held):
    """The operations that are refused to who holds these permissions, each with the reason."""
    desk.holding(held)
    return {name: problem for name, (_, do) in OPERATIONS.items() if (problem := do(desk))}


def check(desk, held):
    """Refused is what the table says, and each refusal names a permission that is missing for it."""
    lost = {(one.feature, one.use.what): one.permission.name for one in missing(held, EVERYTHING)}
    told = refused(desk, held)

    assert set(told) == {name for name, (takes, _) in OPERATIONS.items() if takes & lost.keys()}
    for name, problem in told.items():
        assert problem.code == "permission_missing"
        named = [lost[one] for one in OPERATIONS[name][0] & lost.keys()]
        assert any(permission in problem.remedy for permission in named), (name, problem.remedy)
    return told


def test_with_what_is_needed_everything_succeeds(desk):
    assert check(desk, NEEDED) == {}


@pytest.mark.parametrize("feature", sorted(PROVISIONING))
def test_with_what_one_feature_needs_that_one_succeeds(desk, feature):
    check(desk, {one.name for one in needed_for({feature})})


@pytest.mark.parametrize(("permission", "use"), USES, ids=lambda one: getattr(one, "name", getattr(one, "what", "")))
def test_without_one_and_what_does_as_well_what_the_table_names_is_refused(desk, permission, use):
    assert check(desk, NEEDED - {permission.name, *use.alternatives})


@pytest.mark.parametrize("gone", sorted(one for one in NEEDED if "Write" in one))
def test_without_one_alone_what_no_other_does_is_refused(desk, gone):
    check(desk, NEEDED - {gone})


@pytest.mark.parametrize("which", range(max(len(use.alternatives) for _, use in USES)))
def test_what_is_called_enough_is_enough(desk, which):
    reading = {one.name for one in needed_for(ALWAYS)}
    instead = {
        use.alternatives[min(which, len(use.alternatives) - 1)] if use.alternatives else one.name for one, use in USES
    }

    assert check(desk, reading | instead) == {}


DIRECTORY = "roleManagement/directory"


@pytest.mark.parametrize(
    ("use", "operations"),
    [
        (MEMBERS, ["POST groups/{id}/members/$ref", "DELETE groups/{id}/members/{id}/$ref"]),
        (OWNERS, ["POST groups/{id}/owners/$ref", "DELETE groups/{id}/owners/{id}/$ref"]),
        (FOR_EVER, [f"POST {DIRECTORY}/roleAssignments", f"DELETE {DIRECTORY}/roleAssignments/{{id}}"]),
        *(
            (
                (Feature.PROVISIONING_PIM, kind),
                [f"{verb} {DIRECTORY}/role{kind.title()}ScheduleRequests" for verb in ("GET", "POST")],
            )
            for kind in ("assignment", "eligibility")
        ),
    ],
)
def test_nothing_that_is_enough_is_left_out(use, operations):
    """The connector refuses whoever lacks what the table names, so the table must know everything that Graph lets through."""
    rules = [{name for alternative in rule_of(one) or () for name in alternative} for one in operations]

    assert set(sufficient(*use)) == set.intersection(*rules)
