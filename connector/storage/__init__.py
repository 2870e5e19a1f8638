"""Blobs and queues; the only place that knows blob names."""

from connector.storage.documents import Held
from connector.storage.errors import StorageError
from connector.storage.records import Current, Manifest, Progress, SyncResult, SyncState
from connector.storage.store import Store, open_store

__all__ = ["Current", "Held", "Manifest", "Progress", "StorageError", "Store", "SyncResult", "SyncState", "open_store"]
