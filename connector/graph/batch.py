"""``$batch``: twenty requests in one, for what Graph has no bulk call for.

Every request of a batch is throttled and refused by itself. What was throttled goes into a new batch after the longest
``Retry-After``. https://learn.microsoft.com/graph/json-batching, https://learn.microsoft.com/graph/throttling
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from connector.access.decoding import NotJson, decode
from connector.graph import retry
from connector.graph.costs import predicted_units
from connector.graph.envelope import parse_error
from connector.graph.errors import GraphError, Throttled, UnexpectedAnswer, refusal
from connector.graph.session import GraphSession

R = TypeVar("R")
T = TypeVar("T")

BATCH_SIZE = 20
"""Most requests in a batch. https://learn.microsoft.com/graph/json-batching#batch-size-limitations"""
AT_ONCE = 4
"""Batches under way at the same time: 80 requests, well within the smallest tenant's 350 resource units a second."""


class Item(msgspec.Struct):
    """The answer to one request of a batch."""

    id: str
    status: int
    headers: dict[str, str] | None = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Responses(msgspec.Struct):
    responses: list[Item]


def encoded(requests: Iterable[Mapping[str, Any]]) -> bytes:
    """The body of a batch: ``requests`` without their ids, which are their places."""
    return msgspec.json.encode({"requests": [{"id": str(number), **one} for number, one in enumerate(requests)]})


def answered(body: bytes, keys: Sequence[str]) -> dict[str, Item]:
    """The items that a batch was answered with, by the key at each one's place; those that are left out are left out.

    Raises:
        NotJson: it is no answer to a batch.
        UnexpectedAnswer: it answers something twice, or that was not asked.
    """
    items: dict[str, Item] = {}
    for item in decode(body, _Responses).responses:
        key = keys[int(item.id)] if item.id.isascii() and item.id.isdigit() and int(item.id) < len(keys) else None
        if key is None or key in items:
            raise UnexpectedAnswer("Graph answered a request of a batch twice, or one that was not in it")
        items[key] = item
    return items


async def in_batches(requests: Mapping[str, R], send: Callable[[dict[str, R]], Awaitable[None]]) -> None:
    """Let ``send`` send all of ``requests``, twenty at a time, several batches at once.

    Raises:
        Exception: the first that ``send`` raises, once all have ended.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(chunk: dict[str, R]) -> None:
        async with slots:
            await send(chunk)

    left = iter(requests.items())
    chunks = iter(lambda: dict(islice(left, BATCH_SIZE)), {})
    outcomes = await asyncio.gather(*(one(chunk) for chunk in chunks), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


@dataclass(frozen=True, slots=True)
class _Again:
    """An item to be asked again: after ``wait`` seconds if the service says so. After ``most`` attempts: ``failure``."""

    failure: GraphError
    wait: float | None = None
    most: int = retry.MOST_ATTEMPTS


async def send_batch(
    session: GraphSession, requests: Mapping[str, str], accept: Callable[[bytes], T]
) -> dict[str, T | GraphError]:
    """GET any number of things, twenty to a batch, several batches at once.

    Args:
        session: what to ask with.
        requests: what to ask for, path and query without the version, by a key of the caller's.
        accept: makes of the body of an answer what is wanted; raises :class:`NotJson` where it cannot.

    Returns:
        For every key what ``accept`` made of the answer, or the error: one item is no reason to lose the others.
        :class:`Throttled` where the wait would have passed the deadline.

    Raises:
        GraphError: a whole batch was refused, or Graph cannot be reached.
    """
    sending = _Sending(session, requests, accept)
    pending = dict(requests)
    for attempt in range(1, retry.MOST_ATTEMPTS + 1):
        again = await sending.all(pending)
        sending.answers |= {key: item.failure for key, item in again.items() if attempt >= item.most}
        again = {key: item for key, item in again.items() if attempt < item.most}
        if not again:
            break
        wait = max(retry.back_off(attempt) if item.wait is None else item.wait for item in again.values())
        if not session.may_wait(wait):
            sending.answers |= {key: Throttled(wait) for key in again}
            break
        await session.pause(wait)
        pending = {key: requests[key] for key in again}
    return sending.answers


class _Sending(Generic[T]):
    """One call of :func:`send_batch`: what is final goes into ``answers``."""

    def __init__(self, session: GraphSession, requests: Mapping[str, str], accept: Callable[[bytes], T]) -> None:
        self.answers: dict[str, T | GraphError] = {}
        self._session = session
        self._requests = requests
        self._accept = accept

    async def all(self, requests: Mapping[str, str]) -> dict[str, _Again]:
        """Send ``requests`` and return what is to be sent again."""
        again: dict[str, _Again] = {}

        async def send(chunk: dict[str, str]) -> None:
            try:
                again.update(await self._one(chunk))
            except Throttled as throttled:  # the batch itself, and for longer than may be waited
                again.update({key: _Again(throttled, throttled.retry_after) for key in chunk})

        await in_batches(requests, send)
        return again

    async def _one(self, chunk: dict[str, str]) -> dict[str, _Again]:
        body = encoded({"method": "GET", "url": target} for target in chunk.values())
        session, token = self._session, self._session.token_number
        session.stats.batched += len(chunk)
        reply = await session.post("/$batch", body, units=sum(predicted_units(target) for target in chunk.values()))
        again = {
            key: _unreadable(f"Graph left {_path(target)} out of its answer to a batch")
            for key, target in chunk.items()
        }
        try:
            items = answered(reply.body, list(chunk))
        except NotJson:
            return again
        for key, item in items.items():
            outcome = self._outcome(item, chunk[key])
            if isinstance(outcome, _Again):
                again[key] = outcome
            else:
                del again[key]
                self.answers[key] = outcome
        if any(item.status == 401 for item in items.values()):
            await session.renew_token(token)
        return again

    def _outcome(self, item: Item, target: str) -> T | GraphError | _Again:
        headers = item.headers or {}
        self._session.observe(target, item.status, headers)
        if item.status < 400:
            try:
                return self._accept(bytes(item.body))
            except NotJson as unreadable:
                return _unreadable(f"Graph answered {_path(target)} with something else: {unreadable}")
        error = refusal(item.status, parse_error(bytes(item.body), headers), target)
        if item.status == 401:
            return _Again(error, 0, most=2)
        if not retry.is_transient(item.status):
            return error
        wait = retry.retry_after(headers)
        return _Again(Throttled(wait if wait is not None else 10) if item.status == 429 else error, wait)


def _unreadable(sentence: str) -> _Again:
    return _Again(UnexpectedAnswer(sentence), most=retry.MOST_UNREADABLE)


def _path(target: str) -> str:
    return target.partition("?")[0]
