"""``sync`` before it asks Graph for anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from typer.testing import Result

from connector.settings import Settings
from connector.storage import Progress, SyncState, open_store
from connector.storage.records import Running
from connector.sync.ids import new_sync_id

Run = Callable[..., Result]


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
