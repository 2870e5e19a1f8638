"""Clients of the storage account, made from settings. The SDKs are imported here only when a store is opened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector.credentials import SignIn, platform_credential
from connector.credentials.signing_in import Tokens
from connector.credentials.tls import shared_trust
from connector.credentials.transport import open_transport
from connector.settings import Settings
from connector.storage.errors import StorageMisconfigured

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient
    from azure.storage.queue.aio import QueueServiceClient

_TIMEOUTS: dict[str, Any] = {"connection_timeout": 10, "read_timeout": 60}  # seconds
_RETRIES = 3
"""Tries after the first one, with waits that grow from one second to some."""
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Clients:
    """Both services of one storage account and what they sign in with. Close it after use."""

    blobs: BlobServiceClient
    queues: QueueServiceClient
    credential: SignIn | None

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
    """Clients for the storage account that ``settings`` name: with its key, or as the platform's identity. Nothing is sent yet.

    Raises:
        StorageMisconfigured: the connection string is malformed.
        SettingsError: TLS_CA_FILE cannot be used.
    """
    from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry
    from azure.storage.queue.aio import QueueServiceClient

    retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=_RETRIES, random_jitter_range=1)
    blob_options: dict[str, Any] = {
        **_TIMEOUTS,
        "retry_policy": retry,
        "max_single_put_size": 8 * _MEBIBYTE,
        "max_block_size": 8 * _MEBIBYTE,
    }
    queue_options: dict[str, Any] = {**_TIMEOUTS, "retry_policy": retry}
    if settings.storage and settings.ca_file is None:
        return _with_key(settings, blob_options, queue_options)
    trusted = shared_trust(settings.ca_file)
    blob_options["transport"] = open_transport(trusted, **_TIMEOUTS)
    queue_options["transport"] = open_transport(trusted, **_TIMEOUTS)
    if settings.storage:
        return _with_key(settings, blob_options, queue_options)
    credential = platform_credential(settings, trusted, kept=_kept_tokens(settings))
    return Clients(
        BlobServiceClient(settings.blob_service_uri, credential=credential, **blob_options),
        QueueServiceClient(settings.queue_service_uri, credential=credential, **queue_options),
        credential,
    )


@lru_cache(maxsize=4)
def _kept_tokens(settings: Settings) -> Tokens:  # noqa: ARG001  what they are kept by
    """The tokens of this process for the storage that ``settings`` name: a store is opened for every message, and a token lasts a day."""
    return {}


def _with_key(settings: Settings, blob_options: dict[str, Any], queue_options: dict[str, Any]) -> Clients:
    from azure.storage.blob.aio import BlobServiceClient
    from azure.storage.queue.aio import QueueServiceClient

    try:
        return Clients(
            BlobServiceClient.from_connection_string(settings.storage, **blob_options),
            QueueServiceClient.from_connection_string(settings.storage, **queue_options),
            None,
        )
    except ValueError:
        # The SDK's own message may quote the connection string, so it is not passed on.
        raise StorageMisconfigured("AzureWebJobsStorage is not a connection string") from None
