"""Fact rows in Graph's words again: a property that is not spoken of stays, one that is null goes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connector.access.accounts import User, account
from connector.access.applications import MICROSOFT_TENANT, ServicePrincipal, enterprise_application
from connector.access.groups import Group, group_row
from connector.access.known import account_row, application_row, group_fact

_OBJECTS: dict[str, tuple[Any, Any, Any]] = {
    "account": (User, account, account_row),
    "group": (Group, group_row, group_fact),
    "application": (ServicePrincipal, enterprise_application, application_row),
}
_VALUES: dict[str, Any] = {
    "manager": {"id": "m"},
    "groupTypes": ["Unified", "DynamicMembership"],
    "tags": ["a", "b"],
    "servicePrincipalNames": ["x"],
    "appOwnerOrganizationId": MICROSOFT_TENANT,
    "servicePrincipalType": "ManagedIdentity",
}
_LISTS = {"licenseAssignmentStates", "assignedLicenses", "appRoles", "owners", "@unreadable"}


def full(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Every property that a row is made of, with a value of its own."""
    names = [field.encode_name for field in msgspec.structs.fields(kind) if field.encode_name not in _LISTS]
    types = {field.encode_name: str(field.type) for field in msgspec.structs.fields(kind)}
    return {name: _VALUES.get(name, True if "bool" in types[name] else name.upper()) for name in names}


@pytest.mark.parametrize("name", _OBJECTS)
def test_a_row_is_complete_after_a_change_of_any_one_property(name: str):
    kind, whole, completed = _OBJECTS[name]
    said = full(kind)
    known = msgspec.to_builtins(whole(msgspec.convert(said, kind)))
    for changed in said.keys() - {"id"}:
        for value in (None, said[changed]):
            expected = whole(msgspec.convert({**said, changed: value}, kind))
            assert completed({"id": said["id"], changed: value}, known) == expected, changed
    assert completed({"id": said["id"]}, known) == whole(msgspec.convert(said, kind))


@pytest.mark.parametrize(
    ("types", "word"), [([], "security"), (["Unified"], "microsoft_365"), (["DynamicMembership"], "security")]
)
def test_the_type_of_a_group_stays_when_only_its_name_changes(types: list[str], word: str):
    said = {"id": "g", "groupTypes": types, "mailEnabled": False, "securityEnabled": True}
    known = msgspec.to_builtins(group_row(msgspec.convert(said, Group)))
    row = group_fact({"id": "g", "displayName": "New"}, known)
    assert (row.group_type, row.is_dynamic, row.display_name) == (word, "DynamicMembership" in types, "New")


@pytest.mark.parametrize("name", _OBJECTS)
def test_who_was_not_known_is_what_is_said(name: str):
    kind, whole, completed = _OBJECTS[name]
    said = full(kind)
    assert completed(said, None) == whole(msgspec.convert(said, kind))
