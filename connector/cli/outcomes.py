"""Operations for people: each thing that happens to one as a line, what it came to as a sentence, and as an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from connector.cli.exits import Exit
from connector.cli.output import Output
from connector.storage.records.operations import Event, Operation, Result, Status

URL = "/api/operations"
"""Where the Function App has operations, whatever its host is called."""

_RESULTS = {
    Result.GRANTED: "granted, and seen",
    Result.UPDATED: "held before; it begins or ends at another time now, and that was seen",
    Result.REVOKED: "revoked, and seen to be gone",
    Result.ALREADY_GRANTED: "already granted; nothing had to be done",
    Result.ALREADY_REVOKED: "already revoked; nothing had to be done",
    Result.WOULD_GRANT: "would be granted; nothing was changed",
    Result.WOULD_UPDATE: "is held, and would begin or end at another time; nothing was changed",
    Result.WOULD_REVOKE: "would be revoked; nothing was changed",
}
_OPEN = {
    Status.ACCEPTED: "accepted; the Function App takes it from the queue",
    Status.SCHEDULED: "scheduled; it begins later",
    Status.RUNNING: "being worked on",
    Status.WAITING: "waiting; it goes on later",
}
_EXITS = {Status.SUCCEEDED: Exit.FINE, Status.REFUSED: Exit.REFUSED}


class Steps:
    """Tells on stderr of what happens to operations, each event once."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._told: dict[str, int] = {}

    def __call__(self, operation: Operation) -> None:
        """Tell what is new of ``operation``."""
        for event in operation.events[self._told.get(operation.id, 0) :]:
            self._output.tell(step(event))
        self._told[operation.id] = len(operation.events)


def step(event: Event) -> str:
    """One line: when, what, and the sentence for people."""
    return f"{event.at:%H:%M:%S}  {event.kind.value:<12}  {event.said}"


def outcome(operation: Operation) -> str:
    """What it came to, or where it stands, in a few words."""
    if operation.result is not None:
        return _RESULTS[operation.result]
    if operation.problem is not None:
        return f"{operation.status.value.replace('_', '-')}: {operation.problem.code}"
    told = _OPEN.get(operation.status, operation.status.value.replace("_", "-"))
    return f"{told}, not before {operation.not_before:%Y-%m-%d %H:%M:%S} UTC" if operation.not_before else told


def document(operations: Sequence[Operation]) -> object:
    """As JSON, the same as over HTTP: one, or several."""
    from connector.provisioning.asking.showing import OperationsShown, show

    shown = tuple(show(one, URL) for one in operations)
    return shown[0] if len(shown) == 1 else OperationsShown(operations=shown)


def show_outcome(output: Output, operation: Operation) -> None:
    """Print what an operation came to; why not, and what to do about it."""
    output.line(f"Operation {operation.id}: {outcome(operation)}.")
    if operation.problem is None:
        return
    output.line(operation.problem.sentence)
    output.line(operation.problem.remedy)
    if operation.problem.graph_code or operation.problem.request_id:
        output.line(f"Graph: {operation.problem.graph_code}, request {operation.problem.request_id}")


def exit_code(operations: Sequence[Operation]) -> Exit:
    """What a command that asked for ``operations`` ends with. What was to begin later has ended well: it is accepted."""
    found = [_exit(one) for one in operations]
    return next((code for code in (Exit.NOT_DONE, Exit.REFUSED, Exit.NOT_YET) if code in found), Exit.FINE)


def _exit(operation: Operation) -> Exit:
    if operation.status in (Status.SCHEDULED, Status.ACCEPTED):
        return Exit.FINE
    if operation.status.open:
        return Exit.NOT_YET
    return _EXITS.get(operation.status, Exit.NOT_DONE)
