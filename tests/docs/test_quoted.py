"""What the documents say that one sees, in tables of what can go wrong, is what the code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.docs.commands import TOP

PAGE = TOP / "docs" / "setup.md"
_FILLED = "\0"
"""Stands in a template for what is put in."""
_SENTENCE = re.compile(r"(?<=\.) ")
_SHORTEST = 8
"""Letters that a text has to have: shorter ones are found everywhere."""
_ENOUGH = 0.8
"""Share of the letters of a sentence that the code has to say; the rest are values."""
_NOT_OURS = ("azd up", "AuthorizationFailed", "FlagMustBeSetForRestore", "AADSTS70021", "AADSTS700213")
"""What begins a text that only Microsoft's own tools or services say; nothing here can show it."""


def quoted(text: str) -> list[str]:
    """What stands between backticks in the first column of tables that tell what one sees, and lines of the output of `check` and `setup`."""
    found, inside = [], False
    for line in text.splitlines():
        if line.startswith("| what you see"):
            inside = True
        elif not line.startswith("|"):
            inside = False
            shown = re.fullmatch(r" +(?:(?:ok|skipped) +\S+|note) +(.+)", line)
            found += [shown[1]] if shown else []
        elif inside:
            found += re.findall(r"`([^`]+)`", line.split(" | ")[0])
    return [one for one in found if " " in one]


@cache
def templates() -> frozenset[tuple[str, ...]]:
    """Every text in the source of the connector, and of the emulators for what Microsoft says: its pieces, between which values are put in."""
    paths = [path for folder in ("connector", "emulators") for path in (TOP / folder).rglob("*.py")]
    said = {one for path in paths for one in _texts(path)}
    for path in (TOP / "connector/permissions").rglob("*.json"):
        said |= {text.strip() for text in re.findall(r'"([^"]+)"', path.read_text())}
    return frozenset(
        tuple(piece for piece in one.split(_FILLED) if piece)
        for text in said
        for one in (text, *_SENTENCE.split(text))
        if len(one.replace(_FILLED, "")) >= _SHORTEST
    )


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else _FILLED for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def share_said(sentence: str) -> float:
    """How much of the letters of ``sentence`` is in the code, values aside."""
    said = set[int]()
    for pieces in templates():
        if all(piece in sentence for piece in pieces):
            found = re.search(".+?".join(f"({re.escape(piece)})" for piece in pieces), sentence)
            for number in range(len(pieces) if found else 0):
                said |= set(range(*found.span(number + 1)))  # type: ignore[union-attr]
    letters = {place for place, letter in enumerate(sentence) if letter.isalpha()}
    return len(letters & said) / len(letters)


@pytest.mark.parametrize("sentence", quoted(PAGE.read_text()))
def test_what_one_sees_is_what_the_code_says(sentence: str) -> None:
    assert sentence.startswith(_NOT_OURS) or share_said(sentence) > _ENOUGH


def test_there_are_sentences_and_an_invented_one_is_noticed() -> None:
    assert len(quoted(PAGE.read_text())) > 30
    assert share_said("The connector is not in the mood for … today, so ask it again tomorrow.") < 1 - _ENOUGH
