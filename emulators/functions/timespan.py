"""Durations as .NET writes them: ``[days.]hh:mm:ss[.fraction]``."""

from __future__ import annotations

import re
from datetime import timedelta

_TIMESPAN = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:\.\d+)?)")


def parse_timespan(text: str) -> timedelta:
    """The duration that ``text`` says.

    Raises:
        ValueError: it is not of this form, or its hours pass 23, or its minutes or seconds pass 59.
    """
    match = _TIMESPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration of the form hh:mm:ss")
    days, hours = int(match["days"] or 0), int(match["hours"])
    minutes, seconds = int(match["minutes"]), float(match["seconds"])
    if hours > 23 or minutes > 59 or seconds >= 60:
        raise ValueError(f"{text!r} is not a duration: hours go to 23, minutes and seconds to 59")
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
