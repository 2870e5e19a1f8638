"""Long random histories: a tenant changes, everything goes wrong that can, and in the end the picture must be the truth."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from emulators.storage import Azurite
from tests.support.haste import in_haste
from tests.support.operating.runs import OperatedRun, run_operations
from tests.support.operating.world import OperatedWorld
from tests.support.worlds.runs import Run, Untrue, run_history
from tests.support.worlds.world import World

_HISTORIES_OF_A_WORLD = 40
"""After so many, another tenant."""
_REPORT_EVERY_S = 60.0
_WITH_A_FULL_SYNC_AT_THE_END = 5
"""Every so many histories; it costs more than the history itself."""

_EXPLANATION = """\
Each history begins with a small tenant that has been read in full once, and takes steps at random: changes of every kind in the
tenant, rounds, timers, full syncs, compaction; notifications that come late, twice or never; throttling, broken answers, forgotten
delta links, reads that lag behind; workers that die before or after any write, lose their lease, or work at the same time; hours
and days that pass. After every step what is in storage must be consistent; when the dust has settled, it must be what the
emulated tenant itself says.

With --operations, what is asked for, worked on, cancelled and tried again is at random, too, and so is who else changes the same. In
the end every record must tell the truth, by the tenant's own account of who changed what, and nothing else may have been touched.

A history is decided by --seed and its number, so one that fails can be repeated alone:

    python -m tools.soak --seed 7 --only 1234

Exit codes: 0 every history ended with the truth; 1 one did not, and its steps have been printed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run histories until time is up or one fails."""
    chosen = _parser().parse_args(arguments)
    began = time.monotonic()
    reported, steps, done = began, 0, 0
    _say(f"seed {chosen.seed}: histories of {chosen.length} steps")
    with in_haste(), _Worlds(chosen.seed, OperatedWorld if chosen.operations else World) as worlds:
        for number in _numbers(chosen.only):
            now = time.monotonic()
            if chosen.only is None and now - began >= chosen.minutes * 60:
                break
            if now - reported >= _REPORT_EVERY_S:
                reported = now
                _say(f"{(now - began) / 60:.0f} min: {done:,} histories, {steps:,} steps, all true")
            try:
                run = _history(worlds.of(number), chosen, number)
            except Untrue as untrue:
                _tell(untrue, chosen, number)
                return 1
            steps, done = steps + len(run.steps), done + 1
            if chosen.only is not None:
                _say("\n".join(run.steps))
    _say(f"{done:,} histories, {steps:,} steps in {(time.monotonic() - began) / 60:.1f} min: all true")
    return 0


def _history(world: World, chosen: argparse.Namespace, number: int) -> Run | OperatedRun:
    seed = f"{chosen.seed}/{number}"
    if isinstance(world, OperatedWorld):
        return run_operations(world, seed, length=chosen.length)
    return run_history(world, seed, length=chosen.length, whole=number % _WITH_A_FULL_SYNC_AT_THE_END == 0)


class _Worlds(ExitStack):
    """One world at a time, the one that a history belongs to."""

    def __init__(self, seed: int, kind: type[World]) -> None:
        super().__init__()
        self._seed = seed
        self._kind = kind
        self._number = -1
        self._open = ExitStack()

    def of(self, history: int) -> World:
        number = history // _HISTORIES_OF_A_WORLD
        if number != self._number:
            self._open.close()
            self._number = number
            self._open = self.enter_context(ExitStack())
            azurite = self._open.enter_context(Azurite(accounts=1))
            folder = Path(self._open.enter_context(TemporaryDirectory(prefix="soak-")))
            world = self._kind(self._seed * 1000 + number, azurite.connection_string(0), folder)
            self._world = self._open.enter_context(world)
        return self._world


def _numbers(only: int | None) -> Iterator[int]:
    return count() if only is None else iter((only,))


def _tell(untrue: Untrue, chosen: argparse.Namespace, number: int) -> None:
    what = "--operations " if chosen.operations else ""
    repeat = f"python -m tools.soak {what}--seed {chosen.seed} --length {chosen.length} --only {number}"
    _say(f"\nHistory {number} of seed {chosen.seed} does not end with the truth.\n{untrue}\n\nRepeat it: {repeat}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.soak",
        description=__doc__,
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long to go on (default: 10)")
    parser.add_argument("--seed", type=int, default=1, help="decides everything that is left to chance (default: 1)")
    parser.add_argument("--length", type=int, default=25, help="steps of a history (default: 25)")
    parser.add_argument(
        "--operations", action="store_true", help="histories in which operations are asked for and worked on"
    )
    parser.add_argument("--only", type=int, metavar="NUMBER", help="only this history, and tell its steps")
    return parser


if __name__ == "__main__":
    sys.exit(main())
