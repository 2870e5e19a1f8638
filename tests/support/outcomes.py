"""A full sync in this process, and what it published next to what it should have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from connector.storage import Manifest
from connector.sync.local import run_full_sync
from emulators.graph import Fault
from tests.support.deployments import Deployment
from tests.support.pictures import Picture


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sync published, compared with the truth."""

    manifest: Manifest
    picture: Picture
    truth: Picture
    untruths: list[str]

    def missing(self, table: str) -> set[str]:
        """Ids of rows that should be there and are not."""
        return {row["id"] for row in self.truth[table]} - {row["id"] for row in self.picture[table]}

    def surplus(self, table: str) -> set[str]:
        """Ids of rows that are there and should not be."""
        return {row["id"] for row in self.picture[table]} - {row["id"] for row in self.truth[table]}


def sync(deployment: Deployment, folder: Path, *faults: Fault) -> Outcome:
    """Run a full sync on which ``faults`` befall."""
    for fault in faults:
        deployment.graph.fail(fault)
    try:
        asyncio.run(run_full_sync(deployment.settings))
    finally:
        deployment.graph.faults.clear()
    manifest, picture = deployment.snapshot(folder)
    return Outcome(manifest, picture, deployment.truth(), deployment.untruths(picture))
