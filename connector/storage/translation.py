"""From the SDK's exceptions to ours, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from connector.credentials.errors import CredentialProblem
from connector.storage.errors import (
    BlobMissing,
    Conflict,
    ContainerMissing,
    StorageError,
    StorageFailed,
    StorageForbidden,
    StorageSignInFailed,
    StorageUnreachable,
)


@contextmanager
def translated(host: str, *, container: str = "", name: str = "") -> Iterator[None]:
    """Run a request to ``host``; what the SDK raises leaves as a :class:`StorageError` about ``name``."""
    try:
        yield
    except CredentialProblem as problem:
        raise StorageSignInFailed(problem.sentence, problem.advice, transient=problem.transient) from None
    except (ServiceRequestError, ServiceResponseError):
        raise StorageUnreachable(host) from None
    except ClientAuthenticationError as error:
        raise StorageForbidden(host, _code(error)) from None
    except HttpResponseError as error:
        raise _error(error, host, container, name) from None


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None) or type(error).__name__
    return str(getattr(code, "value", code))  # of some answers it is an enumeration's member


def _error(error: HttpResponseError, host: str, container: str, name: str) -> StorageError:
    status, code = error.status_code or 0, _code(error)
    if code == "ContainerNotFound":
        return ContainerMissing(container, host)
    if status in (401, 403):
        return StorageForbidden(host, code)
    if status == 404:
        return BlobMissing(name)
    if status == 412 or code == "BlobAlreadyExists":
        return Conflict(name)
    return StorageFailed(host, status, code)
