"""What is read of the answer of a resource that is made with azapi is exported from it, and is something that Azure answers."""

from __future__ import annotations

from collections.abc import Iterator

from tools.infra.facts import Facts as AzureFacts
from tools.infra.findings import Finding, meant
from tools.infra.kinds import Shape, settled
from tools.terraform.configuration import Configuration, expressions, finding, references
from tools.terraform.nodes import Block, Items, Text


def check_exports(configuration: Configuration, azure: AzureFacts) -> Iterator[Finding]:
    """``not-exported`` and ``unknown-property``."""
    for block in configuration.blocks["resource"].values():
        for path in _exported(block):
            yield from _answered(block, path, azure)
    for block in configuration.all_blocks():
        for attribute, _ in expressions(block):
            for reference, _ in references(attribute.value):
                read = [part for part in reference.parts if isinstance(part, str)]
                target = configuration.blocks["resource"].get(".".join(read[:2]))
                if target is None or read[2:3] != ["output"]:
                    continue
                asked, exported = ".".join(read[3:]), _exported(target)
                if asked not in exported:
                    message = f"{'.'.join(read[:2])} does not export {asked}.{meant(asked, exported)}"
                    yield finding(block, "not-exported", message, reference.line)


def _exported(block: Block) -> list[str]:
    written = block.attributes.get("response_export_values")
    items = written.value.items if written is not None and isinstance(written.value, Items) else ()
    return [one.value for one in items if isinstance(one, Text)]


def _answered(block: Block, path: str, azure: AzureFacts) -> Iterator[Finding]:
    written, name = block.attributes.get("type"), block.attributes.get("name")
    type_, _, version = (
        written.value.value.partition("@") if written and isinstance(written.value, Text) else ("", "", "")
    )
    known = azure.find(type_, version)
    shape = (
        None
        if isinstance(known, str)
        else known.body(name.value.value if name and isinstance(name.value, Text) else None)
    )
    for part in path.split(".") if shape is not None else ():
        if not isinstance(shape, Shape) or shape.rest is not None:
            return
        if part not in shape.members:
            yield finding(block, "unknown-property", f"{type_} answers with no {path}.{meant(part, shape.members)}")
            return
        shape = settled(shape.members[part].of)  # type: ignore[assignment]
