"""Inputs and outputs are those of the contract: names, types, defaults, what is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.infra.findings import Finding
from tools.terraform.configuration import finding, parts_of
from tools.terraform.kinds import written_type
from tools.terraform.nodes import Block, Call, Constant, Expression, Items, Other, Reference, Text
from tools.terraform.policies.deployment import Deployment, differing

_TYPES = {"string": "string", "bool": "bool", "int": "number", "object": "map(string)"}


def check(deployment: Deployment) -> Iterator[Finding]:
    """``input`` and ``output``."""
    configuration, contract = deployment.configuration, deployment.contract
    agreed = {one["terraform"]: one for one in contract["inputs"]}
    for name in sorted(set(agreed) - set(configuration.variables)):
        yield deployment.finding("input", f"There is no variable {name}.")
    for name, block in configuration.variables.items():
        if name not in agreed:
            yield finding(block, "input", f"contract.json knows no input {name}.")
            continue
        one = agreed[name]
        default = block.attributes.get("default")
        given = None if default is None else deployment.with_inputs().of(default.value)
        smallest, largest = limits(block)
        expected: dict[str, tuple[Any, Any]] = {
            f"The type of {name}": (written_type(configuration, name), _TYPES[one["type"]]),
            f"The default of {name}": (given, one.get("default")),
        }
        if "allowed" in one:
            expected[f"What {name} may be"] = (allowed(block), one["allowed"])
        if "minimum" in one:
            expected[f"The limits of {name}"] = ((smallest, largest), (one["minimum"], one["maximum"]))
        yield from differing(block, "input", expected)
    outputs = {one["terraform"] for one in contract["outputs"]}
    for name in sorted(outputs - set(configuration.outputs)):
        yield deployment.finding("output", f"There is no output {name}.")
    for name in sorted(set(configuration.outputs) - outputs):
        yield finding(configuration.outputs[name], "output", f"contract.json knows no output {name}.")


def allowed(variable: Block) -> list[Any] | None:
    """What ``contains([…], var.name)`` of its validations says that it may be."""
    for expression in _conditions(variable):
        match expression:
            case Call("contains", (Items(items), Reference(("var", _)))):
                return [one.value for one in items if isinstance(one, Text | Constant)]
    return None


def limits(variable: Block) -> tuple[Any, Any]:
    """The least and the most that its validations allow."""
    found: dict[str, Any] = {}
    for expression in _conditions(variable):
        match expression:
            case Other(">=" | "<=" as way, (Reference(("var", _)), Constant(value))):
                found[way] = value
    return found.get(">="), found.get("<=")


def _conditions(variable: Block) -> Iterator[Expression]:
    for rule in variable.blocks:
        if rule.type == "validation" and "condition" in rule.attributes:
            yield from _within(rule.attributes["condition"].value)


def _within(expression: Expression) -> Iterator[Expression]:
    yield expression
    for part in parts_of(expression):
        yield from _within(part)
