"""The type of an expression, as far as it can be told; and members that are read of something that has none of that name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.infra.declarations import Declaration, Kind, Template, allowed_values
from tools.infra.facts import Facts, ResourceType
from tools.infra.findings import Finding, meant
from tools.infra.functions import FUNCTIONS, NAMESPACES
from tools.infra.kinds import (
    ANYTHING,
    ARRAY,
    BOOL,
    INT,
    NULL,
    OBJECT,
    STRING,
    ListOf,
    Literal,
    Member,
    OneOf,
    Shape,
    Type,
    one_of,
    settled,
)
from tools.infra.resources import type_of_resource
from tools.infra.syntax import constant, literal, parts, properties, text, value_of, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_PLAIN: dict[str, Type] = {
    "string": STRING,
    "int": INT,
    "bool": BOOL,
    "object": OBJECT,
    "array": ARRAY,
    "any": ANYTHING,
}
_TRUTHS = frozenset({"==", "!=", "<", ">", "<=", ">=", "&&", "||", "=~", "!~"})


def stated_type(declaration: Declaration) -> Type:
    """The type that a parameter or output is declared with; narrowed by ``@allowed``."""
    allowed = allowed_values(declaration)
    if allowed:
        return OneOf(tuple(ANYTHING if value is None else Literal(value) for value in allowed))
    written = text(declaration.stated) if declaration.stated is not None else ""
    optional = written.endswith("?")
    if written.endswith("[]"):
        return ListOf(_PLAIN.get(written[:-2], ANYTHING))
    return ANYTHING if optional else _PLAIN.get(written, ANYTHING)


@dataclass(slots=True)
class Inference:
    """Types of the expressions of one template.

    Attributes:
        modules: outputs of the module files that are there, by their path as it is written.
    """

    template: Template
    facts: Facts
    modules: Mapping[str, Template]
    _known: dict[str, Type] = field(default_factory=dict)

    def of(self, node: Node | None) -> Type:
        """The type of the value of ``node``."""
        form = _FORMS.get(node.type) if node is not None else None
        return form(self, node) if form is not None and node is not None else ANYTHING

    def _of_constant(self, node: Node) -> Type:
        value = constant(node)
        return STRING if value is None else Literal(value)

    def _of_null(self, _: Node) -> Type:
        return NULL

    def _of_array(self, node: Node) -> Type:
        items = parts(node)
        return ListOf(one_of(self.of(item) for item in items) if items else ANYTHING)

    def _of_object(self, node: Node) -> Type:
        written = properties(node)
        members = {one.name: Member(self.of(one.value)) for one in written if one.name is not None}
        return Shape("object", members, None if len(members) == len(parts(node)) else ANYTHING)

    def _of_loop(self, node: Node) -> Type:
        return ListOf(self.of(parts(node)[-1]))

    def _of_last(self, node: Node) -> Type:
        return self.of(parts(node)[-1])

    def _of_choice(self, node: Node) -> Type:
        return one_of(self.of(branch) for branch in parts(node)[1:])

    def _of_unary(self, node: Node) -> Type:
        return BOOL if text(node).startswith("!") else INT

    def _of_name(self, node: Node) -> Type:
        return self._of_bound(node) or self._of_symbol(text(node))

    def _of_nested(self, node: Node) -> Type:
        return self._of_symbol(text(parts(node)[-1]))

    def _of_binary(self, node: Node) -> Type:
        operator = next((text(child) for child in node.children if not child.is_named), "")
        if operator == "??":
            return one_of(self.of(side) for side in parts(node))
        return BOOL if operator in _TRUTHS else INT

    def _of_call(self, node: Node) -> Type:
        function = node.child_by_field_name("function")
        if function is None:
            return ANYTHING
        if function.type == "identifier":
            return FUNCTIONS.get(text(function), ANYTHING)
        owner, name = parts(function)[0], text(parts(function)[-1])
        return FUNCTIONS.get(name, ANYTHING) if text(owner) in NAMESPACES else ANYTHING

    def _of_bound(self, node: Node) -> Type | None:
        """The type of a name that a loop around ``node`` brings along."""
        name, outer = text(node), node.parent
        while outer is not None:
            if outer.type == "for_statement":
                first, through, _ = parts(outer)
                names = [text(one) for one in parts(first) or [first]]
                if name in names and node != through:
                    listed = settled(self.of(through))
                    item = settled(listed.item) if isinstance(listed, ListOf) else ANYTHING
                    return INT if names.index(name) else item
            outer = outer.parent
        return None

    def _of_symbol(self, name: str) -> Type:
        if name not in self._known:
            self._known[name] = ANYTHING  # whoever refers to themselves learns nothing by it
            declared = self.template.find(name, Kind.PARAM, Kind.VAR, Kind.RESOURCE, Kind.MODULE)
            self._known[name] = self._of_declaration(declared) if declared else ANYTHING
        return self._known[name]

    def _of_declaration(self, declared: Declaration) -> Type:
        if declared.kind is Kind.PARAM:
            return stated_type(declared)
        if declared.kind is Kind.VAR:
            return self.of(declared.value)
        one = self._of_resource(declared) if declared.kind is Kind.RESOURCE else self._of_module(declared)
        return ListOf(one) if declared.loop is not None else one

    def _of_resource(self, declared: Declaration) -> Type:
        found = type_of_resource(declared, self.template, self.facts)
        if not isinstance(found, ResourceType) or declared.value is None:
            return ANYTHING
        return found.body(literal(value_of(declared.value, "name"))) or ANYTHING

    def _of_module(self, declared: Declaration) -> Type:
        module = self.modules.get(declared.reference)
        if module is None:
            return ANYTHING
        outputs = {name: Member(stated_type(one)) for name, one in module.outputs.items()}
        return Shape("module", {"name": Member(STRING), "outputs": Member(Shape("outputs", outputs))})

    def _of_member(self, node: Node) -> Type:
        name = text(parts(node)[-1])
        read = [one.members.get(name) for one in _shapes(self.of(parts(node)[0])) or ()]
        return one_of(settled(one.of) if one else ANYTHING for one in read) if read else ANYTHING

    def _of_item(self, node: Node) -> Type:
        owner = settled(self.of(parts(node)[0]))
        return settled(owner.item) if isinstance(owner, ListOf) else ANYTHING

    def unknown_members(self) -> Iterator[Finding]:
        """Members that are read of objects that have none of that name."""
        for node in walk(self.template.source.root):
            if node.type != "member_expression":
                continue
            owner, name = settled(self.of(parts(node)[0])), text(parts(node)[-1])
            written = text(parts(node)[0])
            if isinstance(owner, ListOf):
                message = f"{written} is an array, and has no {name}."
                yield self.template.source.finding(parts(node)[-1], "unknown-member", message)
                continue
            for shape in _shapes(owner):
                if name not in shape.members and shape.rest is None:
                    message = f"{written} has no {name}.{meant(name, shape.members)}"
                    yield self.template.source.finding(parts(node)[-1], "unknown-member", message)
                    break


_FORMS: Mapping[str, Callable[[Inference, Node], Type]] = {
    "string": Inference._of_constant,
    "number": Inference._of_constant,
    "boolean": Inference._of_constant,
    "null": Inference._of_null,
    "array": Inference._of_array,
    "object": Inference._of_object,
    "for_statement": Inference._of_loop,
    "if_statement": Inference._of_last,
    "parenthesized_expression": Inference._of_last,
    "ternary_expression": Inference._of_choice,
    "unary_expression": Inference._of_unary,
    "binary_expression": Inference._of_binary,
    "identifier": Inference._of_name,
    "call_expression": Inference._of_call,
    "member_expression": Inference._of_member,
    "subscript_expression": Inference._of_item,
    "resource_expression": Inference._of_nested,
}
"""How the type of each form of an expression is told."""


def _shapes(kind: Type) -> list[Shape]:
    """The objects that a value may be; none where it may be anything else."""
    kind = settled(kind)
    options = [settled(one) for one in kind.options] if isinstance(kind, OneOf) else [kind]
    shapes = [one for one in options if isinstance(one, Shape)]
    return shapes if len(shapes) == len(options) else []
