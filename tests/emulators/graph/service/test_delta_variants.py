"""Delta queries where documents allow more than one behaviour: replays, repetitions, resets, empty pages."""

from typing import Any

import pytest

from emulators.graph import Variants

Item = dict[str, Any]


def members(items: list[Item], group: str) -> tuple[set[str], set[str]]:
    """Ids of added and of removed members, over everything that is told of a group."""
    rows = [row for item in items if item["id"] == group for row in item.get("members@delta", [])]
    return {row["id"] for row in rows if "@removed" not in row}, {row["id"] for row in rows if "@removed" in row}


def test_a_round_may_repeat_changes_that_were_told_before(graph, tenant):
    group, ada, bob = tenant.create_group("G"), tenant.create_user("Ada"), tenant.create_user("Bob")
    _, begun = graph.round("/groups/delta?$select=displayName,members")
    tenant.add_member(group, ada)
    tenant.add_member(group, bob)
    tenant.remove_member(group, bob)
    _, link = graph.round(begun)
    assert graph.round(link)[0] == []
    graph.emulator.variants = Variants(delta_replays=3)
    assert members(graph.round(link)[0], group) == ({ada}, {bob})


def test_what_was_told_is_never_lost_in_a_replay(graph, tenant):
    """What came before the link and goes after it is gone, although the replay covers both."""
    _, begun = graph.round("/groups/delta?$select=members")
    group, ada = tenant.create_group("G"), tenant.create_user("Ada")
    tenant.add_member(group, ada)
    other = tenant.create_group("Other")
    items, link = graph.round(begun)
    assert members(items, group) == ({ada}, set())
    tenant.remove_member(group, ada)
    tenant.purge_object(other)
    graph.emulator.variants = Variants(delta_replays=50)
    items, _ = graph.round(link)
    assert members(items, group) == (set(), {ada})
    assert {"id": other, "@removed": {"reason": "deleted"}} in items


def test_objects_may_appear_more_than_once_and_in_any_order(graph, tenant):
    group = tenant.create_group("Large")
    users = {tenant.create_user(f"User {n}") for n in range(6)}
    for user in users:
        tenant.add_member(group, user)
    small = [tenant.create_group(f"Small {n}") for n in range(8)]
    plain = [item["id"] for item in graph.round("/groups/delta?$select=displayName")[0]]
    graph.emulator.variants = Variants(delta_repeats=True, delta_shuffled=True, delta_page_size=50)
    items, _ = graph.round("/groups/delta?$select=displayName,members")
    assert sorted(item["id"] for item in items) == sorted([group, *small] * 2)
    assert list(dict.fromkeys(item["id"] for item in items)) != plain
    assert members(items, group) == (users, set())
    assert {len(item["members@delta"]) for item in items if item["id"] == group} == {3}
    assert graph.round("/groups/delta?$select=displayName,members")[0] == items


def test_pages_may_be_empty_and_have_a_next_link(graph, tenant):
    users = [tenant.create_user(f"User {n}") for n in range(3)]
    graph.emulator.variants = Variants(empty_pages=True, delta_page_size=1)
    pages = graph.pages("/users/delta?$select=displayName")
    assert [[item["id"] for item in page["value"]] for page in pages] == [[users[0]], [], [users[1]], [], [users[2]]]


def test_soft_deleted_objects_may_be_told_in_the_first_round(graph, tenant):
    ada = tenant.create_user("Ada")
    tenant.delete_user(ada)
    assert graph.round("/users/delta")[0] == []
    graph.emulator.variants = Variants(delta_initial_removed=True)
    assert graph.round("/users/delta")[0] == [{"id": ada, "@removed": {"reason": "changed"}}]


@pytest.mark.parametrize("location", [True, False])
def test_a_reset_of_the_synchronization_state_is_410_and_tells_where_to_begin_anew(graph, tenant, location):
    ada = tenant.create_user("Ada")
    tenant.create_user("Bob")
    graph.emulator.variants = Variants(delta_page_size=1)
    filtered = f"/users/delta?$select=displayName&$filter=id eq '{ada}'"
    _, link = graph.round(filtered)
    unfinished = graph.get("/users/delta")["@odata.nextLink"]
    _, elsewhere = graph.round("/groups/delta")
    graph.send(f"{graph.emulator.admin_url}/delta/reset", "POST", json={"entity_set": "users", "location": location})
    response = graph.send(link)
    assert (response.status_code, response.json()["error"]["code"]) == (410, "resyncRequired")
    assert graph.error(unfinished)[0] == 410
    assert graph.get(elsewhere)["value"] == []
    assert ("location" in response.headers) is location
    if location:
        items, anew = graph.round(response.headers["location"])
        assert items == [{"id": ada, "displayName": "Ada"}]
        assert graph.round(anew)[0] == []
    graph.emulator.variants = Variants(delta_reset_code="syncStateNotFound")
    assert graph.error(link)[:2] == (410, "syncStateNotFound")


def test_a_preference_that_was_applied_is_told(graph):
    _, link = graph.round("/users/delta?$select=displayName")
    assert "preference-applied" not in graph.send(link).headers
    response = graph.send(link, headers={"Prefer": "return=minimal"})
    assert response.headers["preference-applied"] == "return=minimal"
