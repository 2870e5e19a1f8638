"""Delta queries in all their meanings."""

from typing import Any

import pytest

from emulators.graph import Variants


def members(items: list[dict[str, Any]], group: str, name: str = "members@delta") -> tuple[list[str], list[str]]:
    """Ids of added and of removed members, over all pages."""
    rows = [row for item in items if item["id"] == group for row in item.get(name, [])]
    return (
        sorted(row["id"] for row in rows if "@removed" not in row),
        sorted(row["id"] for row in rows if "@removed" in row),
    )


@pytest.mark.parametrize("spelling", ["delta", "delta()", "microsoft.graph.delta()"])
def test_the_first_round_lists_everything_and_ends_in_a_delta_link(graph, tenant, spelling):
    users = {tenant.create_user(f"User {n}") for n in range(5)}
    graph.emulator.variants = Variants(delta_page_size=2)
    pages = graph.pages(f"/users/{spelling}?$select=displayName")
    assert {item["id"] for page in pages for item in page["value"]} == users
    assert ["@odata.deltaLink" in page for page in pages] == [False, False, True]


def test_latest_answers_a_link_and_no_data(graph, tenant):
    tenant.create_user("Before")
    items, link = graph.round("/users/delta?$deltaToken=latest&$select=displayName")
    assert items == []
    after = tenant.create_user("After")
    assert graph.round(link)[0] == [{"id": after, "displayName": "After"}]


def test_only_changes_of_selected_properties_surface(graph, tenant):
    user = tenant.create_user("Ada")
    _, link = graph.round("/users/delta?$select=displayName,jobTitle")
    tenant.update_user(user, {"department": "Finance"})
    items, link = graph.round(link)
    assert items == []
    tenant.update_user(user, {"jobTitle": "Auditor"})
    assert graph.round(link)[0] == [{"id": user, "displayName": "Ada", "jobTitle": "Auditor"}]
    assert graph.round(link, Prefer="return=minimal")[0] == [{"id": user, "jobTitle": "Auditor"}]


def test_a_delta_link_can_be_used_again(graph, tenant):
    _, link = graph.round("/users/delta?$select=displayName")
    tenant.create_user("Ada")
    assert graph.round(link)[0] == graph.round(link)[0] != []


def test_deletion_and_restoration(graph, tenant):
    user = tenant.create_user("Ada")
    _, link = graph.round("/users/delta?$select=displayName")
    tenant.delete_user(user)
    items, deleted = graph.round(link)
    assert items == [{"id": user, "@removed": {"reason": "changed"}}]
    tenant.restore_user(user)
    assert graph.round(deleted)[0] == [{"id": user, "displayName": "Ada"}]
    tenant.delete_user(user)
    tenant.purge_user(user)
    assert graph.round(link)[0] == [{"id": user, "@removed": {"reason": "deleted"}}]


def test_members_are_tracked_by_default_and_owners_when_selected(graph, tenant):
    group, ada, bob = tenant.create_group("Finance"), tenant.create_user("Ada"), tenant.create_user("Bob")
    tenant.add_member(group, ada)
    tenant.add_owner(group, bob)
    items, _ = graph.round("/groups/delta")
    assert members(items, group) == ([ada], [])
    assert "owners@delta" not in items[0]
    items, link = graph.round("/groups/delta?$select=displayName,members,owners")
    assert members(items, group, "owners@delta") == ([bob], [])
    items, _ = graph.round("/groups/delta?$select=displayName")
    assert items == [{"id": group, "displayName": "Finance"}]
    tenant.remove_member(group, ada)
    tenant.add_member(group, bob)
    items, _ = graph.round(link)
    assert members(items, group) == ([bob], [ada])
    assert items[0]["members@delta"][0]["@odata.type"] == "#microsoft.graph.user"


def test_who_came_and_left_between_two_rounds_is_not_mentioned(graph, tenant):
    group, ada = tenant.create_group("Finance"), tenant.create_user("Ada")
    _, link = graph.round("/groups/delta?$select=members")
    tenant.add_member(group, ada)
    tenant.remove_member(group, ada)
    assert members(graph.round(link)[0], group) == ([], [])


def test_a_large_group_is_spread_over_pages_that_repeat_its_properties(graph, tenant):
    first, group, last = (tenant.create_group(name) for name in ("First", "Large", "Last"))
    users = sorted(tenant.create_user(f"User {n}") for n in range(7))
    for user in users:
        tenant.add_member(group, user)
    graph.emulator.variants = Variants(delta_slice_size=3)
    pages = graph.pages("/groups/delta?$select=displayName,members")
    items = [item for page in pages for item in page["value"]]
    assert members(items, group) == (users, [])
    assert {item["displayName"] for item in items if item["id"] == group} == {"Large"}
    assert sum(item["id"] == group for item in items) == 3
    assert {first, last} <= {item["id"] for item in items}
    assert len(items) == 5


def test_service_principals_are_members_in_delta_unless_the_variant_hides_them(graph, tenant):
    group, app = tenant.create_group("Automation"), tenant.create_service_principal("Robot")
    tenant.add_member(group, app)
    assert members(graph.round("/groups/delta")[0], group) == ([app], [])
    graph.emulator.variants = Variants(delta_includes_service_principals=False)
    assert members(graph.round("/groups/delta")[0], group) == ([], [])


@pytest.mark.parametrize("reported", [False, True])
def test_a_deleted_member_leaves_no_row_until_it_is_purged(graph, tenant, reported):
    graph.emulator.variants = Variants(delta_reports_purged_members=reported)
    group, ada = tenant.create_group("Finance"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    _, link = graph.round("/groups/delta?$select=members")
    tenant.delete_user(ada)
    assert members(graph.round(link)[0], group) == ([], [])
    tenant.purge_user(ada)
    assert members(graph.round(link)[0], group) == ([], [ada] if reported else [])


def test_a_restored_group_comes_with_all_its_members(graph, tenant):
    group, ada = tenant.create_group("Team", kind="microsoft_365"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    tenant.delete_group(group)
    _, link = graph.round("/groups/delta?$select=members")
    tenant.restore_group(group)
    assert members(graph.round(link)[0], group) == ([ada], [])


def test_the_manager_is_tracked_when_selected(graph, tenant):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    _, link = graph.round("/users/delta?$select=displayName,manager")
    tenant.set_manager(ada, bob)
    (item,), _ = graph.round(link)
    assert item["manager@delta"] == [{"@odata.type": "#microsoft.graph.user", "id": bob}]


def test_members_of_administrative_units_are_tracked(graph, tenant):
    unit, ada = tenant.create_administrative_unit("Norway"), tenant.create_user("Ada")
    tenant.add_au_member(unit, ada)
    for path in ("/administrativeUnits/delta", "/directory/administrativeUnits/delta"):
        assert members(graph.round(path)[0], unit) == ([ada], [])


def test_ids_limit_a_query_to_fifty_objects(graph, tenant):
    groups = [tenant.create_group(f"Group {n}") for n in range(3)]
    clauses = " or ".join(f"id eq '{group}'" for group in groups[:2])
    items, link = graph.round(f"/groups/delta?$select=displayName&$filter={clauses}")
    assert [item["id"] for item in items] == groups[:2]
    for group in groups:
        tenant.update_group(group, {"displayName": "Renamed"})
    assert [item["id"] for item in graph.round(link)[0]] == groups[:2]
    many = " or ".join(f"id eq '{groups[0][:-2]}{n:02}'" for n in range(51))
    assert graph.error(f"/groups/delta?$filter={many}")[:2] == (400, "BadRequest")


def test_consents_come_and_go(graph, tenant):
    client, resource = tenant.create_service_principal("Client"), tenant.create_service_principal("Resource")
    _, link = graph.round("/oauth2PermissionGrants/delta")
    grant = tenant.create_oauth2_grant(client, resource, "User.Read")
    (item,), after = graph.round(link)
    assert (item["id"], item["clientId"], item["scope"]) == (grant, client, "User.Read")
    tenant.delete_oauth2_grant(grant)
    assert graph.round(after)[0] == [{"id": grant, "@removed": {"reason": "deleted"}}]


@pytest.mark.parametrize(
    "query",
    [
        "$select=signInActivity",
        "$select=skills",
        "$expand=members",
        "$orderby=displayName",
        "$filter=displayName eq 'a'",
    ],
)
def test_what_delta_does_not_have_is_refused(graph, query):
    assert graph.error(f"/users/delta?{query}")[:2] == (400, "BadRequest")


def test_top_is_ignored(graph, tenant):
    for n in range(3):
        tenant.create_user(f"User {n}")
    assert len(graph.get("/users/delta?$top=1")["value"]) == 3


def test_a_token_that_is_too_old_or_malformed_or_of_another_query_is_refused(graph, tenant):
    tenant.create_user("Ada")
    _, link = graph.round("/users/delta")
    for wrong in (link[:-2] + "AA", link.replace("/users/", "/groups/"), "/users/delta?$deltatoken=x"):
        assert graph.error(wrong)[:2] == (400, "syncStateNotFound")
    graph.emulator.clock.advance(7 * 24 * 3600 - 10)
    graph.sign_in()
    _, newer = graph.round(link)
    graph.emulator.clock.advance(20)
    assert graph.error(link)[:2] == (400, "syncStateNotFound")
    assert graph.round(newer)[0] == []
