"""Paths, texts and names as they stand in SQL where a parameter cannot: folders are named by people, who may be called O'Brien."""

from __future__ import annotations

import glob
from pathlib import Path


def quoted(text: str | Path) -> str:
    """``text`` as a string literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """``name``, of a column or table, as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def every_file(folder: Path, pattern: str) -> str:
    """The files of ``folder`` whose names fit ``pattern``, as a string literal that DuckDB expands.

    What would be a pattern in the name of the folder, such as brackets, is its name and nothing else.
    """
    return quoted(str(Path(glob.escape(str(folder)), pattern)))
