"""Bicep files as trees. The only place that knows how tree-sitter names what is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tools.infra.findings import Finding

if TYPE_CHECKING:
    from tree_sitter import Node, Parser


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file."""

    path: Path
    root: Node

    def finding(self, node: Node, code: str, message: str) -> Finding:
        """A finding at the beginning of ``node``."""
        return Finding(self.path, node.start_point.row + 1, node.start_point.column + 1, code, message)


@cache
def _parser() -> Parser:
    import tree_sitter_bicep
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bicep.language()))


def parse(path: Path) -> Source:
    """Parse a file; what is wrong with it :func:`errors` tells."""
    return Source(path, _parser().parse(path.read_bytes()).root_node)


def errors(source: Source) -> Iterator[Finding]:
    """Where the grammar does not understand the file."""
    for node in walk(source.root) if source.root.has_error else ():
        if node.is_missing:
            yield source.finding(node, "syntax", f"{node.type} is missing.")
        elif node.is_error:
            yield source.finding(node, "syntax", f"Not understood: {text(node)[:40]!r}.")


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything in it, in the order in which it is written."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += reversed(one.children)


def parts(node: Node) -> list[Node]:
    """What is in ``node``, without comments and punctuation."""
    return [child for child in node.named_children if child.type not in ("comment", "diagnostic_comment")]


def text(node: Node) -> str:
    """As it is written."""
    return (node.text or b"").decode()


def literal(node: Node | None) -> str | None:
    """The value of a string in which nothing is interpolated; None for everything else."""
    if node is None or node.type != "string":
        return None
    inside = parts(node)
    if any(part.type == "interpolation" for part in inside):
        return None
    return "".join(text(part) for part in inside)


def constant(node: Node | None) -> str | int | bool | None:
    """The value of a string, number or truth that is written out; None for everything else."""
    if node is not None and node.type == "number":
        return int(text(node))
    if node is not None and node.type == "boolean":
        return text(node) == "true"
    return literal(node)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an object. ``name`` is None where it is interpolated."""

    name: str | None
    key: Node
    value: Node


def properties(node: Node) -> list[Property]:
    """The properties of an object that is written out; nested resources are none."""
    found = []
    for child in parts(node):
        inside = parts(child)
        if child.type == "object_property" and len(inside) == 2:
            key, value = inside
            found.append(Property(text(key) if key.type == "identifier" else literal(key), key, value))
    return found


def value_of(node: Node | None, *path: str) -> Node | None:
    """The value at ``path`` in an object that is written out; None where there is none."""
    for name in path:
        if node is None or node.type != "object":
            return None
        node = next((one.value for one in properties(node) if one.name == name), None)
    return node
