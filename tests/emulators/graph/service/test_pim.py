"""Privileged Identity Management: schedule requests, what comes of them in time, and the policies they obey."""

from datetime import timedelta

import pytest

from emulators.graph import Variants

BASE = "/roleManagement/directory"
READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
ASSIGN, ELIGIBLE = f"{BASE}/roleAssignmentScheduleRequests", f"{BASE}/roleEligibilityScheduleRequests"
SCOPED = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{READER}'"
HOUR = 3600


@pytest.fixture
def ada(writer, tenant):
    """A user, on a clock that stands still."""
    writer.emulator.clock.stop()
    return tenant.create_user("Ada")


@pytest.fixture
def body(ada):
    """The body of a request; further properties win."""

    def made(action="adminAssign", **more):
        plain = {"action": action, "justification": "needed", "principalId": ada, "roleDefinitionId": READER}
        return plain | {"directoryScopeId": "/", "scheduleInfo": {"expiration": {"type": "NoExpiration"}}} | more

    return made


def lasting(writer, hours, *, after=0):
    start = (writer.emulator.clock.utc() + timedelta(hours=after)).isoformat()
    return {"startDateTime": start, "expiration": {"type": "AfterDuration", "duration": f"PT{hours}H"}}


def held(graph, path):
    return [item["principalId"] for item in graph.all(f"{BASE}/{path}?$filter=roleDefinitionId eq '{READER}'")]


@pytest.mark.parametrize(
    ("path", "instances"),
    [(ASSIGN, "roleAssignmentScheduleInstances"), (ELIGIBLE, "roleEligibilityScheduleInstances")],
)
def test_a_role_is_assigned_shown_and_removed(writer, ada, body, path, instances):
    made = writer.send(path, "POST", json=body("AdminAssign"))
    assert made.status_code == 201
    shown = made.json()
    assert (shown["action"], shown["status"], shown["targetScheduleId"]) == ("adminAssign", "Provisioned", shown["id"])
    assert shown["scheduleInfo"]["expiration"]["type"] == "noExpiration"
    assert writer.get(f"{path}/{shown['id']}")["status"] == "Provisioned"
    assert held(writer, instances) == [ada]
    assert writer.error(path, "POST", json=body())[:2] == (400, "RoleAssignmentExists")
    removed = writer.send(path, "POST", json=body("adminRemove", justification=None)).json()
    assert (removed["status"], removed["scheduleInfo"], removed["targetScheduleId"]) == ("Revoked", None, None)
    assert held(writer, instances) == []
    assert writer.error(path, "POST", json=body("adminRemove"))[:2] == (400, "RoleAssignmentDoesNotExist")
    assert len(writer.get(f"{path}?$filter=principalId eq '{ada}'")["value"]) == 2


@pytest.mark.parametrize(
    ("path", "instances"),
    [(ASSIGN, "roleAssignmentScheduleInstances"), (ELIGIBLE, "roleEligibilityScheduleInstances")],
)
def test_schedules_begin_and_end_by_the_clock(writer, ada, body, path, instances):
    made = writer.send(path, "POST", json=body(scheduleInfo=lasting(writer, 2, after=1))).json()
    assert (made["status"], held(writer, instances)) == ("Granted", [])
    assert writer.error(path, "POST", json=body())[:2] == (400, "PendingRoleAssignmentRequest")
    writer.emulator.clock.advance(HOUR + 1)
    writer.sign_in()
    assert (writer.get(f"{path}/{made['id']}")["status"], held(writer, instances)) == ("Provisioned", [ada])
    writer.emulator.clock.advance(2 * HOUR)
    writer.sign_in()
    assert held(writer, instances) == []


@pytest.mark.parametrize(("path", "kind"), [(ASSIGN, "Assignment"), (ELIGIBLE, "Eligibility")])
def test_what_begins_later_may_be_a_schedule_at_once(writer, ada, body, path, kind):
    writer.emulator.variants = Variants(pim_schedules_ahead=True)
    made = writer.send(path, "POST", json=body(scheduleInfo=lasting(writer, 2, after=1))).json()
    assert made["status"] == "ScheduleCreated"
    [schedule] = writer.all(f"{BASE}/role{kind}Schedules?$filter=principalId eq '{ada}'")
    assert schedule["id"] == made["id"]
    assert schedule["scheduleInfo"]["startDateTime"] == made["scheduleInfo"]["startDateTime"]
    assert held(writer, f"role{kind}ScheduleInstances") == []
    assert writer.error(path, "POST", json=body())[:2] == (400, "RoleAssignmentExists")
    assert (
        writer.send(path, "POST", json=body("adminUpdate", scheduleInfo=lasting(writer, 3, after=2))).status_code == 201
    )
    assert len(writer.all(f"{BASE}/role{kind}Schedules?$filter=principalId eq '{ada}'")) == 1
    assert writer.send(path, "POST", json=body("adminRemove")).status_code == 201
    assert writer.all(f"{BASE}/role{kind}Schedules?$filter=principalId eq '{ada}'") == []
    writer.send(path, "POST", json=body(scheduleInfo=lasting(writer, 2, after=1)))
    writer.emulator.clock.advance(HOUR + 1)
    writer.sign_in()
    assert held(writer, f"role{kind}ScheduleInstances") == [ada]


def test_a_schedule_is_extended(writer, ada, body):
    writer.send(ASSIGN, "POST", json=body(scheduleInfo=lasting(writer, 1)))
    extended = writer.send(ASSIGN, "POST", json=body("adminExtend", scheduleInfo=lasting(writer, 5)))
    assert extended.status_code == 201, extended.text
    assert extended.json()["status"] == "Provisioned"
    writer.emulator.clock.advance(2 * HOUR)
    writer.sign_in()
    assert held(writer, "roleAssignments") == [ada]
    writer.emulator.clock.advance(4 * HOUR)
    writer.sign_in()
    assert held(writer, "roleAssignments") == []


def test_a_request_is_canceled_before_its_time_only(writer, body):
    made = writer.send(ASSIGN, "POST", json=body(scheduleInfo=lasting(writer, 2, after=1))).json()
    assert writer.send(f"{ASSIGN}/{made['id']}/cancel", "POST").status_code == 204
    assert writer.get(f"{ASSIGN}/{made['id']}")["status"] == "Canceled"
    assert writer.error(f"{ASSIGN}/{made['id']}/cancel", "POST")[0] == 400
    writer.emulator.clock.advance(2 * HOUR)
    writer.sign_in()
    assert held(writer, "roleAssignments") == []


def test_provisioning_may_take_its_time(writer, ada, body):
    writer.emulator.variants = Variants(pim_provisioning_seconds=30)
    made = writer.send(ASSIGN, "POST", json=body()).json()
    assert (made["status"], held(writer, "roleAssignments")) == ("PendingProvisioning", [])
    writer.emulator.clock.advance(30)
    assert (writer.get(f"{ASSIGN}/{made['id']}")["status"], held(writer, "roleAssignments")) == ("Provisioned", [ada])


def test_a_dry_run_changes_nothing(writer, body):
    assert writer.send(ASSIGN, "POST", json=body(isValidationOnly=True)).status_code == 201
    assert held(writer, "roleAssignments") == []
    assert writer.get(ASSIGN)["value"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roleDefinitionId": "0"}, "RoleNotFound"),
        ({"principalId": "0"}, "SubjectNotFound"),
        ({"action": "selfActivate"}, "RoleAssignmentRequestPolicyValidationFailed"),
        ({"action": "adminGuess"}, "BadRequest"),
        ({"appScopeId": "/"}, "BadRequest"),
        ({"scheduleInfo": {"expiration": {"type": "afterDuration"}}}, "BadRequest"),
    ],
)
def test_what_cannot_be_requested(writer, body, change, code):
    assert writer.error(ASSIGN, "POST", json=body(**{"action": "adminAssign"} | change))[:2] == (400, code)


def test_without_its_license_nothing_can_be_requested(writer, tenant, body):
    tenant.set_fact("entra_id_p2", "false")
    assert writer.error(ASSIGN, "POST", json=body())[:2] == (400, "AadPremiumLicenseRequired")


def test_policies_and_their_rules(writer, tenant):
    assert writer.error("/policies/roleManagementPolicyAssignments")[0] == 400
    path = f"/policies/roleManagementPolicyAssignments?$filter={SCOPED}&$expand=policy($expand=rules)"
    (found,) = writer.get(path)["value"]
    assert found["id"] == f"{found['policyId']}_{READER}"
    assert len(found["policy"]["rules"]) == 17
    rule = f"/policies/roleManagementPolicies/{found['policyId']}/rules/Expiration_Admin_Assignment"
    change = {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "isExpirationRequired": True}
    assert writer.send(rule, "PATCH", json=change).status_code == 204
    assert writer.get(rule) | {"target": 0} == change | {
        "id": "Expiration_Admin_Assignment",
        "maximumDuration": "P180D",
        "target": 0,
    }


@pytest.mark.parametrize(
    ("rule", "setting", "request_", "failed"),
    [
        (None, {}, {"justification": ""}, '["JustificationRule"]'),
        ("Expiration", {"isExpirationRequired": True}, {}, '["ExpirationRule"]'),
        ("Expiration", {"isExpirationRequired": True, "maximumDuration": "PT1H"}, {"hours": 2}, '["ExpirationRule"]'),
        ("Enablement", {"enabledRules": ["Ticketing"]}, {}, '["TicketingRule"]'),
        ("Enablement", {"enabledRules": ["MultiFactorAuthentication"]}, {}, '["MfaRule"]'),
    ],
)
def test_requests_obey_the_policy(writer, body, rule, setting, request_, failed):  # noqa: PLR0917
    (found,) = writer.get(f"/policies/roleManagementPolicyAssignments?$filter={SCOPED}")["value"]
    if rule:
        path = f"/policies/roleManagementPolicies/{found['policyId']}/rules/{rule}_Admin_Assignment"
        assert writer.send(path, "PATCH", json=setting).status_code == 204
    hours = request_.pop("hours", None)
    wanted = body(**request_) if hours is None else body(scheduleInfo=lasting(writer, hours))
    assert writer.error(ASSIGN, "POST", json=wanted) == (
        400,
        "RoleAssignmentRequestPolicyValidationFailed",
        f"The following policy rules failed: {failed}",
    )
    assert held(writer, "roleAssignments") == []
