"""Applications, app roles, consents, roles and licenses, changed through Graph."""

import asyncio

import pytest

from emulators.graph.tenant.application_verbs import DEFAULT_ACCESS

ROLES = "/roleManagement/directory"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
ADDRESS = "https://graph.microsoft.com/v1.0/directoryObjects/"


def test_an_application_becomes_a_service_principal_once(writer, tenant):
    application = writer.send("/applications", "POST", json={"displayName": "Expenses"}).json()
    body = {"appId": application["appId"]}
    made = writer.send("/servicePrincipals", "POST", json=body)
    assert (made.status_code, made.json()["displayName"]) == (201, "Expenses")
    assert writer.error("/servicePrincipals", "POST", json=body)[:2] == (409, "Request_MultipleObjectsWithSameKeyValue")
    unknown = writer.send("/servicePrincipals", "POST", json={"appId": tenant.id})
    assert unknown.status_code == 400
    assert unknown.json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"
    path = f"/servicePrincipals/{made.json()['id']}"
    assert writer.send(path, "PATCH", json={"appRoleAssignmentRequired": True}).status_code == 204
    assert writer.get(path)["appRoleAssignmentRequired"] is True
    assert writer.send(f"/applications/{application['id']}", "DELETE").status_code == 204
    assert writer.error(path)[0] == 404


@pytest.mark.parametrize("entity_set", ["applications", "servicePrincipals"])
def test_owners_of_applications(writer, tenant, entity_set):
    make = tenant.create_application if entity_set == "applications" else tenant.create_service_principal
    made, ada = make("Expenses"), tenant.create_user("Ada")
    assert (
        writer.send(f"/{entity_set}/{made}/owners/$ref", "POST", json={"@odata.id": ADDRESS + ada}).status_code == 204
    )
    assert [owner["id"] for owner in writer.all(f"/{entity_set}/{made}/owners")] == [ada]
    assert writer.send(f"/{entity_set}/{made}/owners/{ada}/$ref", "DELETE").status_code == 204


@pytest.mark.parametrize("side", ["appRoleAssignments", "appRoleAssignedTo"])
def test_an_app_role_is_assigned_and_taken_back_from_either_side(writer, tenant, side):
    ada, app = tenant.create_user("Ada"), tenant.create_service_principal("Expenses")
    path = f"/users/{ada}/{side}" if side == "appRoleAssignments" else f"/servicePrincipals/{app}/{side}"
    body = {"principalId": ada, "resourceId": app, "appRoleId": DEFAULT_ACCESS}
    made = writer.send(path, "POST", json=body)
    assert made.status_code == 201
    assert made.json()["principalDisplayName"] == "Ada"
    assert {name: made.json()[name] for name in body} == body
    assert writer.error(path, "POST", json=body)[::2] == (400, "Permission being assigned already exists on the object")
    assert writer.send(f"{path}/{made.json()['id']}", "DELETE").status_code == 204
    assert writer.error(f"{path}/{made.json()['id']}", "DELETE")[0] == 404


def test_an_app_role_assignment_has_to_fit_its_path_and_its_application(writer, tenant):
    ada, bob, app = tenant.create_user("Ada"), tenant.create_user("Bob"), tenant.create_service_principal("Expenses")
    path = f"/users/{ada}/appRoleAssignments"
    body = {"principalId": bob, "resourceId": app, "appRoleId": DEFAULT_ACCESS}
    assert writer.error(path, "POST", json=body)[::2] == (400, "Not a valid reference update.")
    body |= {"principalId": ada, "appRoleId": tenant.id}
    assert writer.error(path, "POST", json=body)[2].startswith("Permission being assigned was not found on application")
    assert writer.error(path, "POST", json=body | {"resourceId": "expenses"})[0] == 400
    assert writer.all(path) == []


def test_consents_to_delegated_permissions(writer, tenant):
    client, resource = tenant.create_service_principal("Portal"), tenant.create_service_principal("Expenses")
    body = {"clientId": client, "consentType": "AllPrincipals", "resourceId": resource, "scope": "read"}
    made = writer.send("/oauth2PermissionGrants", "POST", json=body).json()
    assert made["principalId"] is None
    assert writer.error("/oauth2PermissionGrants", "POST", json=body)[2] == "Permission entry already exists."
    assert writer.error("/oauth2PermissionGrants", "POST", json=body | {"consentType": "Principal"})[0] == 400
    path = f"/oauth2PermissionGrants/{made['id']}"
    assert writer.send(path, "PATCH", json={"scope": "read write"}).status_code == 204
    assert writer.get(path)["scope"] == "read write"
    assert writer.send(path, "DELETE").status_code == 204
    assert writer.error(path)[0] == 404


def test_a_role_is_assigned_and_taken_back(writer, tenant):
    ada = tenant.create_user("Ada")
    body = {
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "principalId": ada,
        "roleDefinitionId": GLOBAL_READER,
        "directoryScopeId": "/",
    }
    made = writer.send(f"{ROLES}/roleAssignments", "POST", json=body)
    assert (made.status_code, made.json()["principalId"]) == (201, ada)
    twice = writer.send(f"{ROLES}/roleAssignments", "POST", json=body)
    assert twice.status_code == 400
    assert twice.json()["error"]["details"][0]["code"] == "ConflictingObjects"
    path = f"{ROLES}/roleAssignments/{made.json()['id']}"
    assert writer.send(path, "DELETE").status_code == 204
    assert writer.error(path, "DELETE")[0] == 404


def test_a_built_in_role_that_cannot_be_limited(writer, tenant):
    unit = f"/administrativeUnits/{tenant.create_administrative_unit('North')}"
    body = {"principalId": tenant.create_user("Ada"), "directoryScopeId": unit}
    refused = writer.error(f"{ROLES}/roleAssignments", "POST", json=body | {"roleDefinitionId": GLOBAL_READER})
    message = "The given built-in role is not supported to be assigned to a single resource scope."
    assert refused == (400, "Request_BadRequest", message)
    for role in (HELPDESK, tenant.create_role_definition("Own")):
        made = writer.send(f"{ROLES}/roleAssignments", "POST", json=body | {"roleDefinitionId": role})
        assert made.status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"principalId": "0"}, 404),
        ({"roleDefinitionId": "0"}, 404),
        ({"directoryScopeId": None}, 400),
        ({"appScopeId": "/"}, 400),
        ({"directoryScopeId": "/administrativeUnits/0", "roleDefinitionId": HELPDESK}, 404),
    ],
)
def test_role_assignments_that_cannot_be(writer, tenant, change, status):
    body = {"principalId": tenant.create_user("Ada"), "roleDefinitionId": GLOBAL_READER, "directoryScopeId": "/"}
    assert writer.error(f"{ROLES}/roleAssignments", "POST", json=body | change)[0] == status


def test_an_ordinary_group_cannot_hold_a_role(writer, tenant):
    body = {"principalId": tenant.create_group("Team"), "roleDefinitionId": GLOBAL_READER, "directoryScopeId": "/"}
    assert writer.error(f"{ROLES}/roleAssignments", "POST", json=body)[:2] == (400, "Request_BadRequest")


def test_custom_roles(writer):
    body = {
        "displayName": "Reader of apps",
        "isEnabled": True,
        "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/basic/read"]}],
    }
    made = writer.send(f"{ROLES}/roleDefinitions", "POST", json=body)
    assert (made.status_code, made.json()["isBuiltIn"]) == (201, False)
    path = f"{ROLES}/roleDefinitions/{made.json()['id']}"
    assert writer.send(path, "PATCH", json={"isEnabled": False}).status_code == 204
    assert writer.get(path)["isEnabled"] is False
    assert writer.send(path, "DELETE").status_code == 204
    for method in ("PATCH", "DELETE"):
        assert writer.error(f"{ROLES}/roleDefinitions/{GLOBAL_READER}", method, json={"isEnabled": False})[0] == 400


def test_directory_roles_are_activated_and_have_members(writer, tenant):
    ada, template = tenant.create_user("Ada"), {"roleTemplateId": GLOBAL_READER}
    address = {"@odata.id": ADDRESS + ada}
    by_template = f"/directoryRoles/roleTemplateId={GLOBAL_READER}/members/$ref"
    assert writer.error(by_template, "POST", json=address)[0] == 404
    role = writer.send("/directoryRoles", "POST", json=template)
    assert (role.status_code, role.json()["displayName"]) == (201, "Global Reader")
    assert writer.error("/directoryRoles", "POST", json=template)[0] == 400
    assert writer.send(by_template, "POST", json=address).status_code == 204
    path = f"/directoryRoles/{role.json()['id']}/members"
    assert writer.error(f"{path}/$ref", "POST", json=address)[0] == 400
    assert [member["id"] for member in writer.all(path)] == [ada]
    assert len(writer.all(f"{ROLES}/roleAssignments?$filter=principalId eq '{ada}'")) == 1
    assert writer.send(f"{path}/{ada}/$ref", "DELETE").status_code == 204
    assert writer.error(f"{path}/{ada}/$ref", "DELETE")[0] == 404
    assert writer.all(f"{ROLES}/roleAssignments?$filter=principalId eq '{ada}'") == []


def test_licenses_of_users(writer, tenant):
    sku = tenant.add_sku("SPE_E5", 1)
    ada, bob = (tenant.create_user(name, properties={"usageLocation": "NO"}) for name in ("Ada", "Bob"))
    add = {"addLicenses": [{"skuId": sku, "disabledPlans": []}], "removeLicenses": []}
    response = writer.send(f"/users/{ada}/assignLicense", "POST", json=add)
    assert (response.status_code, response.json()["id"]) == (200, ada)
    assert writer.get(f"/users/{ada}?$select=assignedLicenses")["assignedLicenses"][0]["skuId"] == sku
    none_left = f"Subscription with SKU {sku} does not have any available licenses."
    assert writer.error(f"/users/{bob}/assignLicense", "POST", json=add)[::2] == (400, none_left)
    remove = {"addLicenses": [], "removeLicenses": [sku]}
    assert writer.send(f"/users/{ada}/assignLicense", "POST", json=remove).status_code == 200
    not_there = "User does not have a corresponding license."
    assert writer.error(f"/users/{ada}/assignLicense", "POST", json=remove)[::2] == (400, not_there)
    tenant.update_user(ada, {"usageLocation": None})
    assert "usage location" in writer.error(f"/users/{ada}/assignLicense", "POST", json=add)[2]


def test_licenses_of_groups_reach_their_members(writer, tenant):
    sku, group, ada = tenant.add_sku("SPE_E5", 5), tenant.create_group("Team"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    add = {"addLicenses": [{"skuId": sku}], "removeLicenses": []}
    assert writer.send(f"/groups/{group}/assignLicense", "POST", json=add).status_code == 202
    (state,) = writer.get(f"/users/{ada}?$select=licenseAssignmentStates")["licenseAssignmentStates"]
    assert (state["assignedByGroup"], state["skuId"]) == (group, sku)
    remove = {"addLicenses": [], "removeLicenses": [sku]}
    assert writer.error(f"/users/{ada}/assignLicense", "POST", json=remove)[2].startswith("User license is inherited")


def test_a_change_shows_in_delta(writer, tenant):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    _, link = writer.round("/groups/delta")
    writer.send(f"/groups/{group}/members/$ref", "POST", json={"@odata.id": ADDRESS + ada})
    items, link = writer.round(link)
    assert [row["id"] for row in items[0]["members@delta"]] == [ada]
    writer.send(f"/groups/{group}", "DELETE")
    assert writer.round(link)[0] == [{"id": group, "@removed": {"reason": "deleted"}}]


def test_the_official_client_writes(writer, tenant, sdk):
    from msgraph.generated.models.group import Group
    from msgraph.generated.models.reference_create import ReferenceCreate

    ada = tenant.create_user("Ada")

    async def change():
        made = await sdk.groups.post(
            Group(display_name="Team", mail_enabled=False, mail_nickname="team", security_enabled=True)
        )
        await sdk.groups.by_group_id(made.id).members.ref.post(ReferenceCreate(odata_id=ADDRESS + ada))
        shown = await sdk.groups.by_group_id(made.id).members.get()
        await sdk.groups.by_group_id(made.id).members.by_directory_object_id(ada).ref.delete()
        left = await sdk.groups.by_group_id(made.id).members.get()
        return [member.id for member in shown.value], left.value

    assert asyncio.run(change()) == ([ada], [])
