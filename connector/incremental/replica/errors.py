"""Why a replica cannot be opened."""

from __future__ import annotations


class ReplicaInUse(Exception):
    """Another process has the replica of this folder open: a folder is for one process at a time."""
