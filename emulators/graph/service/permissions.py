"""Which application permissions each operation asks for, from ``data/permissions.tsv``, and what they let a caller see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from emulators.graph.service.errors import GraphError, access_denied

Roles = frozenset[str]
_Rule = tuple[Roles, ...]  # each alternative is the set of permissions that must be held together

_NO_PERMISSION_IS_ENOUGH = "-"
_PIM = ("Schedules", "ScheduleInstances", "ScheduleRequests")

_COLLECTIONS = {
    "user": "users",
    "group": "groups",
    "servicePrincipal": "servicePrincipals",
    "application": "applications",
    "device": "devices",
    "orgContact": "contacts",
    "directoryRole": "directoryRoles",
    "administrativeUnit": "administrativeUnits",
}

SIGN_IN_ACTIVITY = "AuditLog.Read.All"
HIDDEN_MEMBERS = "Member.Read.Hidden"

_BASIC_USER = frozenset(
    {"id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "photo", "securityIdentifier"}
)
"""What ``User.ReadBasic.All`` alone lets an application see of other users; the rest is shown as never set."""

_SUBSCRIBED = {"users": frozenset({"User.Read.All"}), "groups": frozenset({"Group.Read.All"})}


def _load() -> dict[str, _Rule]:
    text = Path(__file__).with_name("data").joinpath("permissions.tsv").read_text(encoding="utf-8")
    rules: dict[str, _Rule] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        operation, _, permissions = line.partition("\t")
        alternatives = () if permissions == _NO_PERMISSION_IS_ENOUGH else permissions.split()
        rules[operation] = tuple(frozenset(one.split("+")) for one in alternatives)
    return rules


_RULES: Mapping[str, _Rule] = _load()


def rule_of(operation: str) -> _Rule | None:
    """The alternatives of permissions for an operation (``GET users/{id}``), or None where the data has none.

    Reads of one item, of a count and of a cast follow the collection that they belong to; the several ways to write a
    reference follow the one that has an id.
    """
    method, _, template = operation.partition(" ")
    if template.startswith("directory/administrativeUnits"):
        template = template.removeprefix("directory/")
    parts = template.split("/")
    if parts[-1] == "$ref" and method == "PATCH":
        method = "POST"
    elif parts[-1] == "$ref" and method == "DELETE" and parts[-2] not in ("{id}", "manager"):
        parts[-1:] = ["{id}", "$ref"]
    while parts:
        found = _RULES.get(f"{method} {'/'.join(parts)}")
        if found is not None:
            return found
        if method != "GET" or parts[-1] not in ("{id}", "{type}", "$count", "$ref"):
            return None
        parts.pop()
    return None


def require(operation: str, roles: Roles, *, named: bool = False) -> None:
    """Check that ``roles`` allow an operation.

    Args:
        operation: method and path template.
        roles: what the caller holds.
        named: refusals of PIM name the permissions that would be enough.

    Raises:
        GraphError: 403 when no alternative is held, or when nothing is known about the operation.
    """
    rule = rule_of(operation) or ()
    if any(alternative <= roles for alternative in rule):
        return
    if named and operation.endswith(_PIM):
        raise _missing_scope(rule)
    raise access_denied()


def require_one(role: str, roles: Roles) -> None:
    """Check one further permission that a property or an object asks for.

    Raises:
        GraphError: 403 when it is missing.
    """
    if role not in roles:
        raise access_denied()


def require_for_subscription(resource: str, roles: Roles) -> None:
    """Check that a subscription may watch ``resource`` (``users``, ``/groups/{id}/members``): reading it all is needed.

    Raises:
        GraphError: 403 when the permission to read is missing; permission to write does not replace it.
    """
    if not _SUBSCRIBED.get(resource.strip("/").partition("/")[0].lower(), frozenset()) & roles:
        raise access_denied()


def may_read_type(type_name: str, roles: Roles) -> bool:
    """Whether members and owners of this type are shown with more than their id."""
    return any(alternative <= roles for alternative in _RULES[f"GET {_COLLECTIONS[type_name]}"])


def visible_properties(type_name: str, roles: Roles) -> Roles | None:
    """The properties of a type that the caller may see, or None for all of them."""
    if type_name != "user" or any(alternative <= roles for alternative in _RULES["GET users/delta"]):
        return None
    return _BASIC_USER


def may_read_hidden_members(roles: Roles) -> bool:
    """Whether members of groups with hidden membership are listed."""
    return HIDDEN_MEMBERS in roles


def _missing_scope(rule: _Rule) -> GraphError:
    """403 as Privileged Identity Management has written it since 2025: JSON in the message."""
    names = ",".join(sorted(name for alternative in rule for name in alternative))
    inner = {
        "errorCode": "PermissionScopeNotGranted",
        "message": f"Authorization failed due to missing permission scope {names}.",
        "instanceAnnotations": [],
    }
    return GraphError(403, "UnknownError", msgspec.json.encode(inner).decode())
