"""A storage container that can be put back to what it held."""

from __future__ import annotations

from contextlib import suppress

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobLeaseClient, ContainerClient

from connector.settings import Settings


class Vault:
    """Everything that the container of ``settings`` holds now, to go back to."""

    def __init__(self, settings: Settings) -> None:
        self._container = ContainerClient.from_connection_string(settings.storage, settings.container)
        self._saved = {name: self._container.download_blob(name).readall() for name in self._etags()}
        self._unchanged = self._etags()

    def go_back(self) -> None:
        """Remove and put back whatever differs; most of what the connector writes is never written again."""
        found = self._etags()
        for name in found.keys() - self._saved.keys():
            self._break_lease(name)
            self._container.delete_blob(name)
        for name in [name for name in self._saved if found.get(name) != self._unchanged[name]]:
            self._break_lease(name)
            self._container.upload_blob(name, self._saved[name], overwrite=True)
            self._unchanged[name] = self._container.get_blob_client(name).get_blob_properties().etag.strip('"')

    def close(self) -> None:
        """Close the connection."""
        self._container.close()

    def _break_lease(self, name: str) -> None:
        with suppress(HttpResponseError, ResourceNotFoundError):
            BlobLeaseClient(self._container.get_blob_client(name)).break_lease(0)

    def _etags(self) -> dict[str, str]:
        return {blob.name: str(blob.etag).strip('"') for blob in self._container.list_blobs()}
