"""A replica holds the state in force: loaded once, then moved by segments; what kills it leaves it whole or not at all."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import duckdb
import msgspec
import pytest

from connector.access.staged import FACTS
from connector.incremental.replica import Replica, ReplicaInUse, bring_up
from connector.journal.errors import JournalDamaged, SnapshotUnusable
from connector.settings import Settings
from connector.storage import Store
from connector.storage.records import FactChange, SnapshotPart, TableFacts
from tests.support.journals import appeared, commit, compact, in_storage, later, publish_sync
from tests.support.snapshots import environment, make_container


@pytest.fixture
def settings(storage_account: str) -> Settings:
    found = Settings.load(environment(storage_account))
    make_container(found)
    return found


@pytest.fixture
def replica(tmp_path: Path):
    replica = Replica(tmp_path / "O'Brien's [replica]")
    yield replica
    replica.close()


def group(name: str) -> FactChange:
    return FactChange(table="groups", key=(name,), after={"id": name, "created_at": "2026-01-05T06:00:00Z"})


def known(replica: Replica, *ids: str) -> list[str]:
    return sorted(row["id"] for row in replica.rows("groups", "id", ids))


async def publish(store: Store, tmp_path: Path, snapshot_id: str, *groups: str, minutes: float = 0) -> None:
    """A snapshot whose facts are groups, in force."""
    path = tmp_path / f"{snapshot_id}.parquet"
    columns = {table.name: table for table in FACTS}["groups"].columns
    with duckdb.connect() as database:
        named = ", ".join(f'"{column.name}" {column.type.value}' for column in columns)
        database.execute(f"CREATE TABLE groups ({named})")
        database.executemany("INSERT INTO groups (id) VALUES (?)", [[name] for name in groups])
        database.execute(f"COPY groups TO '{path}' (FORMAT parquet)")
    data, name = path.read_bytes(), "facts/groups/part-00000.parquet"
    await store.upload_snapshot_part(snapshot_id, name, path)
    part = SnapshotPart(name=name, rows=len(groups), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest = await publish_sync(store, snapshot_id, at=later(minutes))
    facts = {"groups": TableFacts(rows=len(groups), parts=(part,))}
    await store.write_manifest(msgspec.structs.replace(manifest, facts=facts))


async def bring(store: Store, replica: Replica) -> None:
    held = await store.current()
    assert held
    await bring_up(store, replica, held.record)


def test_it_is_loaded_once_and_then_only_segments_are_read(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)
        await store.remove_snapshot("20260105T060000Z-one")  # never again

        added = appeared("groups", id="hr", display_name="HR")
        await commit(store, [added], at=later(1), facts=[group("hr")])
        await commit(store, [], at=later(2), facts=[group("ops")])
        await bring(store, replica)
        await bring(store, replica)

    in_storage(settings, work)

    assert known(replica, "sales", "hr", "ops", "nobody") == ["hr", "ops", "sales"]
    assert replica.rows("groups", "id", ["ops"])[0]["created_at"] == "2026-01-05T06:00:00Z"
    assert replica.position
    assert replica.position.sequence == 1


def test_compaction_moves_it_without_loading_anything(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)
        await commit(store, [appeared("groups", id="hr")], at=later(1), facts=[group("hr")])
        compacted = await compact(store, at=later(2))  # of which storage has no part
        await commit(store, [appeared("groups", id="ops")], at=later(3), facts=[group("ops")])
        await bring(store, replica)
        return compacted.snapshot_id

    snapshot_id = in_storage(settings, work)

    assert known(replica, "sales", "hr", "ops") == ["hr", "ops", "sales"]
    assert replica.position
    assert (replica.position.snapshot_id, replica.position.sequence) == (snapshot_id, 2)


def test_the_snapshot_of_another_sync_is_loaded(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)
        await publish(store, tmp_path, "20260105T070000Z-two", "hr", minutes=60)
        await commit(store, [appeared("groups", id="ops")], at=later(61), facts=[group("ops")])
        await bring(store, replica)

    in_storage(settings, work)

    assert known(replica, "sales", "hr", "ops") == ["hr", "ops"]


def test_what_is_damaged_is_not_held(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        held = await store.current()
        other = tmp_path / "other"
        other.write_bytes(b"nothing")
        await store.upload_snapshot_part(held.record.snapshot_id, "facts/groups/part-00000.parquet", other)
        await bring(store, replica)

    with pytest.raises(SnapshotUnusable, match="not what the manifest says"):
        in_storage(settings, work)
    assert replica.position is None


def test_a_snapshot_without_facts_is_no_start(settings, replica):
    async def work(store):
        await publish_sync(store, "20260105T060000Z-one", at=later(0))
        await bring(store, replica)

    with pytest.raises(SnapshotUnusable, match="no fact tables"):
        in_storage(settings, work)


def test_a_missing_segment_is_damage_and_the_replica_begins_anew(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)
        ref = await commit(store, [appeared("groups", id="hr")], at=later(1), facts=[group("hr")])
        await store.remove_segment(store.segment_name(ref))
        await bring(store, replica)

    with pytest.raises(JournalDamaged):
        in_storage(settings, work)
    assert replica.position is None


def test_a_process_that_is_killed_while_applying_leaves_the_state_before(settings, tmp_path):
    folder = tmp_path / "replica"

    async def begin(store):
        replica = Replica(folder)
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)
        replica.close()
        return await commit(store, [appeared("groups", id="hr")], at=later(1), facts=[group("hr")])

    ref = in_storage(settings, begin)
    program = f"""
        import os
        from connector.incremental.replica import database
        from connector.storage.journal import Segment
        from connector.storage.records import *
        from datetime import datetime
        from pathlib import Path

        def dies_half_way(*args, replay=database.replay, calls=[]):
            calls.append(args)
            replay(*args) if len(calls) == 1 else os._exit(9)

        database.replay = dies_half_way
        head = SegmentHead(schema_version=2, first=1, changes=1, facts=1, previous="",
                           committed_at=datetime(2026, 1, 5), cause=Cause.DELTA)
        fact = FactChange(table="groups", key=("hr",), after={{"id": "hr"}})
        ref = SegmentRef(first=1, last=1, facts=1, sha256="{ref.sha256}", bytes=1, committed_at=head.committed_at,
                         cause=Cause.DELTA)
        database.Replica(Path({str(folder)!r})).apply(Segment(head, [], [fact]), ref)
    """
    died = subprocess.run([sys.executable, "-c", dedent(program)], cwd=Path(__file__).parents[4], check=False)
    assert died.returncode == 9
    (folder / "replay-in-hand").mkdir()

    replica = Replica(folder)
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []
    assert known(replica, "sales", "hr") == ["sales"]
    assert replica.position
    assert replica.position.sequence == 0
    in_storage(settings, lambda store: bring(store, replica))
    assert known(replica, "sales", "hr") == ["hr", "sales"]
    replica.close()


def test_a_file_that_is_no_replica_is_thrown_away(tmp_path):
    (tmp_path / "replica.duckdb").write_bytes(b"nonsense" * 1000)

    replica = Replica(tmp_path)
    assert replica.position is None
    assert not replica.rows("groups", "id", ["sales"])
    replica.close()


def test_a_folder_is_for_one_process_at_a_time(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)

    in_storage(settings, work)
    program = f"from pathlib import Path; from connector.incremental.replica import Replica; Replica(Path({str(replica.folder)!r}))"
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[4], check=False, capture_output=True, text=True
    )

    assert ReplicaInUse.__name__ in other.stderr
    assert known(replica, "sales") == ["sales"]


def test_a_column_that_no_fact_has_is_refused(replica):
    with pytest.raises(ValueError, match="no column"):
        replica.rows("groups", "id; DROP TABLE", ["x"])


def test_a_look_does_not_wait_for_work_in_a_workspace(settings, tmp_path, replica):
    async def work(store):
        await publish(store, tmp_path, "20260105T060000Z-one", "sales")
        await bring(store, replica)

    in_storage(settings, work)
    with ThreadPoolExecutor() as elsewhere, replica.workspace() as database:
        database.execute("CREATE TABLE scratch AS FROM replica.facts.groups")
        assert elsewhere.submit(known, replica, "sales", "hr").result(timeout=10) == ["sales"]
