"""What can go wrong with storage: one class per situation, each with a plain sentence and what to do about it."""

from __future__ import annotations


class StorageError(Exception):
    """Storage did not do what was asked.

    Attributes:
        sentence: what happened, for people.
        advice: what to do about it, for people.
        transient: whether the same request may well succeed later.
    """

    transient = False

    def __init__(self, sentence: str, advice: str) -> None:
        self.sentence = sentence
        self.advice = advice
        super().__init__(f"{sentence} {advice}")


class StorageMisconfigured(StorageError):
    """The connection string or the service URIs cannot be used."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"The storage settings cannot be used: {problem}.",
            "Set AzureWebJobsStorage to the connection string of the storage account "
            "(`az storage account show-connection-string --name ACCOUNT`), or set both service URIs.",
        )


class StorageUnreachable(StorageError):
    """No answer came from ``host``."""

    transient = True

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"The storage at {host} cannot be reached.",
            "Check AzureWebJobsStorage, and that its firewall or private endpoint lets this machine in.",
        )


class ContainerMissing(StorageError):
    """The container of STORAGE_CONTAINER does not exist."""

    def __init__(self, container: str, host: str) -> None:
        self.container = container
        super().__init__(
            f"The blob container {container!r} does not exist at {host}.",
            f"Create it with `az storage container create --name {container} --account-name ACCOUNT`, "
            "or name another one in STORAGE_CONTAINER.",
        )


class StorageForbidden(StorageError):
    """The storage account refused the key or the identity; ``code`` is its own word for it."""

    def __init__(self, host: str, code: str) -> None:
        self.code = code
        super().__init__(
            f"The storage at {host} refused access ({code}).",
            "With a connection string, check its key. With an identity, give it the roles Storage Blob Data Owner and Storage Queue "
            "Data Contributor on the storage account (it takes up to ten minutes to take effect), and check that the account's firewall lets "
            "this app in.",
        )


class StorageSignInFailed(StorageError):
    """The identity that opens storage gets no token; ``sentence`` and ``advice`` say why. ``transient``: for the moment."""

    def __init__(self, sentence: str, advice: str, *, transient: bool) -> None:
        self.transient = transient
        super().__init__(f"Storage cannot be opened. {sentence}", advice)


class StorageFailed(StorageError):
    """The storage account answered ``status`` with its own ``code``, which this version has no better words for."""

    def __init__(self, host: str, status: int, code: str) -> None:
        self.status = status
        self.code = code
        self.transient = status >= 500 or status in (408, 429)
        super().__init__(
            f"The storage at {host} answered {status} ({code}).",
            "Try again." if self.transient else "Look the code up under 'Blob service error codes'.",
        )


class Conflict(StorageError):
    """Somebody else wrote the blob ``name`` meanwhile, so that nothing was written here."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} was written by somebody else meanwhile.", "Read it again and decide anew.")


class BlobMissing(StorageError):
    """The blob ``name``, which must exist, does not."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is missing.", "It was deleted from outside; run a full sync.")


class BlobCorrupt(StorageError):
    """The blob ``name`` does not hold what this version expects; ``problem`` says where."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(
            f"{name} cannot be understood: {problem}.",
            "It was written by another version or by hand. Move it away and run a full sync.",
        )
