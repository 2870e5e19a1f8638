"""Cuts a filter into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<string>'(?:[^']|'')*')"
    r"|(?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_@$][A-Za-z0-9_.$]*)"
    r"|(?P<mark>[(),:/])"
    r"|(?P<end>$))"
)


class FilterSyntaxError(Exception):
    """The filter is not OData. ``position`` counts characters from 0."""

    def __init__(self, position: int, text: str) -> None:
        self.position = position
        self.text = text
        super().__init__(f"Syntax error at position {position} in '{text}'.")


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is string, guid, time, number, word, mark or end; ``text`` is as written, strings without quotes."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of ``text``, the last of which is of kind ``end``.

    Raises:
        FilterSyntaxError: where no token begins.
    """
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FilterSyntaxError(position, text)
        kind = match.lastgroup
        value = match.group(kind)
        if kind == "string":
            value = value[1:-1].replace("''", "'")
        yield Token(kind, value, match.start(kind))
        if kind == "end":
            return
        position = match.end()
