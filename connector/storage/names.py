"""Blob and queue names. Nothing else in the connector knows them; ``docs/architecture.md`` explains the layout."""

from __future__ import annotations

SYNC_QUEUE = "entra-sync"
CHANGES_QUEUE = "entra-changes"
LIFECYCLE_QUEUE = "entra-lifecycle"
POISON_SUFFIX = "-poison"
"""What the Functions host appends to a queue's name for messages that it puts aside."""
MANIFEST = "manifest.json"


class Names:
    """The blob names of one tenant. Every name starts with the tenant's id."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant = tenant_id

    @property
    def current(self) -> str:
        return f"{self._tenant}/current.json"

    @property
    def running(self) -> str:
        return f"{self._tenant}/syncs/running.json"

    @property
    def syncs(self) -> str:
        """The prefix under which every sync has a folder."""
        return f"{self._tenant}/syncs/"

    def sync_folder(self, sync_id: str) -> str:
        """The prefix of everything of one sync."""
        return f"{self.syncs}{sync_id}/"

    def sync(self, sync_id: str) -> str:
        return f"{self.syncs}{sync_id}/sync.json"

    def progress(self, sync_id: str) -> str:
        return f"{self.syncs}{sync_id}/progress.json"

    def units(self, sync_id: str) -> str:
        """The prefix of the checkpoints of one sync."""
        return f"{self.syncs}{sync_id}/units/"

    def unit(self, sync_id: str, unit: str) -> str:
        return f"{self.units(sync_id)}{unit}.json"

    def staged(self, sync_id: str, unit: str, part: str) -> str:
        return f"{self.syncs}{sync_id}/staged/{unit}/{part}"

    @property
    def snapshots(self) -> str:
        """The prefix under which every snapshot has a folder."""
        return f"{self._tenant}/snapshots/"

    def manifest(self, snapshot_id: str) -> str:
        return f"{self.snapshots}{snapshot_id}/{MANIFEST}"

    def snapshot_part(self, snapshot_id: str, part: str) -> str:
        """``part`` is ``{table}/part-00000.parquet``, as the manifest names it."""
        return f"{self.snapshots}{snapshot_id}/{part}"

    @property
    def journal(self) -> str:
        """The prefix of every journal segment."""
        return f"{self._tenant}/journal/"

    def segment(self, first: int, sha256: str) -> str:
        """A segment is named after its content, so that one that was never committed cannot be taken for another."""
        return f"{self.journal}{first:016d}-{sha256[:12]}.jsonl"

    @property
    def rounds(self) -> str:
        return f"{self._tenant}/rounds.json"

    @property
    def subscriptions(self) -> str:
        return f"{self._tenant}/subscriptions.json"

    def lease(self, name: str) -> str:
        """An empty blob that is leased by whoever does what only one may do at a time."""
        return f"{self._tenant}/leases/{name}"
