"""What is noted of rounds, by workers whose clocks disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.incremental import ledger, needing
from connector.storage.records import AskedFor, KindRound, Rounds

NOW = datetime(2026, 1, 5, tzinfo=UTC)
AHEAD = NOW + timedelta(minutes=5)


@pytest.mark.parametrize("looked", [KindRound(read_at=AHEAD), KindRound(tried_at=AHEAD), KindRound()])
def test_a_sign_comes_after_every_look_that_is_over(looked: KindRound) -> None:
    rounds = Rounds(updated_at=NOW, since=NOW, kinds={"licenses": looked})

    signalled = ledger.signalled(rounds, ["licenses"], NOW).kinds["licenses"]
    assert signalled.signalled_at
    assert signalled.signalled_at >= NOW
    assert all(at < signalled.signalled_at for at in (looked.read_at, looked.tried_at) if at)


@pytest.mark.parametrize("asked_at", [NOW, AHEAD, NOW - timedelta(minutes=59)])
def test_what_was_asked_for_within_the_hour_is_not_asked_for_again_by_whichever_clock(asked_at: datetime) -> None:
    asked = AskedFor(sync_id="sync", snapshot_id="snapshot", reason="lost", asked_at=asked_at, times=3)

    assert not needing._is_due(asked, "snapshot", "lost", NOW)
    assert not needing._is_due(asked, "younger", "lost", NOW), (
        "every sync leaves the need behind: that is enough for now"
    )
    assert needing._is_due(asked, "younger", "lost", NOW + timedelta(hours=2))
