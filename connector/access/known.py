"""Fact rows in Graph's words again: what is known of an object, so that what Graph did not speak of stays as it is.

Delta tells at least what changed of an object. A row is made from all of its properties, some columns from several of them;
so the properties are completed, not the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from connector.access.accounts import AccountRow, User, account
from connector.access.applications import EnterpriseApplicationRow, ServicePrincipal, enterprise_application
from connector.access.decoding import convert
from connector.access.groups import Group, GroupRow, group_row

T = TypeVar("T", bound=msgspec.Struct)
Said = Mapping[str, Any]

_RENAMED = {
    "enabled": "accountEnabled",
    "created_at": "createdDateTime",
    "expires_at": "expirationDateTime",
    "on_premises_last_sync_at": "onPremisesLastSyncDateTime",
    "assignment_required": "appRoleAssignmentRequired",
    "sign_on_mode": "preferredSingleSignOnMode",
}
_DERIVED = frozenset({"manager_id", "group_type", "is_dynamic", "is_managed_identity", "is_microsoft_first_party"})


def account_row(said: Said, known: Said | None) -> AccountRow:
    """The row of a user of whom Graph said ``said`` (``manager`` as ``{"id": …}``), and who was ``known`` until then."""
    manager = (known or {}).get("manager_id")
    completed = {**_words(known), **({"manager": {"id": manager}} if manager else {}), **said}
    return account(_made(completed, User))


def group_fact(said: Said, known: Said | None) -> GroupRow:
    """The row of a group of which Graph said ``said``, and which was ``known`` until then."""
    return group_row(_made({**_words(known), **_group_types(known), **said}, Group))


def application_row(said: Said, known: Said | None) -> EnterpriseApplicationRow:
    """The row of a service principal of which Graph said ``said``, and which was ``known`` until then."""
    return enterprise_application(_made({**_words(known), **said}, ServicePrincipal))


def _words(known: Said | None) -> dict[str, Any]:
    return {_property(column): value for column, value in (known or {}).items() if column not in _DERIVED}


def _property(column: str) -> str:
    first, *rest = column.split("_")
    return _RENAMED.get(column) or first + "".join(word.capitalize() for word in rest)


def _group_types(known: Said | None) -> dict[str, Any]:
    if known is None:
        return {}
    types = {"Unified": known.get("group_type") == "microsoft_365", "DynamicMembership": known.get("is_dynamic")}
    return {"groupTypes": [name for name, holds in types.items() if holds]}


def _made(properties: dict[str, Any], kind: type[T]) -> T:
    return convert(properties, kind)
