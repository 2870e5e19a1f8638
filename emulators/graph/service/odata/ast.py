"""The syntax tree of a filter."""

from __future__ import annotations

from dataclasses import dataclass

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Property:
    """A property, possibly inside others: ``("employeeOrgData", "division")``."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join(self.path)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. GUIDs and times are kept as their text; ``kind`` is string, guid, time, number, bool or null."""

    value: Value
    kind: str = "string"


@dataclass(frozen=True, slots=True)
class Call:
    """A function: ``startswith(displayName,'a')``."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right`` with one of eq, ne, gt, ge, lt, le."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In:
    """``property in ('a','b')``; also what a chain of ``eq`` joined by ``or`` on one property becomes."""

    left: Node
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Logical:
    """``and`` or ``or`` of two or more."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``not operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Lambda:
    """``collection/any(variable:body)`` or ``all``; ``body`` is None for ``any()``."""

    collection: Property
    quantifier: str
    variable: str
    body: Node | None


Node = Property | Literal | Call | Comparison | In | Logical | Not | Lambda
