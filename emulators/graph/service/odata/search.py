"""Parses ``$search`` of directory objects: ``"displayName:video" AND ("mail:a" OR "description:b")``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

_TOKEN = re.compile(r"\s*(?:\"(?P<clause>(?:[^\"\\]|\\.)*)\"|(?P<word>AND|OR|NOT)\b|(?P<mark>[()])|(?P<end>$))")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")


class SearchSyntaxError(Exception):
    """The search is malformed; the text says where, in the words of OData."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One property and the text to find in it."""

    property: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Clauses joined by ``AND`` or ``OR``."""

    operator: str
    operands: tuple[Search, ...]


Search = Clause | Group


def parse_search(text: str) -> Search:
    """The tree of a search.

    Raises:
        SearchSyntaxError: when it is malformed; every clause stands in double quotes.
    """
    parser = _Parser(text)
    tree = parser.alternatives()
    parser.finish()
    return tree


def matches(value: str | None, text: str) -> bool:
    """Whether every word of ``text`` begins a token of ``value``: its words, and the parts of words such as ``OneVideo``."""
    if not value:
        return False
    tokens = {word.lower() for word in value.split()} | {part.lower() for part in _PARTS.findall(value)}
    return all(any(token.startswith(word) for token in tokens) for word in text.lower().split())


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._kind, self._value = "", ""
        self._advance()

    def _advance(self) -> None:
        match = _TOKEN.match(self._text, self._position)
        if match is None or match.lastgroup is None:
            self._fail()
        self._kind, self._value = match.lastgroup, match.group(match.lastgroup)
        self._position = match.end()

    def _fail(self) -> NoReturn:
        at = self._position
        raise SearchSyntaxError(
            f"Syntax error: character '{self._text[at : at + 1]}' is not valid at position {at} in '{self._text}'."
        )

    def alternatives(self) -> Search:
        """``a OR b``."""
        return self._joined("OR", self._all)

    def _all(self) -> Search:
        return self._joined("AND", self._one)

    def _joined(self, word: str, part: Callable[[], Search]) -> Search:
        operands = [part()]
        while (self._kind, self._value) == ("word", word):
            self._advance()
            operands.append(part())
        return Group(word, tuple(operands)) if len(operands) > 1 else operands[0]

    def _one(self) -> Search:
        if (self._kind, self._value) == ("mark", "("):
            self._advance()
            inner = self.alternatives()
            if (self._kind, self._value) != ("mark", ")"):
                self._fail()
            self._advance()
            return inner
        name, colon, value = self._value.partition(":")
        if self._kind != "clause" or not colon:
            self._fail()
        self._advance()
        return Clause(name.strip(), value.replace('\\"', '"').strip())

    def finish(self) -> None:
        """Nothing may follow.

        Raises:
            SearchSyntaxError: something does.
        """
        if self._kind != "end":
            self._fail()
