"""What a process has spent so far, by its own account."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """A moment: ``wall`` in seconds of no particular beginning, ``cpu`` in seconds since the process began."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Spent:
        """What has been spent until now; all threads, user and system time."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return cls(time.monotonic(), usage.ru_utime + usage.ru_stime)


def peak_rss_mb() -> float:
    """The most memory that this process has ever had resident, in MB (10^6 bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
