"""Questions are answered from the snapshot and the journal after it: now, or as of a moment in the past."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest

from connector.access.tables import GRANTS, GROUPS
from connector.journal.errors import BeforeHistory, JournalDamaged
from connector.query.access import access
from connector.query.export import Format, export
from connector.query.find import find
from connector.query.opening import Opened, open_current
from connector.settings import Settings
from tests.support.contoso import CONTOSO
from tests.support.journals import appeared, became, commit, compact, gone, in_storage, later, publish_sync
from tests.support.snapshots import environment, make_container, publish, write_snapshot

SALES = next(row for row in CONTOSO["groups"] if row["id"] == "g-sales")
MARIA: dict[str, Any] = {"id": "a-maria", "user_principal_name": "maria@contoso.com", "display_name": "Maria"}
MEMBER = {
    "id": "group:g-sales:member|a-maria",
    "entitlement_id": "group:g-sales:member",
    "resource_kind": "group",
    "resource_id": "g-sales",
    "principal_kind": "account",
    "principal_id": "a-maria",
    "source": "direct",
    "created_at": "2026-01-05T07:00:00Z",
}


@pytest.fixture
def settings(storage_account: str, tmp_path: Path) -> Settings:
    """Contoso, in which Maria appears after ten minutes, joins Sales after twenty and leaves after thirty."""
    found = Settings.load(environment(storage_account))
    make_container(found)
    asyncio.run(publish(found, write_snapshot(tmp_path / "written", CONTOSO)))

    async def work(store: Any) -> None:
        await commit(store, [appeared("accounts", **MARIA)], at=later(10))
        renamed = became("groups", SALES, display_name="Sales world-wide")
        await commit(store, [appeared("grants", **MEMBER), renamed], at=later(20))
        await commit(store, [gone("grants", **MEMBER)], at=later(30))

    in_storage(found, work)
    return found


def opened(settings: Settings, tmp_path: Path, at: float | None = None) -> Opened:
    return asyncio.run(open_current(settings, cache=tmp_path / "cache", at=later(at) if at is not None else None))


@pytest.mark.parametrize(
    ("at", "sequence", "held", "group"),
    [
        (10, 1, [], "Sales"),
        (29, 3, ["group:g-sales:member"], "Sales world-wide"),
        (30, 4, [], "Sales world-wide"),
        (None, 4, [], "Sales world-wide"),
    ],
)
def test_access_as_of_a_moment(
    settings: Settings, tmp_path: Path, *, at: float | None, sequence: int, held: list[str], group: str
) -> None:
    with opened(settings, tmp_path, at) as state:
        answer = access(state.snapshot, "maria@contoso.com")
        assert [holding.entitlement_id for holding in answer.holdings] == held
        assert find(state.snapshot, "g-sales", ["group"]).name == group
        assert state.state.sequence == sequence


def test_folders_are_named_by_people(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "O'Brien [x]*"
    home.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(home))

    with opened(settings, home) as state:
        assert find(state.snapshot, "g-sales", ["group"]).name == "Sales world-wide"
        assert list(export(state.snapshot, home / "out", Format.PARQUET, [GROUPS]))


def test_before_history_there_is_no_answer(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BeforeHistory, match="history begins at 2026-01-05 06:01:00 UTC"):
        opened(settings, tmp_path, -1)


def test_the_state_that_a_newer_snapshot_replaced_is_still_there(settings: Settings, tmp_path: Path) -> None:
    async def work(store: Any) -> None:
        await publish_sync(store, "20260105T120000Z-two", at=later(60))

    in_storage(settings, work)

    with opened(settings, tmp_path, 25) as before, opened(settings, tmp_path) as now:
        assert len(access(before.snapshot, "a-maria").holdings) == 1
        assert now.snapshot.execute("FROM accounts") == []


def test_an_export_has_the_journal_in_it(settings: Settings, tmp_path: Path) -> None:
    with opened(settings, tmp_path) as state:
        written = list(export(state.snapshot, tmp_path / "out", Format.CSV, [GROUPS, GRANTS]))

    assert [file.rows for file in written] == [len(CONTOSO["groups"]), len(CONTOSO["grants"])]
    assert "Sales world-wide" in (tmp_path / "out" / "groups.csv").read_text()


def test_only_what_the_journal_touches_is_in_memory(settings: Settings, tmp_path: Path) -> None:
    with opened(settings, tmp_path) as state:
        kept = state.snapshot.execute("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL")
    assert kept == [
        ("accounts gone", 1),
        ("accounts news", 1),
        ("grants gone", 1),
        ("grants news", 0),
        ("groups gone", 1),
        ("groups news", 1),
    ]


def test_a_damaged_journal_is_told_and_not_skipped(settings: Settings, tmp_path: Path) -> None:
    async def work(store: Any) -> None:
        current = (await store.current()).record
        await store.remove_segment(store.segment_name(current.segments[1]))

    in_storage(settings, work)

    with pytest.raises(JournalDamaged, match="damaged at sequence 2"):
        opened(settings, tmp_path)
    with opened(settings, tmp_path, 10) as state:
        assert access(state.snapshot, "a-maria").holdings == ()


def test_after_a_compaction_nothing_has_to_be_replayed(settings: Settings, tmp_path: Path) -> None:
    async def work(store: Any) -> None:
        await compact(store, at=later(40))

    in_storage(settings, work)

    with opened(settings, tmp_path) as state:
        assert (state.state.segments, state.state.sequence) == ((), 4)
