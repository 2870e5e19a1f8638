"""What depends on what: circles, what may not be there when it is read, and functions that only a parameter's default may call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tools.infra.declarations import Declaration, Kind, Template
from tools.infra.findings import Finding
from tools.infra.syntax import parts, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPLOYED = (Kind.RESOURCE, Kind.MODULE)
_LINKED = (*_DEPLOYED, Kind.VAR)
_NO_VALUE = frozenset({"property_identifier", "property_name"})
_DEFAULTS_ONLY = frozenset({"newGuid", "utcNow"})


def check_dependencies(template: Template) -> Iterator[Finding]:
    """``circle``, ``maybe-absent``, ``wrong-place``."""
    yield from _circles(template)
    for one in template.declarations:
        if one.within is None:
            yield from _absent(template, one)
            if one.kind is not Kind.PARAM:
                yield from _misplaced(template, one.node)


def _circles(template: Template) -> Iterator[Finding]:
    declared = {one.name: one for one in template.declarations if one.kind in _LINKED and one.within is None}
    reads = {name: {read for read in _read(one.node, one.symbol) if read in declared} for name, one in declared.items()}
    for name, one in declared.items():
        if name in _reached(reads, name):
            yield template.source.finding(one.symbol, "circle", f"{name} depends on itself.")


def _reached(reads: Mapping[str, set[str]], start: str) -> set[str]:
    """Everything that ``start`` depends on, at any distance."""
    found, coming = set[str](), [*reads[start]]
    while coming:
        name = coming.pop()
        if name not in found:
            found.add(name)
            coming += reads[name]
    return found


def _read(node: Node, symbol: Node) -> Iterator[str]:
    """The names that are read in ``node``; what stands behind a dot, or names a property, is none."""
    if node.type == "identifier" and node != symbol:
        yield text(node)
    children = node.children
    if node.type in ("member_expression", "resource_expression"):
        children = parts(node)[:1]
    elif node.type == "object_property" and parts(node) and parts(node)[0].type == "identifier":
        children = parts(node)[1:]
    for child in children:
        if child.type not in _NO_VALUE:
            yield from _read(child, symbol)


def _absent(template: Template, reader: Declaration) -> Iterator[Finding]:
    """Members that are read of what is only deployed on a condition, by what does not ask for one."""
    optional = {
        one.name
        for one in template.declarations
        if one.kind in _DEPLOYED and one.condition is not None and not one.existing
    }
    if reader.condition is not None or reader.name in optional:
        return
    for node in walk(reader.node):
        if node.type == "member_expression" and parts(node)[0].type == "identifier":
            owner = text(parts(node)[0])
            if owner in optional and "?" not in text(node) and not _asked_for(node, reader.node):
                message = f"{owner} is not always deployed: read it behind a condition."
                yield template.source.finding(node, "maybe-absent", message)


def _asked_for(node: Node, within: Node) -> bool:
    """Whether ``node`` is only worked out where a condition says so."""
    while node != within and node.parent is not None:
        outer = node.parent
        if outer.type == "ternary_expression" and node != parts(outer)[0]:
            return True
        node = outer
    return False


def _misplaced(template: Template, node: Node) -> Iterator[Finding]:
    for call in walk(node):
        function = call.child_by_field_name("function") if call.type == "call_expression" else None
        if function is not None and text(function) in _DEFAULTS_ONLY:
            message = f"{text(function)}() is something else each time: only the default of a parameter may call it."
            yield template.source.finding(call, "wrong-place", message)
