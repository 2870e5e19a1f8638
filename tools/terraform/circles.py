"""Circles: what depends on itself, by way of whatever else. Terraform refuses to plan it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tools.infra.findings import Finding
from tools.terraform.configuration import Configuration, expressions, finding, references
from tools.terraform.nodes import Block, Expression

_KINDS = ("resource", "data", "ephemeral")


def check_circles(configuration: Configuration) -> Iterator[Finding]:
    """``circle``."""
    blocks = {
        name if kind == "resource" else f"{kind}.{name}": block
        for kind in _KINDS
        for name, block in configuration.blocks[kind].items()
    }
    reads = {name: _read_by(block) for name, block in blocks.items()}
    reads |= {f"local.{name}": set(_read(one.attribute.value)) for name, one in configuration.local.items()}
    for name, block in blocks.items():
        if name in _reached(reads, name):
            yield finding(block, "circle", f"{name} depends on itself.")
    for name, local in configuration.local.items():
        if f"local.{name}" in _reached(reads, f"local.{name}"):
            yield Finding(local.path, local.attribute.line, 1, "circle", f"local.{name} depends on itself.")


def _read_by(block: Block) -> set[str]:
    return {name for attribute, _ in expressions(block) for name in _read(attribute.value)}


def _read(value: Expression) -> Iterator[str]:
    for reference, _ in references(value):
        length = 3 if reference.parts[0] in _KINDS else 2
        yield ".".join(part for part in reference.parts[:length] if isinstance(part, str))


def _reached(reads: Mapping[str, set[str]], start: str) -> set[str]:
    found, coming = set[str](), [*reads[start]]
    while coming:
        name = coming.pop()
        if name not in found:
            found.add(name)
            coming += reads.get(name, ())
    return found
