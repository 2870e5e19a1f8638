"""Directory roles: assignments, schedules and instances, each counted once."""

import pytest

from emulators.graph import Variants

ROLES = "/roleManagement/directory"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


def test_an_assignment_is_listed_with_its_scope(graph, tenant):
    ada, unit = tenant.create_user("Ada"), tenant.create_administrative_unit("Norway")
    tenant.assign_role(ada, GLOBAL_ADMINISTRATOR, f"/administrativeUnits/{unit}")
    (item,) = graph.all(f"{ROLES}/roleAssignments?$filter=principalId eq '{ada}'&$expand=principal($select=id)")
    assert (item["roleDefinitionId"], item["directoryScopeId"]) == (
        GLOBAL_ADMINISTRATOR,
        f"/administrativeUnits/{unit}",
    )
    assert item["principal"] == {"@odata.type": "#microsoft.graph.user", "id": ada}
    assert graph.all(f"{ROLES}/roleAssignments?$filter=principalId eq '{unit}'") == []


def test_a_filter_may_be_required(graph):
    graph.emulator.variants = Variants(role_assignments_require_filter=True)
    assert graph.error(f"{ROLES}/roleAssignments")[:2] == (400, "Request_BadRequest")
    assert graph.all(f"{ROLES}/roleAssignments?$filter=roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'") == []


def test_every_active_assignment_is_one_instance(graph, tenant):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    direct = tenant.assign_role(ada, GLOBAL_ADMINISTRATOR)
    tenant.make_eligible(bob, GLOBAL_ADMINISTRATOR)
    tenant.activate_role(bob, GLOBAL_ADMINISTRATOR)
    found = {item["principalId"]: item for item in graph.all(f"{ROLES}/roleAssignmentScheduleInstances")}
    assert {key: (item["assignmentType"], item["memberType"]) for key, item in found.items()} == {
        ada: ("Assigned", "Direct"),
        bob: ("Activated", "Direct"),
    }
    assert found[ada]["roleAssignmentOriginId"] == direct
    assert found[ada]["endDateTime"] is None
    assert found[bob]["endDateTime"] is not None
    assert len(graph.all(f"{ROLES}/roleAssignmentScheduleInstances?$top=1")) == 2


def test_members_of_a_group_that_holds_a_role_have_instances_of_their_own(graph, tenant):
    group, ada = tenant.create_group("Admins", role_assignable=True), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    tenant.make_eligible(group, GLOBAL_ADMINISTRATOR)
    found = graph.all(f"{ROLES}/roleEligibilityScheduleInstances")
    assert {(item["principalId"], item["memberType"]) for item in found} == {(group, "Direct"), (ada, "Group")}
    assert len({item["id"] for item in found}) == 2
    assert len(graph.all(f"{ROLES}/roleEligibilitySchedules")) == 1


@pytest.mark.parametrize("name", ["roleAssignmentScheduleInstances", "roleEligibilitySchedules"])
def test_privileged_identity_management_needs_its_license(graph, tenant, name):
    tenant.set_fact("entra_id_p2", "false")
    assert graph.error(f"{ROLES}/{name}")[:2] == (400, "AadPremiumLicenseRequired")


def test_directory_roles_and_their_members(graph, tenant):
    ada = tenant.create_user("Ada")
    tenant.assign_role(ada, GLOBAL_ADMINISTRATOR)
    (role,) = [one for one in graph.all("/directoryRoles") if one["roleTemplateId"] == GLOBAL_ADMINISTRATOR]
    assert [member["id"] for member in graph.all(f"/directoryRoles/{role['id']}/members")] == [ada]
    items, _ = graph.round("/directoryRoles/delta")
    assert [row["id"] for item in items for row in item.get("members@delta", [])] == [ada]


def test_enumerations_of_pim_are_spelled_as_in_samples_or_as_in_the_schema(graph, tenant):
    ada = tenant.create_user("Ada")
    role = graph.get("/roleManagement/directory/roleDefinitions")["value"][0]["id"]
    tenant.assign_role(ada, role)
    path = f"/roleManagement/directory/roleAssignmentScheduleInstances?$filter=principalId eq '{ada}'"
    for as_schema, expected in ((False, ("Assigned", "Direct")), (True, ("assigned", "direct"))):
        graph.emulator.variants = Variants(pim_enums_as_schema=as_schema)
        (item,) = graph.all(path)
        assert (item["assignmentType"], item["memberType"]) == expected
