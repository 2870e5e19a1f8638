"""What each request costs in resource units.

Numbers: Microsoft Graph throttling documentation, "Identity and access", base cost table and modifiers. What the table
does not name costs 1, and so does anything that would fall below 1.
"""

from __future__ import annotations

from emulators.graph.service.messages import Request

_BASE = {
    "GET applications": 2,
    "POST directoryObjects/getByIds": 5,
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
_LOOKUPS = frozenset({_GET_BY_IDS})
_CHEAP_TOP = 20


def resource_units(operation: str, request: Request) -> int:
    """The cost of ``request``, given its operation as method and path template."""
    options = {name.lower().lstrip("$"): value for name, value in request.options}
    if operation == _GET_BY_IDS:
        return 2 if "select" in options else _BASE[operation]
    top = options.get("top", "")
    cheaper = ("select" in options) + (top.isascii() and top.isdigit() and int(top) < _CHEAP_TOP)
    return max(1, _BASE.get(operation, 1) + ("expand" in options) - cheaper)


def is_write(operation: str) -> bool:
    """Whether the write limits count it as well."""
    return not operation.startswith("GET ") and operation not in _LOOKUPS
