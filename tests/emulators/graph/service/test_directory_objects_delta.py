"""The delta query over several types, which is the only one that has app role assignments."""

from typing import Any

import pytest

from emulators.graph import Variants

USERS_AND_ASSIGNMENTS = "isof('microsoft.graph.appRoleAssignment') or isof('microsoft.graph.user')"
DELTA = "/directoryObjects/delta?$filter="


def kinds(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["id"]: item["@odata.type"].removeprefix("#microsoft.graph.") for item in items}


def test_types_are_chosen_by_isof_and_rows_tell_theirs(graph, tenant):
    ada, group = tenant.create_user("Ada"), tenant.create_group("G")
    app = tenant.create_service_principal("Payroll")
    both = "isof('microsoft.graph.user') or isof('microsoft.graph.group')"
    items, link = graph.round(DELTA + both)
    assert kinds(items) == {ada: "user", group: "group"}
    tenant.update_user(ada, {"jobTitle": "Auditor"})
    tenant.update_service_principal(app, {"displayName": "Renamed"})
    tenant.delete_user(tenant.create_user("Came and went"))
    items, link = graph.round(link)
    assert [item["id"] for item in items if "@removed" not in item] == [ada]
    tenant.delete_user(ada)
    removed = {"@odata.type": "#microsoft.graph.user", "id": ada, "@removed": {"reason": "changed"}}
    assert graph.round(link)[0] == [removed]
    everything = graph.round("/directoryObjects/delta")[0]
    assert set(kinds(everything).values()) == {"group", "servicePrincipal", "application"}


def test_ids_and_types_intersect(graph, tenant):
    ada, bob, group = tenant.create_user("Ada"), tenant.create_user("Bob"), tenant.create_group("G")
    ids = f"(id eq '{ada}' or id eq '{group}')"
    assert set(kinds(graph.round(f"{DELTA}id eq '{bob}' or id eq '{group}'")[0])) == {bob, group}
    assert set(kinds(graph.round(f"{DELTA}isof('microsoft.graph.user') and {ids}")[0])) == {ada}


def test_select_names_the_type(graph, tenant):
    ada, group = tenant.create_user("Ada"), tenant.create_group("G")
    select = "&$select=microsoft.graph.user/displayName,microsoft.graph.group/mailNickname"
    query = f"{DELTA}isof('microsoft.graph.user') or isof('microsoft.graph.group'){select}"
    items, link = graph.round(query)
    assert {item["id"]: set(item) for item in items} == {
        ada: {"@odata.type", "id", "displayName"},
        group: {"@odata.type", "id", "mailNickname"},
    }
    tenant.update_group(group, {"displayName": "Not tracked"})
    tenant.update_user(ada, {"displayName": "Ada Lovelace"})
    assert [item["id"] for item in graph.round(link)[0]] == [ada]


def test_app_role_assignments_come_and_go(graph, tenant):
    ada, app = tenant.create_user("Ada"), tenant.create_service_principal("Payroll")
    first = tenant.assign_app_role(ada, app)
    items, link = graph.round(DELTA + USERS_AND_ASSIGNMENTS)
    found = {item["id"]: item for item in items}
    assert (found[first]["principalId"], found[first]["resourceId"]) == (ada, app)
    assert kinds(items)[first] == "appRoleAssignment"
    group = tenant.create_group("Finance")
    second = tenant.assign_app_role(group, app)
    tenant.remove_app_role_assignment(first)
    tenant.remove_app_role_assignment(tenant.assign_app_role(ada, app))
    items, link = graph.round(link)
    changes = {item["id"]: item.get("@removed") for item in items if kinds([item])[item["id"]] == "appRoleAssignment"}
    assert changes == {second: None, first: {"reason": "deleted"}}
    assert graph.round(link)[0] == []


def test_what_a_deleted_application_granted_goes_and_comes_with_it(graph, tenant):
    ada, app = tenant.create_user("Ada"), tenant.create_service_principal("Payroll")
    assignment = tenant.assign_app_role(ada, app)
    _, link = graph.round(DELTA + USERS_AND_ASSIGNMENTS)
    tenant.delete_service_principal(app)
    items, link = graph.round(link)
    assert [(item["id"], item["@removed"]["reason"]) for item in items] == [(assignment, "deleted")]
    tenant.restore_service_principal(app)
    items, link = graph.round(link)
    assert [(item["id"], item.get("principalId")) for item in items] == [(assignment, ada)]
    tenant.purge_object(ada)
    assert kinds(graph.round(link)[0]) == {ada: "user", assignment: "appRoleAssignment"}


def test_assignments_are_spread_over_pages(graph, tenant):
    app = tenant.create_service_principal("Payroll")
    users = [tenant.create_user(f"User {n}") for n in range(5)]
    assignments = {tenant.assign_app_role(user, app) for user in users}
    graph.emulator.variants = Variants(delta_page_size=2)
    pages = graph.pages(DELTA + USERS_AND_ASSIGNMENTS)
    assert max(len(page["value"]) for page in pages) == 2
    items = [item for page in pages for item in page["value"]]
    assert assignments | set(users) <= {item["id"] for item in items}
    assert len(items) == len({item["id"] for item in items})


@pytest.mark.parametrize(
    "query",
    [
        "$filter=isof('microsoft.graph.appRoleAssignment')",
        "$filter=isof('microsoft.graph.appRoleAssignment') or isof('microsoft.graph.group')",
        "$filter=isof('microsoft.graph.message')",
        "$filter=displayName eq 'a'",
        "$filter=id eq 'a' and id eq 'b'",
        "$select=displayName",
        "$select=microsoft.graph.user/nothing",
        "$select=microsoft.graph.user/signInActivity",
        f"$filter={' or '.join(f'id eq {chr(39)}{n}{chr(39)}' for n in range(51))}",
    ],
)
def test_what_is_not_offered_is_refused(graph, query):
    assert graph.error(f"/directoryObjects/delta?{query}")[:2] == (400, "BadRequest")
