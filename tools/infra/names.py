"""Names: those that nothing declares, those that nobody uses, and those that are declared twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tools.infra.declarations import Kind, Template
from tools.infra.findings import Finding, meant
from tools.infra.functions import DECORATORS, FUNCTIONS, NAMESPACES
from tools.infra.syntax import parts, text

if TYPE_CHECKING:
    from tree_sitter import Node

_NO_EXPRESSION = frozenset({"type", "parameters", "property_identifier", "property_name", "comment"})
_SYMBOLS = (Kind.PARAM, Kind.VAR, Kind.RESOURCE, Kind.MODULE, Kind.FUNC, Kind.TYPE)


def check_names(template: Template) -> Iterator[Finding]:
    """Every finding about names."""
    used = Counter[str]()
    yield from _Uses(template, used).findings()
    source = template.source
    for namespace in (_SYMBOLS, (Kind.OUTPUT,)):
        seen = set[str]()
        for one in template.declarations:
            if one.kind not in namespace:
                continue
            if one.name in seen:
                yield source.finding(one.symbol, "duplicate-name", f"{one.name} is declared already.")
            seen.add(one.name)
    for one in template.declarations:
        if one.kind in (Kind.PARAM, Kind.VAR, Kind.FUNC, Kind.TYPE) and not used[one.name]:
            yield source.finding(one.symbol, "unused-name", f"Nothing uses {one.name}.")
        elif one.kind is Kind.RESOURCE and one.existing and not used[one.name]:
            yield source.finding(one.symbol, "unused-name", f"Nothing uses the existing resource {one.name}.")
        for decorator in one.decorators:
            if decorator not in DECORATORS:
                message = f"There is no decorator @{decorator}.{meant(decorator, DECORATORS)}"
                yield source.finding(one.node, "unknown-name", message)


class _Uses:
    """Walks expressions with the names that loops and lambdas bring along."""

    def __init__(self, template: Template, used: Counter[str]) -> None:
        self._template = template
        self._used = used
        self._declared = {one.name for one in template.declarations if one.kind in _SYMBOLS}

    def findings(self) -> Iterator[Finding]:
        for one in self._template.declarations:
            if one.within is not None:
                continue  # walked with what it is nested in
            local = _parameters(one.node) if one.kind is Kind.FUNC else frozenset[str]()
            for child in parts(one.node):
                if child != one.symbol:
                    yield from self._walk(child, local)
            for arguments in one.decorators.values():
                for argument in arguments:
                    yield from self._walk(argument, frozenset())
            if one.stated is not None:
                self._used[text(one.stated).rstrip("[]?")] += 1

    def _walk(self, node: Node, local: frozenset[str]) -> Iterator[Finding]:
        inside = parts(node)
        match node.type:
            case "identifier":
                yield from self._use(node, local)
                return
            case "call_expression":
                yield from self._call(node, local)
                return
            case "member_expression" | "resource_expression":
                inside = inside[:1]
            case "object_property" if len(inside) == 2:
                key, value = inside
                inside = [value] if key.type == "identifier" else [key, value]
            case "resource_declaration":
                inside = inside[1:]
            case "for_statement":
                bound, inside = _loop(node)
                yield from self._walk(inside[0], local)
                local, inside = local | bound, inside[1:]
            case "lambda_expression":
                local, inside = local | {text(one) for one in _lambda_names(inside[:-1])}, inside[-1:]
            case kind if kind in _NO_EXPRESSION:
                return
        for child in inside:
            yield from self._walk(child, local)

    def _call(self, node: Node, local: frozenset[str]) -> Iterator[Finding]:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        for argument in parts(arguments) if arguments is not None else ():
            yield from self._walk(argument, local)
        if function is None:
            return
        if function.type != "identifier":
            yield from self._walk(function, local)
            return
        name = text(function)
        self._used[name] += 1
        if name not in FUNCTIONS and not self._template.find(name, Kind.FUNC):
            message = f"There is no function {name}.{meant(name, FUNCTIONS)}"
            yield self._template.source.finding(function, "unknown-name", message)

    def _use(self, node: Node, local: frozenset[str]) -> Iterator[Finding]:
        name = text(node)
        self._used[name] += 1
        if name not in self._declared and name not in local and name not in NAMESPACES:
            near = meant(name, self._declared | local)
            yield self._template.source.finding(node, "unknown-name", f"Nothing declares {name}.{near}")


def _loop(node: Node) -> tuple[frozenset[str], list[Node]]:
    """What a ``for`` binds, and what it goes through and does."""
    first, *rest = parts(node)
    names = parts(first) or [first]
    return frozenset(text(name) for name in names), rest


def _lambda_names(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.type == "identifier":
            yield node
        else:
            yield from _lambda_names(parts(node))


def _parameters(node: Node) -> frozenset[str]:
    listed = next((child for child in parts(node) if child.type == "parameters"), None)
    return frozenset(text(parts(one)[0]) for one in parts(listed)) if listed is not None else frozenset()
