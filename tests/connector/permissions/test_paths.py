"""Which permission a path needs, as a 403 tells it."""

from __future__ import annotations

import pytest

from connector.permissions import permission_for


@pytest.mark.parametrize(
    ("target", "permission"),
    [
        ("/users?$select=id,signInActivity&$top=500", "AuditLog.Read.All"),
        ("/users?$select=id", "User.Read.All"),
        ("/users/delta()?$deltatoken=latest", "User.Read.All"),
        ("/users/0785ef7c/mailboxSettings?$select=userPurpose", "MailboxSettings.Read"),
        ("/groups/delta()?$select=members", "Group.Read.All"),
        ("/servicePrincipals/1/synchronization/jobs", "Synchronization.Read.All"),
        ("/servicePrincipals/1/appRoleAssignedTo", "Application.Read.All"),
        ("/roleManagement/directory/roleEligibilityScheduleInstances", "RoleEligibilitySchedule.Read.Directory"),
        ("/roleManagement/directory/roleAssignmentScheduleInstances", "RoleAssignmentSchedule.Read.Directory"),
        ("/roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory"),
        (
            "/roleManagement/directory/roleAssignmentScheduleRequests('1')/cancel",
            "RoleAssignmentSchedule.ReadWrite.Directory",
        ),
        ("/roleManagement/directory/roleEligibilityScheduleRequests", "RoleEligibilitySchedule.ReadWrite.Directory"),
        ("/policies/roleManagementPolicyAssignments?$filter=1", "RoleManagementPolicy.Read.Directory"),
        ("/directory/administrativeUnits", "AdministrativeUnit.Read.All"),
        ("/subscribedSkus", "LicenseAssignment.Read.All"),
        ("/somethingNew", None),
    ],
)
def test_which_permission_a_path_needs(target, permission):
    assert permission_for(target) == permission
