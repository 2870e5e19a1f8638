"""Blob and queue names. Nothing else in the connector knows them; ``docs/architecture.md`` explains the layout."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from connector.storage.operation_ids import day_of

SYNC_QUEUE = "entra-sync"
CHANGES_QUEUE = "entra-changes"
LIFECYCLE_QUEUE = "entra-lifecycle"
OPERATIONS_QUEUE = "entra-operations"
POISON_SUFFIX = "-poison"
"""What the Functions host appends to a queue's name for messages that it puts aside."""
OWN_QUEUES = (SYNC_QUEUE, CHANGES_QUEUE, LIFECYCLE_QUEUE, OPERATIONS_QUEUE)
"""Every queue that the connector reads."""
MANIFEST = "manifest.json"


class Names:
    """The blob names of one tenant. Every name starts with the tenant's id."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant = tenant_id

    @property
    def current(self) -> str:
        return f"{self._tenant}/current.json"

    @property
    def credential(self) -> str:
        """What was last signed in with."""
        return f"{self._tenant}/credential.json"

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
    def probe(self) -> str:
        """A blob that is written and removed again to see whether that works."""
        return f"{self._tenant}/probe"

    @property
    def subscriptions(self) -> str:
        return f"{self._tenant}/subscriptions.json"

    @property
    def connection(self) -> str:
        return f"{self._tenant}/connection.json"

    @property
    def used_states(self) -> str:
        return f"{self._tenant}/consent/used.json"

    @property
    def audit(self) -> str:
        """The prefix of the audit files."""
        return f"{self._tenant}/audit/"

    def audit_file(self, file: str) -> str:
        """``file`` is named after its day."""
        return f"{self.audit}{file}.jsonl"

    def lease(self, name: str) -> str:
        """An empty blob that is leased by whoever does what only one may do at a time."""
        return f"{self._tenant}/leases/{name}"

    @property
    def operations(self) -> str:
        """The prefix of everything that is known of operations; each day has a folder of its bundles there."""
        return f"{self._tenant}/operations/"

    def bundles(self, day: str) -> str:
        """The prefix of the bundles of a day."""
        return f"{self.operations}{day}/"

    def bundle(self, bundle: str) -> str:
        """``bundle`` is the id of one, from which its day can be read."""
        return f"{self.bundles(day_of(bundle))}{bundle}.json"

    @property
    def lines(self) -> str:
        """The prefix of the lines in which operations wait."""
        return f"{self.operations}lines/"

    def line(self, line: str) -> str:
        """``line`` is a line's name, which :func:`line_name` gives."""
        return f"{self.lines}{line}.json"

    def asked_before(self, key: str) -> str:
        """``key`` is a hash."""
        return f"{self.operations}keys/{key}.json"

    def hour(self, moment: datetime) -> str:
        """The hour in which ``moment`` lies."""
        return f"{self.operations}hours/{moment.astimezone(UTC):%Y%m%dT%HZ}.json"

    def alone(self, name: str) -> str:
        """What was done last of what only one may do at a time."""
        return f"{self.operations}alone/{name}.json"

    @property
    def policy(self) -> str:
        return f"{self.operations}policy.json"

    @property
    def dead_letters(self) -> str:
        """The prefix of messages that nobody understood."""
        return f"{self.operations}dead/"

    def dead_letter(self, id_: str) -> str:
        return f"{self.dead_letters}{id_}.json"


def line_name(entitlement: str) -> str:
    """The name of an entitlement's line: a hash, because scopes and slugs to come may hold what names of blobs may not."""
    return hashlib.sha256(entitlement.encode()).hexdigest()[:32]
