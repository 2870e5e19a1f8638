"""What HCL consists of: blocks, attributes, and a few kinds of expressions, each with its line.

A template without ``${`` is a :class:`Text`, one with it an :class:`Other` of its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Text:
    """A string without anything to fill in."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, ``true``, ``false`` or ``null``."""

    value: int | float | bool | None
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """``[…]``."""

    items: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Fields:
    """``{…}``: keys and values; a key that is a bare word is a :class:`Text`."""

    pairs: tuple[tuple[Expression, Expression], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """``azurerm_subnet.app[0].id``: names, ``"*"`` for splats and expressions for indexes."""

    parts: tuple[str | Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Access:
    """A name or an index of what is no plain reference, such as the result of a function."""

    of: Expression
    part: str | Expression
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function."""

    name: str
    arguments: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class For:
    """``[for k, v in of : value if condition]``; with a ``key``, ``{for …}``."""

    names: tuple[str, ...]
    of: Expression
    key: Expression | None
    value: Expression
    condition: Expression | None
    line: int


@dataclass(frozen=True, slots=True)
class Other:
    """An operation: ``kind`` is ``?``, ``template``, or an operator."""

    kind: str
    operands: tuple[Expression, ...]
    line: int


Expression = Text | Constant | Items | Fields | Reference | Access | Call | For | Other


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name = value``."""

    name: str
    value: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """``type "label" … { … }``."""

    type: str
    labels: tuple[str, ...]
    attributes: dict[str, Attribute]
    blocks: tuple[Block, ...]
    line: int
    path: Path = field(compare=False)
