"""The value of an expression, as Terraform would work it out.

What only Azure knows is its own name in angle brackets: ``<azurerm_key_vault.this.vault_uri>``. So addresses that are put together
of such can be compared, too.
"""

from __future__ import annotations

import hashlib
import ipaddress
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.terraform.configuration import Configuration
from tools.terraform.nodes import Access, Block, Call, Constant, Expression, Fields, For, Items, Other, Reference, Text

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _subnet(prefix: str, bits: int, number: int) -> str:
    """The subnet of that number of those that are ``bits`` bits longer."""
    network = ipaddress.ip_network(prefix)
    length = network.prefixlen + bits
    first = int(network.network_address) + (number << (network.max_prefixlen - length))
    return f"{ipaddress.ip_address(first)}/{length}"


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cidrsubnet": _subnet,
    "concat": lambda *lists: [item for one in lists for item in one],
    "lower": str.lower,
    "merge": lambda *maps: {key: value for one in maps for key, value in one.items()},
    "replace": str.replace,
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "substr": lambda text, start, length: text[start : start + length],
    "toset": lambda items: sorted(set(items)),
    "tostring": _text,
    "trimprefix": str.removeprefix,
    "trimsuffix": str.removesuffix,
}


@dataclass(frozen=True)
class Evaluation:
    """Works out values with given inputs; a variable without one has its default, or its name in angle brackets.

    Attributes:
        answers: what Azure answers, by the name of the reference, such as ``azurerm_storage_account.this.primary_blob_host``.
    """

    configuration: Configuration
    inputs: Mapping[str, Any]
    answers: Mapping[str, str]

    def local(self, name: str) -> Any:
        """The value of ``local.name``."""
        return self.of(self.configuration.local[name].attribute.value)

    def attribute(self, block: Block, name: str, names: Mapping[str, Any] | None = None) -> Any:
        """The value of an argument; None where it is not given."""
        return self.of(block.attributes[name].value, names or {}) if name in block.attributes else None

    def instances(self, block: Block) -> dict[str, dict[str, Any]]:
        """What ``each`` is for each instance of a resource, by its key; a single one has the key ``""``, and ``count`` 0 has none."""
        if "count" in block.attributes:
            return {str(index): {} for index in range(self.attribute(block, "count"))}
        if "for_each" not in block.attributes:
            return {"": {}}
        each = self.attribute(block, "for_each")
        pairs = each.items() if isinstance(each, dict) else ((one, one) for one in each)
        return {key: {"each": {"key": key, "value": value}} for key, value in pairs}

    def of(self, expression: Expression, names: Mapping[str, Any] | None = None) -> Any:  # noqa: PLR0911 - one for each kind
        """The value of ``expression``, where ``names`` mean what they hold."""
        names = names or {}
        match expression:
            case Text(value) | Constant(value):
                return value
            case Items(items):
                return [self.of(one, names) for one in items]
            case Fields(pairs):
                return {self.of(key, names): self.of(value, names) for key, value in pairs}
            case Reference(parts):
                return self._reference(parts, names)
            case Access(of, part):
                return _member(self.of(of, names), part if isinstance(part, str) else self.of(part, names), "…")
            case Call(name, arguments):
                return self._call(name, arguments, names)
            case For():
                return self._for(expression, names)
            case Other(kind, operands):
                return self._operation(kind, operands, names)

    def _call(self, name: str, arguments: tuple[Expression, ...], names: Mapping[str, Any]) -> Any:
        given = [self.of(one, names) for one in arguments]
        if name == "file":
            return Path(given[0]).read_text()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](*given)
        return f"<{name}({', '.join(map(str, given))})>"

    def _operation(self, kind: str, operands: tuple[Expression, ...], names: Mapping[str, Any]) -> Any:
        if kind == "?":
            return self.of(operands[1] if self.of(operands[0], names) else operands[2], names)
        if kind == "template":
            return "".join(_text(self.of(one, names)) for one in operands)
        if kind == "!":
            return not self.of(operands[0], names)
        left = self.of(operands[0], names)
        if kind in ("&&", "||"):
            return left if bool(left) is (kind == "||") else self.of(operands[1], names)
        return _OPERATORS[kind](left, self.of(operands[1], names))

    def _for(self, loop: For, names: Mapping[str, Any]) -> Any:
        through = self.of(loop.of, names)
        pairs = list(through.items() if isinstance(through, dict) else enumerate(through))
        found: list[tuple[Any, Any]] = []
        for key, item in pairs:
            within = {**names, **dict(zip(loop.names, (key, item) if len(loop.names) == 2 else (item,), strict=True))}
            if loop.condition is None or self.of(loop.condition, within):
                found.append((None if loop.key is None else self.of(loop.key, within), self.of(loop.value, within)))
        return [value for _, value in found] if loop.key is None else dict(found)

    def _reference(self, parts: tuple[str | Expression, ...], names: Mapping[str, Any]) -> Any:
        read = [part if isinstance(part, str) else self.of(part, names) for part in parts]
        written = (f".{one}" if isinstance(part, str) else f"[{one}]" for part, one in zip(parts, read, strict=True))
        path = "".join(written).removeprefix(".")
        if path in self.answers:
            return self.answers[path]
        head, *rest = read
        if head in names:
            value = names[head]
        elif head == "local":
            value, rest = self.local(rest[0]), rest[1:]
        elif head == "var":
            value, rest = self._input(rest[0]), rest[1:]
        elif head == "path":
            return str(self.configuration.folder)
        else:
            return f"<{path}>"
        for part in rest:
            value = _member(value, part, path)
        return value

    def _input(self, name: str) -> Any:
        if name in self.inputs:
            return self.inputs[name]
        default = self.configuration.variables[name].attributes.get("default")
        return f"<var.{name}>" if default is None else self.of(default.value)


def _member(value: Any, part: Any, path: str) -> Any:
    try:
        return value[part]
    except (KeyError, TypeError, IndexError):
        return f"<{path}>"
