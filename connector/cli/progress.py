"""A running sync, shown on stderr: a bar for each kind in a terminal, a line for each kind that ends elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from connector.storage import Progress
    from connector.storage.records import KindProgress

_ENDED = ("complete", "incomplete", "skipped")


@contextmanager
def shown_progress(output: Output) -> Iterator[Callable[[Progress], None]]:
    """What to tell of every progress, for as long as the sync runs."""
    console = output.errors()
    if not console.is_terminal:
        yield _Lines(output)
        return
    with _Bars(console) as bars:
        yield bars


class _Lines:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._told: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        for kind in progress.kinds:
            if kind.state in ("complete", "incomplete"):
                self._tell_once(f"{_name(kind)}: {kind.state}, {kind.rows:,} rows")
        if progress.stage == "publishing":
            self._tell_once("publishing")

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._output.tell(line)


class _Bars:
    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[facts]}", justify="right", markup=False),
            TimeElapsedColumn(),
            console=console,
            expand=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        for kind in progress.kinds:
            if kind.state != "skipped":
                self._show(kind)
        spent = progress.traffic
        self._update(
            progress.stage,
            "sync",
            f"{spent.requests:,} requests, {spent.resource_units:,} units",
            total=1 if progress.stage == "done" else None,
            completed=1 if progress.stage == "done" else 0,
        )

    def _show(self, kind: KindProgress) -> None:
        ended = kind.state in _ENDED
        self._update(
            _name(kind) + (" (incomplete)" if kind.state == "incomplete" else ""),
            kind.kind,
            f"{kind.rows:,} rows",
            # A single unit has no end in sight: the bar pulses until it ends.
            total=max(kind.units, 1) if ended or kind.units > 1 else None,
            completed=max(kind.units, 1) if ended else kind.units_ended,
        )

    def _update(self, description: str, key: str, facts: str, *, total: int | None, completed: int) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(description, total=None, facts=facts)
        self._bars.update(self._tasks[key], description=description, total=total, completed=completed, facts=facts)


def _name(kind: KindProgress) -> str:
    return kind.kind.replace("_", " ")
