"""Moments as people write them: ``2026-01-05T06:00Z``, ``2026-01-05``, ``2h ago``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

ACCEPTED = (
    "an ISO 8601 time such as 2026-01-05T06:00 or 2026-01-05T06:00:00+01:00 (UTC where no zone is given), a date "
    "such as 2026-01-05 (its beginning, 00:00 UTC), or how long ago: 90s, 30m, 2h, 3d or 1w, with or without 'ago'"
)

AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help=f"Answer as of this moment in the past: {ACCEPTED}."),
]

_AGO = re.compile(r"(\d{1,6})\s*([a-z]+?)s?(?:\s+ago)?", re.IGNORECASE)
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
        found = _ago(text.strip(), now) or _iso(text.strip())
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time. Give {ACCEPTED}.", param_hint=option) from None
    if found > now:
        raise typer.BadParameter(f"{text!r} is in the future: it is {now:%Y-%m-%d %H:%M:%S} UTC.", param_hint=option)
    return found


def _ago(text: str, now: datetime) -> datetime | None:
    match = _AGO.fullmatch(text)
    length = _UNITS.get(match[2].lower()) if match else None
    return now - int(match[1]) * length if match and length else None


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
