"""Every name that is referred to exists, with the attribute that is asked for; every variable and local value is used."""

from __future__ import annotations

from collections.abc import Iterator

from tools.infra.findings import Finding, meant
from tools.terraform.configuration import Configuration, expressions, finding, references
from tools.terraform.facts import AttributeFacts, BlockFacts, Facts
from tools.terraform.nodes import Block, Reference

_ALWAYS = {"path": {"module", "root", "cwd"}, "terraform": {"workspace"}}
_WITHIN = {"count": "count", "each": "for_each", "self": "provisioner"}


def check_references(configuration: Configuration, facts: Facts) -> Iterator[Finding]:
    """``unknown-name``, ``unknown-attribute``, ``missing-index`` and ``unused``."""
    used: set[str] = set()
    for block in configuration.all_blocks():
        check = _Check(configuration, facts, block)
        own = ("var", *block.labels) if block.type == "variable" else ()
        for reference, bound in _referred(block):
            if reference.parts[:2] != own:  # what only its own validation looks at is used by nobody
                used.add(".".join(part for part in reference.parts[:2] if isinstance(part, str)))
            yield from check.reference(reference, bound)
    for name, block in configuration.variables.items():
        if f"var.{name}" not in used:
            yield finding(block, "unused", f"Nothing uses the variable {name}.")
    for name, local in configuration.local.items():
        if f"local.{name}" not in used:
            yield Finding(local.path, local.attribute.line, 1, "unused", f"Nothing uses local.{name}.")


def _referred(block: Block) -> Iterator[tuple[Reference, frozenset[str]]]:
    """Every reference in a block, with the names that stand for something around it."""
    made = _iterators(block)
    for attribute, inner in expressions(block):
        of_type = block.type == "variable" and inner is block and attribute.name == "type"
        if block.type == "terraform" or inner.type == "lifecycle" or of_type:
            continue  # names of types and of attributes
        for reference, bound in references(attribute.value):
            yield reference, bound | made


def _iterators(block: Block) -> frozenset[str]:
    """Names that ``dynamic`` blocks make."""
    found = {inner.labels[0] for inner in block.blocks if inner.type == "dynamic"}
    return frozenset(found.union(*(_iterators(inner) for inner in block.blocks)))


class _Check:
    """Of the references in one block."""

    def __init__(self, configuration: Configuration, facts: Facts, block: Block) -> None:
        self._configuration, self._facts, self._block = configuration, facts, block

    def reference(self, reference: Reference, bound: frozenset[str]) -> Iterator[Finding]:
        head, *rest = reference.parts
        name = rest[0] if rest and isinstance(rest[0], str) else ""
        if not isinstance(head, str) or head in bound:
            return
        known = {
            **{one: {f"{one}.{each}" for each in _ALWAYS[one]} for one in _ALWAYS},
            "var": {f"var.{one}" for one in self._configuration.variables},
            "local": {f"local.{one}" for one in self._configuration.local},
        }
        if head in known:
            yield from self._known(reference, f"{head}.{name}", known[head])
        elif head not in _WITHIN:
            yield from self._managed(reference, head if head in ("data", "ephemeral") else "resource")
        elif _WITHIN[head] not in self._block.attributes:
            message = f"{head}.{name} means nothing here: there is no {_WITHIN[head]}."
            yield finding(self._block, "unknown-name", message, reference.line)

    def _managed(self, reference: Reference, kind: str) -> Iterator[Finding]:
        """A reference to ``type.name…`` of resources, data sources or ephemeral resources."""
        prefix = "" if kind == "resource" else f"{kind}."
        path = reference.parts[1:] if prefix else reference.parts
        name = ".".join(part for part in path[:2] if isinstance(part, str))
        target = self._configuration.blocks[kind].get(name)
        if target is None:
            yield from self._known(reference, prefix + name, {prefix + one for one in self._configuration.blocks[kind]})
            return
        rest = path[2:]
        repeated = "count" in target.attributes or "for_each" in target.attributes
        indexed = bool(rest) and (rest[0] == "*" or not isinstance(rest[0], str))
        if rest and repeated != indexed:
            message = f"{prefix}{name} is {'several: say which' if repeated else 'only one: it takes no index'}."
            yield finding(self._block, "missing-index" if repeated else "unknown-attribute", message, reference.line)
            return
        of_type = self._facts.find(kind, target.labels[0])
        if of_type is not None:
            names = [part for part in rest[1 if indexed else 0 :] if isinstance(part, str) and part != "*"]
            yield from self._path(reference, of_type, target.labels[0], names)

    def _path(self, reference: Reference, facts: BlockFacts, of: str, path: list[str]) -> Iterator[Finding]:
        members: dict[str, BlockFacts | AttributeFacts] = {**facts.attributes, **facts.blocks}
        for part in path:
            if part not in members:
                message = f"{of} has no attribute {part}.{meant(part, members)}"
                yield finding(self._block, "unknown-attribute", message, reference.line)
                return
            found = members[part]
            if isinstance(found, AttributeFacts) and not found.fields:
                return  # a plain value, or one that nothing is known of
            of = f"{of}.{part}"
            members = dict(found.fields) if isinstance(found, AttributeFacts) else {**found.attributes, **found.blocks}

    def _known(self, reference: Reference, name: str, known: set[str]) -> Iterator[Finding]:
        if name not in known:
            yield finding(self._block, "unknown-name", f"{name} is not declared.{meant(name, known)}", reference.line)
