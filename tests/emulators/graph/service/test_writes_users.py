"""Users, administrative units and deleted items, changed through Graph."""

import pytest

NEW = {
    "accountEnabled": True,
    "displayName": "Ada Lovelace",
    "mailNickname": "ada",
    "userPrincipalName": "ada@contoso.onmicrosoft.com",
    "passwordProfile": {"password": "Emulated-1", "forceChangePasswordNextSignIn": True},
}
UNITS = "/directory/administrativeUnits"


def test_a_user_is_created_and_read_back(writer):
    response = writer.send("/users", "POST", json=NEW)
    made = response.json()
    assert response.status_code == 201
    assert made["@odata.context"].endswith("#users/$entity")
    assert (made["userPrincipalName"], made["mail"]) == (NEW["userPrincipalName"], None)
    assert writer.get(f"/users/{made['id']}?$select=accountEnabled,userType,passwordProfile") | {
        "@odata.context": ""
    } == {
        "@odata.context": "",
        "id": made["id"],
        "accountEnabled": True,
        "userType": "Member",
        "passwordProfile": None,
    }
    assert response.headers["x-ms-resource-unit"] == "1"
    assert writer.emulator.metrics.snapshot()["writes"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mailNickname": None}, "Property mailNickname value is required but is empty or missing."),
        ({"accountEnabled": None}, "Property accountEnabled value is required but is empty or missing."),
        ({"passwordProfile": None}, "A password must be specified to create a new user."),
        ({"accountEnabled": "yes"}, "Invalid value specified for property 'accountEnabled' of resource 'User'."),
        ({"assignedLicenses": []}, "Property 'assignedLicenses' is read-only and cannot be set."),
        (
            {"userPrincipalName": "ada@elsewhere.example"},
            "The domain portion of the userPrincipalName property is invalid.",
        ),
    ],
)
def test_what_a_new_user_needs(writer, change, message):
    status, code, text = writer.error("/users", "POST", json=NEW | change)
    assert (status, code) == (400, "Request_BadRequest")
    assert text.startswith(message)
    assert not [user for user in writer.all("/users") if user["displayName"] == "Ada Lovelace"]


def test_unknown_properties_and_bodies_that_are_no_json_are_refused(writer):
    status, code, text = writer.error("/users", "POST", json=NEW | {"shoeSize": 42})
    assert (status, code) == (400, "BadRequest")
    assert text.startswith("The property 'shoeSize' does not exist on type 'microsoft.graph.user'.")
    assert writer.error("/users", "POST", content=b"{")[:2] == (400, "BadRequest")
    assert writer.error("/users", "POST")[:2] == (400, "BadRequest")


def test_a_sign_in_name_is_unique_whatever_its_case(writer):
    writer.send("/users", "POST", json=NEW)
    other = writer.send("/users", "POST", json=NEW | {"userPrincipalName": "bob@contoso.onmicrosoft.com"}).json()["id"]
    taken = {"userPrincipalName": "ADA@contoso.onmicrosoft.com"}
    for response in (
        writer.send("/users", "POST", json=NEW | taken),
        writer.send(f"/users/{other}", "PATCH", json=taken),
    ):
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (400, "Request_BadRequest")
        assert error["details"][0] | {"message": ""} == {
            "code": "ObjectConflict",
            "message": "",
            "target": "userPrincipalName",
        }


def test_a_user_is_changed_by_id_and_by_name(writer, tenant):
    ada = tenant.create_user("Ada")
    name = writer.get(f"/users/{ada}")["userPrincipalName"]
    assert writer.send(f"/users/{ada}", "PATCH", json={"jobTitle": "Countess"}).status_code == 204
    assert writer.send(f"/users/{name}", "PATCH", json={"city": "London"}).status_code == 204
    found = writer.get(f"/users/{ada}?$select=jobTitle,city")
    assert (found["jobTitle"], found["city"]) == ("Countess", "London")


def test_what_active_directory_masters_is_refused(writer, tenant):
    synced = tenant.create_user("Ada", properties={"onPremisesSyncEnabled": True})
    status, code, text = writer.error(f"/users/{synced}", "PATCH", json={"jobTitle": "Countess"})
    assert (status, code) == (400, "Request_BadRequest")
    assert text.startswith("Unable to update the specified properties for on-premises mastered Directory Sync objects")
    assert writer.send(f"/users/{synced}", "PATCH", json={"usageLocation": "GB"}).status_code == 204


def test_a_deleted_user_is_restored_and_deleted_for_good(writer, tenant):
    ada = tenant.create_user("Ada")
    assert writer.send(f"/users/{ada}", "DELETE").status_code == 204
    assert writer.error(f"/users/{ada}")[:2] == (404, "Request_ResourceNotFound")
    restored = writer.send(f"/directory/deletedItems/{ada}/restore", "POST")
    assert (restored.status_code, restored.json()["@odata.type"]) == (200, "#microsoft.graph.user")
    assert writer.get(f"/users/{ada}")["displayName"] == "Ada"
    assert writer.error(f"/directory/deletedItems/{ada}", "DELETE")[:2] == (404, "Request_ResourceNotFound")
    writer.send(f"/users/{ada}", "DELETE")
    assert writer.send(f"/directory/deletedItems/{ada}", "DELETE").status_code == 204
    assert writer.error(f"/directory/deletedItems/{ada}/restore", "POST")[:2] == (404, "Request_ResourceNotFound")


def test_the_manager_of_a_user(writer, tenant):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    address = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{bob}"}
    assert writer.send(f"/users/{ada}/manager/$ref", "PUT", json=address).status_code == 204
    assert writer.get(f"/users/{ada}/manager")["id"] == bob
    assert writer.send(f"/users/{ada}/manager/$ref", "DELETE").status_code == 204
    assert writer.error(f"/users/{ada}/manager/$ref", "DELETE")[0] == 404


def test_administrative_units_and_their_members(writer, tenant):
    ada = tenant.create_user("Ada")
    hidden = writer.send(UNITS, "POST", json={"displayName": "Sápmi", "visibility": "HiddenMembership"})
    assert (hidden.status_code, hidden.json()["visibility"]) == (201, "HiddenMembership")
    made = writer.send(UNITS, "POST", json={"displayName": "Norway"})
    assert made.status_code == 201
    unit = f"{UNITS}/{made.json()['id']}"
    address = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ada}"}
    assert writer.send(f"{unit}/members/$ref", "POST", json=address).status_code == 204
    status, _, text = writer.error(f"{unit}/members/$ref", "POST", json=address)
    assert (status, text.split(" with ")[0]) == (400, "A conflicting object")
    assert [member["id"] for member in writer.all(f"{unit}/members")] == [ada]
    assert writer.send(f"{unit}/members/{ada}/$ref", "DELETE").status_code == 204
    assert writer.send(unit, "PATCH", json={"displayName": "Norge"}).status_code == 204
    assert writer.get(unit)["displayName"] == "Norge"
    assert writer.send(unit, "DELETE").status_code == 204
    assert writer.error(unit)[0] == 404


def test_a_change_needs_a_permission_for_it(graph, tenant):
    ada = tenant.create_user("Ada")
    denied = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    assert graph.error(f"/users/{ada}", "DELETE") == denied
    assert graph.error("/users", "POST", json=NEW) == denied
    assert graph.get(f"/users/{ada}")["id"] == ada


def test_what_cannot_be_written_says_so(writer, tenant):
    ada = tenant.create_user("Ada")
    assert writer.error("/subscribedSkus", "POST", json={})[0] == 405
    assert writer.error(f"/users/{ada}/memberOf", "POST", json={})[0] == 405
    assert writer.error("/nothing", "POST", json={})[:2] == (400, "BadRequest")
