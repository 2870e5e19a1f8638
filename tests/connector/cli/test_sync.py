"""``sync``: what it prints, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import Result

from connector.settings import Settings
from connector.storage import Progress, SyncState, open_store
from connector.storage.records import Running
from connector.sync.ids import new_sync_id
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate

Run = Callable[..., Result]


@pytest.fixture
def graph() -> Iterator[GraphEmulator]:
    with closing(generate(users=30, groups=8, seed=1)) as tenant, GraphEmulator(tenant) as emulator:
        yield emulator


def test_a_sync_prints_how_it_ended_and_the_others_answer_from_it(
    run: Run, deployed: Settings, graph: GraphEmulator
) -> None:
    environment = dict(graph.environment())
    result = run("sync", "--json", env=environment)

    assert result.exit_code == 0, result.output
    ended = json.loads(result.stdout)
    assert ended["manifest"]["tables"]["accounts"]["rows"] > 0
    assert "memberships: complete" in result.stderr
    status = json.loads(run("status", "--json", env=environment).stdout)
    assert status["snapshot"]["snapshot_id"] == ended["snapshot_id"]
    assert status["snapshot"]["tables"] == {
        table: facts["rows"] for table, facts in ended["manifest"]["tables"].items()
    }
    shown = run("sync", env=environment)
    assert shown.stdout.startswith(f"table\trows\naccounts\t{status['snapshot']['tables']['accounts']}\n")
    assert "is in force after" in shown.stderr.splitlines()[-1]


def test_a_wrong_secret_is_told_once_with_microsofts_code(run: Run, deployed: Settings, graph: GraphEmulator) -> None:
    result = run("sync", env=dict(graph.environment()) | {"ENTRA_CLIENT_SECRET": "wrong"})

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("AADSTS7000215") == 1
    assert len(result.stderr.splitlines()) == 1


async def pretend_running(settings: Settings) -> str:
    now = datetime.now(UTC)
    sync_id = new_sync_id(now)
    async with open_store(settings) as store:
        await store.replace_running(Running(sync_id=sync_id, requested_at=now), None)
        await store.write_progress(
            Progress(
                sync_id=sync_id,
                state=SyncState.RUNNING,
                stage="reading",
                requested_at=now,
                updated_at=now,
                alive_until=now + timedelta(hours=1),
            )
        )
    return sync_id


def test_one_sync_at_a_time(run: Run, deployed: Settings) -> None:
    sync_id = asyncio.run(pretend_running(deployed))

    shown, as_json = run("sync"), run("sync", "--json")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"The sync {sync_id} is running.")
    assert json.loads(as_json.stdout)["error"]["message"].startswith(f"The sync {sync_id} is running.")


def test_status_tells_of_the_running_sync(run: Run, synced: Settings) -> None:
    sync_id = asyncio.run(pretend_running(synced))

    assert f"Last sync {sync_id}: running, reading, 0 rows, 0 requests" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["last_sync"]["sync_id"] == sync_id
