"""Of what type an expression is, as far as that can be told without running it."""

from __future__ import annotations

from tools.terraform.configuration import Configuration
from tools.terraform.facts import Facts
from tools.terraform.functions import read_functions
from tools.terraform.nodes import Call, Constant, Expression, Fields, For, Items, Other, Reference, Text

_ALWAYS = {"concat": "list", "merge": "map"}
"""What functions give that Terraform says no type of."""
_OPERATORS = {"==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"}


def kind_of(expression: Expression, configuration: Configuration, facts: Facts) -> str:  # noqa: PLR0911 - one for each kind
    """``string``, ``number``, ``bool``, ``list``, ``map``, ``null``, or ``any`` where it cannot be told."""
    match expression:
        case Text():
            return "string"
        case Constant(value):
            return "null" if value is None else "bool" if isinstance(value, bool) else "number"
        case Items():
            return "list"
        case Fields():
            return "map"
        case For(key=key):
            return "list" if key is None else "map"
        case Call(name):
            known = read_functions().get(name)
            return _ALWAYS.get(name) or (known.gives if known is not None else "any")
        case Other(kind, operands):
            if kind == "?":
                found = {kind_of(one, configuration, facts) for one in operands[1:]} - {"null"}
                return found.pop() if len(found) == 1 else "any"
            return "string" if kind == "template" else "bool" if kind in _OPERATORS else "number"
        case Reference(parts):
            return _of_reference(parts, configuration, facts)
    return "any"


def _of_reference(parts: tuple[str | Expression, ...], configuration: Configuration, facts: Facts) -> str:
    match parts:
        case ("var", str(name)) if name in configuration.variables:
            return written_type(configuration, name).partition("(")[0].replace("set", "list")
        case ("local", str(name)) if name in configuration.local:
            return kind_of(configuration.local[name].attribute.value, configuration, facts)
        case ("each", "key"):
            return "string"
        case ("data", str(type_), str(), str(attribute)):
            known = facts.find("data", type_)
        case (str(type_), str(), str(attribute)) | (
            str(type_),
            str(),
            (Text() | Constant() | Reference()),
            str(attribute),
        ):
            known = facts.find("resource", type_)
        case _:
            return "any"
    if known is None or attribute not in known.attributes:
        return "any"
    return known.attributes[attribute].type.partition("(")[0].replace("object", "any")


def written_type(configuration: Configuration, variable: str) -> str:
    """The type that a variable is declared with, such as ``map(string)``."""
    written = configuration.variables[variable].attributes.get("type")
    match written and written.value:
        case Reference((str(name),)):
            return name
        case Call(name, (Reference((str(inner),)),)):
            return f"{name}({inner})"
    return "any"


def may_be(given: str, wanted: str, expression: Expression) -> bool:
    """Whether Terraform takes a value of kind ``given`` for one of type ``wanted``: false only where it certainly does not."""
    wanted = wanted.partition("(")[0].replace("set", "list").replace("object", "map")
    if "any" in (given, wanted) or given in ("null", wanted):
        return True
    if wanted == "string":
        return given in ("number", "bool")
    if given == "string" and wanted in ("number", "bool"):
        return not isinstance(expression, Text) or _converts(expression.value, wanted)
    return False


def _converts(text: str, wanted: str) -> bool:
    return text in ("true", "false") if wanted == "bool" else text.removeprefix("-").replace(".", "", 1).isdigit()
