"""NCRONTAB: the six-field cron expressions of timer triggers, ``{second} {minute} {hour} {day} {month} {day of week}``.

As in the library that the real host uses (atifaziz/NCrontab), a time must satisfy *all* fields: unlike Unix cron, where
either of day and day of week is enough when both are given.
"""

from __future__ import annotations

import calendar
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_MONTHS = tuple(name.lower() for name in calendar.month_name)[1:]
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_YEARS_AHEAD = 40
"""29 February falls on a given weekday every 28 years, or 40 across a century that skips its leap year."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a timer fires: for each field, the sorted values that are allowed. Made by ``parse``."""

    expression: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, expression: str) -> Schedule:
        """Read an expression.

        Raises:
            ValueError: it is not an NCRONTAB expression; the message names the field.
        """
        parts = expression.split()
        if len(parts) != len(_FIELDS):
            raise ValueError(
                f"{expression!r} has {len(parts)} fields; an NCRONTAB expression has six: "
                "{second} {minute} {hour} {day} {month} {day of week}"
            )
        values = [_values(part, field) for part, field in zip(parts, _FIELDS, strict=True)]
        return cls(expression, *values)

    def next_after(self, moment: datetime) -> datetime | None:
        """The first occurrence later than ``moment``, in its time zone; None if there is none, as for 30 February."""
        start = moment.replace(microsecond=0) + timedelta(seconds=1)
        for year in range(start.year, min(start.year + _YEARS_AHEAD, 9999) + 1):
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                found = self._next_in_month(start, year, month)
                if found is not None:
                    return found
        return None

    def _next_in_month(self, start: datetime, year: int, month: int) -> datetime | None:
        for day in self.days:
            if day > calendar.monthrange(year, month)[1]:
                return None
            midnight = start.replace(year=year, month=month, day=day, hour=0, minute=0, second=0)
            if midnight.date() < start.date() or midnight.isoweekday() % 7 not in self.weekdays:
                continue
            time = self._next_time(start) if midnight.date() == start.date() else self._first_time()
            if time is not None:
                hour, minute, second = time
                return midnight.replace(hour=hour, minute=minute, second=second)
        return None

    def _first_time(self) -> tuple[int, int, int]:
        return self.hours[0], self.minutes[0], self.seconds[0]

    def _next_time(self, start: datetime) -> tuple[int, int, int] | None:
        """The first allowed time of day at or after that of ``start``."""
        second = _at_least(self.seconds, start.second)
        minute = _at_least(self.minutes, start.minute)
        if start.hour in self.hours:
            if minute == start.minute and second is not None:
                return start.hour, minute, second
            later_minute = _at_least(self.minutes, start.minute + 1)
            if later_minute is not None:
                return start.hour, later_minute, self.seconds[0]
        hour = _at_least(self.hours, start.hour + 1)
        return None if hour is None else (hour, self.minutes[0], self.seconds[0])


def _at_least(values: Sequence[int], floor: int) -> int | None:
    index = bisect_left(values, floor)
    return values[index] if index < len(values) else None


def _values(part: str, field: _Field) -> tuple[int, ...]:
    allowed: set[int] = set()
    for item in part.split(","):
        allowed.update(_item(item, field))
    return tuple(sorted(allowed))


def _item(item: str, field: _Field) -> range:
    """One item of a list: ``*``, ``5``, ``1-5``, ``*/10``, ``5/10`` (from five on) or ``1-30/10``."""
    span, slash, step_text = item.partition("/")
    low_text, dash, high_text = span.partition("-")
    if span == "*":
        low, high = field.lowest, field.highest
    else:
        low = _number(low_text, field)
        high = _number(high_text, field) if dash else field.highest if slash else low
    if low > high:
        raise ValueError(f"{item!r}: the range of the {field.name} field runs backwards")
    if slash and not (step_text.isascii() and step_text.isdigit() and int(step_text) > 0):
        raise ValueError(f"{item!r}: the step of the {field.name} field must be a whole number above zero")
    return range(low, high + 1, int(step_text) if slash else 1)


def _number(text: str, field: _Field) -> int:
    if text.isascii() and text.isdigit():
        number = int(text)
    else:
        matches = [n for n, name in enumerate(field.names) if len(text) >= 3 and name.startswith(text.lower())]
        if len(matches) != 1:
            raise ValueError(f"{text!r} is not a value of the {field.name} field")
        number = matches[0] + field.lowest
    if field.name == "day of week" and number == 7:
        number = 0
    if not field.lowest <= number <= field.highest:
        raise ValueError(f"{text!r}: the {field.name} field goes from {field.lowest} to {field.highest}")
    return number
