"""Costs are those of Microsoft's table, modifiers included."""

from __future__ import annotations

import pytest

from connector.graph.costs import predicted_units


@pytest.mark.parametrize(
    ("target", "units"),
    [
        ("/users", 2),
        ("/users?$select=id", 1),
        ("/users?$select=id&$expand=manager($select=id)&$top=999", 2),
        ("/users?$top=19", 1),
        ("/users?$top=20", 2),
        ("/users/1/memberOf?$expand=members", 3),
        ("/users/delta?$select=id", 1),
        ("/groups?$top=999", 1),
        ("/groups?$expand=members", 2),
        ("/groups/1/members", 3),
        ("/groups/1/members/microsoft.graph.user", 3),
        ("/groups/1/transitiveMembers", 5),
        ("/groups/1/owners?$select=id", 1),
        ("/groups/delta()?$select=members", 1),
        ("/servicePrincipals/1/appRoleAssignedTo", 1),
        ("/servicePrincipals/1/appRoleAssignments", 2),
        ("/applications?$select=id&$top=5", 1),
        ("/subscribedSkus?$select=skuId", 2),
        ("/oauth2PermissionGrants", 2),
        ("/oauth2PermissionGrants/delta", 1),
        ("/roleManagement/directory/roleAssignments", 1),
    ],
)
def test_the_documented_costs(target, units):
    assert predicted_units(target) == units
