"""JSON from Graph into typed structs: fast when it is as documented, and forgiving when a field is not.

Services add fields, and now and then one sends a number where text is documented. A page of a thousand objects must
not be lost for that: what cannot be understood counts as not said, and items that are left out of a list are counted
where the object that holds the list has a field for it (:func:`connector.access.base.unreadable_items`).
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from connector.access.base import UNREADABLE

T = TypeVar("T")


class NotJson(ValueError):
    """A body that is no JSON, or lacks what nothing can be done without, such as an object's id."""


def decode(body: bytes, kind: type[T]) -> T:
    """Decode ``body`` as ``kind``; fields that have another type than documented are left at their defaults.

    Raises:
        NotJson: ``body`` is not JSON, or a field that is required is missing or malformed.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return convert(msgspec.json.decode(body), kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(str(error)) from None


def convert(value: Any, kind: type[T]) -> T:
    """Like :func:`decode`, for JSON that is decoded already."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        found, salvaged = _salvage(value, kind)
        if not found:
            raise NotJson(f"cannot be read as {getattr(kind, '__name__', kind)}") from None
        return cast("T", salvaged)


def _salvage(value: Any, kind: Any) -> tuple[bool, Any]:
    """Whether anything of ``value`` can be understood as ``kind``, and what."""
    try:
        return True, msgspec.convert(value, kind)
    except msgspec.ValidationError:
        pass
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        return _salvage_union(value, arguments)
    if origin is list and isinstance(value, list):
        items = [_salvage(item, arguments[0]) for item in value]
        return True, [item for found, item in items if found]
    struct = origin or kind
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and isinstance(value, dict):
        return _salvage_struct(value, struct, arguments)
    return False, None


def _salvage_union(value: Any, kinds: tuple[Any, ...]) -> tuple[bool, Any]:
    for kind in kinds:
        if kind is not NoneType:
            found, salvaged = _salvage(value, kind)
            if found:
                return True, salvaged
    return False, None


def _salvage_struct(
    value: dict[str, Any], struct: type[msgspec.Struct], arguments: tuple[Any, ...]
) -> tuple[bool, Any]:
    hints = get_type_hints(struct)
    stands_for = dict(zip(getattr(struct, "__parameters__", ()), arguments, strict=False))
    known: dict[str, Any] = {}
    lost, counter = 0, None
    for field in msgspec.structs.fields(struct):
        if field.encode_name == UNREADABLE:
            counter = field.name
        elif field.encode_name in value:
            said, wanted = value[field.encode_name], _filled(hints[field.name], stands_for)
            found, salvaged = _salvage(said, wanted)
            if found:
                known[field.name] = salvaged
            lost += _lost(said, salvaged if found else None, wanted)
        if field.name not in known and field.required:
            return False, None
    if counter is not None:
        known[counter] = lost
    return True, struct(**known)


def _lost(said: Any, salvaged: Any, kind: Any) -> int:
    """How many items of a list were not understood; a list that is something else counts as one."""
    if isinstance(said, list) and isinstance(salvaged, list):
        return len(said) - len(salvaged)
    holds_list = list in (get_origin(one) for one in (kind, *get_args(kind)))
    return int(holds_list and said is not None and salvaged is None)


def _filled(kind: Any, stands_for: dict[Any, Any]) -> Any:
    """``kind`` with its type variables replaced, such as ``list[T]`` of ``Collection[User]``."""
    if kind in stands_for:
        return stands_for[kind]
    parameters = getattr(kind, "__parameters__", ())
    return kind[tuple(stands_for.get(parameter, parameter) for parameter in parameters)] if parameters else kind
