"""The consumer that ``docs/feed.md`` shows, run as it stands there, against the real function; and states of the past."""

from __future__ import annotations

import asyncio
import re
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from connector.access.tables import TABLES, Table
from connector.query.opening import open_current
from connector.settings import Settings
from connector.sync.local import run_full_sync
from emulators.functions import FunctionsHost
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.contoso import CONTOSO
from tests.support.deployments import deploy
from tests.support.journals import appeared, became, commit, gone, in_storage, later, publish_sync
from tests.support.pictures import differences
from tests.support.snapshots import environment, make_container, upload, write_snapshot

APP = Path(__file__).parents[2]
FIRST, SECOND, THIRD = "20260105T060000Z-00000001", "20260105T120000Z-00000002", "20260105T180000Z-00000003"
ANNA = next(row for row in CONTOSO["accounts"] if row["id"] == "a-anna")
GRANT = {"id": "group:g-all:owner|a-bob", "principal_id": "a-bob", "disabled_plans": ["x", "y"], "revocable": True}
INHERITED = {"grant_id": "it's a grant", "principal_id": "a-bob", "depth": 1, "path": ["g-1", "g-2"]}
LICENSE = {"id": "sku", "service_plans": [{"id": "plan", "name": "Plan", "provisioning_status": None}]}


NEVER = "0 0 0 1 1 *"


@pytest.fixture(scope="module")
def values(new_storage_account) -> dict[str, str]:
    return {**environment(new_storage_account()), "SYNC_SCHEDULE": NEVER, "INCREMENTAL_SCHEDULE": NEVER}


@pytest.fixture(scope="module")
def settings(values: dict[str, str]) -> Settings:
    found = Settings.load(values)
    make_container(found)
    return found


@pytest.fixture(scope="module")
def host(settings: Settings, values: dict[str, str]) -> Iterator[FunctionsHost]:
    with FunctionsHost(APP, values) as running:
        yield running


def consumer() -> types.ModuleType:
    """The code of the page, as a module."""
    [code] = re.findall(r"```python\n(.*?)```", (APP / "docs" / "feed.md").read_text(), re.DOTALL)
    module = types.ModuleType("consumer")
    exec(compile(code, "docs/feed.md", "exec"), module.__dict__)  # noqa: S102 - it is the page that is tested
    return module


def rows(ask: Any) -> dict[str, list[Any]]:
    return {table.name: ask(f"SELECT * FROM {table.name} ORDER BY ALL") for table in TABLES}


def test_the_consumer_of_the_page_replicates_the_whole_state(settings, host, tmp_path):
    storage = BlobServiceClient.from_connection_string(settings.storage)
    replica = consumer().Replica(tmp_path / "replica.duckdb", f"{host.url}/api/changes", host.host_key, storage)

    def publish(snapshot_id, tables, **how):
        folder = write_snapshot(tmp_path / snapshot_id, tables)

        async def work(store):
            facts = await upload(store, folder, snapshot_id)
            await publish_sync(store, snapshot_id, tables=facts, **how)

        in_storage(settings, work)

    def journal(minute, *differences):
        in_storage(settings, lambda store: commit(store, differences, at=later(minute)))

    def compare():
        replica.catch_up()
        with asyncio.run(open_current(settings, cache=tmp_path / "cache")) as opened:
            assert rows(lambda sql: replica.database.execute(sql).fetchall()) == rows(opened.snapshot.execute)
            assert replica.database.execute("FROM place").fetchall() == [(opened.state.sequence,)]

    with storage:
        publish(FIRST, CONTOSO, at=later(0))
        compare()
        moved = {**ANNA, "department": "Sales", "created_at": "2026-01-05T07:08:09.123456Z"}
        journal(
            1, became("accounts", ANNA, **moved), appeared("grants", **GRANT), appeared("inherited_grants", **INHERITED)
        )
        journal(2, appeared("licenses", **LICENSE), gone("accounts", **CONTOSO["accounts"][2]))
        compare()
        # It goes on over a full sync, without beginning anew.
        kept = [moved, *(row for row in CONTOSO["accounts"] if row["id"] in ("a-berg", "a-bob"))]
        picture = {
            **CONTOSO,
            "accounts": kept,
            "inherited_grants": [*CONTOSO["inherited_grants"], INHERITED],
            "licenses": [*CONTOSO["licenses"], LICENSE],
        }
        begun, begin_anew = [], replica.begin_anew

        def begin_and_tell(snapshot):
            begun.append(snapshot["id"])
            begin_anew(snapshot)

        replica.begin_anew = begin_and_tell
        publish(SECOND, picture, at=later(3), drift=[gone("grants", **GRANT)])
        journal(4, gone("inherited_grants", **INHERITED))
        compare()
        assert begun == []
        # One that begins anew says so, and the copy follows.
        publish(THIRD, {"accounts": [ANNA]}, at=later(5), continuous=False)
        journal(6, appeared("groups", id="g-new"))
        compare()
        assert begun == [THIRD]


def test_without_a_key_there_is_no_answer(settings, host, tmp_path):
    replica = consumer().Replica(tmp_path / "replica.duckdb", f"{host.url}/api/changes", "wrong", None)

    with pytest.raises(OSError, match="401"):
        replica.catch_up()


def test_a_tenant_that_changes_is_replicated_and_every_moment_of_it_can_be_asked_for(storage_account, tmp_path):
    """Snapshot, rounds, a full sync that finds what they were not asked for, and rounds again."""
    truths = []

    def note() -> None:
        truths.append((datetime.now(UTC), deployment.truth()))

    def state(at: datetime | None) -> dict[str, list[dict[str, Any]]]:
        with asyncio.run(open_current(deployment.settings, cache=tmp_path / "cache", at=at)) as opened:
            return {table.name: rows_of(table, opened.snapshot.execute) for table in TABLES}

    tenant = generate(users=30, seed=41)
    users, groups = ([row["id"] for row in truth(tenant)[table]] for table in ("accounts", "groups"))
    with (
        GraphEmulator(tenant) as graph,
        BlobServiceClient.from_connection_string(storage_account) as storage,
        FunctionsHost(APP, (deployment := deploy(graph, storage_account)).environment) as host,
    ):
        replica = consumer().Replica(tmp_path / "replica.duckdb", f"{host.url}/api/changes", host.host_key, storage)
        asyncio.run(run_full_sync(deployment.settings))
        note()
        replica.catch_up()
        replica.begin_anew = None  # from now on the feed is enough
        tenant.update_user(users[0], {"department": "Elsewhere"})
        newcomer = tenant.create_user("Maria Nováková")
        new_group = tenant.create_group("Newcomers")
        tenant.add_member(new_group, newcomer)
        deployment.round()
        note()
        tenant.delete_user(users[1])
        asyncio.run(run_full_sync(deployment.settings))
        note()
        tenant.remove_member(new_group, newcomer)
        tenant.delete_group(groups[0])
        deployment.round()
        note()
        replica.catch_up()
        now = {table.name: rows_of(table, lambda sql: replica.database.execute(sql).fetchall()) for table in TABLES}
        assert deployment.untruths(now) == []
        for at, true in truths:
            assert differences(state(at), true) == []
        assert len({len(true["accounts"]) for _, true in truths}) > 1


def rows_of(table: Table, ask: Any) -> list[dict[str, Any]]:
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    return [dict(zip(table.column_names, row, strict=True)) for row in ask(f"SELECT {columns} FROM {table.name}")]
