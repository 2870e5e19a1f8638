"""What a terminal shows: tables that fit it, without colour where that is asked for; progress of a sync."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import Result

from connector.cli.output import TERMINAL_ROWS, Output
from connector.cli.progress import shown_progress
from connector.cli.status import age
from connector.settings import Settings
from connector.storage.records import KindProgress, Progress, SyncState, Traffic

Run = Callable[..., Result]
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def progress(stage: str, *kinds: KindProgress) -> Progress:
    return Progress(
        sync_id="one",
        state=SyncState.RUNNING,
        stage=stage,
        requested_at=NOON,
        updated_at=NOON,
        alive_until=NOON,
        kinds=kinds,
        traffic=Traffic(requests=1234, resource_units=2000),
    )


ACCOUNTS = KindProgress(kind="accounts", state="reading", units=1, units_ended=0, rows=999)
ACCOUNTS_READ = KindProgress(kind="accounts", state="complete", units=1, units_ended=1, rows=1998)
MEMBERSHIPS = KindProgress(kind="group_memberships", state="reading", units=4, units_ended=1, rows=5000)
REFUSED = KindProgress(kind="group_memberships", state="incomplete", units=4, units_ended=4, rows=5000)
SKIPPED = KindProgress(kind="mailbox_purposes", state="skipped", units=0, units_ended=0, rows=0)
COURSE = (
    progress("reading", ACCOUNTS, SKIPPED),
    progress("reading", ACCOUNTS_READ, MEMBERSHIPS, SKIPPED),
    progress("publishing", ACCOUNTS_READ, REFUSED, SKIPPED),
    progress("done", ACCOUNTS_READ, REFUSED, SKIPPED),
)


def test_in_a_log_each_kind_is_a_line_once_it_ends(capsys: pytest.CaptureFixture[str], clean: None) -> None:
    with shown_progress(Output()) as told:
        for one in COURSE:
            told(one)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "accounts: complete, 1,998 rows",
        "group memberships: incomplete, 5,000 rows",
        "publishing",
    ]


def test_in_a_terminal_each_kind_is_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: None
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")

    with shown_progress(Output()) as told:
        for one in COURSE:
            told(one)

    captured = capsys.readouterr()
    assert captured.out == ""
    for shown in ("accounts", "1,998 rows", "group memberships (incomplete)", "1,234 requests, 2,000 units"):
        assert shown in captured.err
    assert "mailbox" not in captured.err


def test_tables_fit_the_terminal_and_lose_nothing(run: Run, synced: Settings) -> None:
    shown = run("access", "anna@contoso.com", env={"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "70"}).stdout

    assert "Groups (3)" in shown
    assert "Licenses (1)" in shown
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in shown.splitlines()) <= 70
    assert "…" not in shown
    assert "\x1b[3" not in shown, "NO_COLOR was set"


def test_a_terminal_gets_no_empty_columns(run: Run, synced: Settings) -> None:
    shown = run("access", "vm-backup", env={"FORCE_COLOR": "1"}).stdout

    assert "CRM" in shown
    assert "period" not in shown


def test_a_terminal_is_told_of_the_rows_that_it_does_not_get(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: None
) -> None:
    rows = [(f"row {number}", number) for number in range(TERMINAL_ROWS + 5)]
    Output().table(("name", "#number"), rows)
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(rows), "a pipe gets them all"
    monkeypatch.setenv("FORCE_COLOR", "1")

    Output().table(("name", "#number"), rows)

    captured = capsys.readouterr()
    assert f"row {TERMINAL_ROWS - 1} " in captured.out
    assert f"row {TERMINAL_ROWS} " not in captured.out
    assert "… and 5 more" in captured.err


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "less than a minute"), (60, "1 minute"), (7199, "1 hour"), (172_800, "2 days")],
)
def test_ages_are_told_in_their_largest_unit(seconds: float, told: str) -> None:
    assert age(seconds) == told
