"""``$batch``: twenty requests in one, for what Graph has no bulk call for.

Every request of a batch is throttled and refused by itself. What was throttled goes into a new batch after the longest
``Retry-After``. https://learn.microsoft.com/graph/json-batching, https://learn.microsoft.com/graph/throttling
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import msgspec

from connector.access.decoding import NotJson, decode
from connector.graph import retry
from connector.graph.envelope import parse_error
from connector.graph.errors import GraphError, Throttled, UnexpectedAnswer, refusal
from connector.graph.session import GraphSession

BATCH_SIZE = 20
"""Most requests in a batch. https://learn.microsoft.com/graph/json-batching#batch-size-limitations"""
AT_ONCE = 4
"""Batches under way at the same time: 80 requests, well within the smallest tenant's 350 resource units a second."""


class _Item(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, str] | None = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Responses(msgspec.Struct):
    responses: list[_Item]


@dataclass(frozen=True, slots=True)
class _Again:
    """An item to be asked again: after ``wait`` seconds if the service says so, and ``failure`` if never."""

    failure: GraphError
    wait: float | None = None


async def send_batch(session: GraphSession, requests: Mapping[str, str]) -> dict[str, bytes | GraphError]:
    """GET any number of things, twenty to a batch, several batches at once.

    Args:
        session: what to ask with.
        requests: what to ask for, path and query without the version, by a key of the caller's.

    Returns:
        For every key the body of the answer, or the error: refusals of one item are no reason to lose the others.
        :class:`Throttled` where the wait would have passed the deadline.

    Raises:
        GraphError: a whole batch was refused, or Graph cannot be reached.
    """
    answers: dict[str, bytes | GraphError] = {}
    pending = dict(requests)
    for attempt in range(1, retry.MOST_ATTEMPTS + 1):
        again = await _send_all(session, pending, answers)
        if not again:
            return answers
        wait = max(retry.back_off(attempt) if item.wait is None else item.wait for item in again.values())
        if attempt == retry.MOST_ATTEMPTS or not session.may_wait(wait):
            answers |= {key: item.failure for key, item in again.items()}
            return answers
        await session.pause(wait)
        pending = {key: requests[key] for key in again}
    raise AssertionError("unreachable")


async def _send_all(
    session: GraphSession, requests: Mapping[str, str], answers: dict[str, bytes | GraphError]
) -> dict[str, _Again]:
    """Send ``requests``, put what is final into ``answers`` and return what is to be sent again."""
    slots = asyncio.Semaphore(AT_ONCE)
    again: dict[str, _Again] = {}

    async def send(chunk: dict[str, str]) -> None:
        async with slots:
            try:
                again.update(await _send_one(session, chunk, answers))
            except Throttled as throttled:  # the batch itself, and for longer than may be waited
                again.update({key: _Again(throttled, throttled.retry_after) for key in chunk})

    left = iter(requests.items())
    chunks = iter(lambda: dict(islice(left, BATCH_SIZE)), {})
    outcomes = await asyncio.gather(*(send(chunk) for chunk in chunks), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
    return again


async def _send_one(
    session: GraphSession, chunk: dict[str, str], answers: dict[str, bytes | GraphError]
) -> dict[str, _Again]:
    keys = list(chunk)
    body = msgspec.json.encode(
        {"requests": [{"id": str(number), "method": "GET", "url": chunk[key]} for number, key in enumerate(keys)]}
    )
    session.stats.batched += len(chunk)
    reply = await session.post("/$batch", body)
    try:
        items = decode(reply.body, _Responses).responses
    except NotJson as error:
        raise UnexpectedAnswer(f"Graph answered a batch with something else: {error}") from None
    again = {key: _Again(UnexpectedAnswer(f"Graph left {_path(chunk[key])} out of a batch")) for key in keys}
    for item in items:
        key = keys[int(item.id)] if item.id.isascii() and item.id.isdigit() and int(item.id) < len(keys) else None
        if key not in again:
            raise UnexpectedAnswer("Graph answered a request of a batch twice, or one that was not in it")
        headers = item.headers or {}
        session.stats.charge(item.status, headers)
        outcome = _outcome(item, headers, chunk[key])
        if isinstance(outcome, _Again):
            again[key] = outcome
        else:
            del again[key]
            answers[key] = outcome
    return again


def _outcome(item: _Item, headers: Mapping[str, str], target: str) -> bytes | GraphError | _Again:
    if item.status < 400:
        return bytes(item.body)
    error = refusal(item.status, parse_error(bytes(item.body), headers), target)
    if not retry.is_transient(item.status):
        return error
    wait = retry.retry_after(headers)
    return _Again(Throttled(wait if wait is not None else 10) if item.status == 429 else error, wait)


def _path(target: str) -> str:
    return target.partition("?")[0]
