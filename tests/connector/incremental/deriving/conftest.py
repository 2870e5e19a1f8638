"""A replica that takes readings, and what full publishing would make of the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.access.staged import FACTS
from connector.access.tables import TABLES
from connector.incremental.deriving import Derived, derive
from connector.incremental.facts import Reading
from connector.incremental.replica import Position, Replica
from connector.journal.rows import json_rows
from connector.settings import Settings
from connector.storage.journal import Segment, encode_segment
from connector.storage.records import Cause, Change, KindFacts, SegmentHead
from connector.sync.publishing.database import build_tables, set_options
from connector.sync.publishing.inheriting import derive_inherited
from tests.support.snapshots import bare_manifest
from tests.support.statements import Facts, by_key

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Follower:
    """A replica without a store: what is derived is committed at once."""

    def __init__(self, folder: Path) -> None:
        self.replica = Replica(folder)
        manifest = bare_manifest("nothing", NOW, kinds={"provisioning_jobs": KindFacts(state="complete")})
        self.replica.load(Position.of(manifest, ""), manifest, {})

    def take(self, reading: Reading, settings: Settings) -> Derived:
        derived = derive(self.replica, reading, settings, now=NOW)
        if derived:
            self.apply(derived)
        return derived

    def apply(self, derived: Derived) -> None:
        position = self.replica.position
        assert position
        first = position.sequence + 1
        changes = [
            Change(sequence=number, table=row.table, key=row.key, before=row.before, after=row.after)
            for number, row in enumerate(derived.changes, first)
        ]
        head = SegmentHead(
            schema_version=2,
            first=first,
            changes=len(changes),
            facts=len(derived.facts),
            previous=position.last_segment,
            committed_at=NOW,
            cause=Cause.DELTA,
        )
        segment = Segment(head, changes, derived.facts)
        self.replica.apply(segment, encode_segment(segment)[1])

    def facts(self) -> Facts:
        with self.replica.workspace() as database:
            return {
                table.name: by_key(table.name, json_rows(database, table, f"FROM replica.facts.{table.name}"))
                for table in FACTS
            }

    def differences(self, settings: Settings) -> list[str]:
        """A line for each row of a table that is other than full publishing makes it of all facts."""
        lines = []
        with self.replica.workspace() as database, TemporaryDirectory() as folder:
            database.execute("CREATE SCHEMA staged")
            for table in FACTS:
                database.execute(f"CREATE VIEW staged.{table.name} AS FROM replica.facts.{table.name}")
            set_options(database, settings, provisioning_jobs_read=True)
            build_tables(database)
            derive_inherited(database, settings, Path(folder))
            for table in TABLES:
                columns = ", ".join(f'CAST("{one.name}" AS {one.type.value}) AS "{one.name}"' for one in table)
                ours, full = f"FROM replica.main.{table.name}", f"SELECT {columns} FROM main.{table.name}"
                for what, query in (("missing", f"{full} EXCEPT ALL {ours}"), ("surplus", f"{ours} EXCEPT ALL {full}")):
                    lines += [f"{table.name}: {what} {row}" for row in json_rows(database, table, query)]
        return lines


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[Follower]:
    follower = Follower(tmp_path / "O'Brien's [replica]")
    yield follower
    follower.replica.close()


@pytest.fixture(scope="session")
def settings_of() -> Callable[..., Settings]:
    return lambda **environ: Settings.load(
        {
            "ENTRA_TENANT_ID": "0785ef7c-2d7a-4542-b048-95bcab406e0b",
            "ENTRA_CLIENT_ID": "0785ef7c-2d7a-4542-b048-95bcab406e0c",
            "ENTRA_CLIENT_SECRET": "secret",
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "SHRINK_LIMIT_ROWS": "2",
            "SHRINK_LIMIT_PERCENT": "50",
        }
        | environ
    )


@pytest.fixture(scope="session")
def new_follower() -> Callable[[Path], Follower]:
    return Follower
