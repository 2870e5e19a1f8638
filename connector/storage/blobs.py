"""A container of blobs: read, create, replace under ``If-Match``, stream up and down, list. Knows no names."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.storage.appending import AppendBlobs
from connector.storage.clients import host_of
from connector.storage.errors import BlobMissing, Conflict
from connector.storage.hashes import sha256_of

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobLeaseClient, BlobServiceClient

_DELETES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of a blob and the ETag that they had."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A blob as a list shows it: its ETag, when it was last written, and its metadata."""

    etag: str
    written: datetime
    metadata: Mapping[str, str]


class Blobs:
    """One container. Every method raises :class:`~connector.storage.errors.StorageError` where storage refuses."""

    def __init__(self, service: BlobServiceClient, container: str) -> None:
        self._client = service.get_container_client(container)
        self._container = container
        self._host = host_of(str(self._client.url))

    @property
    def appended(self) -> AppendBlobs:
        """The append blobs of the same container."""
        return AppendBlobs(self._client, self._container, self._host)

    async def read(self, name: str) -> Blob | None:
        """The blob ``name``, or None where there is none."""
        try:
            with self._translated(name):
                download = await self._client.download_blob(name)
                return Blob(await download.readall(), str(download.properties.etag))
        except BlobMissing:
            return None

    async def create(self, name: str, data: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        """Write a blob that must not exist yet; the ETag that it got. ``metadata``: what lists of blobs show of it.

        Raises:
            Conflict: it exists, with other content.
        """
        return await self._write_guarded(name, data, overwrite=False, metadata=_plain(metadata))

    async def replace(self, name: str, data: bytes, etag: str, *, metadata: Mapping[str, str] | None = None) -> str:
        """Replace a blob whose ETag must still be ``etag``; the ETag that it got.

        Raises:
            Conflict: it has changed meanwhile.
        """
        from azure.core import MatchConditions

        conditions = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        return await self._write_guarded(name, data, overwrite=True, metadata=_plain(metadata), **conditions)

    async def write(self, name: str, data: bytes) -> None:
        """Write a blob, whatever was there."""
        with self._translated(name):
            await self._client.upload_blob(name, data, overwrite=True)

    async def upload_file(self, name: str, path: Path) -> None:
        """Write the file ``path`` as a blob, whatever was there, block by block."""
        with path.open("rb") as source, self._translated(name):
            await self._client.upload_blob(name, source, overwrite=True, max_concurrency=2)

    async def replace_file(self, name: str, path: Path, etag: str | None) -> None:
        """Write the file ``path`` as a blob whose ETag must still be ``etag`` (None: it must not exist), block by block.

        Raises:
            Conflict: it has changed meanwhile, and has other content.
        """
        from azure.core import MatchConditions

        conditions: dict[str, Any] = {"overwrite": False}
        if etag is not None:
            conditions = {"overwrite": True, "etag": etag, "match_condition": MatchConditions.IfNotModified}
        try:
            with path.open("rb") as source, self._translated(name):
                await self._client.get_blob_client(name).upload_blob(source, max_concurrency=2, **conditions)
        except Conflict:
            if not await self._is_like(name, path):
                raise

    async def download_file(self, name: str, path: Path) -> None:
        """Write the blob ``name`` into the file ``path``, block by block.

        Raises:
            BlobMissing: there is no such blob.
        """
        with path.open("wb") as target, self._translated(name):
            download = await self._client.download_blob(name, max_concurrency=2)
            await download.readinto(target)

    async def delete(self, name: str) -> None:
        """Delete a blob; that there is none is no error."""
        with suppress(BlobMissing), self._translated(name):
            await self._client.delete_blob(name)

    async def delete_unchanged(self, name: str, etag: str) -> None:
        """Delete a blob whose ETag must still be ``etag``; that there is none is no error.

        Raises:
            Conflict: it has changed meanwhile.
        """
        from azure.core import MatchConditions

        with suppress(BlobMissing), self._translated(name):
            await self._client.delete_blob(name, etag=etag, match_condition=MatchConditions.IfNotModified)

    async def delete_all(self, prefix: str, *, last: str = "") -> None:
        """Delete every blob below ``prefix``; ``last`` when all others are gone."""
        limit = asyncio.Semaphore(_DELETES_AT_ONCE)

        async def delete(name: str) -> None:
            async with limit:
                await self.delete(name)

        names = [name async for name in self.list(prefix)]
        await asyncio.gather(*(delete(name) for name in names if name != last))
        if last in names:
            await self.delete(last)

    async def acquire_lease(self, name: str, lease_id: str, seconds: int) -> None:
        """Lease a blob under an id of the caller's choice; asked again with the same id, it is renewed.

        Raises:
            BlobMissing: there is no such blob.
            StorageFailed: 409, somebody else holds it.
        """
        with self._translated(name):
            await self._client.get_blob_client(name).acquire_lease(seconds, lease_id)

    async def renew_lease(self, name: str, lease_id: str) -> None:
        """Let a lease begin anew, even one that has run out, as long as nobody else has got it since.

        Raises:
            BlobMissing: there is no such blob.
            StorageFailed: 409, it is broken or somebody else's.
        """
        with self._translated(name):
            await self._lease(name, lease_id).renew()

    async def release_lease(self, name: str, lease_id: str) -> None:
        """End a lease; raises what :meth:`renew_lease` raises."""
        with self._translated(name):
            await self._lease(name, lease_id).release()

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """The names that start with ``prefix``, in order."""
        with self._translated(prefix):
            async for name in self._client.list_blob_names(name_starts_with=prefix):
                yield name

    async def etags(self, prefix: str) -> dict[str, str]:
        """The ETags of the blobs whose names start with ``prefix``, by name, in order."""
        with self._translated(prefix):
            return {item.name: str(item.etag) async for item in self._client.list_blobs(name_starts_with=prefix)}

    async def written(self, prefix: str) -> dict[str, datetime]:
        """When the blobs were last written whose names start with ``prefix``, by name, in order."""
        with self._translated(prefix):
            return {item.name: item.last_modified async for item in self._client.list_blobs(name_starts_with=prefix)}

    async def listed(self, prefix: str) -> dict[str, Listed]:
        """The blobs whose names start with ``prefix``, by name, in order."""
        with self._translated(prefix):
            return {
                item.name: Listed(str(item.etag), item.last_modified, dict(item.metadata or {}))
                async for item in self._client.list_blobs(name_starts_with=prefix, include=["metadata"])
            }

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        """The names of the folders directly below ``prefix``, without it, in order."""
        with self._translated(prefix):
            async for item in self._client.walk_blobs(name_starts_with=prefix, delimiter="/"):
                if item.name.endswith("/"):
                    yield item.name.removeprefix(prefix).rstrip("/")

    async def _write_guarded(self, name: str, data: bytes, **conditions: Any) -> str:
        try:
            with self._translated(name):
                written = await self._client.get_blob_client(name).upload_blob(data, **conditions)
                return str(written["etag"])
        except Conflict:
            # The SDK repeats a request whose answer got lost; the repetition meets what the first one wrote.
            found = await self.read(name)
            if found is None or found.data != data:
                raise
            return found.etag

    def _lease(self, name: str, lease_id: str) -> BlobLeaseClient:
        from azure.storage.blob.aio import BlobLeaseClient

        return BlobLeaseClient(self._client.get_blob_client(name), lease_id)

    async def _is_like(self, name: str, path: Path) -> bool:
        """Whether the blob holds what the file does."""
        digest = hashlib.sha256()
        with self._translated(name):
            download = await self._client.download_blob(name)
            async for chunk in download.chunks():
                digest.update(chunk)
        return sha256_of(path) == digest.hexdigest()

    def _translated(self, name: str) -> Any:
        from connector.storage.translation import translated

        return translated(self._host, container=self._container, name=name)


def _plain(metadata: Mapping[str, str] | None) -> dict[str, str] | None:
    return dict(metadata) if metadata is not None else None
