"""A deployment of the connector in miniature: an emulated tenant, storage of its own, and the switches of one run."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.access.tables import TABLES, Table
from connector.incremental.service import Report, run_round
from connector.query.cache import SnapshotCache
from connector.query.opening import open_current
from connector.settings import Settings
from connector.storage import Manifest, open_store
from connector.storage.records import Lane
from emulators.graph import GraphEmulator
from emulators.graph.tenant.truth import truth
from tests.support.pictures import Picture, broken_paths, differences, read_snapshot
from tests.support.snapshots import make_container

SWITCHES: Mapping[str, str] = {
    "SKIP_AD_GROUPS": "skip_ad_groups",
    "SKIP_UNASSIGNED_APPS": "skip_unassigned_apps",
    "SIGN_IN_ACTIVITY": "sign_in_activity",
    "MAILBOX_PURPOSE": "mailbox_purpose",
    "INHERITED_GRANTS": "inherited_grants",
}
"""The settings that change the picture, and what ``truth()`` calls them."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One emulated tenant and one storage account, with ``switches`` as environment variables."""

    graph: GraphEmulator
    environment: Mapping[str, str]
    switches: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        """The settings of the deployment, parsed."""
        return Settings.load(self.environment)

    def snapshot(self, folder: Path) -> tuple[Manifest, Picture]:
        """What is in force: its manifest and its tables."""
        return asyncio.run(self._snapshot(folder))

    async def _snapshot(self, folder: Path) -> tuple[Manifest, Picture]:
        async with open_store(self.settings) as store:
            held = await store.current()
            assert held, "no snapshot is in force"
            manifest = await store.manifest(held.record.snapshot_id)
            return manifest, read_snapshot(await SnapshotCache(folder).fetch(store, manifest, TABLES))

    def state(self, folder: Path) -> Picture:
        """What is in force: the tables of the snapshot with the journal replayed on them. ``folder`` keeps its files."""
        return asyncio.run(self.read_state(folder))

    async def read_state(self, folder: Path) -> Picture:
        """The same, in a running event loop."""
        opened = await open_current(self.settings, cache=folder)
        with opened:
            return {
                table.name: [
                    dict(zip(table.column_names, row, strict=True))
                    for row in opened.snapshot.execute(f"SELECT {_columns(table)} FROM {table.name}")
                ]
                for table in TABLES
            }

    def round(self, lane: Lane | None = None, kinds: Collection[str] = (), **options: Any) -> list[Report]:
        """Run a round to its end, as :func:`~connector.incremental.service.run_round` does; nothing may be left over."""
        reports = asyncio.run(run_round(self.settings, lane, kinds, **options))
        assert all(not report.again for report in reports), reports
        return reports

    def truth(self) -> Picture:
        """What the snapshot should hold, by the emulator's own account."""
        return truth(self.graph.tenant, **{SWITCHES[name]: _value(text) for name, text in self.switches.items()})

    def untruths(self, picture: Picture) -> list[str]:
        """One line for each thing that ``picture`` has wrong; empty when it is right."""
        return differences(picture, self.truth()) + broken_paths(picture)


def deploy(graph: GraphEmulator, storage_account: str, switches: Mapping[str, str] | None = None) -> Deployment:
    """Point the connector to ``graph`` and to an empty container in ``storage_account``."""
    chosen = dict(switches or {})
    environment = {
        **graph.environment(),
        "AzureWebJobsStorage": storage_account,
        "SYNC_SCHEDULE": "0 0 0 1 1 *",  # in tests, timers run on demand
        "INCREMENTAL_SCHEDULE": "0 0 0 1 1 *",
        **chosen,
    }
    deployment = Deployment(graph, environment, chosen)
    make_container(deployment.settings)
    return deployment


def _columns(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.column_names)


def _value(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)
