"""Terraform's own functions, as ``terraform metadata functions -json`` lists them: ``infra/terraform/facts/functions.json``.

    terraform metadata functions -json | python -m tools.terraform.functions

writes it anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.infra.findings import Finding, meant
from tools.terraform.configuration import Configuration, expressions, finding, parts_of
from tools.terraform.facts import FOLDER
from tools.terraform.nodes import Block, Call, Expression, For

_KINDS = {"dynamic": "any", "set": "list", "tuple": "list", "object": "map"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it gives (``string``, ``number``, ``bool``, ``list``, ``map``, ``any``), how many arguments it takes at least, and
    whether it takes more."""

    gives: str
    takes: int
    more: bool


@cache
def read_functions(path: Path = FOLDER / "functions.json") -> Mapping[str, Function]:
    """The functions by name."""
    return {name: Function(**one) for name, one in json.loads(path.read_text()).items()}


def check_functions(configuration: Configuration) -> Iterator[Finding]:
    """``unknown-function`` and ``arguments``."""
    for block in configuration.all_blocks():
        for attribute, inner in expressions(block):
            of_type = block.type == "variable" and inner is block and attribute.name == "type"
            for call in _calls(attribute.value) if not of_type else ():
                yield from _check(block, call)


def _check(block: Block, call: Call) -> Iterator[Finding]:
    known = read_functions().get(call.name)
    given = len(call.arguments)
    if known is None:
        message = f"There is no function {call.name}.{meant(call.name, read_functions())}"
        yield finding(block, "unknown-function", message, call.line)
    elif given < known.takes or (given > known.takes and not known.more):
        message = f"{call.name} takes {known.takes}{' or more' if known.more else ''} arguments, not {given}."
        yield finding(block, "arguments", message, call.line)


def _calls(expression: Expression) -> Iterator[Call]:
    if isinstance(expression, Call):
        yield expression
    for part in parts_of(expression):
        yield from _calls(part)
    if isinstance(expression, For):
        for inner in (expression.key, expression.value, expression.condition):
            if inner is not None:
                yield from _calls(inner)


def condensed(metadata: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is kept of what Terraform lists."""
    found = {}
    for name, one in sorted(metadata["function_signatures"].items()):
        if "::" not in name:  # the same again, by their full names
            gives = one["return_type"] if isinstance(one["return_type"], str) else one["return_type"][0]
            takes = len(one.get("parameters", []))
            found[name] = {"gives": _KINDS.get(gives, gives), "takes": takes, "more": "variadic_parameter" in one}
    return found


if __name__ == "__main__":
    listed = [f'  "{name}": {json.dumps(one)}' for name, one in condensed(json.load(sys.stdin)).items()]
    (FOLDER / "functions.json").write_text("{\n" + ",\n".join(listed) + "\n}\n")
