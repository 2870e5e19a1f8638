"""The body of a schedule request: enumerations in any case in, as documented out."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from emulators.graph.service.errors import GraphError
from emulators.graph.service.pim.durations import seconds_of

ACTIONS = {
    name.lower(): name
    for name in [
        "adminAssign",
        "adminUpdate",
        "adminRemove",
        "adminExtend",
        "adminRenew",
        "selfActivate",
        "selfDeactivate",
        "selfExtend",
        "selfRenew",
    ]
}
_ROUNDING_SECONDS = 0.001  # callers write their times with microseconds at most
_EXPIRATIONS = {name.lower(): name for name in ["notSpecified", "noExpiration", "afterDateTime", "afterDuration"]}


class Expiration(msgspec.Struct, rename="camel"):
    """When it ends."""

    type: str = "noExpiration"
    end_date_time: datetime | None = None
    duration: str | None = None


class Schedule(msgspec.Struct, rename="camel"):
    """When it begins and ends."""

    start_date_time: datetime | None = None
    expiration: Expiration = msgspec.field(default_factory=Expiration)


class Ticket(msgspec.Struct, rename="camel"):
    """A reference to another system."""

    ticket_number: str | None = None
    ticket_system: str | None = None


class Wanted(msgspec.Struct, rename="camel"):
    """A request for a schedule."""

    action: str
    principal_id: str
    role_definition_id: str
    directory_scope_id: str | None = None
    app_scope_id: str | None = None
    justification: str | None = None
    schedule_info: Schedule | None = None
    ticket_info: Ticket = msgspec.field(default_factory=Ticket)
    is_validation_only: bool = False

    def times(self, now: float) -> tuple[float, float | None]:
        """Start and end in seconds since 1970; a start in the past is now.

        Raises:
            GraphError: 400 for an end that is malformed or before the start.
        """
        info = self.schedule_info or Schedule()
        given = _seconds(info.start_date_time) or now
        start = given if given > now + _ROUNDING_SECONDS else now
        end = self._end(info.expiration, start)
        if end is not None and end <= start:
            raise invalid("The end of the schedule must be after its start.")
        return start, end

    def _end(self, expiration: Expiration, start: float) -> float | None:
        match expiration_type(expiration.type):
            case "afterDateTime":
                end = _seconds(expiration.end_date_time)
            case "afterDuration":
                length = seconds_of(expiration.duration or "")
                end = None if length is None else start + length
            case _:
                return None
        if end is None:
            raise invalid(f"The expiration {expiration.type} lacks what it needs.")
        return end


def parsed(body: bytes) -> Wanted:
    """The body, its action spelled as documented.

    Raises:
        GraphError: 400 when it is malformed.
    """
    try:
        wanted = msgspec.json.decode(body, type=Wanted)
    except msgspec.MsgspecError:
        raise invalid("The request body is malformed or lacks a required property.") from None
    action = ACTIONS.get(wanted.action.lower())
    if action is None or bool(wanted.directory_scope_id) is bool(wanted.app_scope_id):
        raise invalid("The action is unknown, or not exactly one of directoryScopeId and appScopeId is given.")
    wanted.action = action
    return wanted


def expiration_type(text: str) -> str:
    """The type of an expiration as documented.

    Raises:
        GraphError: 400 for an unknown one.
    """
    found = _EXPIRATIONS.get(text.lower())
    if found is None:
        raise invalid(f"The expiration type {text!r} is unknown.")
    return found


def invalid(message: str) -> GraphError:
    """400 for what makes no sense."""
    return GraphError(400, "BadRequest", message)


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
