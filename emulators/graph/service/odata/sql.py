"""Translates the tree of a filter to a condition of SQL.

Text is compared without regard to case, as the directory does. What is not offered is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from emulators.graph.service.odata.ast import (
    Call,
    Comparison,
    In,
    Lambda,
    Literal,
    Logical,
    Node,
    Not,
    Property,
    Value,
)
from emulators.graph.service.odata.columns import Column
from emulators.graph.service.odata.scope import Scope
from emulators.graph.service.odata.walk import names_of

Columns = Mapping[str, Column]
_BY_INDEX = ("id", "guid", "exact")
_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_GOES_WITH = {"gt": "ge", "lt": "le"}
_EDM = {
    "string": "Edm.String",
    "guid": "Edm.Guid",
    "time": "Edm.DateTimeOffset",
    "bool": "Edm.Boolean",
    "int": "Edm.Int32",
}


class UnsupportedFilter(Exception):
    """Well-formed, but not offered here. ``property`` names the property that it failed at, where there is one."""

    def __init__(self, property_name: str | None = None) -> None:
        self.property = property_name
        super().__init__(property_name)


class UnknownProperty(Exception):
    """The type has no such property; ``args[0]`` is its name."""


class WrongOperand(Exception):
    """A property is compared with a constant of another type; ``args[0]`` says so in OData's words."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and its parameters, in order.

    Attributes:
        sql: the condition.
        parameters: values for its marks.
        selective: an index on ids finds the few rows that it leaves.
        advanced: the operator that makes it an advanced query; None where it is none.
        advanced_property: the property that only advanced queries can filter by, where that is the reason.
    """

    sql: str
    parameters: tuple[Value, ...] = ()
    selective: bool = False
    advanced: str | None = None
    advanced_property: str | None = None


def to_sql(node: Node, columns: Columns) -> Condition:
    """``node`` as a condition on ``columns``, which are looked up by property name.

    Raises:
        UnsupportedFilter: for what is not offered.
        UnknownProperty: for a property that is not among ``columns``.
        WrongOperand: for a constant of the wrong type.
    """
    lonely = [name for name in names_of(node) if name in columns and columns[name].alone]
    if lonely and set(names_of(node)) != set(lonely):
        raise UnsupportedFilter(lonely[0])
    return _condition(node, columns)


def _condition(node: Node, columns: Columns) -> Condition:
    match node:
        case Logical(operator, operands):
            return _logical(operator, [_condition(operand, columns) for operand in operands])
        case Not(operand):
            return _negated(operand, columns)
        case Lambda():
            return _quantified(node, columns)
        case Comparison("eq", Call() as call, Literal(bool(value))):
            return _condition(call if value else Not(call), columns)
        case _:
            return _tested(node, columns)


def _tested(node: Node, columns: Columns) -> Condition:
    """A test of one property against constants."""
    match node:
        case Comparison(operator, Property() as name, Literal() as literal):
            return _compared(_column(name, columns), operator, literal, name)
        case Comparison(operator, Literal() as literal, Property() as name):
            turned = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}.get(operator, operator)
            return _compared(_column(name, columns), turned, literal, name)
        case In(Property() as name, values):
            return _one_of(_column(name, columns), values, name)
        case Call("startswith" | "endswith" as function, (Property() as name, Literal(str(text)))):
            return _part(_column(name, columns), function, text, name)
        case _:
            raise UnsupportedFilter(next(iter(names_of(node)), None))


def _logical(operator: str, parts: list[Condition]) -> Condition:
    reasons = [part for part in parts if part.advanced]
    text = f" {operator.upper()} ".join(part.sql for part in parts)
    return Condition(
        f"({text})",
        tuple(value for part in parts for value in part.parameters),
        selective=operator == "and" and any(part.selective for part in parts),
        advanced=reasons[0].advanced if reasons else None,
        advanced_property=reasons[0].advanced_property if reasons else None,
    )


def _negated(operand: Node, columns: Columns) -> Condition:
    for name in names_of(operand):
        column = columns.get(name) or columns.get(name.partition("/")[0])
        if column is not None and "not" not in column.operators:
            raise UnsupportedFilter(name)
    inner = _condition(operand, columns)
    directory = any(columns[name].advanced for name in names_of(operand) if name in columns)
    return Condition(
        f"NOT coalesce({inner.sql}, 0)",
        inner.parameters,
        advanced="not" if directory else inner.advanced,
        advanced_property=inner.advanced_property,
    )


def _compared(column: Column, operator: str, literal: Literal, name: Property) -> Condition:
    _offered(column, "null" if literal.value is None and operator == "eq" else operator, name)
    if literal.value is None:
        if operator not in ("eq", "ne"):
            raise UnsupportedFilter(str(name))
        return _marked(column, operator, Condition(f"{column.sql} IS {'NOT ' * (operator == 'ne')}NULL"), name)
    if column.kind in ("collection", "object"):
        raise UnsupportedFilter(str(name))
    value = _checked(column, literal, operator)
    left, mark = (f"julianday({column.sql})", "julianday(?)") if column.kind == "time" else (column.sql, "?")
    sql = f"{left} {_SIGNS[operator]} {mark}{_collation(column)}"
    if operator == "ne":
        sql = f"({sql} OR {column.sql} IS NULL)"
    selective = operator == "eq" and column.kind in _BY_INDEX
    return _marked(column, operator, Condition(sql, (value,), selective), name)


def _one_of(column: Column, values: tuple[Literal, ...], name: Property) -> Condition:
    if column.kind in ("collection", "object"):
        raise UnsupportedFilter(str(name))
    if "in" not in column.operators:
        _offered(column, "eq", name)
    checked = tuple(_checked(column, literal, "eq") for literal in values)
    if column.kind == "time":
        marks = ",".join(["julianday(?)"] * len(values))
        return _marked(column, "in", Condition(f"julianday({column.sql}) IN ({marks})", checked), name)
    marks = ",".join("?" * len(values))
    made = Condition(f"{column.sql}{_collation(column)} IN ({marks})", checked, column.kind in _BY_INDEX)
    return _marked(column, "in", made, name)


def _part(column: Column, function: str, text: str, name: Property) -> Condition:
    _offered(column, function, name)
    if column.kind not in ("string", "id", "exact"):
        raise UnsupportedFilter(str(name))
    start = "1" if function == "startswith" else "-max(?, 1)"
    length = (len(text),) if function == "startswith" else (len(text), len(text))
    sql = f"substr({column.sql}, {start}, ?) = ? COLLATE NOCASE"
    return _marked(column, function, Condition(sql, (*length, text)), name)


def _quantified(node: Lambda, columns: Columns) -> Condition:
    column = _column(node.collection, columns)
    if column.items is None:
        raise UnsupportedFilter(str(node.collection))
    items = column.items
    if node.body is None:
        return Condition(f"EXISTS (SELECT 1 FROM {items.source} WHERE {items.where})", ())
    inner = _condition(node.body, Scope(items, node.variable, column))
    if node.quantifier == "any":
        made = Condition(f"EXISTS (SELECT 1 FROM {items.source} WHERE {items.where} AND {inner.sql})", inner.parameters)
    else:
        every = f"NOT EXISTS (SELECT 1 FROM {items.source} WHERE {items.where} AND NOT coalesce({inner.sql}, 0))"
        made = Condition(every, inner.parameters)
    return replace(made, advanced=inner.advanced, advanced_property=inner.advanced_property)


def _column(name: Property, columns: Columns) -> Column:
    text = str(name)
    if len(name.path) > 1 and name.path[-1] == "$count":
        return _counted(name, columns)
    column = columns.get(text)
    if column is None and len(name.path) > 1:
        column = _inside(columns.get(name.path[0]), name)
    if column is None:
        raise UnknownProperty(text)
    return column


def _inside(outer: Column | None, name: Property) -> Column:
    """A property of a property, as in ``employeeOrgData/division``."""
    if outer is None or not outer.inside or len(name.path) != 2:
        raise UnsupportedFilter(str(name))
    return replace(outer, sql=outer.inside.replace("{}", name.path[1]), kind="string", inside="")


def _counted(name: Property, columns: Columns) -> Column:
    """The number of items of a collection, as in ``assignedLicenses/$count eq 0``."""
    column = columns.get("/".join(name.path[:-1]))
    if column is None or column.items is None or "count" not in column.operators:
        raise UnsupportedFilter(name.path[0])
    sql = f"(SELECT count(*) FROM {column.items.source} WHERE {column.items.where})"
    offered = frozenset({"eq", "ne"})
    return Column(sql, "int", offered, offered & (column.advanced | offered if column.advanced else frozenset()))


def _offered(column: Column, operator: str, name: Property) -> None:
    if _GOES_WITH.get(operator, operator) not in column.operators:
        raise UnsupportedFilter(str(name))


def _marked(column: Column, operator: str, made: Condition, name: Property) -> Condition:
    """``made``, with the reason where it needs an advanced query."""
    known = _GOES_WITH.get(operator, operator)
    if known not in column.advanced:
        return made
    only = "eq" in column.advanced and known not in ("ne", "not", "endswith") and name.path[-1] != "$count"
    return replace(made, advanced=operator, advanced_property=str(name) if only else None)


def _collation(column: Column) -> str:
    return " COLLATE NOCASE" if column.kind == "string" else ""


def _checked(column: Column, literal: Literal, operator: str) -> Value:
    expected = {"id": "string", "exact": "string"}.get(column.kind, column.kind)
    given = {"number": "int"}.get(literal.kind, literal.kind)
    if expected != given:
        kinds = f"'{_EDM.get(expected, expected)}' and '{_EDM.get(given, 'Edm.Double')}'"
        verb = {"eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual"} | {
            "lt": "LessThan",
            "le": "LessThanOrEqual",
        }
        raise WrongOperand(
            f"A binary operator with incompatible types was detected. Found operand types {kinds} for operator kind "
            f"'{verb[operator]}'."
        )
    value = literal.value
    return value.lower() if column.kind in ("id", "guid") and isinstance(value, str) else value
