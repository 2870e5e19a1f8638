"""The commands that the documents show, taken out of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGES = (
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    TOP / "SECURITY.md",
    *sorted((TOP / "docs").glob("*.md")),
    *sorted((TOP / "infra").glob("**/*.md")),
)
CONNECTOR, DEV = "python -m connector", "python3 dev.py"
_FENCE = re.compile(r"^\s*(```|~~~)")
_INLINE = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"(?:python3? -m connector|python3 dev\.py)(?=\s|$|`)[^\n`]*")
_INSERTED = re.compile(r'"?\$\((?:[^()]|\([^()]*\))*\)"?')
_ENDS = frozenset({">", ">>", "|", "&&", "||", ";", "#"})


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page. ``program``: CONNECTOR or DEV; ``arguments``: what comes after it, with INSERTED for ``$(…)``."""

    page: str
    line: int
    program: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.program} {' '.join(self.arguments)}"


def commands() -> list[Command]:
    """Every command of every page, in blocks of code and between backticks."""
    return [one for page in PAGES for one in commands_of(page.read_text(), page.relative_to(TOP).as_posix())]


def commands_of(text: str, page: str) -> Iterator[Command]:
    """Every command of ``text``."""
    for number, code in _code(text):
        for found in _COMMAND.findall(code):
            program = DEV if "dev.py" in found else CONNECTOR
            rest = found.split("dev.py" if program is DEV else "-m connector", 1)[1]
            yield Command(page, number, program, tuple(_arguments(rest)))


def _code(text: str) -> Iterator[tuple[int, str]]:
    """Pieces of code with the number of their first line: a line of a block, with those that continue it, or what is between backticks."""
    fenced, continued, began = False, "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced or line.startswith("    ") or continued:
            began = began if continued else number
            continued += line.strip().removesuffix("\\") + " "
            if not line.endswith("\\"):
                yield began, continued
                continued = ""
        else:
            for piece in _INLINE.findall(line):
                yield number, piece


def _arguments(rest: str) -> Iterator[str]:
    plain = _INSERTED.sub("INSERTED", rest)
    for word in shlex.split(plain, comments=True):
        if word in _ENDS:
            return
        yield word
