"""Lists and single reads: pages, properties, filters, relationships, and what is refused."""

import asyncio
import contextlib
import ssl
from typing import Any

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from emulators.graph import Variants

USER_DEFAULTS = {
    "id",
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
}


def ids(items: list[dict[str, Any]]) -> set[str]:
    return {item["id"] for item in items}


def test_pages_hold_a_hundred_or_as_many_as_asked_up_to_999(graph, tenant):
    users = {tenant.create_user(f"User {n}") for n in range(1005)}
    assert [len(page["value"]) for page in graph.pages("/users?$top=1500")] == [999, 6]
    assert [len(page["value"]) for page in graph.pages("/users?$top=500")] == [500, 500, 5]
    assert len(graph.get("/users")["value"]) == 100
    assert ids(graph.all("/users?$select=id")) == users


def test_next_links_keep_the_query_and_refuse_another(graph, tenant):
    for n in range(3):
        tenant.create_user(f"User {n}")
    link = graph.get("/users?$top=1&$select=id")["@odata.nextLink"]
    assert link.startswith(graph.emulator.base_url)
    assert set(graph.get(link)["value"][0]) == {"id"}
    assert graph.error(link.replace("$top=1", "$top=2"))[:2] == (400, "Directory_ExpiredPageToken")


def test_deleting_what_was_read_does_not_shift_the_pages(graph, tenant):
    users = [tenant.create_user(f"User {n}") for n in range(4)]
    first = graph.get("/users?$top=2")
    tenant.delete_user(users[0])
    assert ids(graph.get(first["@odata.nextLink"])["value"]) == set(users[2:])


def test_an_empty_page_may_come_first(graph, tenant):
    user = tenant.create_user("Ada")
    graph.emulator.variants = Variants(empty_first_page=True)
    pages = graph.pages("/users")
    assert [[item["id"] for item in page["value"]] for page in pages] == [[], [user]]


def test_users_have_eleven_properties_unless_others_are_selected(graph, tenant):
    user = tenant.create_user("Ada", properties={"department": "Finance"})
    assert set(graph.get(f"/users/{user}")) == USER_DEFAULTS | {"@odata.context"}
    (item,) = graph.all("/users?$select=id,department,assignedLicenses,onPremisesSyncEnabled")
    assert item == {"id": user, "department": "Finance", "assignedLicenses": [], "onPremisesSyncEnabled": None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users?$select=nothing", (400, "BadRequest")),
        ("/users?$select=aboutMe", (501, "NotImplemented")),
        ("/users?$skip=5", (400, "Request_BadRequest")),
        ("/users?$top=0", (400, "BadRequest")),
        ("/users?$filter=displayName eq", (400, "BadRequest")),
        ("/users?$filter=displayName ne 'a'", (400, "Request_UnsupportedQuery")),
        ("/users?$filter=nothing eq 'a'", (400, "BadRequest")),
        ('/users?$search="displayName:a"', (400, "Request_UnsupportedQuery")),
        ("/users?$orderby=department", (400, "Request_UnsupportedQuery")),
        ("/users?$expand=photo", (400, "ExpandNotSupported")),
        ("/users/$count", (400, "Request_BadRequest")),
        ("/subscribedSkus?$filter=skuId eq 'a'", (400, "Request_UnsupportedQuery")),
        ("/directoryRoles?$top=5", (400, "Request_UnsupportedQuery")),
        ("/nothing", (400, "BadRequest")),
        ("/users/11111111-2222-3333-4444-555555555555", (404, "Request_ResourceNotFound")),
    ],
)
def test_what_is_not_offered_is_refused(graph, path, expected):
    assert graph.error(path)[:2] == expected


def test_writes_are_refused(graph):
    denied = (403, "Authorization_RequestDenied")
    assert graph.error("/users", "POST", json={})[:2] == denied
    message = "Specified HTTP method is not allowed for the request target."
    assert graph.error("/organization", "POST", json={}) == (405, "Request_BadRequest", message)


def test_refusals_have_the_envelope_of_graph(graph):
    response = graph.send("/nothing", headers={"client-request-id": "mine"})
    inner = response.json()["error"]["innerError"]
    assert inner["client-request-id"] == response.headers["client-request-id"] == "mine"
    assert inner["request-id"] == response.headers["request-id"]
    assert len(inner["date"]) == len("2026-01-31T08:15:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("displayName eq 'ADA'", {"Ada"}),
        ("displayName eq 'Ada' or displayName eq 'Bob'", {"Ada", "Bob"}),
        ("displayName in ('Ada','Bob') and accountEnabled eq false", {"Bob"}),
        ("startswith(displayName,'o')", {"O'Hara"}),
        ("displayName eq 'O''Hara'", {"O'Hara"}),
        ("(startswith(displayName,'a') or startswith(displayName,'b')) and department eq null", {"Ada", "Bob"}),
        ("accountEnabled eq false", {"Bob"}),
    ],
)
def test_filters(graph, tenant, text, expected):
    tenant.create_user("Ada", properties={"accountEnabled": True})
    tenant.create_user("Bob", properties={"accountEnabled": False})
    tenant.create_user("O'Hara", properties={"accountEnabled": True, "department": "Finance"})
    found = httpx.URL(f"{graph.emulator.base_url}/users", params={"$filter": text})
    assert {item["displayName"] for item in graph.all(str(found))} == expected


def test_counts_need_the_eventually_consistent_index(graph, tenant):
    for n in range(3):
        tenant.create_user(f"User {n}")
    assert "@odata.count" not in graph.get("/users?$count=true")
    assert graph.get("/users?$count=true&$top=1", ConsistencyLevel="eventual")["@odata.count"] == 3
    assert graph.send("/users/$count", headers={"ConsistencyLevel": "eventual"}).text == "3"


def test_service_principals_are_members_on_beta_and_in_expand_only(graph, tenant):
    group, app, ada = tenant.create_group("G"), tenant.create_service_principal("Robot"), tenant.create_user("Ada")
    tenant.add_member(group, app)
    tenant.add_member(group, ada)
    assert ids(graph.all(f"/groups/{group}/members")) == {ada}
    assert ids(graph.all(f"{graph.emulator.beta_url}/groups/{group}/members")) == {ada, app}
    assert ids(graph.get(f"/groups/{group}?$expand=members($select=id)")["members"]) == {ada, app}
    graph.emulator.variants = Variants(members_hide_service_principals=False)
    assert ids(graph.all(f"/groups/{group}/members")) == {ada, app}


def test_expand_shows_at_most_twenty(graph, tenant):
    group = tenant.create_group("Large")
    for n in range(25):
        tenant.add_member(group, tenant.create_user(f"User {n}"))
    assert len(graph.get(f"/groups/{group}?$expand=members")["members"]) == 20
    assert len(graph.all(f"/groups/{group}/members?$top=10")) == 25


def test_nesting_with_a_cycle(graph, tenant):
    outer, inner, ada = tenant.create_group("Outer"), tenant.create_group("Inner"), tenant.create_user("Ada")
    for group, member in ((outer, inner), (inner, outer), (inner, ada)):
        tenant.add_member(group, member)
    assert ids(graph.all(f"/groups/{outer}/transitiveMembers")) == {inner, ada}
    assert ids(graph.all(f"/users/{ada}/transitiveMemberOf")) == {outer, inner}
    assert ids(graph.all(f"/users/{ada}/memberOf/microsoft.graph.group")) == {inner}
    (member,) = graph.all(f"/groups/{outer}/members")
    assert member["@odata.type"] == "#microsoft.graph.group"
    assert graph.all(f"/groups/{outer}/members/microsoft.graph.user") == []


def test_managers(graph, tenant):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    tenant.set_manager(ada, bob)
    assert graph.get(f"/users/{ada}/manager")["id"] == bob
    assert graph.error(f"/users/{bob}/manager")[:2] == (404, "Request_ResourceNotFound")
    shown = {item["id"]: item.get("manager") for item in graph.all("/users?$select=id&$expand=manager($select=id)")}
    assert shown == {ada: {"@odata.type": "#microsoft.graph.user", "id": bob}, bob: None}


def test_deleted_objects_are_listed_among_deleted_items_only(graph, tenant):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    tenant.delete_user(ada)
    assert graph.all("/users") == graph.all(f"/groups/{group}/members") == []
    assert graph.error(f"/users/{ada}")[0] == graph.error(f"/directoryObjects/{ada}")[0] == 404
    (item,) = graph.all("/directory/deletedItems/microsoft.graph.user")
    assert item["id"] == ada
    assert item["deletedDateTime"]
    assert graph.get(f"/directory/deletedItems/microsoft.graph.user/{ada}")["id"] == ada


def test_app_role_assignments_from_both_sides(graph, tenant):
    app, group = tenant.create_service_principal("Payroll"), tenant.create_group("Finance")
    assignment = tenant.assign_app_role(group, app)
    (on_app,) = graph.all(f"/servicePrincipals/{app}/appRoleAssignedTo")
    (of_group,) = graph.all(f"/groups/{group}/appRoleAssignments")
    assert (
        on_app == of_group == graph.get(f"/servicePrincipals/{app}?$expand=appRoleAssignedTo")["appRoleAssignedTo"][0]
    )
    assert (on_app["id"], on_app["principalType"], on_app["principalId"]) == (assignment, "Group", group)
    assert (on_app["principalDisplayName"], on_app["resourceDisplayName"]) == ("Finance", "Payroll")


def test_sign_in_activity_has_its_own_rules(graph, tenant):
    for n in range(5):
        user = tenant.create_user(f"User {n}")
    tenant.set_sign_in_activity(user, {"lastSignInDateTime": "2026-01-31T08:15:00Z"})
    graph.emulator.variants = Variants(sign_in_page_size=2)
    pages = graph.pages("/users?$select=id,signInActivity&$top=999")
    assert [len(page["value"]) for page in pages] == [2, 2, 1]
    seen = [item for page in pages for item in page["value"] if "signInActivity" in item]
    assert seen == [{"id": user, "signInActivity": {"lastSignInDateTime": "2026-01-31T08:15:00Z"}}]
    graph.emulator.variants = Variants(sign_in_page_size=2, sign_in_top_is_error=True)
    refused = graph.send("/users?$select=signInActivity&$top=3")
    assert refused.status_code == 400
    assert refused.json()["value"] == "Cannot query data for more than 2 users at a time."
    tenant.set_fact("entra_id_p1", "false")
    tenant.set_fact("entra_id_p2", "false")
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    assert graph.error("/users?$select=signInActivity")[:2] == (403, code)


def test_mailbox_purposes(graph, tenant):
    room, ada = tenant.create_user("Room 1"), tenant.create_user("Ada")
    tenant.set_mailbox(room, "room")
    assert graph.get(f"/users/{room}/mailboxSettings")["userPurpose"] == "room"
    assert graph.get(f"/users/{room}/mailboxSettings/userPurpose")["value"] == "room"
    assert graph.error(f"/users/{ada}/mailboxSettings")[0] == 404


def test_objects_by_id(graph, tenant):
    group, ada = tenant.create_group("Team"), tenant.create_user("Ada")
    response = graph.send(
        "/directoryObjects/getByIds?$select=id", "POST", json={"ids": [group, ada], "types": ["user"]}
    )
    assert response.json()["value"] == [{"@odata.type": "#microsoft.graph.user", "id": ada}]
    assert response.headers["x-ms-resource-unit"] == "2"
    too_many = {"ids": [ada] * 1001}
    assert graph.error("/directoryObjects/getByIds", "POST", json=too_many)[:2] == (400, "Request_BadRequest")


def test_the_official_client_reads_pages(graph, tenant):
    users = {tenant.create_user(f"User {n}") for n in range(120)}
    emulator = graph.emulator

    async def read() -> set[str | None]:
        async with (
            httpx.AsyncClient(verify=ssl.create_default_context(cafile=emulator.ca_file)) as http,
            contextlib.AsyncExitStack() as stack,
        ):
            credential = await stack.enter_async_context(
                ClientSecretCredential(
                    tenant.id,
                    tenant.client_id,
                    tenant.client_secret,
                    authority=emulator.authority,
                    disable_instance_discovery=True,
                    connection_verify=emulator.ca_file,
                )
            )
            provider = AzureIdentityAuthenticationProvider(
                credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=["localhost"]
            )
            adapter = GraphRequestAdapter(provider, client=http)
            adapter.base_url = emulator.base_url
            client = GraphServiceClient(request_adapter=adapter)
            first = await client.users.get()
            assert first is not None
            assert first.odata_next_link is not None
            second = await client.users.with_url(first.odata_next_link).get()
            assert second is not None
            return {user.id for page in (first, second) for user in page.value or ()}

    assert asyncio.run(read()) == users
