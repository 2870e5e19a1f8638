"""The audit files of a tenant: append blobs, one a day, or more where one is full. What is in them is ``provisioning/audit``'s."""

from __future__ import annotations

from datetime import date

from connector.storage.appending import AppendBlobs, Extent
from connector.storage.blobs import Blobs
from connector.storage.names import Names

_PIECE = 4 << 20


class AuditFiles:
    """Files are named by their day, ``2026-11-23``; when that is full, ``2026-11-23-2`` follows.

    Every method raises :class:`~connector.storage.errors.StorageError`.
    """

    def __init__(self, blobs: Blobs, names: Names) -> None:
        self._blobs = blobs
        self._names = names

    async def files(self) -> list[str]:
        """The names of all files, in the order in which they were begun."""
        prefix = self._names.audit
        stems = [name.removeprefix(prefix).removesuffix(".jsonl") async for name in self._blobs.list(prefix)]
        return sorted((stem for stem in stems if is_audit_file(stem)), key=_order)

    async def append(self, file: str, data: bytes, position: int) -> int:
        """Add whole lines at the end of a file, which must be ``position``; how many times anything was added to it.

        Raises:
            Conflict: somebody else has added something.
        """
        return await self._appended.append(self._names.audit_file(file), data, position)

    async def extent(self, file: str) -> Extent | None:
        """How much a file holds, or None where there is none."""
        return await self._appended.extent(self._names.audit_file(file))

    async def read(self, file: str, position: int, length: int) -> bytes:
        """Up to ``length`` bytes of a file. Raises BlobMissing where there is none."""
        return await self._appended.read(self._names.audit_file(file), position, length)

    async def read_all(self, file: str) -> bytes:
        """What a file holds. Raises BlobMissing where there is none."""
        pieces: list[bytes] = []
        while not pieces or len(pieces[-1]) == _PIECE:
            pieces.append(await self.read(file, _PIECE * len(pieces), _PIECE))
        return b"".join(pieces)

    @property
    def _appended(self) -> AppendBlobs:
        return self._blobs.appended


def audit_file_after(file: str) -> str:
    """The file that follows on the same day when ``file`` is full."""
    day, number = _order(file)
    return audit_file(date.fromisoformat(day), number + 1)


def day_of_audit_file(file: str) -> date:
    """The day of a file."""
    return date.fromisoformat(file[:10])


def is_audit_file(name: str) -> bool:
    """Whether a file may be called so."""
    try:
        day, number = _order(name)
        return audit_file(date.fromisoformat(day), number) == name
    except ValueError:
        return False


def audit_file(day: date, number: int = 1) -> str:
    """The name of a day's file, counted from 1."""
    return day.isoformat() if number == 1 else f"{day.isoformat()}-{number}"


def comes_later(file: str, than: str) -> bool:
    """Whether ``file`` is the name of one that was begun after another one."""
    return is_audit_file(file) and _order(file) > _order(than)


def _order(file: str) -> tuple[str, int]:
    return file[:10], int(file[11:] or 1)
