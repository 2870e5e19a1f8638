"""What a check has found, told like a linter does."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """Something that is wrong, and where.

    Attributes:
        path: the file.
        line: from 1; 0 where the file as a whole is meant.
        column: from 1; 0 likewise.
        code: the name of the check, such as ``unknown-name``.
        message: one sentence.
    """

    path: Path
    line: int
    column: int
    code: str
    message: str

    def told(self, top: Path) -> str:
        """One line for people, with the path from ``top``."""
        path = self.path.relative_to(top) if self.path.is_relative_to(top) else self.path
        place = f"{path}:{self.line}:{self.column}" if self.line else str(path)
        return f"{place}: {self.code}: {self.message}"


def of_file(path: Path, code: str, message: str) -> Finding:
    """A finding about a file as a whole."""
    return Finding(path, 0, 0, code, message)


def meant(wrong: str, known: Iterable[str]) -> str:
    """``" Did you mean …?"`` where one of ``known`` is near, else nothing."""
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(wrong.lower(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""
