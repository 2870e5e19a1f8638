"""Every operation has a rule; without its permission it is refused, with the least one it is not."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.graph.service.errors import GraphError
from emulators.graph.service.permissions import require_for_subscription, rule_of
from emulators.graph.service.routing import Router
from emulators.graph.service.variants import Variants

DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def allow(graph: Any, *permissions: str) -> None:
    graph.emulator.tenant.set_permissions(list(permissions))
    graph.sign_in()


def test_every_operation_that_is_served_has_a_rule():
    assert [operation for operation in Router().operations() if rule_of(operation) is None] == []


@pytest.mark.parametrize(
    ("path", "least", "too_little"),
    [
        ("/users", "User.ReadBasic.All", "Group.Read.All"),
        ("/users/delta", "User.Read.All", "User.ReadBasic.All"),
        ("/users/{user}", "User.Read.All", "Group.Read.All"),
        ("/users/{user}/memberOf", "Directory.Read.All", "User.ReadBasic.All"),
        ("/users/{user}/licenseDetails", "LicenseAssignment.Read.All", "Group.Read.All"),
        ("/users/{user}/appRoleAssignments", "Directory.Read.All", "User.Read.All"),
        ("/groups", "GroupMember.Read.All", "User.Read.All"),
        ("/groups/{group}/members/microsoft.graph.user", "GroupMember.Read.All", "User.Read.All"),
        ("/groups/{group}/owners", "GroupMember.Read.All", "Application.Read.All"),
        ("/servicePrincipals", "Application.Read.All", "User.Read.All"),
        ("/oauth2PermissionGrants", "Directory.Read.All", "Application.Read.All"),
        ("/directoryRoles", "RoleManagement.Read.Directory", "User.Read.All"),
        ("/roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory", "User.Read.All"),
        (
            "/roleManagement/directory/roleEligibilitySchedules",
            "RoleEligibilitySchedule.Read.Directory",
            "RoleAssignmentSchedule.Read.Directory",
        ),
        ("/subscribedSkus", "LicenseAssignment.Read.All", "User.Read.All"),
        ("/directory/administrativeUnits", "AdministrativeUnit.Read.All", "Group.Read.All"),
        ("/administrativeUnits", "AdministrativeUnit.Read.All", "Group.Read.All"),
        ("/organization", "Organization.Read.All", "Group.Read.All"),
    ],
)
def test_reading_needs_the_documented_permission(graph, tenant, path, least, too_little):
    path = path.format(user=tenant.create_user("Ada"), group=tenant.create_group("Team"))
    allow(graph, too_little)
    assert graph.error(path) == DENIED
    allow(graph, least)
    assert graph.send(path).status_code == 200


def test_permissions_are_checked_inside_a_batch_as_well(graph):
    allow(graph, "Group.Read.All")
    requests = [{"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/groups"}]
    answers = graph.send("/$batch", "POST", json={"requests": requests}).json()["responses"]
    assert {one["id"]: one["status"] for one in answers} == {"1": 403, "2": 200}


def test_some_operations_need_two_permissions_at_once():
    rule = rule_of("POST servicePrincipals/{id}/appRoleAssignedTo")
    assert rule is not None
    assert rule[0] == {"AppRoleAssignment.ReadWrite.All", "Application.Read.All"}


def test_basic_profiles_hold_nothing_but_names_and_addresses(graph, tenant):
    user = tenant.create_user("Ada", properties={"jobTitle": "Engineer", "givenName": "Ada"})
    allow(graph, "User.ReadBasic.All")
    shown = graph.get(f"/users/{user}?$select=id,displayName,givenName,jobTitle,accountEnabled,businessPhones")
    shown.pop("@odata.context")
    assert shown == {
        "id": user,
        "displayName": "Ada",
        "givenName": "Ada",
        "jobTitle": None,
        "accountEnabled": None,
        "businessPhones": [],
    }


def test_hidden_members_are_left_out_without_their_permission(graph, tenant):
    group = tenant.create_group("Quiet", kind="microsoft_365", properties={"visibility": "HiddenMembership"})
    user = tenant.create_user("Ada")
    tenant.add_member(group, user)
    paths = (f"/groups/{group}/members", f"/groups/{group}/transitiveMembers", f"/groups/{group}/members/$count")
    expanded = f"/groups/{group}?$expand=members($select=id)"
    allow(graph, "Group.Read.All", "User.Read.All")
    assert [graph.all(path) for path in paths[:2]] == [[], []]
    assert graph.get(expanded)["members"] == []
    assert all("members@delta" not in item for item in graph.round("/groups/delta")[0])
    allow(graph, "Group.Read.All", "User.Read.All", "Member.Read.Hidden")
    assert [[one["id"] for one in graph.all(path)] for path in paths[:2]] == [[user], [user]]
    assert [one["id"] for one in graph.get(expanded)["members"]] == [user]
    assert any("members@delta" in item for item in graph.round("/groups/delta")[0])


def test_members_of_hidden_units_are_left_out_as_well(graph, tenant):
    unit = tenant.create_administrative_unit("Quiet", properties={"visibility": "HiddenMembership"})
    tenant.add_au_member(unit, tenant.create_user("Ada"))
    allow(graph, "AdministrativeUnit.Read.All", "User.Read.All")
    assert graph.all(f"/directory/administrativeUnits/{unit}/members") == []
    allow(graph, "AdministrativeUnit.Read.All", "User.Read.All", "Member.Read.Hidden")
    assert len(graph.all(f"/directory/administrativeUnits/{unit}/members")) == 1


def test_pim_may_name_the_permissions_that_are_missing(graph):
    allow(graph, "User.Read.All")
    path = "/roleManagement/directory/roleAssignmentSchedules"
    assert graph.error(path) == DENIED
    graph.emulator.variants = Variants(pim_refusal_names_scopes=True)
    status, code, message = graph.error(path)
    assert (status, code) == (403, "UnknownError")
    assert "PermissionScopeNotGranted" in message
    assert "RoleAssignmentSchedule.Read.Directory" in message


@pytest.mark.parametrize("resource", ["users", "/users", "/users/1", "groups/1/members"])
def test_a_subscription_needs_permission_to_read_what_it_watches(resource):
    needed = "User.Read.All" if "users" in resource else "Group.Read.All"
    require_for_subscription(resource, frozenset({needed}))
    with pytest.raises(GraphError):
        require_for_subscription(resource, frozenset({needed.replace("Read", "ReadWrite")}))
