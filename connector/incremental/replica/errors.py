"""Why there is no replica."""

from __future__ import annotations


class SnapshotUnusable(Exception):
    """The snapshot in force cannot be made a replica of. Rounds have nothing to go on from until a full sync is published."""

    advice = "Run a full sync; rounds go on from what it publishes."
    permanent = True

    def __init__(self, snapshot_id: str, problem: str) -> None:
        self.snapshot_id = snapshot_id
        super().__init__(f"Snapshot {snapshot_id} cannot be used: {problem}.")


class ReplicaInUse(Exception):
    """Another process has the replica of this folder open: a folder is for one process at a time."""
