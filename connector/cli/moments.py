"""Moments as people write them: ``2026-01-05T06:00Z``, ``2026-01-05``, ``2h ago``, ``in 8h``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

ACCEPTED = (
    "an ISO 8601 time such as 2026-01-05T06:00 or 2026-01-05T06:00:00+01:00 (UTC where no zone is given), a date "
    "such as 2026-01-05 (its beginning, 00:00 UTC), or how long ago: 90s, 30m, 2h, 3d or 1w, with or without 'ago'"
)

TO_COME = (
    "an ISO 8601 time such as 2031-01-05T18:00 or 2031-01-05T18:00+01:00 (UTC where no zone is given), a date such as "
    "2031-01-05 (its beginning, 00:00 UTC), or how long from now: 30m, 8h, 3d or 2w, with or without 'in'"
)

AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help=f"Answer as of this moment in the past: {ACCEPTED}."),
]

_AGO = re.compile(r"(\d{1,6})\s*([a-z]+?)s?(?:\s+ago)?", re.IGNORECASE)
_IN = re.compile(r"(?:in\s+)?(\d{1,6})\s*([a-z]+?)s?", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day"), timedelta(days=1)),
    **dict.fromkeys(("w", "week"), timedelta(weeks=1)),
}


def moment(text: str, now: datetime, option: str) -> datetime:
    """The moment that ``text`` names, in UTC, seen from ``now``.

    Raises:
        typer.BadParameter: it names none, or one in the future; told with what ``option`` accepts.
    """
    try:
        ago = _length(_AGO, text.strip())
        found = now - ago if ago is not None else _iso(text.strip())
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time. Give {ACCEPTED}.", param_hint=option) from None
    if found > now:
        raise typer.BadParameter(f"{text!r} is in the future: it is {now:%Y-%m-%d %H:%M:%S} UTC.", param_hint=option)
    return found


def moment_to_come(text: str, now: datetime, option: str) -> datetime:
    """The moment that ``text`` names, in UTC, seen from ``now``.

    Raises:
        typer.BadParameter: it names none, or one that has passed; told with what ``option`` accepts.
    """
    try:
        ahead = _length(_IN, text.strip())
        found = now + ahead if ahead is not None else _iso(text.strip())
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time. Give {TO_COME}.", param_hint=option) from None
    if found <= now:
        raise typer.BadParameter(f"{text!r} has passed: it is {now:%Y-%m-%d %H:%M:%S} UTC.", param_hint=option)
    return found


def _length(pattern: re.Pattern[str], text: str) -> timedelta | None:
    match = pattern.fullmatch(text)
    unit = _UNITS.get(match[2].lower()) if match else None
    return int(match[1]) * unit if match and unit else None


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
