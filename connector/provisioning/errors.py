"""Why something that was asked about operations is not done: one class for each situation, with a sentence and a remedy for people."""

from __future__ import annotations

from connector.storage.records.operations import Status


class ProvisioningError(Exception):
    """What was asked is not done, and nothing was written.

    Attributes:
        sentence: what is in the way, for people.
        remedy: what to do about it, for people.
    """

    def __init__(self, sentence: str, remedy: str) -> None:
        self.sentence = sentence
        self.remedy = remedy
        super().__init__(f"{sentence} {remedy}")


class ProvisioningDisabled(ProvisioningError):
    """This deployment only reads."""

    def __init__(self) -> None:
        super().__init__(
            "This deployment does not grant or revoke anything.",
            "Whoever operates it can set PROVISIONING_ENABLED to true, and say in the policy what may be touched.",
        )


class KeyReused(ProvisioningError):
    """The Idempotency-Key was used for another request before."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request before.",
            "Use a new key for each request, and the same key only to repeat the very same request.",
        )


class NotAskedBefore(ProvisioningError):
    """A request that is good only as a repetition was never accepted under its key."""

    def __init__(self) -> None:
        super().__init__("Ends of what is asked for have passed.", "Ask for what ends later.")


class TooManyOperations(ProvisioningError):
    """The hour's operations are used up.

    Attributes:
        limit: how many operations are accepted within an hour.
        retry_after: seconds until the next hour begins; None: the request alone is more than an hour's.
    """

    def __init__(self, limit: int, retry_after: float | None) -> None:
        self.limit = limit
        self.retry_after = retry_after
        super().__init__(
            f"No more than {limit} operations are accepted within an hour.",
            "Ask again in the next hour, or have the limit of the policy raised."
            if retry_after is not None
            else "Ask for fewer operations at once, or have the limit of the policy raised.",
        )


class NoSuchOperation(ProvisioningError):
    """There is no operation, or message that was put aside, with the id ``id``."""

    def __init__(self, operation_id: str) -> None:
        self.id = operation_id
        super().__init__(
            f"There is no operation {operation_id}.",
            "Look its id up with `GET /api/operations` or `python -m connector operations list`.",
        )


class TooLate(ProvisioningError):
    """An operation can no longer be cancelled: it has ended, or may have been written to Graph. ``status``: where it stands."""

    def __init__(self, operation_id: str, status: Status) -> None:
        self.id = operation_id
        self.status = status
        super().__init__(
            f"Operation {operation_id} is {status.value} and can no longer be cancelled.",
            "Ask for the opposite (a revoke for a grant) to undo what it does.",
        )


class EndIsKept(TooLate):
    """A revoke that carries out an end cannot be cancelled: what is granted for a time would be granted for ever."""

    def __init__(self, operation_id: str, status: Status) -> None:
        self.id = operation_id
        self.status = status
        ProvisioningError.__init__(
            self,
            f"Operation {operation_id} carries out an end that was asked for, which cannot be cancelled.",
            "Ask for the same grant with a later end, or with none.",
        )


class NotRevivable(ProvisioningError):
    """An operation cannot be tried again: it is open, or has succeeded. ``status``: where it stands."""

    def __init__(self, operation_id: str, status: Status) -> None:
        self.id = operation_id
        self.status = status
        super().__init__(
            f"Operation {operation_id} is {status.value}; there is nothing to try again.",
            "Only what has failed, or was refused, cancelled or put aside, can be tried again.",
        )
