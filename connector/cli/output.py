"""How answers look: tables that fit the terminal, tab-separated lines in a pipe, one document as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from connector.logs import tamed

if TYPE_CHECKING:
    from rich.console import Console

TERMINAL_ROWS = 1000
"""More than anybody reads in a terminal, and as much as can be laid out without waiting."""


class Output:
    """Where a command speaks: answers on stdout, everything else on stderr. ``as_json`` keeps stdout for the document."""

    def __init__(self) -> None:
        self.as_json = False

    def document(self, value: Any) -> None:
        """Print the JSON document that is the answer."""
        sys.stdout.write(tamed(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()) + "\n")

    def line_of_json(self, value: Any) -> None:
        """Print one JSON document on a line of its own, at once."""
        sys.stdout.write(tamed(msgspec.json.encode(value).decode()) + "\n")
        sys.stdout.flush()

    def tell(self, text: str) -> None:
        """Say one line about the answer, on stderr."""
        self.errors().print(visible(text), markup=False, highlight=False, soft_wrap=True)

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line of the answer."""
        self._answers().print(visible(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def plain(self, text: str) -> None:
        """Print one line of an answer that has many, at once and without looks."""
        sys.stdout.write(visible(text) + "\n")
        sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
        """Print a table. A column whose name begins with ``#`` holds numbers.

        A pipe gets everything. A terminal gets no column that is empty, and the first :data:`TERMINAL_ROWS` rows.
        """
        console = self._answers()
        if not console.is_terminal:
            for row in ([column.removeprefix("#") for column in columns], *rows):
                sys.stdout.write("\t".join(cell_text(cell) for cell in row) + "\n")
            return
        cells = [[cell_text(cell, "{:,}") for cell in row] for row in rows]
        _print_table(console, columns, cells[:TERMINAL_ROWS], title)
        if len(cells) > TERMINAL_ROWS:
            self.tell(f"… and {len(cells) - TERMINAL_ROWS:,} more: pipe it, or say --json, to have them all.")

    def grouped(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows that are sorted by their first column: in a terminal, a table for each of its values."""
        if not self._answers().is_terminal:
            self.table(columns, rows)
            return
        for title, group in groupby(rows, key=lambda row: row[0]):
            members = [row[1:] for row in group]
            self.table(columns[1:], members, title=f"{title} ({len(members):,})")

    def errors(self) -> Console:
        """The console on stderr, for progress and messages."""
        from rich.console import Console

        return Console(stderr=True)

    def _answers(self) -> Console:
        from rich.console import Console

        return Console()


def _print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = [place for place in range(len(columns)) if not rows or any(row[place] for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, title=Text(visible(title)) if title else None, title_justify="left")
    for place in shown:
        name = columns[place]
        table.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[place]) for place in shown))
    console.print(table)


def cell_text(value: object, number: str = "{}") -> str:
    """A value for people: nothing for what is unknown, yes and no, numbers as ``number`` writes them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number.format(value)
    return visible(str(value))


def visible(text: str) -> str:
    """``text`` on one line without control characters: names in a tenant are anybody's, terminals obey what they read."""
    return "".join(character if character.isprintable() else " " for character in text)
