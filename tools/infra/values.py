"""Values that are written where a type is wanted: properties that are unknown, missing or read-only, and values of another type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tools.infra.findings import Finding, meant
from tools.infra.inferring import Inference
from tools.infra.kinds import ListOf, Literal, OneOf, Plain, Shape, Type, described, fits, settled
from tools.infra.syntax import Property, parts, properties, text

if TYPE_CHECKING:
    from tree_sitter import Node


def check_value(node: Node, wanted: Type, inference: Inference, *, what: str) -> Iterator[Finding]:
    """Every finding about a value that is to be of type ``wanted``; ``what`` is the name of the property for people."""
    wanted = settled(wanted)
    inside = parts(node)
    if node.type == "ternary_expression":
        for branch in inside[1:]:
            yield from check_value(branch, wanted, inference, what=what)
    elif node.type == "parenthesized_expression":
        yield from check_value(inside[-1], wanted, inference, what=what)
    elif node.type == "object" and isinstance(wanted, Shape):
        yield from check_object(node, wanted, inference)
    elif node.type == "array" and isinstance(wanted, ListOf):
        for item in inside:
            yield from check_value(item, wanted.item, inference, what=f"an item of {what}")
    elif node.type == "for_statement" and isinstance(wanted, ListOf):
        yield from check_value(inside[-1], wanted.item, inference, what=f"an item of {what}")
    else:
        yield from _check_kind(node, wanted, inference, what)


def check_object(node: Node, wanted: Shape, inference: Inference) -> Iterator[Finding]:
    """Every finding about an object that is written out."""
    source, seen = inference.template.source, set[str]()
    for one in properties(node):
        if one.name is None:
            if wanted.rest is not None:
                yield from check_value(one.value, wanted.rest, inference, what="this property")
            continue
        if one.name in seen:
            yield source.finding(one.key, "duplicate-property", f"{one.name} is given already.")
        seen.add(one.name)
        yield from _check_property(one, wanted, inference)
    missing = sorted(name for name, member in wanted.members.items() if member.required and name not in seen)
    if missing:
        yield source.finding(node, "missing-property", f"{wanted.name} lacks {', '.join(missing)}.")


def _check_property(one: Property, wanted: Shape, inference: Inference) -> Iterator[Finding]:
    source, name = inference.template.source, str(one.name)
    member = wanted.members.get(name)
    if member is None and wanted.rest is None:
        near = meant(name, [key for key, known in wanted.members.items() if not known.read_only])
        yield source.finding(one.key, "unknown-property", f"{wanted.name} has no property {name}.{near}")
    elif member is None and wanted.rest is not None:
        yield from check_value(one.value, wanted.rest, inference, what=name)
    elif member is not None and member.read_only:
        yield source.finding(one.key, "read-only-property", f"{name} is Azure's to say.")
    elif member is not None:
        yield from check_value(one.value, member.of, inference, what=name)


def _check_kind(node: Node, wanted: Type, inference: Inference, what: str) -> Iterator[Finding]:
    given, source = inference.of(node), inference.template.source
    if not fits(given, wanted):
        message = f"{what} is {described(wanted)}, not {described(given)}."
        code = "unlisted-value" if isinstance(given, Literal) and _listed(wanted) else "wrong-type"
        yield source.finding(node, code, message)
    elif isinstance(given, Literal) and _listed(wanted) and given not in _listed(wanted):
        near = meant(str(given.value), [str(one.value) for one in _listed(wanted)])
        yield source.finding(node, "unlisted-value", f"{text(node)} is no value of {what} that is known.{near}")


def _listed(wanted: Type) -> list[Literal]:
    """The values that are known, of an open list as of a closed one."""
    options = wanted.options if isinstance(wanted, OneOf) else (wanted,)
    literals = [one for one in options if isinstance(one, Literal)]
    return literals if all(isinstance(one, Literal | Plain) for one in options) else []
