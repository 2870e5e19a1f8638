"""Snapshots built from literal staged rows, on the local disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connector.journal.literals import quoted
from connector.journal.replay import RowChange
from connector.settings import Settings
from connector.sync.publishing.building import Built, Material, build_snapshot
from connector.sync.publishing.gaps import Gap, KindRead
from connector.sync.publishing.previous import Key, Previous
from tests.support.snapshots import bare_manifest
from tests.support.staged import Rows


class Published:
    """What was built, to ask questions of."""

    def __init__(self, built: Built) -> None:
        self.built = built

    def rows(self, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        path = self.built.files[f"{table}/part-00000.parquet"]
        return self._select(path, columns, where)

    def facts(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return self._select(self.built.files[f"facts/{table}/part-00000.parquet"], columns, "true")

    @staticmethod
    def _select(path: Path, columns: Sequence[str], where: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            return database.execute(f"SELECT {', '.join(columns)} FROM {quoted(path)} WHERE {where}").fetchall()

    @property
    def hashes(self) -> dict[str, str]:
        """Of every file but the one that says what could not be read this time."""
        files = {name: path for name, path in self.built.files.items() if not name.startswith("facts/unread_jobs/")}
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}

    @property
    def as_previous(self) -> Previous:
        manifest = bare_manifest("before", tables=dict(self.built.tables), facts=dict(self.built.facts))
        files = {table: self.built.files[held.parts[0].name] for table, held in self.built.tables.items()}
        facts = {table: self.built.files[held.parts[0].name] for table, held in self.built.facts.items()}
        return Previous(manifest, files, facts)


@pytest.fixture
def publish(tmp_path: Path, settings_of: Callable[..., Settings]):
    """Build a snapshot from staged rows by table, after another one if need be.

    ``journal`` are facts that were journalled after that one, ``touched`` those since the sync began (all, unless said).
    """
    built = 0

    def publish(
        staged: Rows,
        kinds: Sequence[KindRead] = (),
        after: Published | None = None,
        accepted: Sequence[str] = (),
        *,
        journal: Sequence[RowChange] = (),
        touched: Sequence[RowChange] | None = None,
        **environ: str,
    ) -> Published:
        nonlocal built
        built += 1
        folder = tmp_path / f"O'Brien's [work] {built}"  # SQL has to name files there
        folder.mkdir()
        parts = {table: [folder / f"{table}.jsonl"] for table in staged}
        for table, rows in staged.items():
            parts[table][0].write_text("".join(json.dumps(row) + "\n" for row in rows))
        previous = after.as_previous if after else None
        if previous and journal:
            keys: dict[str, set[Key]] = {}
            for change in journal if touched is None else touched:
                keys.setdefault(change.table, set()).add(change.key)
            previous = replace(previous, fact_changes=journal, touched=keys)
        material = Material(parts, kinds, previous, accepted)
        return Published(build_snapshot(folder, material, settings_of(**environ)))

    return publish


@pytest.fixture
def build(publish: Callable[..., Published]):
    """Build a snapshot from staged rows alone; whether an application is provisioned is known where all jobs were read."""

    def build(rows: Rows, *, jobs_complete: bool = True, **environ: str) -> Published:
        table = "provisioning_jobs"
        return publish(rows, [KindRead(table, (table,), gaps=() if jobs_complete else (Gap(table),))], **environ)

    return build


@pytest.fixture
def settings_of() -> Callable[..., Settings]:
    return lambda **environ: Settings.load(
        {
            "ENTRA_TENANT_ID": "0785ef7c-2d7a-4542-b048-95bcab406e0b",
            "ENTRA_CLIENT_ID": "0785ef7c-2d7a-4542-b048-95bcab406e0c",
            "ENTRA_CLIENT_SECRET": "secret",
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        }
        | environ
    )
