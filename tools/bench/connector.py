"""``python -m tools.bench.connector``: one full sync in a process of its own, and what it cost, as one JSON line.

The settings are the environment's. Every answer of Graph is decoded a second time, by the very call that decoded it the first
time; that second time is ``decode_s``, and it is taken off the process's CPU time, to which it does not belong. The second
decoding of an answer is over before the connector goes on, so it adds nothing to the peak of memory but the answer at hand.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, TypeVar

from connector.access import decoding
from tools.bench.clock import Spent, peak_rss_mb

T = TypeVar("T")


class DecodeClock:
    """Stands in for :func:`connector.access.decoding.decode`, and measures what that alone takes."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.bytes = 0
        self._decode = decoding.decode

    def __call__(self, body: bytes, kind: type[T]) -> T:
        """Decode once for the connector and once for the clock."""
        found = self._decode(body, kind)
        began = time.thread_time()
        self._decode(body, kind)
        self.seconds += time.thread_time() - began
        self.bytes += len(body)
        return found


class Stages:
    """When which stage of the sync was first heard of."""

    def __init__(self) -> None:
        self.began: dict[str, Spent] = {"start": Spent.now()}

    def __call__(self, progress: Any) -> None:
        """Take note of the progress that the engine tells."""
        if progress.stage not in self.began:
            self.began[progress.stage] = Spent.now()


def main() -> int:
    """Run the sync that the environment describes."""
    clock = DecodeClock()
    decoding.decode = clock  # before anything imports it by name
    from connector.settings import Settings
    from connector.sync.local import run_full_sync

    stages = Stages()
    result = asyncio.run(run_full_sync(Settings.load(), on_progress=stages))
    end = Spent.now()
    manifest = result.manifest
    publishing = stages.began.get("publishing", end)
    document = {
        "snapshot_id": result.snapshot_id,
        "wall_s": round(result.seconds, 3),
        "cpu_s": round(end.cpu - clock.seconds, 3),
        "publish_wall_s": round(end.wall - publishing.wall, 3),
        "publish_cpu_s": round(end.cpu - publishing.cpu, 3),
        "peak_rss_mb": peak_rss_mb(),
        "decode_s": round(clock.seconds, 6),
        "decoded_mb": round(clock.bytes / 1e6, 3),
        "rows": sum(table.rows for table in manifest.tables.values()),
        "tables": {name: table.rows for name, table in manifest.tables.items()},
        "incomplete": manifest.incomplete,
    }
    sys.stdout.write(json.dumps(document) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
