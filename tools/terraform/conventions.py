"""What is asked of every configuration: pinned providers, documented inputs and outputs, and secrets that leave no trace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.infra.findings import Finding, meant
from tools.terraform.configuration import Configuration, expressions, finding, references
from tools.terraform.facts import Facts
from tools.terraform.kinds import kind_of, may_be, written_type
from tools.terraform.nodes import Block, Constant, Expression, Fields, Text

_SECRET = re.compile(
    r"(_access_key|_shared_key|_connection_string|_password|secret_value|site_credential)$|^instrumentation_key$"
)
_MEMBERS = {
    "variable": {"type", "description", "default", "nullable", "sensitive"},
    "output": {"value", "description", "sensitive"},
}


def check_conventions(configuration: Configuration, facts: Facts) -> Iterator[Finding]:
    """``version``, ``variable``, ``output``, ``default`` and ``secret``."""
    yield from _versions(configuration, facts)
    for name, block in configuration.variables.items():
        yield from _members(block)
        yield from _variable(configuration, facts, name, block)
    for name, block in configuration.outputs.items():
        yield from _members(block)
        if not {"value", "description"} <= set(block.attributes):
            yield finding(block, "output", f"The output {name} needs a value and a description.")
    yield from _secrets(configuration, facts)


def _versions(configuration: Configuration, facts: Facts) -> Iterator[Finding]:
    pinned: dict[str, str] = {}
    for block in configuration.blocks["terraform"].values():
        for required in (one for one in block.blocks if one.type == "required_providers"):
            for name, attribute in required.attributes.items():
                pairs = attribute.value.pairs if isinstance(attribute.value, Fields) else ()
                given = {
                    key.value: value.value for key, value in pairs if isinstance(key, Text) and isinstance(value, Text)
                }
                pinned[name] = given.get("version", "")
                wanted = facts.version(name) if name in facts.providers else None
                if wanted != pinned[name]:
                    message = (
                        f"{name} {pinned[name]} is not what the facts are of: {wanted or 'nothing is known of it'}."
                    )
                    yield finding(block, "version", message, attribute.line)
    for _, block in configuration.managed():
        provider = block.labels[0].partition("_")[0]
        if provider not in pinned:
            yield finding(block, "version", f"versions.tf pins no provider {provider}.{meant(provider, pinned)}")


def _members(block: Block) -> Iterator[Finding]:
    for name, attribute in block.attributes.items():
        if name not in _MEMBERS[block.type]:
            message = f"A {block.type} has no {name}.{meant(name, _MEMBERS[block.type])}"
            yield finding(block, "unknown-attribute", message, attribute.line)


def _variable(configuration: Configuration, facts: Facts, name: str, block: Block) -> Iterator[Finding]:
    if not {"type", "description"} <= set(block.attributes):
        yield finding(block, "variable", f"The variable {name} needs a type and a description.")
    nullable = block.attributes.get("nullable")
    if nullable is None or nullable.value != Constant(value=False, line=nullable.line):
        yield finding(block, "variable", f"The variable {name} may be null, which nothing here expects.")
    wanted = written_type(configuration, name)
    rules = [one for one in block.blocks if one.type == "validation"]
    if wanted != "bool" and not rules:
        yield finding(block, "variable", f"The variable {name} needs a validation.")
    for rule in rules:
        if set(rule.attributes) != {"condition", "error_message"}:
            yield finding(
                rule, "variable", f"A validation of {name} needs a condition and an error_message, and nothing else."
            )
    default = block.attributes.get("default")
    if default is not None:
        given = kind_of(default.value, configuration, facts)
        if not may_be(given, wanted, default.value):
            yield finding(
                block, "default", f"The default of {name} is a {given}, and its type is {wanted}.", default.line
            )


def _secrets(configuration: Configuration, facts: Facts) -> Iterator[Finding]:
    """Nothing ephemeral goes where it would be kept, no other password is made, and no key that Azure knows is used."""
    for block in configuration.all_blocks():
        if block.type == "resource" and block.labels[0] == "random_password":
            yield finding(
                block, "secret", "A random_password that is a resource is kept in the state: make it ephemeral."
            )
        known = facts.find(block.type, block.labels[0]) if block.labels else None
        forgets = {name for name, one in known.attributes.items() if one.write_only} if known is not None else set()
        for attribute, inner in expressions(block):
            for reference, _ in references(attribute.value):
                if reference.parts[0] == "ephemeral" and not (inner is block and attribute.name in forgets):
                    message = f"{attribute.name} keeps what it is given, and this is a secret."
                    yield finding(block, "secret", message, reference.line)
                yield from _keys(block, reference.parts, reference.line)


def _keys(block: Block, parts: tuple[str | Expression, ...], line: int) -> Iterator[Finding]:
    for part in parts[2:] if parts[0] not in ("local", "var", "ephemeral") else ():
        if isinstance(part, str) and _SECRET.search(part):
            yield finding(
                block, "secret", f"{part} lets whoever has it in: the identity of the app signs in instead.", line
            )
