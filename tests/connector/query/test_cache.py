"""From blob storage to this machine: downloaded once, checked, and tidied up."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from connector.access.tables import ACCOUNTS, GROUPS, TABLES, Table
from connector.query.cache import SnapshotCache
from connector.query.errors import NothingSynced, SnapshotDamaged
from connector.query.find import find
from connector.query.opening import open_current
from connector.settings import Settings
from connector.storage import Manifest, open_store
from tests.support.contoso import CONTOSO
from tests.support.snapshots import environment, make_container, manifest_of, publish, write_snapshot


@pytest.fixture
def settings(storage_account: str) -> Settings:
    settings = Settings.load(environment(storage_account))
    make_container(settings)
    return settings


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_snapshot(tmp_path / "written", CONTOSO)


async def fetch(settings: Settings, cache: Path, manifest: Manifest, *, tables: tuple[Table, ...] = TABLES) -> Path:
    async with open_store(settings) as store:
        return await SnapshotCache(cache).fetch(store, manifest, tables)


def test_the_snapshot_in_force_can_be_asked(settings: Settings, files: Path, tmp_path: Path) -> None:
    asyncio.run(publish(settings, files))

    with asyncio.run(open_current(settings, cache=tmp_path / "cache")) as opened:
        assert find(opened.snapshot, "anna@contoso.com").id == "a-anna"
        assert opened.manifest.snapshot_id == "20260105T060000Z-one"


def test_before_the_first_sync_there_is_nothing(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NothingSynced):
        asyncio.run(open_current(settings, cache=tmp_path / "cache"))


def test_only_what_is_needed_is_downloaded_and_only_once(settings: Settings, files: Path, tmp_path: Path) -> None:
    manifest = asyncio.run(publish(settings, files))
    folder = asyncio.run(fetch(settings, tmp_path / "cache", manifest, tables=(ACCOUNTS,)))
    assert sorted(path.name for path in folder.iterdir()) == ["accounts"]
    part = folder / "accounts" / "part-00000.parquet"
    os.utime(part, (1, 1))

    asyncio.run(fetch(settings, tmp_path / "cache", manifest, tables=(ACCOUNTS, GROUPS)))

    assert sorted(path.name for path in folder.iterdir()) == ["accounts", "groups"]
    assert part.stat().st_mtime == 1
    assert not list(folder.rglob("*.part"))


def test_what_is_not_what_the_manifest_says_is_refused(settings: Settings, files: Path, tmp_path: Path) -> None:
    manifest = asyncio.run(publish(settings, files))

    async def tamper() -> None:
        (tmp_path / "forged").write_bytes(b"x" * manifest.tables["grants"].parts[0].bytes)
        async with open_store(settings) as store:
            await store.upload_snapshot_part(manifest.snapshot_id, "grants/part-00000.parquet", tmp_path / "forged")

    asyncio.run(tamper())

    with pytest.raises(SnapshotDamaged, match=r"grants/part-00000\.parquet .* is not what its manifest says"):
        asyncio.run(open_current(settings, cache=tmp_path / "cache"))
    assert not list((tmp_path / "cache").rglob("grants/*"))


def test_a_manifest_cannot_name_files_outside(settings: Settings, files: Path, tmp_path: Path) -> None:
    manifest = manifest_of(files, "one")
    facts = manifest.tables["accounts"]
    outside = msgspec.structs.replace(facts.parts[0], name="../../../../elsewhere.parquet")
    forged = msgspec.structs.replace(manifest, tables={"accounts": msgspec.structs.replace(facts, parts=(outside,))})

    with pytest.raises(SnapshotDamaged, match="outside"):
        asyncio.run(fetch(settings, tmp_path / "cache", forged))


def test_the_two_snapshots_that_were_used_last_stay(settings: Settings, files: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for age, name in ((300, "one"), (200, "two")):
        folder = asyncio.run(fetch(settings, cache, asyncio.run(publish(settings, files, name)), tables=(ACCOUNTS,)))
        past = folder.stat().st_mtime - age
        os.utime(folder, (past, past))

    folder = asyncio.run(fetch(settings, cache, asyncio.run(publish(settings, files, "three")), tables=(ACCOUNTS,)))

    assert sorted(path.name for path in folder.parent.iterdir()) == ["three", "two"]


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_the_cache_is_for_its_owner_only(settings: Settings, files: Path, tmp_path: Path) -> None:
    folder = asyncio.run(fetch(settings, tmp_path / "cache", asyncio.run(publish(settings, files)), tables=(ACCOUNTS,)))

    for path in (tmp_path / "cache", folder.parent, folder, folder / "accounts"):
        assert path.stat().st_mode & 0o077 == 0, path
