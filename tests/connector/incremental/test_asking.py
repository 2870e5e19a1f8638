"""What many messages ask for together, and who does what somebody else asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.incremental.asking import Ask, MalformedWake, parse_wake
from connector.incremental.tracking import DELTA_KINDS
from connector.storage.records import Cause, Lane, WakeMessage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def ask(*kinds: str, cause: Cause = Cause.NOTIFICATION, again: bool = False, minutes: int = 0) -> Ask:
    seen_at = NOON + timedelta(minutes=minutes)
    return Ask.of(WakeMessage(lane=Lane.DIRECTORY, cause=cause, seen_at=seen_at, kinds=kinds), again=again)


def test_together_they_ask_for_everything_that_each_of_them_does() -> None:
    both = ask("users") | ask(cause=Cause.DELTA, minutes=1)

    assert (both.kinds, both.due, both.cause) == (frozenset({"users"}), True, Cause.NOTIFICATION)
    assert both.seen_at == NOON + timedelta(minutes=1)


def test_lanes_are_read_apart() -> None:
    other = Ask(lane=Lane.APPLICATIONS, seen_at=NOON)
    with pytest.raises(ValueError, match="apart"):
        _ = ask("users") | other
    assert not ask("users").covers(other)


def test_what_covers_what() -> None:
    assert ask("users", "groups").covers(ask("users"))
    assert not ask("users").covers(ask("users", "groups"))
    assert not ask("users").covers(ask()), "that is due, too, was not asked for"
    assert not ask().covers(ask("users")), "what is due need not include it"
    assert ask("users", again=True).covers(ask("groups"))
    assert ask("users", again=True).covers(ask())
    assert not ask("users").covers(ask("users", again=True))
    assert not ask(again=True).covers(ask("licenses")), "every cursor, not every comparison"


def test_sent_again_it_says_the_same() -> None:
    for one in (ask("users"), ask(), ask("users") | ask(), ask("users", again=True)):
        first, *rest = (Ask.of(message) for message in one.messages())
        for other in rest:
            first |= other
        assert first.covers(one)
        assert first.notified == one.notified
    assert set(ask(again=True).messages()[0].kinds) == set(DELTA_KINDS)


@pytest.mark.parametrize("text", ["", "{", '{"lane": "kitchen"}', '{"kinds": []}', "[]", "\ud800"])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(MalformedWake):
        parse_wake(text)
