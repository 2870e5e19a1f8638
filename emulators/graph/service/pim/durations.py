"""Durations as ISO 8601 writes them and Graph reads them: ``P180D``, ``PT8H``."""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?=.)(?:(?P<days>\d+)D)?(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SECONDS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def seconds_of(text: str) -> float | None:
    """The length in seconds, or None for what is no duration of days, hours, minutes and seconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    return float(sum(int(match[name] or 0) * each for name, each in _SECONDS.items()))
