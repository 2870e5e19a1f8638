"""What a template declares: parameters, variables, types, functions, resources, modules and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tools.infra.syntax import Source, constant, literal, parse, parts, text

if TYPE_CHECKING:
    from tree_sitter import Node


class Kind(Enum):
    """What is declared."""

    PARAM = "parameter_declaration"
    VAR = "variable_declaration"
    TYPE = "type_declaration"
    FUNC = "user_defined_function"
    RESOURCE = "resource_declaration"
    MODULE = "module_declaration"
    OUTPUT = "output_declaration"


_KINDS = {kind.value: kind for kind in Kind}
_VALUES = (Kind.VAR, Kind.OUTPUT, Kind.PARAM, Kind.TYPE, Kind.FUNC)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declaration.

    Attributes:
        name: the symbol.
        symbol: the node of the name, which findings point at.
        decorators: arguments of each decorator, by its name.
        stated: the type that is written, of parameters and outputs.
        value: the value (a default, of parameters), or the body of a resource or module without ``for`` and ``if``.
        loop: the ``for`` around the body, if there is one.
        condition: what stands behind ``if``, if anything.
        reference: type@version of a resource, path of a module.
        existing: whether it is only referred to.
        within: the resource that it is nested in.
    """

    kind: Kind
    name: str
    symbol: Node
    node: Node
    decorators: Mapping[str, list[Node]] = field(default_factory=dict)
    stated: Node | None = None
    value: Node | None = None
    loop: Node | None = None
    condition: Node | None = None
    reference: str = ""
    existing: bool = False
    within: Declaration | None = None

    @property
    def secure(self) -> bool:
        """Whether nobody may see its value."""
        return "secure" in self.decorators


@dataclass(frozen=True, slots=True)
class Template:
    """A file and what it declares."""

    source: Source
    scope: str
    declarations: list[Declaration]

    def of(self, kind: Kind) -> list[Declaration]:
        """The declarations of a kind, in their order."""
        return [one for one in self.declarations if one.kind is kind]

    def find(self, name: str, *kinds: Kind) -> Declaration | None:
        """What is declared as ``name``."""
        return next((one for one in self.declarations if one.name == name and (not kinds or one.kind in kinds)), None)

    @property
    def outputs(self) -> dict[str, Declaration]:
        """Outputs by name; they have names of their own, apart from the other symbols."""
        return {one.name: one for one in self.of(Kind.OUTPUT)}


def read_template(path: Path) -> Template:
    """Parse a file and list what it declares."""
    source = parse(path)
    scope, found = "resourceGroup", list[Declaration]()
    decorators: dict[str, list[Node]] = {}
    for node in parts(source.root):
        if node.type == "target_scope_assignment":
            scope = literal(parts(node)[-1]) or scope
        elif node.type == "decorators":
            decorators = dict(_decorators(node))
            continue
        elif node.type in _KINDS:
            found += _declared(node, _KINDS[node.type], decorators, None)
        decorators = {}
    return Template(source, scope, found)


def _decorators(node: Node) -> Iterator[tuple[str, list[Node]]]:
    for decorator in parts(node):
        for call in parts(decorator):
            function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            if function is not None:
                yield text(function).removeprefix("sys."), parts(arguments) if arguments else []


def _declared(
    node: Node, kind: Kind, decorators: Mapping[str, list[Node]], within: Declaration | None
) -> Iterator[Declaration]:
    symbol, *rest = parts(node)
    name = text(symbol)
    if kind in _VALUES:
        stated = rest[0] if kind in (Kind.PARAM, Kind.OUTPUT) else None
        value = rest[-1] if rest and (stated is None or len(rest) > 1) else None
        yield Declaration(kind, name, symbol, node, decorators, stated, value)
        return
    body, loop, condition = _unwrapped(rest[-1])
    existing = any(child.type == "existing" or text(child) == "existing" for child in node.children)
    reference = literal(rest[0]) or ""
    declared = Declaration(
        kind, name, symbol, node, decorators, None, body, loop, condition, reference, existing, within
    )
    yield declared
    for child in parts(body) if body is not None else ():
        for nested in parts(child):
            if nested.type == Kind.RESOURCE.value:
                yield from _declared(nested, Kind.RESOURCE, {}, declared)


def _unwrapped(node: Node) -> tuple[Node | None, Node | None, Node | None]:
    """The object in ``[for x in y: if (z) {}]``, the ``for`` and the condition."""
    loop = condition = None
    while node.type in ("for_statement", "if_statement"):
        inside = parts(node)
        if node.type == "for_statement":
            loop = node
        else:
            condition = inside[0]
        node = inside[-1]
    return (node if node.type == "object" else None), loop, condition


def allowed_values(declaration: Declaration) -> list[str | int | bool | None] | None:
    """What ``@allowed`` lists; None where there is none."""
    listed = declaration.decorators.get("allowed")
    return [constant(item) for item in parts(listed[0])] if listed else None
