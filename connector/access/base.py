"""What the structs of this package share."""

from __future__ import annotations

import msgspec

UNREADABLE = "@unreadable"
"""Name, in place of one of Graph's, of the field in which decoding counts what it could not understand."""


def unreadable_items() -> int:
    """Declares such a field: how many items of the lists in this object lack what nothing can be done without."""
    declared: int = msgspec.field(default=0, name=UNREADABLE)
    return declared


class GraphObject(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """Something that Graph says, in Graph's words. All but ids is optional; what is not declared is ignored."""


class Row(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """A row of a staged table: field names are its columns, None is a column that Graph did not say."""


class Reference(GraphObject):
    """Any directory object, as far as relationships tell: its id and its type."""

    id: str
    kind: str | None = msgspec.field(default=None, name="@odata.type")


_PRINCIPAL_KINDS = {
    "user": "account",
    "group": "group",
    "serviceprincipal": "service_principal",
    "device": "device",
    "orgcontact": "contact",
}


def principal_kind(graph_type: str | None) -> str:
    """The word of ours for ``#microsoft.graph.user``, ``User`` and the like; ``other`` for what is not known."""
    return _PRINCIPAL_KINDS.get((graph_type or "").rpartition(".")[2].lower(), "other")


def moment(time: str | None) -> str | None:
    """A time as Graph wrote it; None for the year 1, which is how .NET services write *never*."""
    return None if not time or time.startswith("0001-01-01") else time


def selected(kind: type[msgspec.Struct], *without: str) -> list[str]:
    """The properties to ``$select`` so that all of ``kind`` is answered, but for the relationships in ``without``."""
    names = (field.encode_name for field in msgspec.structs.fields(kind))
    return [name for name in names if "@" not in name and name not in without]
