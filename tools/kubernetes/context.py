"""Which files `docker build` would send, by ``.dockerignore``.

The rules are those of Docker (https://docs.docker.com/build/concepts/context/#dockerignore-files): patterns are relative to the top, ``**``
stands for any number of folders, ``!`` brings back, and the last pattern that fits a file or a folder above it counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath


def sent(top: Path) -> Iterator[PurePosixPath]:
    """The files below ``top`` that are part of the build context, relative to it."""
    rules = parse((top / ".dockerignore").read_text())
    for folder, folders, files in os.walk(top):
        here = PurePosixPath(Path(folder).relative_to(top).as_posix())
        folders[:] = [one for one in sorted(folders) if _may_hold(here / one, rules)]
        for name in sorted(files):
            path = here / name
            if not ignored(path, rules):
                yield path


def parse(text: str) -> list[tuple[str, bool]]:
    """Patterns in their order, and whether each leaves out (or brings back)."""
    lines = [line.strip() for line in text.splitlines()]
    return [
        (line.lstrip("!").strip("/"), not line.startswith("!")) for line in lines if line and not line.startswith("#")
    ]


def ignored(path: PurePosixPath, rules: Sequence[tuple[str, bool]]) -> bool:
    """Whether ``path`` is left out."""
    out = False
    ways = [str(one) for one in (path, *path.parents) if str(one) != "."]
    for pattern, leaves_out in rules:
        if any(_fits(way, pattern) for way in ways):
            out = leaves_out
    return out


def _may_hold(folder: PurePosixPath, rules: Iterable[tuple[str, bool]]) -> bool:
    """Whether anything in ``folder`` can be sent: it is not left out itself, or something in it is brought back."""
    inside = f"{folder}/"
    return not ignored(folder, list(rules)) or any(
        not leaves_out and (pattern.startswith(inside) or "**" in pattern) for pattern, leaves_out in rules
    )


def _fits(path: str, pattern: str) -> bool:
    translated = "".join(
        {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
        for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    )
    return re.fullmatch(translated, path) is not None
