"""Many requests that change something, twenty to a ``$batch``: each with an end of its own, as :mod:`connector.graph.writing` tells them.

A batch whose answer is lost may have done all of it, some of it or nothing, so nobody knows of each of its items. An item that was
throttled has done nothing and goes into a new batch after the longest ``Retry-After``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from connector.access.decoding import NotJson
from connector.graph import retry
from connector.graph.batch import Item, answered, encoded, in_batches
from connector.graph.deletions import check_deletion
from connector.graph.envelope import request_id_of
from connector.graph.errors import GraphError, GraphUnreachable, Throttled, UnexpectedAnswer
from connector.graph.session import GraphSession, Reply
from connector.graph.writing import Outcome, Written, judged


@dataclass(frozen=True, slots=True)
class Change:
    """A request that changes something: ``method``, ``path`` from its slash on without version, and the JSON ``body``."""

    method: str
    path: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the latest attempt came to, how long Graph asks to wait, and whether the token was at fault."""

    written: Written
    wait: float | None = None
    unauthorized: bool = False


async def write_many(
    session: GraphSession, changes: Mapping[str, Change], *, repeatable: bool = False
) -> dict[str, Written]:
    """Send all of ``changes``, in no order, and say for each key how it ended.

    Throttling is waited for within the session's deadline, as :func:`connector.graph.writing.write` does; a token that Graph does not
    accept is renewed once.

    Args:
        repeatable: doing any of them twice is the same as doing it once, so that they are sent again when an answer was lost. One may
            then be refused because it is done already, which the caller has to tell by the status.

    Raises:
        SignInFailed: Microsoft Entra ID issues no token; what was sent before has happened, and who asks again must look first.
        ValueError: one would delete an object that is only to be referred to no more; nothing was sent.
    """
    for change in changes.values():
        check_deletion(change.method, change.path)
    sending = _Sending(session, repeatable=repeatable)
    pending = dict(changes)
    for attempt in range(1, retry.MOST_ATTEMPTS + 1):
        pending, wait = await sending.all(pending, attempt)
        if not pending or attempt == retry.MOST_ATTEMPTS or not session.may_wait(wait):
            break
        await session.pause(wait)
    return sending.ends(changes)


class _Sending:
    """One call of :func:`write_many`: what was heard last of each, and of which nobody knows whether it was done."""

    def __init__(self, session: GraphSession, *, repeatable: bool) -> None:
        self._session = session
        self._repeatable = repeatable
        self._latest: dict[str, Written] = {}
        self._doubts: dict[str, Written] = {}
        self._renewed: set[str] = set()

    def ends(self, changes: Mapping[str, Change]) -> dict[str, Written]:
        """How each ended: in doubt, where any attempt may have done it and none says that it did or will not."""
        final = (Outcome.DONE, Outcome.REFUSED)
        return {
            key: latest if (latest := self._latest[key]).outcome in final else self._doubts.get(key, latest)
            for key in changes
        }

    async def all(self, changes: Mapping[str, Change], attempt: int) -> tuple[dict[str, Change], float]:
        """Send ``changes`` once; those to be sent again, and after how many seconds."""
        again: dict[str, Change] = {}
        waits: list[float] = []

        async def send(chunk: dict[str, Change]) -> None:
            token = self._session.token_number
            heard = await self._once(chunk, attempt)
            if any(one.unauthorized for one in heard.values()):
                await self._session.renew_token(token)
            for key, one in heard.items():
                if self._goes_on(key, one):
                    again[key] = chunk[key]
                    waits.append(one.wait if one.wait is not None else retry.back_off(attempt))

        await in_batches(changes, send)
        return again, max(waits, default=0.0)

    def _goes_on(self, key: str, heard: _Heard) -> bool:
        self._latest[key] = heard.written
        if heard.unauthorized and key not in self._renewed:
            self._renewed.add(key)
            return True
        if heard.written.outcome is Outcome.UNKNOWN:
            self._doubts[key] = heard.written
            return self._repeatable
        return heard.written.outcome is Outcome.NOT_DONE

    async def _once(self, chunk: dict[str, Change], attempt: int) -> dict[str, _Heard]:
        body = encoded(_request(change) for change in chunk.values())
        self._session.stats.batched += len(chunk)
        try:
            reply = await self._session.attempt("POST", "/$batch", body, units=len(chunk))
        except Throttled as error:
            return dict.fromkeys(chunk, _Heard(Written(Outcome.NOT_DONE, error=error), error.retry_after))
        except GraphUnreachable as error:
            outcome = Outcome.UNKNOWN if error.sent else Outcome.NOT_DONE
            return dict.fromkeys(chunk, _Heard(Written(outcome, error=error)))
        if reply.status >= 400:
            return dict.fromkeys(chunk, _heard(reply, "/$batch", attempt))
        return self._items(reply, chunk, attempt)

    def _items(self, reply: Reply, chunk: Mapping[str, Change], attempt: int) -> dict[str, _Heard]:
        """What the items say; of those that the answer leaves out, or that cannot be understood, nobody knows."""
        try:
            items = answered(reply.body, list(chunk))
        except NotJson as error:
            return dict.fromkeys(chunk, _unknown(reply, UnexpectedAnswer(f"Graph answered a batch with {error}")))
        except UnexpectedAnswer as error:
            return dict.fromkeys(chunk, _unknown(reply, error))
        heard: dict[str, _Heard] = {}
        for key, change in chunk.items():
            if key not in items:
                left_out = UnexpectedAnswer(f"Graph left {change.path} out of its answer to a batch")
                heard[key] = _unknown(reply, left_out)
            else:
                heard[key] = self._item(items[key], change, reply, attempt)
        return heard

    def _item(self, item: Item, change: Change, envelope: Reply, attempt: int) -> _Heard:
        headers = item.headers or {}
        self._session.observe(change.path, item.status, headers, 1)
        heard = _heard(Reply(item.status, headers, bytes(item.body)), change.path, attempt)
        if heard.written.request_id:
            return heard
        return replace(heard, written=replace(heard.written, request_id=request_id_of(envelope.headers)))


def _heard(reply: Reply, path: str, attempt: int) -> _Heard:
    written = judged(reply, path, attempt)
    wait = 0.0 if reply.status == 401 else retry.retry_after(reply.headers)
    return _Heard(written, wait, reply.status == 401)


def _unknown(envelope: Reply, error: GraphError) -> _Heard:
    return _Heard(Written(Outcome.UNKNOWN, envelope.status, error=error, request_id=request_id_of(envelope.headers)))


def _request(change: Change) -> dict[str, Any]:
    request: dict[str, Any] = {"method": change.method, "url": change.path}
    if change.body is not None:
        request |= {"headers": {"Content-Type": "application/json"}, "body": msgspec.Raw(change.body)}
    return request
