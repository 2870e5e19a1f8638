"""What each request costs in resource units, and which service's limits it counts against.

Numbers: Microsoft Graph throttling documentation, "Identity and access", base cost table and modifiers. What the table
does not name costs 1, and so does anything that would fall below 1.
"""

from __future__ import annotations

from emulators.graph.service.messages import Request
from emulators.graph.service.throttle import Charge, Service

_BASE = {
    "GET applications": 2,
    "GET applications/{id}/extensionProperties": 2,
    "GET contracts": 3,
    "POST directoryObjects/getByIds": 5,
    "GET domains/{id}/domainNameReferences": 4,
    "GET groups/{id}/members": 3,
    "GET groups/{id}/transitiveMembers": 5,
    "GET users": 2,
    "GET users/{id}/licenseDetails": 2,
    "GET users/{id}/memberOf": 2,
    "GET users/{id}/ownedObjects": 2,
    "GET users/{id}/transitiveMemberOf": 2,
    "GET oauth2PermissionGrants": 2,
    "GET oauth2PermissionGrants/{id}": 2,
    "GET servicePrincipals/{id}/appRoleAssignments": 2,
    "GET subscribedSkus": 3,
}
_GET_BY_IDS = "POST directoryObjects/getByIds"
_LOOKUPS = {
    "isMemberOf": 4,
    "checkMemberGroups": 4,
    "checkMemberObjects": 4,
    "getMemberGroups": 2,
    "getMemberObjects": 2,
}
"""Actions that only look something up, whatever object they are asked of: no writes."""

_CHEAP_TOP = 20


def resource_units(operation: str, request: Request) -> int:
    """The cost of ``request``, given its operation as method and path template."""
    options = {name.lower().lstrip("$"): value for name, value in request.options}
    if operation == _GET_BY_IDS:
        return 2 if "select" in options else _BASE[operation]
    top = options.get("top", "")
    cheaper = ("select" in options) + (top.isascii() and top.isdigit() and int(top) < _CHEAP_TOP)
    base = _BASE.get(operation) or _LOOKUPS.get(operation.rpartition("/")[2], 1)
    return max(1, base + ("expand" in options) - cheaper)


def is_write(operation: str) -> bool:
    """Whether the write limits count it as well."""
    return (
        not operation.startswith("GET ") and operation != _GET_BY_IDS and operation.rpartition("/")[2] not in _LOOKUPS
    )


def charge_of(app_id: str, operation: str, request: Request, *, reports: bool) -> Charge:
    """What a request is charged; ``reports``: lists with sign-in activity count as reports, too."""
    units, write = resource_units(operation, request), is_write(operation)
    if operation.split(" ", 1)[-1].startswith("subscriptions"):
        return Charge(app_id, units, write, Service.SUBSCRIPTIONS)
    activity = operation == "GET users" and any("signinactivity" in value.lower() for _, value in request.options)
    return Charge(app_id, units, write, Service.REPORTS if activity and reports else Service.IDENTITY)
