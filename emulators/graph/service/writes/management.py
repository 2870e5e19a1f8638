"""Which permissions let an application delete and restore objects of each type, where the path does not say the type.

Source: Microsoft Graph permissions reference, "Delete item" and "Restore deleted item".
"""

from __future__ import annotations

from collections.abc import Mapping

_DIRECTORY = "Directory.ReadWrite.All"
_MANAGE: Mapping[str, tuple[str, ...]] = {
    "user": ("User.DeleteRestore.All", "User.ReadWrite.All"),
    "group": ("Group.ReadWrite.All",),
    "servicePrincipal": ("Application.ReadWrite.All",),
    "application": ("Application.ReadWrite.All",),
    "device": ("Device.ReadWrite.All",),
    "administrativeUnit": ("AdministrativeUnit.ReadWrite.All", _DIRECTORY),
}


def may_manage_type(type_name: str, roles: frozenset[str]) -> bool:
    """Whether objects of this type may be deleted and restored."""
    return any(role in roles for role in _MANAGE.get(type_name, (_DIRECTORY,)))
