"""NCRONTAB expressions, and when they are due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emulators.functions.cron import Schedule

MOMENTS = st.integers(1_000_000_000_000, 3_700_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))


def after(expression: str, moment: str) -> str:
    found = Schedule.parse(expression).next_after(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert found is not None
    return found.strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("expression", "moment", "expected"),
    [
        ("0 */5 * * * *", "2026-11-23 10:02:00", "2026-11-23 10:05:00"),
        ("0 */5 * * * *", "2026-11-23 10:05:00", "2026-11-23 10:10:00"),
        ("* * * * * *", "2026-11-23 10:02:03.999", "2026-11-23 10:02:04"),
        ("30 0 0 * * *", "2026-12-31 23:59:59", "2027-01-01 00:00:30"),
        ("0 0 9-17 * * *", "2026-11-23 17:00:00", "2026-11-24 09:00:00"),
        ("0 0 9-17/4 * * *", "2026-11-23 09:00:00", "2026-11-23 13:00:00"),
        ("0 10/20 * * * *", "2026-11-23 09:31:00", "2026-11-23 09:50:00"),
        ("0 30 9 * * Mon-Fri", "2026-11-27 10:00:00", "2026-11-30 09:30:00"),
        ("0 30 9 * * monday", "2026-11-27 10:00:00", "2026-11-30 09:30:00"),
        ("0 0 0 * * 7", "2026-11-23 00:00:00", "2026-11-29 00:00:00"),
        ("0 0 0 1 jan,JULY *", "2026-02-01 00:00:00", "2026-07-01 00:00:00"),
        ("0 0 0 31 * *", "2026-11-01 00:00:00", "2026-12-31 00:00:00"),
        ("0 0 0 29 2 *", "2026-11-01 00:00:00", "2028-02-29 00:00:00"),
        ("0 5,10 12 * * *", "2026-11-23 12:05:00", "2026-11-23 12:10:00"),
    ],
)
def test_the_next_occurrence(expression: str, moment: str, expected: str) -> None:
    assert after(expression, moment) == expected


def test_day_and_weekday_must_both_fit_unlike_in_unix_cron() -> None:
    assert after("0 0 0 13 * Fri", "2026-11-23 00:00:00") == "2027-08-13 00:00:00"


def test_a_rare_weekday_in_a_leap_year_is_found_across_a_century() -> None:
    assert after("0 0 0 29 2 Sat", "2076-03-01 00:00:00") == "2116-02-29 00:00:00"


def test_a_date_that_does_not_exist_never_comes() -> None:
    assert Schedule.parse("0 0 0 30 2 *").next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("*/5 * * * *", "has 5 fields"),
        ("60 * * * * *", "second field goes from 0 to 59"),
        ("0 0 24 * * *", "hour field goes from 0 to 23"),
        ("0 0 0 0 * *", "day field goes from 1 to 31"),
        ("0 0 0 * 13 *", "month field goes from 1 to 12"),
        ("0 0 0 * * 8", "day of week field goes from 0 to 6"),
        ("0 0 0 * ju *", "'ju' is not a value of the month field"),
        ("0 30-10 * * * *", "runs backwards"),
        ("0 */0 * * * *", "step of the minute field"),
        ("0 1,,2 * * * *", "'' is not a value of the minute field"),
        ("", "has 0 fields"),
    ],
)
def test_what_is_wrong_is_named(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Schedule.parse(expression)


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> tuple[str, set[int]]:
    """A field's text, with the values that it stands for."""
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, 7))
    return draw(
        st.sampled_from(
            [
                ("*", set(range(low, high + 1))),
                (str(first), {first}),
                (f"{first}-{last}", set(range(first, last + 1))),
                (f"{first}-{last}/{step}", set(range(first, last + 1, step))),
                (f"*/{step}", set(range(low, high + 1, step))),
                (f"{first},{last}", {first, last}),
            ]
        )
    )


@settings(max_examples=150, deadline=None)
@given(fields(0, 59), fields(0, 59), fields(0, 23), MOMENTS)
def test_the_next_occurrence_fits_and_nothing_before_it_does(
    second: tuple[str, set[int]], minute: tuple[str, set[int]], hour: tuple[str, set[int]], moment: datetime
) -> None:
    found = Schedule.parse(f"{second[0]} {minute[0]} {hour[0]} * * *").next_after(moment)

    assert found is not None
    assert moment < found <= moment + timedelta(days=1, seconds=1)
    expected = moment.replace(microsecond=0) + timedelta(seconds=1)
    while expected.hour not in hour[1]:
        expected = expected.replace(minute=0, second=0) + timedelta(hours=1)
    while expected.hour not in hour[1] or expected.minute not in minute[1] or expected.second not in second[1]:
        in_minute = expected.hour in hour[1] and expected.minute in minute[1]
        expected = expected + timedelta(seconds=1) if in_minute else expected.replace(second=0) + timedelta(minutes=1)
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(fields(1, 31), fields(1, 12), fields(0, 6), MOMENTS)
def test_the_day_of_the_next_occurrence_is_the_first_that_fits(
    day: tuple[str, set[int]], month: tuple[str, set[int]], weekday: tuple[str, set[int]], moment: datetime
) -> None:
    assume(min(day[1]) <= 28)  # others may never come

    found = Schedule.parse(f"0 0 0 {day[0]} {month[0]} {weekday[0]}").next_after(moment)

    assert found is not None
    date = moment.date() + timedelta(days=1)
    while date.day not in day[1] or date.month not in month[1] or date.isoweekday() % 7 not in weekday[1]:
        date += timedelta(days=1)
    assert found.date() == date
