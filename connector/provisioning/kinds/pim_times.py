"""Times and durations as Privileged Identity Management writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SAME_WITHIN = timedelta(minutes=1)
"""Ends that differ by less are the same: services round, and nobody asks for an update of seconds."""

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.\d+)?S)?)?"
)
_DAYS = {"years": 365, "months": 30}  # PIM itself offers a year as P365D and six months as P180D


def duration(text: str | None) -> timedelta | None:
    """What an ISO 8601 duration such as ``P180D`` or ``PT8H`` lasts; None for what is none."""
    found = _DURATION.fullmatch(text or "")
    if found is None:
        return None
    given = {name: int(value) for name, value in found.groupdict().items() if value}
    days = sum(given.pop(name, 0) * each for name, each in _DAYS.items())
    return timedelta(days=days) + timedelta(**given)


def moment_of(text: str | None) -> datetime | None:
    """A time of Graph's, in UTC; None for none, for the year 1, which means never, and for what is no time."""
    if not text or text.startswith("0001-"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def written(moment: datetime) -> str:
    """A time as Graph reads it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def same(one: datetime | None, other: datetime | None) -> bool:
    """Whether two times, or two absences of an end, come to the same."""
    if one is None or other is None:
        return one is other
    return abs(one - other) < SAME_WITHIN


def said(length: timedelta) -> str:
    """A duration for people: ``180 days``, ``8 hours``, ``30 minutes``."""
    for unit, seconds in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count, rest = divmod(int(length.total_seconds()), seconds)
        if count and not rest:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{int(length.total_seconds())} seconds"
