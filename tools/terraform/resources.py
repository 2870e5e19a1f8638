"""Attributes and blocks of resources and providers, compared with the schema of the pinned provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tools.infra.findings import Finding, meant
from tools.terraform.configuration import Configuration, finding
from tools.terraform.facts import AttributeFacts, BlockFacts, Facts
from tools.terraform.kinds import kind_of, may_be
from tools.terraform.nodes import Attribute, Block, Fields, Items, Text

_OF_TERRAFORM = {"count", "for_each", "depends_on", "provider"}
_BLOCKS_OF_TERRAFORM = {"lifecycle", "timeouts"}


def check_resources(configuration: Configuration, facts: Facts) -> Iterator[Finding]:
    """``unknown-type``, ``unknown-attribute``, ``unknown-block``, ``missing``, ``read-only``, ``wrong-type`` and ``repeated``."""
    check = _Check(configuration, facts)
    for kind, block in configuration.managed():
        known = facts.find(kind, block.labels[0])
        if known is None:
            near = meant(block.labels[0], facts.types(kind))
            yield finding(block, "unknown-type", f"Nothing is known of the {kind} {block.labels[0]}.{near}")
        else:
            yield from check.block(block, known, block.labels[0], top=True)
    for block in configuration.blocks["provider"].values():
        of_provider = facts.find("provider", block.labels[0])
        if of_provider is None:
            yield finding(block, "unknown-type", f"Nothing is known of the provider {block.labels[0]}.")
        else:
            yield from check.block(block, of_provider, block.labels[0], top=True)


class _Check:
    def __init__(self, configuration: Configuration, facts: Facts) -> None:
        self._configuration, self._facts = configuration, facts

    def block(self, block: Block, known: BlockFacts, of: str, *, top: bool = False) -> Iterator[Finding]:
        for attribute in block.attributes.values():
            if not (top and attribute.name in _OF_TERRAFORM):
                yield from self._attribute(block, attribute, known, of)
        count: Counter[str] = Counter()
        for inner in block.blocks:
            if top and inner.type in _BLOCKS_OF_TERRAFORM:
                continue
            name, content = (inner.labels[0], _content(inner)) if inner.type == "dynamic" else (inner.type, inner)
            count[name] += 1
            if name not in known.blocks:
                message = f"{of} has no block {name}.{meant(name, [*known.blocks, *known.attributes])}"
                yield finding(block, "unknown-block", message, inner.line)
            elif content is not None:
                yield from self.block(content, known.blocks[name], f"{of}.{name}")
        yield from self._counted(block, known, of, count)

    def _attribute(self, block: Block, attribute: Attribute, known: BlockFacts, of: str) -> Iterator[Finding]:
        name, line = attribute.name, attribute.line
        found = known.attributes.get(name)
        if found is None:
            near = f" It is a block: {name} {{ … }}." if name in known.blocks else meant(name, known.attributes)
            yield finding(block, "unknown-attribute", f"{of} has no attribute {name}.{near}", line)
        elif found.read_only or name == "id":
            yield finding(block, "read-only", f"{of}.{name} is decided by Azure and cannot be given.", line)
        else:
            yield from self._value(block, attribute, found, of)

    def _value(self, block: Block, attribute: Attribute, known: AttributeFacts, of: str) -> Iterator[Finding]:
        value, name = attribute.value, attribute.name
        given = kind_of(value, self._configuration, self._facts)
        if not may_be(given, known.type, value):
            shown = repr(value.value) if isinstance(value, Text) else f"a {given}"
            yield finding(block, "wrong-type", f"{of}.{name} is of type {known.type}, not {shown}.", attribute.line)
            return
        inner = known.type.partition("(")[2].rstrip(")")
        items = (
            value.items
            if isinstance(value, Items)
            else [one for _, one in value.pairs]
            if isinstance(value, Fields)
            else ()
        )
        for item in items if inner else ():
            kind = kind_of(item, self._configuration, self._facts)
            if not may_be(kind, inner, item):
                yield finding(
                    block, "wrong-type", f"{of}.{name} holds a {kind}, and is of type {known.type}.", item.line
                )

    def _counted(self, block: Block, known: BlockFacts, of: str, count: Counter[str]) -> Iterator[Finding]:
        for name, attribute in known.attributes.items():
            if attribute.required and name not in block.attributes:
                yield finding(block, "missing", f"{of} needs the attribute {name}.")
        for name, inner in known.blocks.items():
            if inner.required and not count[name]:
                yield finding(block, "missing", f"{of} needs the block {name}.")
            if not inner.many and count[name] > 1:
                yield finding(block, "repeated", f"{of} takes only one block {name}.")


def _content(dynamic: Block) -> Block | None:
    return next((one for one in dynamic.blocks if one.type == "content"), None)
