"""A process that dies at one of its writes, before or after the write has had its effect."""

from __future__ import annotations

from typing import Any


class Killed(BaseException):
    """The process died here."""


class Dying:
    """Stands for a store, and for what sends messages; the step that uses it dies at write number ``at``.

    Args:
        store: the real store.
        send: the real sender.
        at: the write at which to die, counted from 1.
        after: die when the write has had its effect.
    """

    WRITES = frozenset(
        {
            "replace_current",
            "replace_running",
            "replace_sync",
            "replace_checkpoint",
            "stage",
            "upload_snapshot_part",
            "replace_snapshot_part",
            "write_manifest",
            "replace_manifest",
            "write_segment",
            "remove_segment",
            "replace_rounds",
            "send_wake",
            "delete_wake",
            "send_changes",
            "write_progress",
            "remove_snapshot",
            "remove_sync",
            "replace_asked_before",
            "replace_hourly_count",
            "replace_line",
            "remove_line",
            "create_bundle",
            "replace_bundle",
        }
    )

    def __init__(self, store: Any, send: Any, at: int, *, after: bool) -> None:
        self._store = store
        self._send = send
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        return self._dying(real) if name in self.WRITES else real

    @property
    def send(self) -> Any:
        """Sends messages, which is a write, too."""
        return self._dying(self._send)

    def _dying(self, real: Any) -> Any:
        async def write(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            if self._left < 0:
                raise Killed  # what ran at the same time in the process died with it
            result = await real(*args, **kwargs)
            if self._left == 0:
                raise Killed
            return result

        return write


class DyingStore:
    """Stands for a store whose writes about operations die, as :class:`Dying` says; everything else is the real store's."""

    def __init__(self, store: Any, at: int, *, after: bool) -> None:
        self._store = store
        self.operations = Dying(store.operations, store.operations.send, at, after=after)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
