"""Groups, their members and owners, changed through Graph."""

import pytest

from emulators.graph.service.throttle import Charge, TenantSize

NEW = {"displayName": "Operations", "mailEnabled": False, "mailNickname": "operations", "securityEnabled": True}
UNIFIED = NEW | {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
ADDRESS = "https://graph.microsoft.com/v1.0/directoryObjects/"


def refer(object_id):
    return {"@odata.id": ADDRESS + object_id}


def bind(name, *ids):
    return {f"{name}@odata.bind": [ADDRESS + one for one in ids]}


def members(graph, group, name="members"):
    return {item["id"] for item in graph.all(f"/groups/{group}/{name}")}


def test_a_group_is_created_with_members_and_owners(writer, tenant):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    response = writer.send("/groups", "POST", json=NEW | bind("members", ada, bob) | bind("owners", ada))
    assert response.status_code == 201
    group = response.json()["id"]
    assert (members(writer, group), members(writer, group, "owners")) == ({ada, bob}, {ada})


def test_nothing_is_created_when_one_member_does_not_exist(writer, tenant):
    ada = tenant.create_user("Ada")
    before = tenant.seq
    assert writer.error("/groups", "POST", json=NEW | bind("members", ada, tenant.id))[0] == 404
    assert (tenant.seq, writer.all("/groups")) == (before, [])


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": None},
        {"mailNickname": ""},
        {"mailEnabled": True},
        {"securityEnabled": False},
        {"groupTypes": ["DynamicMembership"]},
        {"isAssignableToRole": True, "groupTypes": ["DynamicMembership"], "membershipRule": "true"},
        {"mail": "operations@contoso.com"},
    ],
)
def test_what_a_new_group_cannot_be(writer, change):
    assert writer.error("/groups", "POST", json=NEW | change)[:2] == (400, "Request_BadRequest")


def test_a_microsoft_365_group_is_public_mail_enabled_and_restorable(writer):
    made = writer.send("/groups", "POST", json=UNIFIED).json()
    assert (made["mailEnabled"], made["visibility"], made["groupTypes"]) == (True, "Public", ["Unified"])
    assert writer.error("/groups", "POST", json=UNIFIED)[2].endswith("property mailNickname already exists.")
    writer.send(f"/groups/{made['id']}", "DELETE")
    assert writer.send(f"/directory/deletedItems/{made['id']}/restore", "POST").status_code == 200


def test_a_security_group_is_deleted_for_good(writer, tenant):
    group = tenant.create_group("Team")
    assert writer.send(f"/groups/{group}", "DELETE").status_code == 204
    assert writer.error(f"/directory/deletedItems/{group}/restore", "POST")[0] == 404


def test_members_are_added_one_by_one(writer, tenant):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    path = f"/groups/{group}/members/$ref"
    assert writer.send(path, "POST", json=refer(ada)).status_code == 204
    message = "One or more added object references already exist for the following modified properties: 'members'."
    assert writer.error(path, "POST", json=refer(ada)) == (400, "Request_BadRequest", message)
    unknown = (
        404,
        "Request_ResourceNotFound",
        f"Resource '{tenant.id}' does not exist or one of its queried reference-property objects are not present.",
    )
    assert writer.error(path, "POST", json=refer(tenant.id)) == unknown
    assert writer.error(path, "POST", json={"@odata.id": "https://graph.microsoft.com/v1.0/teams/1"})[0] == 400
    not_supported = "The request is currently not supported on the targeted entity set"
    assert writer.error(path, "PATCH", json=refer(ada)) == (400, "BadRequest", not_supported)


def test_twenty_members_are_added_at_once_or_none(writer, tenant):
    group = tenant.create_group("Team")
    users = [tenant.create_user(f"User {n}") for n in range(21)]
    path = f"/groups/{group}"
    assert writer.error(path, "PATCH", json=bind("members", *users))[0] == 400
    assert members(writer, group) == set()
    assert writer.send(path, "PATCH", json=bind("members", *users[:20])).status_code == 204
    status, _, message = writer.error(path, "PATCH", json=bind("members", users[20], users[0]))
    assert (status, message[:43]) == (400, "One or more added object references already")
    assert members(writer, group) == set(users[:20])
    assert writer.emulator.metrics.snapshot()["writes"] == 1


def test_members_are_removed_by_path_and_by_address(writer, tenant):
    group, ada, bob = tenant.create_group("Team"), tenant.create_user("Ada"), tenant.create_user("Bob")
    for one in (ada, bob):
        tenant.add_member(group, one)
    assert writer.send(f"/groups/{group}/members/{ada}/$ref", "DELETE").status_code == 204
    assert writer.error(f"/groups/{group}/members/{ada}/$ref", "DELETE")[:2] == (404, "Request_ResourceNotFound")
    assert writer.send(f"/groups/{group}/members/$ref?@id={ADDRESS}{bob}", "DELETE").status_code == 204
    assert members(writer, group) == set()
    assert {ada, bob} <= {user["id"] for user in writer.all("/users")}


def test_without_ref_the_member_itself_is_deleted(writer, tenant):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    assert writer.error(f"/groups/{group}/members/{ada}", "DELETE")[0] == 404
    tenant.add_member(group, ada)
    assert writer.send(f"/groups/{group}/members/{ada}", "DELETE").status_code == 204
    assert writer.error(f"/users/{ada}")[0] == 404


def test_without_ref_and_without_the_permission_nothing_is_deleted(graph, tenant):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    assert graph.error(f"/groups/{group}/members/{ada}", "DELETE")[:2] == (403, "Authorization_RequestDenied")
    assert members(graph, group) == {ada}


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ({"membership_rule": "user.city -eq 'Oslo'"}, 403, "Insufficient privileges to complete the operation."),
        ({"synced": True}, 400, "Unable to update the specified properties for on-premises mastered Directory Sync"),
        ({"kind": "distribution"}, 400, "Cannot Update a mail-enabled security groups and or distribution list."),
        ({"kind": "mail_enabled_security"}, 400, "Cannot Update a mail-enabled security groups and or distribution"),
    ],
)
def test_groups_whose_members_cannot_be_changed_here(writer, tenant, options, status, message):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    group = tenant.create_group("Team", **options)
    tenant.add_member(group, bob, as_system=True)
    for attempt in (
        writer.error(f"/groups/{group}/members/$ref", "POST", json=refer(ada)),
        writer.error(f"/groups/{group}", "PATCH", json=bind("members", ada)),
        writer.error(f"/groups/{group}/members/{bob}/$ref", "DELETE"),
    ):
        assert (attempt[0], attempt[2][: len(message)]) == (status, message)
    assert members(writer, group) == {bob}


def test_only_users_join_a_microsoft_365_group(writer, tenant):
    unified, team = tenant.create_group("Mail", kind="microsoft_365"), tenant.create_group("Team")
    assert writer.error(f"/groups/{unified}/members/$ref", "POST", json=refer(team))[0] == 400
    assert writer.error(f"/groups/{team}/members/$ref", "POST", json=refer(unified))[0] == 400


def test_the_last_owner_stays(writer, tenant):
    group, ada, bob = tenant.create_group("Team"), tenant.create_user("Ada"), tenant.create_user("Bob")
    for one in (ada, bob):
        assert writer.send(f"/groups/{group}/owners/$ref", "POST", json=refer(one)).status_code == 204
    assert writer.send(f"/groups/{group}/owners/{ada}/$ref", "DELETE").status_code == 204
    message = "The group must have at least one owner, hence this owner cannot be removed."
    assert writer.error(f"/groups/{group}/owners/{bob}/$ref", "DELETE") == (400, "Request_BadRequest", message)
    assert members(writer, group, "owners") == {bob}


def test_role_assignable_groups_need_a_permission_of_their_own(emulate, tenant):
    tenant.set_fact("permissions", '["Group.ReadWrite.All","User.Read.All"]')
    group, ada = tenant.create_group("Admins", role_assignable=True), tenant.create_user("Ada")
    with emulate() as plain:
        assert plain.error(f"/groups/{group}/members/$ref", "POST", json=refer(ada))[0] == 403
        assert plain.error(f"/groups/{group}", "PATCH", json=bind("members", ada))[0] == 403
        assert plain.error("/groups", "POST", json=NEW | {"isAssignableToRole": True})[0] == 403
        tenant.set_fact("permissions", '["Group.ReadWrite.All","User.Read.All","RoleManagement.ReadWrite.Directory"]')
        plain.sign_in()
        assert plain.send(f"/groups/{group}/members/$ref", "POST", json=refer(ada)).status_code == 204
        made = plain.send("/groups", "POST", json=NEW | {"isAssignableToRole": True}).json()
        assert (made["isAssignableToRole"], made["visibility"]) == (True, "Private")


def test_writes_have_a_limit_of_their_own(emulate, tenant):
    with emulate(throttle=TenantSize.SMALL.value) as graph:
        tenant.set_fact("permissions", '["User.ReadWrite.All"]')
        graph.sign_in()
        graph.emulator.clock.stop()
        ada = tenant.create_user("Ada")
        throttle = graph.emulator.throttle
        for _ in range(2999):
            throttle.charge(Charge(graph.emulator.client_id, 1, write=True))
        assert graph.send(f"/users/{ada}", "PATCH", json={"city": "Oslo"}).status_code == 204
        response = graph.send(f"/users/{ada}", "PATCH", json={"city": "Bergen"})
        assert (response.status_code, response.headers["x-ms-throttle-information"]) == (429, "WriteLimitExceeded")
        assert graph.get(f"/users/{ada}?$select=city")["city"] == "Oslo"
