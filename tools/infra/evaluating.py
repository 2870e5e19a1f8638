"""The values of expressions that are constant, for policies that ask what is really deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tools.infra.declarations import Kind, Template
from tools.infra.syntax import constant, parts, properties, text

if TYPE_CHECKING:
    from tree_sitter import Node


class Unknown:
    """A value that is not known before a deployment."""

    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = Unknown()


def evaluate(node: Node | None, template: Template, bound: Mapping[str, Any] | None = None) -> Any:
    """The value of ``node``, or :data:`UNKNOWN`; within strings and lists only what is unknown is.

    Args:
        bound: what names stand for that a lambda or a loop brings along.
    """
    return _Evaluation(template, bound or {}).of(node)


class _Evaluation:
    def __init__(self, template: Template, bound: Mapping[str, Any]) -> None:
        self._template, self._bound = template, bound

    def of(self, node: Node | None) -> Any:
        if node is None:
            return UNKNOWN
        inside = parts(node)
        value: Any = UNKNOWN
        match node.type:
            case "string":
                value = "".join(
                    str(self.of(parts(one)[0])) if one.type == "interpolation" else text(one) for one in inside
                )
            case "number" | "boolean":
                value = constant(node)
            case "array":
                value = [self.of(one) for one in inside]
            case "object":
                value = {one.name: self.of(one.value) for one in properties(node)}
            case "identifier":
                value = self._named(text(node))
            case "member_expression":
                owner = self.of(inside[0])
                value = owner.get(text(inside[1]), UNKNOWN) if isinstance(owner, dict) else UNKNOWN
            case "call_expression":
                value = self._call(node)
        return value

    def _named(self, name: str) -> Any:
        if name in self._bound:
            return self._bound[name]
        declared = self._template.find(name, Kind.VAR)
        return self.of(declared.value) if declared else UNKNOWN

    def _call(self, node: Node) -> Any:
        function, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        arguments = parts(listed) if listed is not None else []
        match text(function) if function is not None else "":
            case "concat":
                values = [self.of(one) for one in arguments]
                return [item for value in values if isinstance(value, list) for item in value]
            case "map" if len(arguments) == 2 and arguments[1].type == "lambda_expression":
                items, (name, body) = self.of(arguments[0]), parts(arguments[1])
                bound = [{**self._bound, text(name): item} for item in items] if isinstance(items, list) else []
                return [evaluate(body, self._template, one) for one in bound]
        return UNKNOWN
