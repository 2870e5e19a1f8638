"""``$expand``: what is shown inside objects, how much of it, and what is refused."""

import itertools

import pytest

ADVANCED = {"ConsistencyLevel": "eventual"}
TYPE = "#microsoft.graph.user"


def test_every_object_of_a_page_has_its_own_manager(graph, tenant):
    boss, ada, bob, eve = (tenant.create_user(name) for name in ("Boss", "Ada", "Bob", "Eve"))
    for user, manager in ((ada, boss), (bob, boss), (boss, eve)):
        tenant.set_manager(user, manager)
    pages = graph.pages("/users?$select=displayName&$top=3&$expand=manager($select=displayName)")
    shown = {item["displayName"]: item.get("manager") for page in pages for item in page["value"]}
    assert shown == {
        "Ada": {"@odata.type": TYPE, "id": boss, "displayName": "Boss"},
        "Bob": {"@odata.type": TYPE, "id": boss, "displayName": "Boss"},
        "Boss": {"@odata.type": TYPE, "id": eve, "displayName": "Eve"},
        "Eve": None,
    }


def test_managers_of_managers_need_an_advanced_query(graph, tenant):
    chain = [tenant.create_user(f"Level {n}") for n in range(4)]
    for user, manager in itertools.pairwise(chain):
        tenant.set_manager(user, manager)
    path = f"/users/{chain[0]}?$select=id&$expand=manager($levels=max;$select=id)"
    assert graph.error(path)[:2] == (400, "Request_UnsupportedQuery")
    found, ids = graph.get(f"{path}&$count=true", **ADVANCED), []
    while "manager" in found:
        found = found["manager"]
        ids.append(found["id"])
    assert ids == chain[1:]
    two = graph.get(path.replace("max", "2") + "&$count=true", **ADVANCED)["manager"]
    assert two["manager"]["id"] == chain[2]
    assert "manager" not in two["manager"]


def test_a_chain_of_managers_that_bites_its_tail_ends(graph, tenant):
    ada, bob = tenant.create_user("Ada"), tenant.create_user("Bob")
    tenant.set_manager(ada, bob)
    tenant.set_manager(bob, ada)
    path = f"/users/{ada}?$select=id&$expand=manager($levels=max;$select=id)&$count=true"
    assert graph.get(path, **ADVANCED)["manager"]["id"] == bob


def test_twenty_of_each_relationship_and_no_link_to_the_others(graph, tenant):
    group, app = tenant.create_group("Large"), tenant.create_service_principal("Payroll")
    for n in range(22):
        user = tenant.create_user(f"User {n}")
        tenant.add_member(group, user)
        tenant.assign_app_role(user, app)
    (item,) = graph.all("/groups?$select=id&$expand=members($select=id)")
    assert len(item["members"]) == 20
    assert not [name for name in item if "nextLink" in name]
    assert len(graph.get(f"/servicePrincipals/{app}?$expand=appRoleAssignedTo")["appRoleAssignedTo"]) == 20


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users?$expand=manager,directReports", (400, "Request_BadRequest")),
        ("/users?$expand=nothing", (400, "BadRequest")),
        ("/users?$expand=photo", (400, "ExpandNotSupported")),
        ("/users?$expand=manager($top=5)", (400, "Request_UnsupportedQuery")),
        ("/groups?$expand=members($levels=2)", (400, "Request_UnsupportedQuery")),
        ("/users?$expand=manager(", (400, "BadRequest")),
        ("/users?$expand=manager&$count=true&$filter=userType ne 'Guest'", (400, "Request_UnsupportedQuery")),
    ],
)
def test_what_cannot_be_expanded(graph, path, expected):
    assert graph.error(path, headers=ADVANCED)[:2] == expected
