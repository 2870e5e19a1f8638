"""Append blobs: bytes are added at their end, and what is there is never written again. Knows no names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.storage.errors import BlobMissing, Conflict, StorageFailed

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

MOST_BYTES = 4 << 20
"""Most bytes of a block: what every version of the service takes."""
MOST_BLOCKS = 50_000
"""Most blocks of an append blob. https://learn.microsoft.com/rest/api/storageservices/append-block"""
_PAST_ITS_END = 416


@dataclass(frozen=True, slots=True)
class Extent:
    """How much an append blob holds: bytes, and blocks that were appended."""

    bytes: int
    blocks: int


class AppendBlobs:
    """The append blobs of a container. Every method raises :class:`~connector.storage.errors.StorageError` where storage refuses."""

    def __init__(self, client: ContainerClient, container: str, host: str) -> None:
        self._client = client
        self._container = container
        self._host = host

    async def append(self, name: str, data: bytes, position: int) -> int:
        """Add a block at ``position``, which must be the end of the blob; how many blocks it has then.

        At position 0 a blob that does not exist is made. A block whose answer got lost is recognised by what is there.

        Args:
            data: no more than :data:`MOST_BYTES`, and not nothing.

        Raises:
            Conflict: something else is at ``position``, or there is less before it.
            BlobMissing: there is no such blob, though ``position`` is not 0.
        """
        try:
            return await self._append(name, data, position)
        except BlobMissing:
            if position:
                raise
            await self._make(name)
            return await self.append(name, data, position)
        except Conflict:
            if await self.read(name, position, len(data)) != data:
                raise
            extent = await self.extent(name)
            return extent.blocks if extent else 0

    async def extent(self, name: str) -> Extent | None:
        """How much a blob holds, or None where there is none."""
        try:
            with self._translated(name):
                properties = await self._client.get_blob_client(name).get_blob_properties()
        except BlobMissing:
            return None
        return Extent(properties.size, properties.append_blob_committed_block_count or 0)

    async def read(self, name: str, position: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``position`` on; nothing where the blob ends before.

        Raises:
            BlobMissing: there is no such blob.
        """
        try:
            with self._translated(name):
                download = await self._client.download_blob(name, offset=position, length=length)
                return bytes(await download.readall())
        except StorageFailed as error:
            if error.status == _PAST_ITS_END:
                return b""
            raise

    async def _append(self, name: str, data: bytes, position: int) -> int:
        with self._translated(name):
            answer = await self._client.get_blob_client(name).append_block(
                data, length=len(data), appendpos_condition=position
            )
            return int(str(answer["blob_committed_block_count"]))

    async def _make(self, name: str) -> None:
        from azure.core import MatchConditions

        try:
            with self._translated(name):
                await self._client.get_blob_client(name).create_append_blob(match_condition=MatchConditions.IfMissing)
        except Conflict:
            pass  # somebody else has just made it

    def _translated(self, name: str) -> Any:
        from connector.storage.translation import translated

        return translated(self._host, container=self._container, name=name)
