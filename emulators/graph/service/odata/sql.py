"""Translates the tree of a filter to a condition of SQL.

Text is compared without regard to case, as the directory does. What is not offered is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulators.graph.service.odata.ast import Call, Comparison, In, Literal, Logical, Node, Property, Value

_BY_INDEX = ("id", "exact")


class UnsupportedFilter(Exception):
    """Well-formed, but not offered here. ``property`` names the property that it failed at, where there is one."""

    def __init__(self, property_name: str | None = None) -> None:
        self.property = property_name
        super().__init__(property_name)


class UnknownProperty(Exception):
    """The type has no such property; ``args[0]`` is its name."""


@dataclass(frozen=True, slots=True)
class Column:
    """A property that can be filtered by: its SQL expression and its kind.

    Kinds are those of entity types, and ``id`` (a GUID, kept in lower case) and ``exact`` (text where case counts), which
    the database looks up by index.
    """

    sql: str
    kind: str = "string"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and its parameters, in order. ``selective``: an index on ids finds the few rows that it leaves."""

    sql: str
    parameters: tuple[Value, ...]
    selective: bool = False


def to_sql(node: Node, columns: Mapping[str, Column]) -> Condition:
    """``node`` as a condition on ``columns``, which are looked up by property name.

    Raises:
        UnsupportedFilter: for what is not offered.
        UnknownProperty: for a property that is not among ``columns``.
    """
    match node:
        case Logical(operator, operands):
            parts = [to_sql(operand, columns) for operand in operands]
            text = f" {operator.upper()} ".join(part.sql for part in parts)
            values = tuple(value for part in parts for value in part.parameters)
            return Condition(f"({text})", values, operator == "and" and any(part.selective for part in parts))
        case Comparison("eq", Property() as name, Literal(value)):
            return _equals(_column(name, columns), value)
        case In(Property() as name, values):
            return _one_of(_column(name, columns), [literal.value for literal in values])
        case Call("startswith", (Property() as name, Literal(str(prefix)))):
            column = _column(name, columns)
            if column.kind != "string":
                raise UnsupportedFilter(str(name))
            return Condition(f"substr({column.sql}, 1, ?) = ? COLLATE NOCASE", (len(prefix), prefix))
        case Comparison(_, Property() as name, _):
            raise UnsupportedFilter(str(name))
        case _:
            raise UnsupportedFilter


def _column(name: Property, columns: Mapping[str, Column]) -> Column:
    column = columns.get(str(name))
    if column is None:
        if len(name.path) > 1:
            raise UnsupportedFilter(str(name))
        raise UnknownProperty(str(name))
    return column


def _equals(column: Column, value: Value) -> Condition:
    if value is None:
        return Condition(f"{column.sql} IS NULL", ())
    return Condition(f"{column.sql} = ?{_collation(column)}", (_checked(column, value),), column.kind in _BY_INDEX)


def _one_of(column: Column, values: list[Value]) -> Condition:
    checked = tuple(_checked(column, value) for value in values)
    marks = ",".join("?" * len(values))
    return Condition(f"{column.sql}{_collation(column)} IN ({marks})", checked, column.kind in _BY_INDEX)


def _collation(column: Column) -> str:
    return " COLLATE NOCASE" if column.kind == "string" else ""


def _checked(column: Column, value: Value) -> Value:
    expected = {"bool": bool, "int": int}.get(column.kind, str)
    if column.kind in ("collection", "object") or not isinstance(value, expected):
        raise UnsupportedFilter
    return value.lower() if column.kind == "id" and isinstance(value, str) else value
