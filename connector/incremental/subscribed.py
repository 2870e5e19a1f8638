"""Of whose changes notifications tell, as far as is known: the rest is looked at more often."""

from __future__ import annotations

from datetime import datetime

from connector.settings import Settings
from connector.storage import Store
from connector.storage.errors import BlobCorrupt


async def subscribed_kinds(store: Store, settings: Settings, now: datetime) -> frozenset[str]:
    """Kinds with a subscription that is alive and of which no problem is known.

    Raises:
        StorageError: storage cannot be read now.
    """
    if not settings.notification_url:
        return frozenset()
    try:
        held = await store.subscriptions()
    except BlobCorrupt:
        return frozenset()  # whatever is subscribed to, nobody can tell its notifications from forged ones
    if held is None or held.record.problems:
        return frozenset()
    return frozenset(one.resource for one in held.record.subscriptions if one.expires_at > now)
