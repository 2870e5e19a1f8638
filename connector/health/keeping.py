"""Storage: whether what the connector keeps can be read, written and removed, and whether its queues can be worked on."""

from __future__ import annotations

from connector.health.findings import Finding, failed, ok, warning
from connector.settings import Settings
from connector.storage import Store
from connector.storage.errors import StorageError
from connector.storage.names import POISON_SUFFIX


async def look_at_storage(settings: Settings, store: Store) -> list[Finding]:
    """Write and remove a blob, and try each queue as a worker would."""
    return [await _blobs(settings, store), *await _queues(store)]


async def _blobs(settings: Settings, store: Store) -> Finding:
    try:
        await store.try_writing()
    except StorageError as error:
        return failed("storage", error.sentence, error.advice)
    return ok("storage", f"The container {settings.container!r} can be read and written.")


async def _queues(store: Store) -> list[Finding]:
    try:
        waiting = await store.waiting()
    except StorageError as error:
        return [failed("queues", error.sentence, error.advice)]
    put_aside = {name: count for name, count in waiting.items() if name.endswith(POISON_SUFFIX) and count}
    told = ", ".join(f"{count or 0:,} in {name}" for name, count in waiting.items() if not name.endswith(POISON_SUFFIX))
    findings = [ok("queues", f"They can be worked on. Messages that wait: {told}.")]
    findings += [
        warning(
            f"queue:{name}",
            f"{count:,} {'message was' if count == 1 else 'messages were'} put aside in {name} after five attempts.",
            "Look at why in the log, mend it, and send them to the queue again or remove them. Nothing is lost by removing them from queues "
            "of syncs, changes and lifecycle: timers ask for the same again.",
        )
        for name, count in put_aside.items()
    ]
    return findings
