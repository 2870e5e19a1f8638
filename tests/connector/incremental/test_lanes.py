"""What is due when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connector.incremental.asking import Ask
from connector.incremental.lanes import SETTLED, Situation, comparisons_of, deltas_of, is_anything_due
from connector.storage.records import Cursor, KindRound, Lane, Rounds
from tests.support.snapshots import bare_manifest

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CURSORS = {kind: Cursor(link="link", taken_at=NOON, fingerprint="f") for kind in ("users", "groups", "directoryRoles")}
DUE = Ask(lane=Lane.DIRECTORY, seen_at=NOON, due=True)


def situation(
    read: dict[str, KindRound] | None = None, notified_at: datetime | None = None, **changes: Any
) -> Situation:
    manifest = bare_manifest("20261123T110000Z-1a2b3c4d", NOON - MINUTE)
    rounds = Rounds(updated_at=NOON, since=NOON, kinds=read or {}, notified_at=notified_at)
    known: dict[str, Any] = {
        "cursors": CURSORS,
        "manifest": manifest,
        "rounds": rounds,
        "subscribed": {"users", "groups"},
        "silence": 5 * MINUTE,
        "now": NOON,
    }
    return Situation(**(known | changes))


def just_read(ago: timedelta = timedelta(seconds=10), **changes: Any) -> dict[str, KindRound]:
    return {kind: KindRound(read_at=NOON - ago, **changes) for kind in CURSORS}


def test_what_notifications_tell_of_is_left_alone_until_it_was_silent_for_long() -> None:
    assert deltas_of(DUE, situation(just_read())) == {"directoryRoles"}
    assert deltas_of(DUE, situation(just_read(4 * MINUTE))) == {"directoryRoles"}
    assert deltas_of(DUE, situation(just_read(5 * MINUTE))) == set(CURSORS)


def test_without_subscriptions_every_look_includes_it() -> None:
    assert deltas_of(DUE, situation(just_read(), subscribed=())) == set(CURSORS)


def test_what_was_read_after_the_look_was_asked_for_is_not_read_again() -> None:
    late = Ask(lane=Lane.DIRECTORY, seen_at=NOON - MINUTE, due=True)
    assert deltas_of(late, situation(just_read(), subscribed=())) == set()


def test_once_more_after_a_notification_because_delta_may_lag_behind_it() -> None:
    notified_at = NOON - 2 * SETTLED
    assert deltas_of(DUE, situation(just_read(1.5 * SETTLED), notified_at)) == set(CURSORS)
    assert deltas_of(DUE, situation(just_read(), notified_at)) == {"directoryRoles"}, "once is enough"


def test_what_could_not_be_read_is_tried_at_every_look() -> None:
    assert deltas_of(DUE, situation(just_read(problem="refused"))) == set(CURSORS)


def test_a_clock_that_was_set_back_proves_nothing() -> None:
    assert deltas_of(DUE, situation(just_read(-MINUTE))) == set(CURSORS)


def test_what_is_named_is_read_and_nothing_else() -> None:
    named = Ask(lane=Lane.DIRECTORY, seen_at=NOON, kinds=frozenset({"users", "unknown"}))
    assert deltas_of(named, situation()) == {"users"}
    assert comparisons_of(named, situation()) == []


def test_comparisons_are_due_by_the_last_look_or_the_full_sync() -> None:
    assert comparisons_of(DUE, situation()) == [], "a full sync has just read them"
    assert comparisons_of(DUE, situation(now=NOON + 6 * MINUTE)) == ["role_assignments"]
    tried = {"role_assignments": KindRound(tried_at=NOON + MINUTE, problem="refused")}
    assert comparisons_of(DUE, situation(tried, now=NOON + 5 * MINUTE)) == [], "a refusal is an answer, too"


def test_a_sign_of_a_change_makes_a_comparison_due_at_once_and_once() -> None:
    named = Ask(lane=Lane.DIRECTORY, seen_at=NOON, kinds=frozenset({"users"}))
    signalled = {"licenses": KindRound(signalled_at=NOON)}
    assert comparisons_of(named, situation(signalled)) == ["licenses"]
    compared = {"licenses": KindRound(signalled_at=NOON, read_at=NOON)}
    assert comparisons_of(named, situation(compared)) == []


def test_applications_are_woken_only_when_something_is_due() -> None:
    assert is_anything_due(Lane.DIRECTORY, situation())
    assert not is_anything_due(Lane.APPLICATIONS, situation())
    assert is_anything_due(Lane.APPLICATIONS, situation(now=NOON + timedelta(hours=1)))
