"""The storage accounts that bindings name by a setting."""

from __future__ import annotations

from collections.abc import Mapping

_DEVELOPMENT_ACCOUNT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
"""What ``UseDevelopmentStorage=true`` stands for: the storage emulator's documented account, key and ports."""


def connection_string(name: str, settings: Mapping[str, str]) -> str:
    """The connection string that the setting ``name`` holds.

    Raises:
        ValueError: it is missing, is not a storage connection string, or the connection is identity-based.
    """
    for candidate in (name, f"AzureWebJobs{name}", f"ConnectionStrings:{name}"):
        if value := settings.get(candidate):
            return _checked(candidate, value)
    if any(value and setting.startswith((f"{name}__", f"{name}:")) for setting, value in settings.items()):
        raise ValueError(
            f"the connection {name!r} is identity-based ({name}__…), which is not supported here; "
            f"set {name} to a connection string"
        )
    raise ValueError(f"the setting {name!r}, which must hold a storage connection string, is missing")


def _checked(name: str, value: str) -> str:
    parts = {part.partition("=")[0].strip().lower(): part.partition("=")[2] for part in value.split(";")}
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return _DEVELOPMENT_ACCOUNT
    if parts.keys() >= {"accountname", "accountkey"} or parts.keys() >= {"queueendpoint", "sharedaccesssignature"}:
        return value
    raise ValueError(f"the setting {name!r} does not hold a storage connection string (AccountName=…;AccountKey=…)")
