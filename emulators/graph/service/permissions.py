"""Which application permissions each resource asks for: the least privileged one first, then wider ones.

Source: Microsoft Graph permissions reference. Any one of a list is enough.
"""

from __future__ import annotations

from emulators.graph.service.errors import access_denied

_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
_USERS = ("User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", *_DIRECTORY)
_USERS_FULL = ("User.Read.All", "User.ReadWrite.All", *_DIRECTORY)
_GROUPS = ("Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY)
_MEMBERS = ("GroupMember.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY)
_APPLICATIONS = ("Application.Read.All", "Application.ReadWrite.All", *_DIRECTORY)
_ROLES = (
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Directory",
    *_DIRECTORY,
)
_ASSIGNMENT_SCHEDULES = (
    "RoleAssignmentSchedule.Read.Directory",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Directory",
)
_ELIGIBILITY_SCHEDULES = (
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Directory",
)
_UNITS = ("AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All", *_DIRECTORY)
_APP_ROLES = ("AppRoleAssignment.ReadWrite.All", *_DIRECTORY)
_ANY_OBJECT = (*_DIRECTORY, "User.Read.All", "Group.Read.All", "Application.Read.All")

# The longest template that an operation begins with decides.
_NEEDED: dict[str, tuple[str, ...]] = {
    "users": _USERS,
    "users/delta": _USERS_FULL,
    "users/{id}/memberOf": ("Group.ReadBasic.All", "GroupMember.ReadBasic.All", "GroupMember.Read.All", *_DIRECTORY),
    "users/{id}/transitiveMemberOf": ("User.Read.All", "GroupMember.Read.All", "Group.Read.All", *_DIRECTORY),
    "users/{id}/appRoleAssignments": _APP_ROLES,
    "users/{id}/licenseDetails": ("LicenseAssignment.Read.All", "User.Read.All", *_DIRECTORY),
    "users/{id}/mailboxSettings": ("MailboxSettings.Read", "MailboxSettings.ReadWrite"),
    "users/{id}/ownedObjects": _USERS_FULL,
    "users/{id}/manager": _USERS_FULL,
    "groups": _GROUPS,
    "groups/{id}/members": _MEMBERS,
    "groups/{id}/transitiveMembers": _MEMBERS,
    "groups/{id}/owners": ("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
    "groups/{id}/appRoleAssignments": _APP_ROLES,
    "servicePrincipals": _APPLICATIONS,
    "servicePrincipals/{id}/synchronization": (
        "Synchronization.Read.All",
        "Synchronization.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
    ),
    "applications": _APPLICATIONS,
    "devices": ("Device.Read.All", "Device.ReadWrite.All", *_DIRECTORY),
    "contacts": ("OrgContact.Read.All", *_DIRECTORY),
    "directoryRoles": _ROLES,
    "directoryRoleTemplates": _ROLES,
    "directory/administrativeUnits": _UNITS,
    "administrativeUnits": _UNITS,
    "directory/deletedItems/microsoft.graph.user": _USERS_FULL,
    "directory/deletedItems/microsoft.graph.group": ("Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
    "directoryObjects": _ANY_OBJECT,
    "organization": ("Organization.Read.All", "Organization.ReadWrite.All", *_DIRECTORY),
    "subscribedSkus": ("LicenseAssignment.Read.All", "Organization.Read.All", *_DIRECTORY),
    "oauth2PermissionGrants": ("DelegatedPermissionGrant.ReadWrite.All", *_DIRECTORY),
    "roleManagement/directory/roleDefinitions": _ROLES,
    "roleManagement/directory/roleAssignments": _ROLES,
    "roleManagement/directory/roleAssignmentSchedules": _ASSIGNMENT_SCHEDULES,
    "roleManagement/directory/roleAssignmentScheduleInstances": _ASSIGNMENT_SCHEDULES,
    "roleManagement/directory/roleEligibilitySchedules": _ELIGIBILITY_SCHEDULES,
    "roleManagement/directory/roleEligibilityScheduleInstances": _ELIGIBILITY_SCHEDULES,
}

_COLLECTIONS = {
    "user": "users",
    "group": "groups",
    "servicePrincipal": "servicePrincipals",
    "application": "applications",
    "device": "devices",
    "orgContact": "contacts",
    "directoryRole": "directoryRoles",
    "administrativeUnit": "directory/administrativeUnits",
}

SIGN_IN_ACTIVITY = "AuditLog.Read.All"


def require(template: str, roles: frozenset[str]) -> None:
    """Check that ``roles`` allow the resource with this path template.

    Raises:
        GraphError: 403 when none of the permissions that allow it is among them.
    """
    if not any(role in roles for role in _needed(template)):
        raise access_denied()


def may_read_type(type_name: str, roles: frozenset[str]) -> bool:
    """Whether members and owners of this type are shown with more than their id."""
    return any(role in roles for role in _NEEDED[_COLLECTIONS[type_name]])


def require_one(role: str, roles: frozenset[str]) -> None:
    """Check one further permission that a property asks for.

    Raises:
        GraphError: 403 when it is missing.
    """
    if role not in roles:
        raise access_denied()


def _needed(template: str) -> tuple[str, ...]:
    parts = template.split("/")
    for end in range(len(parts), 0, -1):
        found = _NEEDED.get("/".join(parts[:end]))
        if found is not None:
            return found
    return ()
