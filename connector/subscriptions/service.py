"""What the triggers ask of subscriptions. Opens what it needs, and closes it."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from connector.logs import log_event
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.records import Cause, Lane, WakeMessage
from connector.storage.subscriptions import LifecycleMessage, Subscriptions

if TYPE_CHECKING:
    from connector.graph.session import GraphSession
    from connector.subscriptions.ledger import Ledger
    from connector.subscriptions.reconciling import Done

_log = logging.getLogger(__name__)

_LATER = timedelta(hours=2)
"""The longest time between two looks at subscriptions that are well. Under four hours, for which Graph keeps notifications of a
subscription whose token has expired: should every request to reauthorize be lost, nothing is lost yet."""
_SOON = timedelta(minutes=10)
"""The longest time until the next look where something is amiss."""


class MalformedMessage(Exception):
    """A message of the lifecycle queue is not one of ours."""


def is_due(state: Subscriptions | None, address: str, now: datetime) -> bool:
    """Whether it is time to compare the subscriptions with what Graph lists.

    It is when the address is another one, so that a deployment subscribes, moves or gives up at the first tick of its timer;
    never where there is no address and nothing to remove.
    """
    if state is None:
        return bool(address)
    if state.address != address:
        return True
    if not address and not (state.subscriptions or state.intents):
        return False
    return state.due_at is None or now >= state.due_at


async def ask_if_due(settings: Settings, now: datetime) -> bool:
    """Ask for the subscriptions to be brought in order, if it is time for that; whether it was.

    Raises:
        StorageError: storage refused.
    """
    async with open_store(settings) as store:
        held = await store.subscriptions()
        due = is_due(held.record if held else None, settings.notification_url, now)
        if due:
            await store.send_lifecycle(LifecycleMessage(seen_at=now, reconcile=True))
        return due


async def handle_message(settings: Settings, text: str) -> None:
    """Do what a message of the lifecycle queue asks for. Doing it again does no harm.

    Raises:
        MalformedMessage: it is none.
        GraphError: something could not be authorized again; the queue delivers the message once more.
        StorageError: storage refused; likewise.
    """
    message = parse_message(text)
    async with open_store(settings) as store:
        if message.missed:
            await _ask_for_round(store, message)
        gone = False
        if message.reauthorize:
            gone = await _reauthorize(settings, store, message.reauthorize)
        if message.reconcile or gone:
            await reconcile(settings, store, asked_at=None if gone else message.seen_at)


def parse_message(text: str) -> LifecycleMessage:
    """The message in ``text``.

    Raises:
        MalformedMessage: it is none.
    """
    try:
        return msgspec.json.decode(text, type=LifecycleMessage)
    except msgspec.DecodeError as error:
        raise MalformedMessage(f"A message of the lifecycle queue cannot be understood: {error}.") from None


async def reconcile(settings: Settings, store: Store, *, asked_at: datetime | None = None) -> None:
    """Bring the subscriptions in order, and say in ``subscriptions.json`` and the log what is amiss.

    Args:
        asked_at: nothing is done if that has happened since then.

    Raises:
        StorageError: storage refused; the queue delivers the message again.
    """
    from connector.graph.errors import GraphError
    from connector.graph.writing import write
    from connector.subscriptions.ledger import Ledger
    from connector.subscriptions.reconciling import Done, Reconciler

    ledger = await Ledger.open(store)
    checked_at, address = ledger.state.checked_at, settings.notification_url
    if asked_at and checked_at and checked_at >= asked_at and ledger.state.address == address:
        return
    done = Done()
    try:
        async with _graph(settings) as session:
            reconciler = Reconciler(ledger, session, address, settings.client_id, write, store.send_wake)
            done = await reconciler.run()
    except GraphError as error:
        await _note_failure(ledger, error)
        return
    await ledger.change(lambda state: _finished(state, address, done))
    _tell(ledger, done)


def _finished(state: Subscriptions, address: str, done: Done) -> Subscriptions:
    from connector.subscriptions.reconciling import finished

    return finished(state, address, done, _now(), soon=_jittered(_SOON), later=_jittered(_LATER))


async def _note_failure(ledger: Ledger, error: Exception) -> None:
    """Nothing could be compared: say so, and try again soon. The address stays the one that was in order last."""
    advice = getattr(error, "advice", "")
    problem = f"The subscriptions to change notifications could not be checked: {error} {advice}".strip()
    due = _now() + _jittered(_SOON)
    await ledger.change(lambda state: replace(state, due_at=due, problems=(problem,)))
    log_event(_log, "subscriptions_unchecked", level=logging.ERROR, problem=problem)


async def _reauthorize(settings: Settings, store: Store, ids: tuple[str, ...]) -> bool:
    """Authorize those of ``ids`` that are ours again; whether one turned out to be gone."""
    from connector.graph.writing import write

    held = await store.subscriptions()
    ours = [one for one in held.record.subscriptions if one.id.lower() in ids] if held else []
    if not ours:
        return False
    gone = False
    async with _graph(settings) as session:
        for one in ours:
            written = await write(session, "POST", f"/subscriptions/{one.id}/reauthorize", repeatable=True)
            log_event(_log, "subscription_reauthorized", resource=one.resource, outcome=written.outcome.value)
            if written.status == 404:
                gone = True
            elif written.error is not None:
                raise written.error
    return gone


async def _ask_for_round(store: Store, message: LifecycleMessage) -> None:
    wake = WakeMessage(
        lane=Lane.DIRECTORY, cause=Cause.NOTIFICATION, seen_at=message.seen_at, kinds=tuple(sorted(set(message.missed)))
    )
    await store.send_wake(wake)


def _tell(ledger: Ledger, done: Done) -> None:
    log_event(
        _log,
        "subscriptions_checked",
        subscriptions=len(ledger.state.subscriptions),
        first_expires_at=min((one.expires_at for one in ledger.state.subscriptions), default=None),
        made=done.made,
        removed=done.removed,
        renewed=done.renewed,
        reauthorized=done.reauthorized,
        settled=done.settled,
        due_at=ledger.state.due_at,
    )
    for problem in done.problems:
        log_event(_log, "subscription_problem", level=logging.WARNING, problem=problem)


@asynccontextmanager
async def _graph(settings: Settings) -> AsyncIterator[GraphSession]:
    """A session that has just signed in: a subscription delivers for as long as the token lives that authorized it last, so
    a token that others have used for most of an hour is not good enough."""
    from connector.graph.session import GraphSession

    async with GraphSession(settings, deadline=time.monotonic() + settings.step_budget) as session:
        yield session


def _jittered(longest: timedelta) -> timedelta:
    return longest * (0.75 + random.random() / 4)  # noqa: S311 - spreads load


def _now() -> datetime:
    return datetime.now(UTC)
