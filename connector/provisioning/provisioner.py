"""Takes messages of the operations queue: lines to work on, and requests of other systems."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from connector.logs import log_event
from connector.provisioning.asking.accepting import Asked, accept
from connector.provisioning.asking.parsing import Malformed, parse_request
from connector.provisioning.errors import NotAskedBefore, ProvisioningDisabled, ProvisioningError, TooManyOperations
from connector.provisioning.refusals import problem
from connector.provisioning.working.helping import Helping
from connector.provisioning.working.limits import BUSY_S
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.leases import LeaseHeld, LeaseLost
from connector.storage.records import DeadLetter, LineMessage, Problem, Requester, RequestMessage

if TYPE_CHECKING:
    from connector.incremental.service import Follower
    from connector.provisioning.working.context import Collaborators
    from connector.provisioning.working.worker import LineWorker

_log = logging.getLogger(__name__)

_LINE = re.compile(r"[0-9a-f]{32}")
_LATE_S = 20.0
"""Seconds after which a line that is due, and that nobody has touched, has lost its message."""
_LONGEST_TEXT = 1 << 16
_QUEUE = Requester(kind="queue")


class Provisioner:
    """Takes messages of the operations queue. One for a process.

    Args:
        follower: of the process, whose connection to Graph and replica are shared; by default one of its own.
        collaborators: what working on lines works with; by default the real ones.
    """

    def __init__(self, follower: Follower | None = None, collaborators: Collaborators | None = None) -> None:
        self._follower = follower
        self._own: Follower | None = None
        self._collaborators = collaborators
        self._worker: LineWorker | None = None
        self._helping = Helping()
        self._asked_again: dict[str, float] = {}

    async def take_message(self, settings: Settings, text: str, *, delivery: int = 1, message_id: str = "") -> None:
        """Take one message: work on a line, or accept a request that another system has put there.

        Args:
            text: the message. One that nobody understands is kept as a :class:`~connector.storage.records.DeadLetter`.
            delivery: how often it has been delivered, this time included.
            message_id: the queue's id of the message, which stays the same when it is delivered again.

        Raises:
            Exception: what may pass; the queue delivers the message again.
        """
        message = _understood(text)
        async with open_store(settings) as store:
            try:
                if isinstance(message, LineMessage):
                    await self._work(store, settings, message.line, alone=delivery > 1)
                elif isinstance(message, RequestMessage):
                    await _accept(store, settings, message.request, message.key)
                else:
                    await _accept(store, settings, text, message_id or _digest(text))
            except Exception as error:
                log_event(
                    _log, "operations_message_failed", level=logging.WARNING, delivery=delivery, problem=str(error)
                )
                raise

    async def bury(self, settings: Settings, text: str) -> None:
        """Take what the queue gave up: what could not be worked on is put aside, with an alertable log event
        (``operation_dead_lettered`` for each that is found guilty, ``line_given_up``, ``message_put_aside`` for a request).

        Raises:
            StorageError: as met; the queue delivers the message again.
        """
        message = _understood(text)
        async with open_store(settings) as store:
            if isinstance(message, LineMessage):
                try:
                    number = await self._line_worker().give_up(store, message.line)
                except LeaseHeld:
                    return  # somebody goes on with it
                log_event(_log, "line_given_up", level=logging.ERROR, line=message.line, dead_lettered=number)
            else:
                asked = message.request if isinstance(message, RequestMessage) else text
                why = problem(
                    "dead_lettered",
                    "The request could not be accepted, again and again.",
                    "Look into the log for what went wrong, and send it again with `operations retry` when that is mended.",
                )
                await _put_aside(store, asked, why)

    async def work_on(self, store: Store, settings: Settings, line: str) -> datetime | None:
        """Work on a line in this process, beside the queue; when somebody has to go on with it, where that is known.

        Raises:
            LeaseHeld: somebody else is at work on it.
            StorageError: as met.
        """
        return await self._line_worker().work_on(store, settings, line)

    async def close(self) -> None:
        """Let go of what the process does not share."""
        if self._own is not None:
            await self._own.close()

    async def _work(self, store: Store, settings: Settings, line: str, *, alone: bool) -> None:
        """Work on a line and, unless ``alone``, on others that are due: what went wrong once is not tried in company."""
        if not settings.provisioning_enabled:
            log_event(_log, "line_waiting", level=logging.WARNING, line=line, why="PROVISIONING_ENABLED is off")
            return  # the timer finds it when it is on again
        work = partial(self._work_until_due, store, settings)
        others = None if alone else asyncio.create_task(self._helping.others(store, line, work))
        try:
            await work(line)
        except (LeaseHeld, LeaseLost):
            await self._ask_again(store, line)
        finally:
            if others is not None:
                await others

    async def _work_until_due(self, store: Store, settings: Settings, line: str) -> None:
        """Work on a line, and have it looked after again when somebody has to go on with it."""
        due = await self._line_worker().work_on(store, settings, line)
        if due is not None:
            wait = max(0.0, (due - datetime.now(UTC)).total_seconds())
            log_event(_log, "line_waiting", line=line, seconds=round(wait, 1))
            await store.operations.send(LineMessage(line=line), delay=wait)

    async def _ask_again(self, store: Store, line: str) -> None:
        """Whoever is at work may have read the line before something came into it. One message asks again for many."""
        now = time.monotonic()
        self._asked_again = {name: at for name, at in self._asked_again.items() if now - at < BUSY_S}
        if line not in self._asked_again:
            self._asked_again[line] = now
            await store.operations.send(LineMessage(line=line), delay=BUSY_S)

    def _line_worker(self) -> LineWorker:
        if self._worker is None:
            from connector.provisioning.working.context import collaborators_of
            from connector.provisioning.working.together import Together
            from connector.provisioning.working.worker import LineWorker

            others = self._collaborators or collaborators_of(self._shared())
            self._worker = LineWorker(others, Together(others.journal).do, secrets.token_hex(4))
        return self._worker

    def _shared(self) -> Follower:
        from connector.incremental.service import Follower

        if self._follower is None:
            self._follower = self._own = Follower()
        return self._follower


async def look_after_lines(store: Store, now: datetime) -> int:
    """Send a message for each line that is due and that nobody has touched for a while; how many.

    Raises:
        StorageError: as met; the next time is soon.
    """
    late = now - timedelta(seconds=_LATE_S)
    due = [line for line in await store.operations.lines() if max(line.due or line.written, line.written) <= late]
    for line in due:
        await store.operations.send(LineMessage(line=line.name))
        log_event(_log, "line_woken", line=line.name)
    return len(due)


def _understood(text: str) -> LineMessage | RequestMessage | None:
    """A message that the connector has sent itself; None: of another system."""
    with suppress(msgspec.DecodeError, UnicodeError):
        message = msgspec.json.decode(text, type=LineMessage)
        return message if _LINE.fullmatch(message.line) else None
    with suppress(msgspec.DecodeError, UnicodeError):
        return msgspec.json.decode(text, type=RequestMessage)
    return None


async def _accept(store: Store, settings: Settings, text: str, key: str) -> None:
    """Accept the request of another system, once, however often its message comes."""
    now = datetime.now(UTC)
    try:
        await accept(store.operations, settings, _asked(text, key, now), now)
    except TooManyOperations as much:
        if much.retry_after is None:
            await _put_aside(store, text, _why("not_allowed_by_policy", much))
            return
        log_event(_log, "request_postponed", level=logging.WARNING, limit=much.limit, seconds=round(much.retry_after))
        await store.operations.send(RequestMessage(key=key, request=text), delay=much.retry_after)
    except ProvisioningDisabled as off:
        await _put_aside(store, text, _why("provisioning_disabled", off))
    except (Malformed, NotAskedBefore) as wrong:
        remedy = "Send what `GET /api/openapi.json` describes, as plain text, not in Base64; this message is kept as it came."
        await _put_aside(store, text, problem("malformed_message", f"The message is no request: {wrong}.", remedy))


def _asked(text: str, key: str, now: datetime) -> Asked:
    """What a message asks for; one that is delivered again may have been accepted before what it asks for has ended.

    Raises:
        Malformed: it is no request.
    """
    try:
        return Asked(wanted=parse_request(text.encode(), now).wanted, requester=_QUEUE, key=key)
    except Malformed as wrong:
        if wrong.ended is None:
            raise
        return Asked(wanted=wrong.ended.wanted, requester=_QUEUE, key=key, again=True)


def _why(code: str, error: ProvisioningError) -> Problem:
    return problem(code, error.sentence, error.remedy)


async def _put_aside(store: Store, text: str, why: Problem) -> None:
    """Keep a message for people, once, and say so."""
    letter = DeadLetter(id=_digest(text)[:32], at=datetime.now(UTC), text=text[:_LONGEST_TEXT], problem=why)
    await store.operations.create_dead_letter(letter)
    log_event(_log, "message_put_aside", level=logging.ERROR, dead_letter=letter.id, code=why.code, why=why.sentence)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
