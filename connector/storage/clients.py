"""Clients of the storage account, made from settings. The SDKs are imported here only when a store is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector.settings import Settings
from connector.storage.errors import StorageMisconfigured

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient
    from azure.storage.queue.aio import QueueServiceClient

_TIMEOUTS = {"connection_timeout": 10, "read_timeout": 60}  # seconds
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Clients:
    """Both services of one storage account and what they sign in with. Close it after use."""

    blobs: BlobServiceClient
    queues: QueueServiceClient
    credential: Any | None

    async def close(self) -> None:
        """Close every connection."""
        await self.blobs.close()
        await self.queues.close()
        if self.credential is not None:
            await self.credential.close()


def host_of(url: str) -> str:
    """The host and port of ``url``, for sentences: never a path, a query or a key."""
    return urlsplit(url).netloc


def make_clients(settings: Settings) -> Clients:
    """Clients for the storage account that ``settings`` name. Nothing is sent yet.

    Raises:
        StorageMisconfigured: the connection string is malformed.
    """
    from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry
    from azure.storage.queue.aio import QueueServiceClient

    retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3, random_jitter_range=1)
    blob_options: dict[str, Any] = {
        **_TIMEOUTS,
        "retry_policy": retry,
        "max_single_put_size": 8 * _MEBIBYTE,
        "max_block_size": 8 * _MEBIBYTE,
    }
    queue_options: dict[str, Any] = {**_TIMEOUTS, "retry_policy": retry}
    if settings.storage:
        try:
            return Clients(
                BlobServiceClient.from_connection_string(settings.storage, **blob_options),
                QueueServiceClient.from_connection_string(settings.storage, **queue_options),
                None,
            )
        except ValueError:
            # The SDK's own message may quote the connection string, so it is not passed on.
            raise StorageMisconfigured("AzureWebJobsStorage is not a connection string") from None
    from azure.identity.aio import DefaultAzureCredential

    credential = DefaultAzureCredential(exclude_interactive_browser_credential=True)
    return Clients(
        BlobServiceClient(settings.blob_service_uri, credential=credential, **blob_options),
        QueueServiceClient(settings.queue_service_uri, credential=credential, **queue_options),
        credential,
    )
