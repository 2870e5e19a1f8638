"""What a request will cost in resource units, the currency of Graph's throttle for directory data.

Base costs and modifiers: https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits. What that
table does not name costs 1, nothing costs less, and items of a batch cost what they would cost alone.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

_BASE: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(f"^/{pattern}$", re.IGNORECASE), units)
    for pattern, units in (
        (r"groups/[^/]+/transitiveMembers(/.*)?", 5),
        (r"groups/[^/]+/members(/.*)?", 3),
        (r"subscribedSkus", 3),
        (r"users", 2),
        (r"applications", 2),
        (r"oauth2PermissionGrants(/(?!delta)[^/]+)?", 2),
        (r"servicePrincipals/[^/]+/appRoleAssignments", 2),
        (r"users/[^/]+/(licenseDetails|memberOf|ownedObjects|transitiveMemberOf)(/.*)?", 2),
    )
)
_SMALL_PAGE = 20  # a $top below this makes a request cheaper


def predicted_units(target: str) -> int:
    """Resource units that a GET of ``target`` (path without the version, and query) costs by the documents."""
    path, _, query = target.partition("?")
    base = next((units for pattern, units in _BASE if pattern.match(path)), 1)
    options = {name.lower().lstrip("$"): value for name, value in parse_qsl(query)}
    top = options.get("top", "")
    small = top.isascii() and top.isdigit() and int(top) < _SMALL_PAGE
    return max(1, base + ("expand" in options) - ("select" in options) - small)
