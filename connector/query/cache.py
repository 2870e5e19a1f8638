"""Snapshots on this machine: downloaded once, checked against the manifest, kept until newer ones are in use.

A snapshot never changes, so a file whose hash was right when it arrived stays right. Everything here tells who has access
to what: folders are for their owner only.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from connector.access.tables import Table
from connector.query.errors import SnapshotDamaged
from connector.storage import Manifest, Store
from connector.storage.errors import BlobCorrupt
from connector.storage.records import SnapshotPart

KEPT = 2
"""Snapshots of a tenant that stay: the one asked for, and the one before it, which another process may have open."""


def user_cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the files of this user's snapshots belong on this system."""
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "entra-id-connector"


class SnapshotCache:
    """A folder of snapshots: ``{root}/{tenant id}/{snapshot id}/{table}/part-00000.parquet``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def fetch(self, store: Store, manifest: Manifest, tables: Sequence[Table]) -> Path:
        """The folder of the snapshot, holding all parts of ``tables``; what is missing is downloaded.

        Raises:
            SnapshotDamaged: what storage holds is not what the manifest says.
            StorageError: storage cannot be read.
        """
        tenant = self._root / manifest.tenant_id
        folder = tenant / manifest.snapshot_id
        self._root.parent.mkdir(parents=True, exist_ok=True)
        for private in (self._root, tenant, folder):
            private.mkdir(exist_ok=True, mode=0o700)
        os.utime(folder)
        for table in tables:
            facts = manifest.tables.get(table.name)
            for part in facts.parts if facts else ():
                await _fetch_part(store, manifest.snapshot_id, part, _inside(folder, part.name))
        _remove_old(tenant, keep=manifest.snapshot_id)
        return folder


async def _fetch_part(store: Store, snapshot_id: str, part: SnapshotPart, path: Path) -> None:
    if path.is_file() and path.stat().st_size == part.bytes:
        return
    path.parent.mkdir(exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as temporary:
        arriving = Path(temporary.name)
    try:
        await store.download_snapshot_part(snapshot_id, part, arriving)
        arriving.replace(path)
    except BlobCorrupt as error:
        raise SnapshotDamaged(
            f"{part.name} of snapshot {snapshot_id} is not what its manifest says. "
            "It was changed from outside; run a full sync."
        ) from error
    finally:
        arriving.unlink(missing_ok=True)


def _inside(folder: Path, name: str) -> Path:
    """``name`` below ``folder``: a manifest must not be able to name a file elsewhere."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SnapshotDamaged(f"The manifest names a part outside of its snapshot: {name!r}.")
    return path


def _remove_old(tenant: Path, keep: str) -> None:
    """Leave the :data:`KEPT` snapshots that were used last, ``keep`` among them."""
    others = [folder for folder in tenant.iterdir() if folder.is_dir() and folder.name != keep]
    others.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in others[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)
