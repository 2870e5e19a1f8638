"""Temporary folders for replicas. A process that is killed cannot remove its own, so the next one does: they hold much of what is
known of the tenant, and the disk of a worker is small."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "entra-replica-"
_ALIVE = "alive"
"""A file that is locked for as long as the process lives, which it cannot forget, however it ends."""
_FORGOTTEN_AFTER_S = 24 * 3600
"""Seconds after which a folder without that file is nobody's: it was made an instant before a death, or by an older version."""


class TemporaryFolder:
    """A folder that only its owner may read, until :meth:`remove` or the end of the process. Making one removes dead ones.

    Where files cannot be locked (Windows), dead ones stay.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        self.path = Path(self._folder.name)
        self._lock = -1
        if sys.platform != "win32":
            arriving = self.path / "arriving"
            self._lock = os.open(arriving, os.O_CREAT | os.O_RDWR, 0o600)
            _try_lock(self._lock)
            arriving.rename(self.path / _ALIVE)  # locked before anybody can see it
            _remove_dead(self.path.parent)

    def remove(self) -> None:
        """Remove it, with what is in it."""
        self._folder.cleanup()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _remove_dead(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # gone meanwhile, or another user's
            if _is_dead(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_dead(folder: Path) -> bool:
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return False
    try:
        alive = os.open(folder / _ALIVE, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > _FORGOTTEN_AFTER_S
    try:
        return _try_lock(alive)
    finally:
        os.close(alive)


def _try_lock(file: int) -> bool:
    """Whether nobody else holds the lock."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
