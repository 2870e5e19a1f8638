"""Settings of the storage account."""

from __future__ import annotations

from dataclasses import dataclass

from connector.settings.setting import setting
from connector.settings.values import https_url, secret_text, storage_account, storage_name


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """Where everything is kept."""

    storage: str = setting(
        "AzureWebJobsStorage",
        secret_text,
        "Connection string of the storage account, for development. Without it, the account is named by one of the next settings and the "
        "identity of the app signs in (`AZURE_CLIENT_ID`).",
        default="",
        secret=True,
    )
    storage_account: str = setting(
        "AzureWebJobsStorage__accountName",
        storage_account,
        "Name of the storage account. Its addresses follow from it and `ENTRA_CLOUD`.",
        default="",
    )
    blob_service_uri: str = setting(
        "AzureWebJobsStorage__blobServiceUri",
        https_url,
        "Blob endpoint, where it does not follow from the account's name.",
        default="",
    )
    queue_service_uri: str = setting(
        "AzureWebJobsStorage__queueServiceUri", https_url, "Queue endpoint, likewise.", default=""
    )
    container: str = setting(
        "STORAGE_CONTAINER", storage_name, "Blob container that holds everything; it must exist.", default="entra"
    )
