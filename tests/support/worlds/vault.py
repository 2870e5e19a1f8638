"""A storage container that can be put back to what it held."""

from __future__ import annotations

from contextlib import suppress

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobLeaseClient, BlobProperties, ContainerClient

from connector.settings import Settings


class Vault:
    """Everything that the container of ``settings`` holds now, to go back to."""

    def __init__(self, settings: Settings) -> None:
        self._container = ContainerClient.from_connection_string(settings.storage, settings.container)
        self._unchanged = {blob.name: _etag(blob) for blob in self._container.list_blobs()}
        self._saved = {name: self._container.download_blob(name).readall() for name in self._unchanged}

    def go_back(self) -> None:
        """Remove and put back whatever differs; most of what the connector writes is never written again."""
        found = {blob.name: blob for blob in self._container.list_blobs()}
        for name, blob in found.items():
            if name not in self._saved or _etag(blob) != self._unchanged[name]:
                self._break_lease(blob)
                if name not in self._saved:
                    self._container.delete_blob(name)
        for name in self._saved:
            if name not in found or _etag(found[name]) != self._unchanged[name]:
                written = self._container.get_blob_client(name).upload_blob(self._saved[name], overwrite=True)
                self._unchanged[name] = str(written["etag"]).strip('"')

    def close(self) -> None:
        """Close the connection."""
        self._container.close()

    def _break_lease(self, blob: BlobProperties) -> None:
        if blob.lease.status == "locked":
            with suppress(HttpResponseError):  # it ended meanwhile
                BlobLeaseClient(self._container.get_blob_client(blob.name)).break_lease(0)


def _etag(blob: BlobProperties) -> str:
    return str(blob.etag).strip('"')
