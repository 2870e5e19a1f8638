"""Actions that look up memberships: through groups, with roles and units, and only among what was asked for."""

from __future__ import annotations

import pytest

CONTEXT = "$metadata#Collection(Edm.String)"


@pytest.fixture
def nested(tenant):
    """A user in a group within a group, with a distribution list, a role and a unit."""
    user, inner, outer = tenant.create_user("Ada"), tenant.create_group("Inner"), tenant.create_group("Outer")
    tenant.add_member(inner, user)
    tenant.add_member(outer, inner)
    mail = tenant.create_group("Mail", kind="microsoft_365")
    tenant.add_member(mail, user)
    unit = tenant.create_administrative_unit("Oslo")
    tenant.add_au_member(unit, user)
    return user, inner, outer, mail, unit


def ask(graph, path: str, **body):
    response = graph.send(path, "POST", json=body)
    assert response.status_code == 200, response.text
    assert response.json()["@odata.context"].endswith(CONTEXT)
    return set(response.json()["value"])


@pytest.mark.parametrize("entity_set", ["users", "directoryObjects"])
def test_groups_are_found_at_any_depth(graph, nested, entity_set):
    user, inner, outer, mail, unit = nested
    path = f"/{entity_set}/{user}/getMember"
    assert ask(graph, f"{path}Groups", securityEnabledOnly=False) == {inner, outer, mail}
    assert ask(graph, f"{path}Groups", securityEnabledOnly=True) == {inner, outer}
    assert ask(graph, f"{path}Objects", securityEnabledOnly=False) == {inner, outer, mail, unit}


def test_only_what_was_asked_for_is_checked(graph, nested, tenant):
    user, inner, outer, _, unit = nested
    other = tenant.create_group("Other")
    assert ask(graph, f"/users/{user}/checkMemberGroups", groupIds=[outer.upper(), other, unit]) == {outer}
    assert ask(graph, f"/users/{user}/checkMemberObjects", ids=[inner, unit, other]) == {inner, unit}
    assert ask(graph, f"/groups/{inner}/checkMemberGroups", groupIds=[outer, inner]) == {outer}


def test_lookups_are_refused_where_they_make_no_sense(graph, nested):
    user = nested[0]
    many = [user] * 21
    assert graph.error(f"/users/{user}/checkMemberGroups", "POST", json={"groupIds": many})[0] == 400
    assert graph.error(f"/users/{user}/checkMemberGroups", "POST", json={"groupIds": 1})[0] == 400
    gone = "/users/11111111-2222-3333-4444-555555555555/getMemberGroups"
    assert graph.error(gone, "POST", json={})[:2] == (404, "Request_ResourceNotFound")


def test_lookups_are_no_writes(graph, nested):
    graph.emulator.metrics.reset()
    response = graph.send(f"/users/{nested[0]}/checkMemberGroups", "POST", json={"groupIds": []})
    assert response.headers["x-ms-resource-unit"] == "4"
    assert graph.emulator.metrics.snapshot()["writes"] == 0


def test_consents_of_one_user_and_of_one_client(graph, tenant):
    client, resource = tenant.create_service_principal("Client"), tenant.create_service_principal("Resource")
    user = tenant.create_user("Ada")
    mine = tenant.create_oauth2_grant(client, resource, "read", principal_id=user)
    everyones = tenant.create_oauth2_grant(client, resource, "write")
    assert [one["id"] for one in graph.all(f"/users/{user}/oauth2PermissionGrants")] == [mine]
    held = {one["id"] for one in graph.all(f"/servicePrincipals/{client}/oauth2PermissionGrants")}
    assert held == {mine, everyones}
