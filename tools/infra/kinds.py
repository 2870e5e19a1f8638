"""Types of values, as far as the check tells them apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Anything:
    """Not known, or whatever one likes."""


@dataclass(frozen=True, slots=True)
class Plain:
    """``string``, ``int``, ``bool`` or ``null``."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """One string, number or truth."""

    value: str | int | bool

    @property
    def plain(self) -> str:
        """The type that it is a value of."""
        return {bool: "bool", int: "int"}.get(type(self.value), "string")


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    item: Type


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of several types. ``string`` among literals: others are taken, and yet those are the ones that are known."""

    options: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A property of an object."""

    of: Type
    required: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: its properties, and what further ones are (None: there are no others)."""

    name: str
    members: dict[str, Member] = field(default_factory=dict, hash=False)
    rest: Type | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A type that is looked up when it is needed, because types refer to each other in circles."""

    name: str
    look_up: Callable[[str], Type] = field(hash=False, compare=False)


Type = Anything | Plain | Literal | ListOf | OneOf | Shape | Named

ANYTHING = Anything()
STRING, INT, BOOL, NULL = Plain("string"), Plain("int"), Plain("bool"), Plain("null")
OBJECT = Shape("object", rest=ANYTHING)
ARRAY = ListOf(ANYTHING)
_BY_NAME: dict[str, Type] = {
    "any": ANYTHING,
    "string": STRING,
    "int": INT,
    "bool": BOOL,
    "null": NULL,
    "object": OBJECT,
    "array": ARRAY,
}
_ALTERNATIVE = re.compile(r"'[^']*'|[^|\s]+")


def settled(kind: Type) -> Type:
    """``kind`` itself, or what it is the name of."""
    return kind.look_up(kind.name) if isinstance(kind, Named) else kind


def read_type(written: str, look_up: Callable[[str], Type]) -> Type:
    """The type that facts write as ``'a' | 'b' | string``, ``Name[]`` or ``('a' | string)[]``."""
    written = written.strip()
    if written.endswith("[]"):
        return ListOf(read_type(written[:-2].strip("()"), look_up))
    options = [_single(one, look_up) for one in _ALTERNATIVE.findall(written)]
    return options[0] if len(options) == 1 else OneOf(tuple(options))


def _single(written: str, look_up: Callable[[str], Type]) -> Type:
    if written.startswith("'"):
        return Literal(written.strip("'"))
    return _BY_NAME[written] if written in _BY_NAME else Named(written, look_up)


def one_of(kinds: Iterable[Type]) -> Type:
    """What a value is that is any of ``kinds``."""
    distinct: list[Type] = []
    for kind in kinds:
        if isinstance(kind, Anything):
            return ANYTHING
        if kind != NULL and kind not in distinct:
            distinct.append(kind)
    return distinct[0] if len(distinct) == 1 else OneOf(tuple(distinct)) if distinct else NULL


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of type ``given`` may be one of type ``wanted``: false only where it certainly is none."""
    given, wanted = settled(given), settled(wanted)
    if isinstance(given, OneOf):
        return any(fits(one, wanted) for one in given.options)
    if isinstance(given, Anything) or isinstance(wanted, Anything) or given == NULL:
        return True
    return _fits(given, wanted)


def _fits(given: Type, wanted: Type) -> bool:
    match wanted:
        case OneOf(options):
            return any(fits(given, one) for one in options)
        case Literal():
            return given in (wanted, Plain(wanted.plain))
        case Plain():
            return wanted == (Plain(given.plain) if isinstance(given, Literal) else given)
        case ListOf(item):
            return isinstance(given, ListOf) and fits(given.item, item)
        case _:
            return isinstance(given, Shape)


def described(kind: Type) -> str:
    """For people."""
    kind = settled(kind)
    match kind:
        case Plain(name):
            return name
        case Literal(value):
            return repr(value)
        case ListOf(item):
            return f"array of {described(item)}"
        case OneOf(options):
            return " or ".join(described(one) for one in options)
        case Shape():
            return "object"
        case _:
            return "any"
