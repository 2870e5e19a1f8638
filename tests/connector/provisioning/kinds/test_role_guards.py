"""Guards of directory roles: each with a tenant that triggers it, and its near miss. Nothing is written where one says no."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.provisioning.contract import Later, Planned, Refused
from connector.provisioning.kinds.pim_policies import Demands
from connector.storage.records.operations import Result
from emulators.graph import Variants
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS
from tests.support.roles import APPLICATIONS, HELPDESK, READER, WRITES

ALL = (*CONNECTOR_PERMISSIONS, *WRITES)
NOBODY = "00000000-0000-4000-8000-000000000000"
BOTH = pytest.mark.parametrize("slug", ["assigned", "eligible"])


@pytest.fixture
def roles(at_work):
    at_work.emulator.faults.clear()
    at_work.emulator.variants = Variants()
    at_work.own_id = ""
    with permissions(at_work, ALL), premium(at_work):
        at_work.tenant.db.execute("DELETE FROM role_policy_rules")
        yield at_work


@contextmanager
def permissions(roles, granted):
    """The connector may do no more than ``granted``."""
    roles.tenant.set_permissions(granted)
    roles.close()
    yield
    roles.close()


@contextmanager
def premium(roles, licensed="true"):
    """Whether the tenant has Entra ID P2."""
    roles.tenant.set_fact("entra_id_p2", licensed)
    yield
    roles.tenant.set_fact("entra_id_p2", "true")


def demand(roles, level, role=READER, **rules):
    """Change a rule of a role's policy."""
    for kind, change in rules.items():
        rule = {
            "id": f"{kind}_Admin_{level}",
            "@odata.type": f"#microsoft.graph.unifiedRoleManagementPolicy{kind}Rule",
        } | change
        roles.tenant.db.execute(
            "INSERT OR REPLACE INTO role_policy_rules VALUES (?, ?, ?)", (role, rule["id"], json.dumps(rule))
        )


def ends(required, longest="P30D"):
    return {"isExpirationRequired": required, "maximumDuration": longest}


def code(roles, task):
    before = roles.tenant.seq
    why = roles.refusal(task)
    assert roles.tenant.seq == before
    assert why is None or (why.sentence and why.remedy)
    return why.code if why else None


@BOTH
@pytest.mark.parametrize("action", ["grant", "revoke"])
def test_a_role_that_there_is_not(roles, action, slug):
    assert code(roles, roles.task(action, roles.user(), NOBODY, slug)) == "resource_not_found"


def test_a_role_that_is_disabled_can_only_be_revoked(roles):
    ada, role = roles.user(), roles.tenant.create_role_definition("Own")
    roles.do(roles.grant(ada, role))
    roles.tenant.update_role_definition(role, {"isEnabled": False})
    assert code(roles, roles.grant(roles.user("Bob"), role)) == "role_disabled"
    assert roles.do(roles.revoke(ada, role)).result is Result.REVOKED


@BOTH
def test_groups_only_if_they_are_role_assignable(roles, slug):
    assert code(roles, roles.grant(roles.group(role_assignable=False), slug=slug)) == "group_not_role_assignable"
    assert roles.do(roles.grant(roles.group(), slug=slug)).result is Result.GRANTED


def test_service_principals_are_assigned_and_never_eligible(roles):
    app = roles.service_principal()
    assert code(roles, roles.grant(app, slug="eligible")) == "principal_kind_not_allowed"
    assert roles.do(roles.grant(app, expires_at=roles.within(days=1))).result is Result.GRANTED


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (HELPDESK, {"unit"}),
        (APPLICATIONS, {"app", "service principal"}),
        (READER, set()),
        ("custom", {"unit", "app", "service principal"}),
    ],
)
def test_scopes_that_a_role_supports(roles, role, allowed):
    ada = roles.user()
    role = roles.tenant.create_role_definition("Own") if role == "custom" else role
    scopes = {
        "unit": f"/administrativeUnits/{roles.tenant.create_administrative_unit('North')}",
        "app": f"/{roles.tenant.create_application('Photos')}",
        "service principal": f"/{roles.service_principal().id}",
    }
    for name, scope in scopes.items():
        expected = None if name in allowed else "scope_not_supported"
        assert code(roles, roles.grant(ada, role, scope=scope)) == expected, name
        assert code(roles, roles.grant(ada, role, "eligible", scope=scope)) == expected, name


@pytest.mark.parametrize(("role", "scope"), [(HELPDESK, "/administrativeUnits/{}"), (APPLICATIONS, "/{}")])
def test_scopes_that_there_are_not(roles, role, scope):
    ada = roles.user()
    assert code(roles, roles.grant(ada, role, scope=scope.format(NOBODY))) == "scope_not_supported"
    assert code(roles, roles.grant(ada, role, scope=scope.format(ada.id))) == "scope_not_supported"
    assert roles.do(roles.revoke(ada, role, scope=scope.format(NOBODY))).result is Result.ALREADY_REVOKED


@BOTH
def test_an_end_that_has_passed(roles, slug):
    ada = roles.user()
    assert code(roles, roles.grant(ada, slug=slug, expires_at=roles.within(seconds=-1))) == "start_in_the_past"
    assert code(roles, roles.grant(ada, slug=slug, expires_at=roles.within(minutes=5))) is None


@pytest.mark.parametrize(
    ("missing", "slug", "times", "refused"),
    [
        (["RoleManagement.ReadWrite.Directory"], "assigned", False, True),
        (["RoleAssignmentSchedule.ReadWrite.Directory"], "assigned", False, False),
        (["RoleManagement.ReadWrite.Directory", "RoleAssignmentSchedule.ReadWrite.Directory"], "assigned", True, True),
        (["RoleManagement.ReadWrite.Directory"], "assigned", True, False),
        (["RoleManagement.ReadWrite.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"], "eligible", True, True),
        (["RoleManagement.ReadWrite.Directory"], "eligible", True, False),
    ],
)
def test_permissions(roles, missing, slug, times, refused):
    task = roles.grant(roles.user(), slug=slug, expires_at=roles.within(days=1) if times else None)
    with permissions(roles, [one for one in ALL if one not in missing]):
        why = roles.refusal(task)
        assert (why.code if why else None) == ("permission_missing" if refused else None)
        if refused:
            kind = "Management" if not times else "AssignmentSchedule" if slug == "assigned" else "EligibilitySchedule"
            assert f"Role{kind}.ReadWrite.Directory" in why.sentence


def test_a_permission_that_only_graph_knows_of_is_missing(roles):
    roles.emulator.fail(Fault(method="POST", path="roleAssignments$", status=403, code="Authorization_RequestDenied"))
    ended = roles.do(roles.grant(roles.user()))
    assert ended.code == "permission_missing"
    assert ended.problem.graph_code == "Authorization_RequestDenied"
    assert ended.problem.request_id


def test_what_cannot_be_read_is_refused_and_not_guessed(roles):
    reads = [one for one in ALL if "Role" not in one]
    with permissions(roles, reads):
        assert code(roles, roles.grant(roles.user())) == "permission_missing"
    roles.emulator.fail(Fault(path="roleAssignmentScheduleInstances", status=403))
    assert code(roles, roles.grant(roles.user())) == "permission_missing"


def test_what_cannot_be_read_for_a_moment_is_asked_for_later(roles):
    roles.emulator.fail(Fault(path="roleAssignmentScheduleInstances", status=503, times=20))
    [verdict] = roles.examine(roles.grant(roles.user()))
    assert isinstance(verdict, Later)
    assert verdict.counts


@pytest.mark.parametrize("wording", ["current", "older"])
def test_without_p2_only_permanent_assignments(roles, wording):
    ada = roles.user()
    roles.emulator.variants = Variants(refusal_wording=wording)
    with premium(roles, "false"):
        for slug, times in (
            ("eligible", {}),
            ("assigned", {"expires_at": roles.within(days=1)}),
            ("assigned", {"starts_at": roles.within(days=1)}),
        ):
            assert code(roles, roles.grant(ada, slug=slug, **times)) == "pim_not_licensed"
        assert roles.do(roles.grant(ada)).result is Result.GRANTED
        assert roles.do(roles.grant(ada)).result is Result.ALREADY_GRANTED
        assert code(roles, roles.grant(ada, expires_at=roles.within(days=1))) == "pim_not_licensed"
        assert roles.do(roles.revoke(ada)).result is Result.REVOKED
        assert roles.do(roles.revoke(ada, slug="eligible")).result is Result.ALREADY_REVOKED


def test_a_missing_license_is_found_by_its_message_too(roles):
    message = "The tenant needs an AAD Premium 2 license."
    body = {"error": {"code": "BadRequest", "message": message}}
    roles.emulator.fail(Fault(path="role(Assignment|Eligibility)Schedule", status=400, body=body, times=20))
    assert code(roles, roles.grant(roles.user(), slug="eligible")) == "pim_not_licensed"


@BOTH
def test_policies_that_demand_an_end(roles, slug):
    ada, level = roles.user(), "Assignment" if slug == "assigned" else "Eligibility"
    demand(roles, level, Expiration=ends(True))
    why = roles.refusal(roles.grant(ada, slug=slug))
    assert (why.code, "an end within 30 days" in why.sentence, "expires_at before" in why.remedy) == (
        "pim_policy",
        True,
        True,
    )
    too_long = roles.refusal(roles.grant(ada, slug=slug, expires_at=roles.within(days=31)))
    assert (too_long.code, "30 days at most" in too_long.sentence) == ("pim_policy", True)
    assert roles.do(roles.grant(ada, slug=slug, expires_at=roles.within(days=30))).result is Result.GRANTED
    assert code(roles, roles.grant(ada, slug=slug)) == "pim_policy"
    assert roles.do(roles.revoke(ada, slug=slug)).result is Result.REVOKED
    demand(roles, level, Expiration=ends(False))
    assert code(roles, roles.grant(ada, slug=slug, expires_at=roles.within(days=31))) is None
    other = "Eligibility" if level == "Assignment" else "Assignment"
    demand(roles, other, Expiration=ends(True))
    assert code(roles, roles.grant(ada, slug=slug)) is None


def test_a_start_to_come_counts_from_then(roles):
    demand(roles, "Eligibility", Expiration=ends(True))
    times = {"starts_at": roles.within(days=10), "expires_at": roles.within(days=39)}
    assert code(roles, roles.grant(roles.user(), slug="eligible", **times)) is None


@BOTH
@pytest.mark.parametrize(
    ("rule", "missing", "there"),
    [("Ticketing", {}, {"ticket": "INC-1"}), ("Justification", {"justification": " "}, {"justification": "Needed"})],
)
def test_policies_that_demand_a_ticket_or_a_justification(roles, slug, rule, missing, there):
    ada, level = roles.user(), "Assignment" if slug == "assigned" else "Eligibility"
    demand(roles, level, Enablement={"enabledRules": [rule]})
    why = roles.refusal(roles.grant(ada, slug=slug, **missing))
    assert (why.code, rule.removesuffix("ing").lower() in why.sentence) == ("pim_policy", True)
    ended = roles.do(roles.grant(ada, slug=slug, expires_at=roles.within(days=1), **there))
    assert ended.result is Result.GRANTED


@BOTH
def test_policies_that_demand_mfa_cannot_be_met_by_an_application(roles, slug):
    level = "Assignment" if slug == "assigned" else "Eligibility"
    demand(roles, level, Enablement={"enabledRules": ["MultiFactorAuthentication"]})
    why = roles.refusal(roles.grant(roles.user(), slug=slug))
    assert (why.code, "no application can give" in why.sentence) == ("pim_policy", True)
    demand(roles, level, Enablement={"enabledRules": []})
    assert code(roles, roles.grant(roles.user(), slug=slug)) is None


def test_a_policy_that_changes_before_the_write_is_told_by_graph(roles):
    task = roles.grant(roles.user(), slug="eligible")
    [planned] = roles.examine(task)
    demand(roles, "Eligibility", Expiration=ends(True), Enablement={"enabledRules": ["Ticketing"]})
    refused = roles.act(task, planned)
    assert isinstance(refused, Refused)
    assert refused.problem.code == "pim_policy"
    assert "an end" in refused.problem.sentence
    assert "a ticket" in refused.problem.sentence


@pytest.mark.parametrize(
    ("status", "graph_code", "message", "expected"),
    [
        (
            400,
            "Request_BadRequest",
            "The given built-in role is not supported to be assigned to a single resource scope.",
            "scope_not_supported",
        ),
        (400, "SubjectNotFound", "The subject is not found.", "principal_not_found"),
        (400, "RoleNotFound", "The role is not found.", "resource_not_found"),
        (404, "Request_ResourceNotFound", "Resource does not exist.", "principal_not_found"),
        (400, "AadPremiumLicenseRequired", "", "pim_not_licensed"),
        (400, "Something_New", "Because.", "refused_by_graph"),
    ],
)
def test_what_graph_refuses_is_told_with_a_code_of_ours(roles, status, graph_code, message, expected):
    unit = f"/administrativeUnits/{roles.tenant.create_administrative_unit('North')}"
    task = roles.grant(roles.user(), HELPDESK, scope=unit)
    [planned] = roles.examine(task)
    body = {"error": {"code": graph_code, "message": message, "innerError": {"request-id": "r-1"}}}
    roles.emulator.fail(Fault(method="POST", path="roleAssignments$", status=status, body=body, times=2))
    if expected.endswith("not_found"):  # what is new is not known everywhere at once
        later = roles.act(task, planned)
        assert isinstance(later, Later)
        assert later.counts
        task = replace(task, first_at=roles.within(minutes=-5))
    refused = roles.act(task, planned)
    assert isinstance(refused, Refused)
    assert refused.problem.code == expected
    if expected == "refused_by_graph":
        assert (refused.problem.graph_code, refused.problem.request_id) == ("Something_New", "r-1")
        assert "Because." in refused.problem.sentence


def test_several_demands_are_said_at_once(roles):
    wanted = roles.grant(roles.user()).wanted
    why = Demands(end=True, longest=timedelta(hours=8), ticket=True).unmet(wanted, roles.now)
    assert why is not None
    assert "an end within 8 hours and a ticket" in why.sentence
    assert "ticket" in why.remedy


@BOTH
def test_inherited_access_names_the_group_and_what_would_end_it(roles, slug):
    ada, bob = roles.user(), roles.user("Bob")
    group, other = roles.group(ada), roles.group(ada)
    roles.do(roles.grant(group, slug=slug))
    roles.do(roles.grant(other, HELPDESK, slug=slug))
    why = roles.refusal(roles.revoke(ada, slug=slug))
    assert why.code == "inherited_access"
    assert group.name in why.sentence
    assert f"group:{group.id}:member" in why.remedy
    assert roles.do(roles.revoke(bob, slug=slug)).result is Result.ALREADY_REVOKED
    roles.do(roles.grant(ada, slug=slug))
    assert roles.do(roles.revoke(ada, slug=slug)).result is Result.REVOKED
    assert roles.held(group) == {(slug, "/", None)}


def test_inherited_at_another_scope_is_not_what_was_asked(roles):
    ada = roles.user()
    unit = f"/administrativeUnits/{roles.tenant.create_administrative_unit('North')}"
    roles.do(roles.grant(roles.group(ada), HELPDESK, scope=unit))
    assert roles.do(roles.revoke(ada, HELPDESK)).result is Result.ALREADY_REVOKED
    assert code(roles, roles.revoke(ada, HELPDESK, scope=unit)) == "inherited_access"


def test_an_activation_ends_with_its_eligibility(roles):
    ada = roles.user()
    roles.do(roles.grant(ada, slug="eligible"))
    roles.tenant.activate_role(ada.id, READER)
    why = roles.refusal(roles.revoke(ada))
    assert (why.code, f"directory_role:{READER}:eligible" in why.remedy) == ("activated_from_eligibility", True)
    assert roles.do(roles.grant(ada)).code == "activated_from_eligibility"
    revoked = roles.do(roles.revoke(ada, slug="eligible"))
    assert (revoked.result, roles.held(ada)) == (Result.REVOKED, set())
    assert set(revoked.reading.gone) == {"role_assignments", "role_assignment_instances", "role_eligibility_instances"}


def test_the_connectors_own_access_stays(roles):
    own = roles.service_principal()
    mine, others = roles.group(own), roles.group(roles.service_principal())
    for principal in (own, mine, others):
        roles.do(roles.grant(principal))
    roles.own_id = own.id
    assert code(roles, roles.revoke(own)) == "self_lockout"
    assert code(roles, roles.grant(own, expires_at=roles.within(days=1))) == "self_lockout"
    assert code(roles, roles.revoke(mine)) == "self_lockout"
    assert code(roles, roles.revoke(others)) is None
    assert roles.do(roles.revoke(own, HELPDESK)).result is Result.ALREADY_REVOKED


def test_one_refusal_leaves_the_others_their_own_end(roles):
    tasks = [
        roles.grant(one) for one in (roles.user(), roles.group(role_assignable=False), roles.user(), roles.group())
    ]
    verdicts = roles.examine(*tasks)
    assert [type(one) for one in verdicts] == [Planned, Refused, Planned, Planned]
