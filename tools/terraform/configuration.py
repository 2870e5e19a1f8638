"""A folder of ``.tf`` files, which Terraform reads as one configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.infra.findings import Finding
from tools.terraform.nodes import Access, Attribute, Block, Call, Expression, Fields, For, Items, Other, Reference
from tools.terraform.syntax import SyntaxProblem, parse

_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "provider": 1,
    "locals": 0,
    "terraform": 0,
}


@dataclass(frozen=True, slots=True)
class Local:
    """A local value and its file."""

    attribute: Attribute
    path: Path


@dataclass
class Configuration:
    """What the files of ``folder`` declare.

    Attributes:
        blocks: blocks of the top level, by their type and then their labels with dots between them; ``provider`` and ``variable``
            among them.
        local: local values by name.
        problems: what is not HCL, is of an unknown kind, or is there twice.
    """

    folder: Path
    blocks: dict[str, dict[str, Block]] = field(default_factory=lambda: {kind: {} for kind in _LABELS})
    local: dict[str, Local] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)

    @property
    def variables(self) -> Mapping[str, Block]:
        """The inputs."""
        return self.blocks["variable"]

    @property
    def outputs(self) -> Mapping[str, Block]:
        """The outputs."""
        return self.blocks["output"]

    def managed(self) -> Iterator[tuple[str, Block]]:
        """Resources, data sources and ephemeral resources, each with its kind."""
        for kind in ("resource", "data", "ephemeral"):
            for block in self.blocks[kind].values():
                yield kind, block

    def of_type(self, type_: str) -> Iterator[Block]:
        """The resources of a type."""
        return (block for block in self.blocks["resource"].values() if block.labels[0] == type_)

    def all_blocks(self) -> Iterator[Block]:
        """Every block of the top level; ``locals`` and ``terraform`` once for each file."""
        for kind in self.blocks.values():
            yield from kind.values()


def read_texts(folder: Path) -> dict[Path, str]:
    """The text of every ``.tf`` file of ``folder``."""
    return {path: path.read_text() for path in sorted(folder.glob("*.tf"))}


def configure(folder: Path, texts: Mapping[Path, str]) -> Configuration:
    """What files of ``folder`` declare together."""
    configuration = Configuration(folder)
    for path, text in texts.items():
        try:
            blocks = parse(text, path)
        except SyntaxProblem as wrong:
            configuration.problems.append(Finding(path, wrong.line, wrong.column, "syntax", str(wrong)))
            continue
        for block in blocks:
            _declare(configuration, block)
    return configuration


def _declare(configuration: Configuration, block: Block) -> None:
    if _LABELS.get(block.type) != len(block.labels):
        known = ", ".join(_LABELS)
        message = f"A block {block.type} with {len(block.labels)} labels is not known here; known are {known}."
        configuration.problems.append(finding(block, "unknown-block", message))
        return
    name = ".".join(block.labels) or f"{block.path.name}:{block.line}"
    if name in configuration.blocks[block.type]:
        configuration.problems.append(finding(block, "duplicate", f"{block.type} {name} is declared twice."))
    configuration.blocks[block.type][name] = block
    if block.type == "locals":
        for attribute in block.attributes.values():
            if attribute.name in configuration.local:
                message = f"local.{attribute.name} is declared twice."
                configuration.problems.append(Finding(block.path, attribute.line, 1, "duplicate", message))
            configuration.local[attribute.name] = Local(attribute, block.path)


def finding(block: Block, code: str, message: str, line: int | None = None) -> Finding:
    """A finding about a block, or a line of its file."""
    return Finding(block.path, block.line if line is None else line, 1, code, message)


def expressions(block: Block) -> Iterator[tuple[Attribute, Block]]:
    """Every attribute in a block and in what is nested in it, with the block that it stands in."""
    for attribute in block.attributes.values():
        yield attribute, block
    for inner in block.blocks:
        yield from expressions(inner)


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The expressions directly within one; of ``for``, not those that its names stand in."""
    match expression:
        case Items(items):
            yield from items
        case Fields(pairs):
            for key, value in pairs:
                yield from (key, value)
        case Reference(parts):
            yield from (one for one in parts if not isinstance(one, str))
        case Access(of, part):
            yield of
            if not isinstance(part, str):
                yield part
        case Call(_, arguments):
            yield from arguments
        case Other(_, operands):
            yield from operands
        case For(_, of):
            yield of


def references(
    expression: Expression, bound: frozenset[str] = frozenset()
) -> Iterator[tuple[Reference, frozenset[str]]]:
    """Every reference in an expression, with the names that a ``for`` around it has made."""
    if isinstance(expression, Reference):
        yield expression, bound
    for part in parts_of(expression):
        yield from references(part, bound)
    if isinstance(expression, For):
        within = bound | set(expression.names)
        for inner in (expression.key, expression.value, expression.condition):
            if inner is not None:
                yield from references(inner, within)
