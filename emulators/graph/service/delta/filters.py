"""The filters of delta queries: ids, and for ``directoryObjects`` types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulators.graph.service.errors import GraphError, bad_request
from emulators.graph.service.odata.ast import Call, Comparison, In, Literal, Logical, Node, Property
from emulators.graph.service.resources.types import DIRECTORY_OBJECTS

_MOST_IDS: Mapping[str, int] = {"users": 50, "groups": 50, "directoryObjects": 50}
"""The others are limited by the length of an address only."""

_PREFIX = "microsoft.graph."


@dataclass(frozen=True, slots=True)
class Limits:
    """The ids and types that a filter leaves; None: all."""

    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None


def limits_of(entity_set: str, node: Node | None) -> Limits:
    """What a filter leaves.

    Raises:
        GraphError: 400 for any other filter, and for too many ids.
    """
    if node is None:
        return Limits()
    several = entity_set == "directoryObjects"
    parts = node.operands if isinstance(node, Logical) and node.operator == "and" and several else (node,)
    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    for part in parts:
        found_ids, found_types = _ids(part), _types(part) if several else None
        if (found_ids is None) == (found_types is None) or (ids and found_ids) or (types and found_types):
            raise _unsupported(several=several)
        ids, types = found_ids or ids, found_types or types
    most = _MOST_IDS.get(entity_set)
    if most is not None and ids is not None and len(ids) > most:
        raise bad_request(f"Too many ids in the filter of a delta query: the maximum is {most}.", "BadRequest")
    _check_types(ids, types)
    return Limits(tuple(dict.fromkeys(ids)) if ids is not None else None, types)


def _ids(node: Node) -> tuple[str, ...] | None:
    match node:
        case Comparison("eq", Property(("id",)), Literal(str(value))):
            return (value.lower(),)
        case In(Property(("id",)), literals) if all(isinstance(literal.value, str) for literal in literals):
            return tuple(str(literal.value).lower() for literal in literals)
        case _:
            return None


def _types(node: Node) -> tuple[str, ...] | None:
    operands = node.operands if isinstance(node, Logical) and node.operator == "or" else (node,)
    names: list[str] = []
    for operand in operands:
        match operand:
            case Call("isof", (Literal(str(name)),)) if name.startswith(_PREFIX):
                names.append(name.removeprefix(_PREFIX))
            case _:
                return None
    return tuple(dict.fromkeys(names))


def _check_types(ids: tuple[str, ...] | None, types: tuple[str, ...] | None) -> None:
    if types is None:
        return
    unknown = [name for name in types if name not in (*DIRECTORY_OBJECTS, "appRoleAssignment")]
    if unknown:
        raise bad_request(f"Delta query is not supported for type '{_PREFIX}{unknown[0]}'.", "BadRequest")
    if "appRoleAssignment" in types and (set(types) != {"appRoleAssignment", "user"} or ids is not None):
        message = "Delta query supports 'microsoft.graph.appRoleAssignment' only together with 'microsoft.graph.user'."
        raise bad_request(message, "BadRequest")


def _unsupported(*, several: bool) -> GraphError:
    more = " or 'isof' of types" if several else ""
    return bad_request(
        f"Invalid request for delta query: $filter supports only 'id eq' clauses joined by 'or'{more}.", "BadRequest"
    )
