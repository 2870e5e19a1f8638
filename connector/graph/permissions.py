"""Which application permission a path needs, so that a 403 can be answered with a sentence that helps.

Least privileged application permissions, from Microsoft's permission reference
(https://learn.microsoft.com/graph/permissions-reference).
"""

from __future__ import annotations

import re

# The first pattern that matches counts: special cases stand before what they are special cases of.
_PERMISSIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), permission)
    for pattern, permission in (
        (r"^/users/[^/]+/mailboxSettings", "MailboxSettings.Read"),
        (r"^/users\?.*signInActivity", "AuditLog.Read.All"),
        (r"^/users", "User.Read.All"),
        (r"^/groups/([^/]+/members|[^/]+/owners)", "GroupMember.Read.All"),
        (r"^/groups", "Group.Read.All"),
        (r"^/servicePrincipals/[^/]+/synchronization", "Synchronization.Read.All"),
        (r"^/servicePrincipals", "Application.Read.All"),
        (r"^/applications", "Application.Read.All"),
        (r"^/roleManagement/directory/roleEligibilitySchedule", "RoleEligibilitySchedule.Read.Directory"),
        (r"^/roleManagement/directory/roleAssignmentSchedule", "RoleAssignmentSchedule.Read.Directory"),
        (r"^/roleManagement/directory", "RoleManagement.Read.Directory"),
        (r"^/policies/roleManagementPolic", "RoleManagementPolicy.Read.Directory"),
        (r"^/directoryRoles", "RoleManagement.Read.Directory"),
        (r"^/directory/administrativeUnits", "AdministrativeUnit.Read.All"),
        (r"^/directoryObjects/delta", "User.Read.All"),
        (r"^/subscribedSkus", "LicenseAssignment.Read.All"),
    )
)


def permission_for(target: str) -> str | None:
    """The application permission that ``target`` (path without the version, and query) needs, if it is known."""
    return next((permission for pattern, permission in _PERMISSIONS if pattern.search(target)), None)
