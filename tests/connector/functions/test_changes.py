"""``GET /api/changes``: what it answers, what it refuses, and what it costs to load."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from connector.functions import changes
from connector.settings import Settings
from tests.support.journals import appeared, commit, in_storage, later, publish_sync
from tests.support.snapshots import environment, make_container

TOP = Path(__file__).parents[3]
FIRST, SECOND = "20260105T060000Z-00000001", "20260105T120000Z-00000002"
Get = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def settings(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment(storage_account).items():
        monkeypatch.setenv(name, value)
    found = Settings.load()
    make_container(found)
    return found


@pytest.fixture
def journal(settings: Settings) -> Settings:
    """Five changes, the first two of which no snapshot leads to any more."""

    async def work(store: Any) -> None:
        await publish_sync(store, FIRST, at=later(0))
        await commit(store, [appeared("groups", id="1"), appeared("groups", id="2")], at=later(1))
        await publish_sync(store, SECOND, at=later(2), continuous=False)
        await commit(store, [appeared("groups", id="3"), appeared("groups", id="4")], at=later(3))

    in_storage(settings, work)
    return settings


def get(**params: str) -> tuple[int, dict[str, Any]]:
    app = func.FunctionApp()
    app.register_functions(changes.blueprint)
    [function] = app.get_functions()
    request = func.HttpRequest(method="GET", url="/api/changes", params=params, body=b"")
    answer = asyncio.run(function.get_user_function()(request))
    return answer.status_code, json.loads(answer.get_body())


def test_a_page(journal: Settings) -> None:
    status, body = get(after="3", limit="1", code="key")

    assert status == 200
    assert (body["next"], body["head"]) == (4, 5)
    [change] = body["changes"]
    assert change == {
        "sequence": 4,
        "table": "groups",
        "key": ["3"],
        "before": None,
        "after": {"id": "3"},
        "seen_at": "2026-01-05T06:04:00Z",
        "cause": "delta",
    }


def test_at_the_head_there_is_nothing_yet(journal: Settings) -> None:
    assert get(after="5") == (200, {"changes": [], "next": 5, "head": 5})


@pytest.mark.parametrize("params", [{}, {"after": "0"}, {"after": "2"}])
def test_who_has_to_begin_with_the_snapshot_is_told_which_and_where(journal: Settings, params: dict[str, str]) -> None:
    status, body = get(**params)

    assert status == 410
    assert body["snapshot"] == {
        "id": SECOND,
        "container": "entra",
        "location": f"{journal.tenant_id}/snapshots/{SECOND}/",
        "sequence": 3,
        "published_at": "2026-01-05T06:03:00+00:00",
    }
    assert SECOND in body["error"]["advice"]


def test_a_sequence_that_the_journal_has_not_reached_is_a_mistake(journal: Settings) -> None:
    status, body = get(after="6")

    assert status == 400
    assert "the journal ends with 5" in body["error"]["message"]
    assert body["snapshot"]["sequence"] == 3


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"after": "-1"}, "after must be a whole number, 0 or more"),
        ({"after": ""}, "after"),
        ({"after": "1.5"}, "after"),
        ({"after": "٣"}, "after"),
        ({"after": "9" * 400}, "after"),
        ({"after": "3", "limit": "0"}, "limit must be a whole number, 1 or more, at most 5000"),
        ({"after": "3", "limit": "5001"}, "limit"),
        ({"after": "3", "limit": "all"}, "limit"),
        ({"afer": "3"}, "no parameter 'afer'"),
        ({"After": "3"}, "no parameter 'After'"),
        ({"x" * 3000: "3"}, f"no parameter '{'x' * 40}'."),
    ],
)
def test_what_is_not_understood_is_refused(settings: Settings, params: dict[str, str], says: str) -> None:
    status, body = get(**params)

    assert status == 400
    assert says in body["error"]["message"]


def test_before_the_first_sync_there_is_nothing(settings: Settings) -> None:
    status, body = get(after="0")

    assert (status, body["error"]["message"][:30]) == (404, "Nothing has been synced yet. R")


def test_a_damaged_journal_is_told_with_what_to_do(journal: Settings) -> None:
    async def work(store: Any) -> None:
        current = (await store.current()).record
        await store.remove_segment(store.segment_name(current.segments[0]))

    in_storage(journal, work)

    status, body = get(after="3")

    assert status == 503
    assert "damaged at sequence 4" in body["error"]["message"]
    assert "full sync" in body["error"]["advice"]


def test_wrong_settings_are_all_said(journal: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRA_TENANT_ID", "contoso")

    status, body = get(after="3")

    assert (status, len(body["error"]["problems"])) == (500, 1)


def test_duckdb_is_not_loaded(journal: Settings) -> None:
    code = """
import asyncio, sys
import azure.functions as func
from connector.functions import changes

app = func.FunctionApp()
app.register_functions(changes.blueprint)
request = func.HttpRequest(method="GET", url="/api/changes", params={"after": "3"}, body=b"")
answer = asyncio.run(app.get_functions()[0].get_user_function()(request))
print(answer.status_code, [name for name in ("duckdb", "msgraph") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "200 []"
