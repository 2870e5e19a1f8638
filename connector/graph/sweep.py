"""Many lists at once: one request for each of many objects, in batches, each followed to its last page.

The lists are uneven: most end on their first page, a few go on for hundreds. A round therefore mixes pages that go on with
lists that begin, so that batches stay full while there is work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from connector.access.decoding import decode
from connector.graph.batch import AT_ONCE, BATCH_SIZE, send_batch
from connector.graph.errors import GraphError, SyncStateLost, Throttled, UnexpectedAnswer
from connector.graph.session import GraphSession

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """One page of the list of ``key``, or the error in its place: then nothing more comes of that list."""

    key: str
    content: T | GraphError

    def required(self) -> T:
        """The page.

        Raises:
            GraphError: there is an error instead.
        """
        if isinstance(self.content, GraphError):
            raise self.content
        return self.content


@dataclass(frozen=True, slots=True)
class Round(Generic[T]):
    """What a number of batches answered, and the JSON value from which :func:`sweep` goes on; None after the last."""

    answers: list[Answer[T]]
    position: Any | None


class _Place(msgspec.Struct, omit_defaults=True):
    """How many lists were begun, for those that go on their key and what to ask next, and which were begun anew."""

    begun: int = 0
    open: list[list[str]] = []
    anew: list[str] = []


async def sweep(
    session: GraphSession,
    keys: Sequence[str],
    target: Callable[[str], str],
    page: type[T],
    position: Any | None = None,
) -> AsyncIterator[Round[T]]:
    """Read one list, or one object, for each of ``keys``. There is always a last round, be it an empty one.

    A list whose place Graph has forgotten is read again from its beginning, once: what it gave before comes twice.

    Args:
        session: what to ask with.
        keys: one for each list, each once; the same and in the same order when the sweep is resumed.
        target: makes a key's request: path and query without the version.
        page: type of an answer; lists are followed where it has a ``next_link``.
        position: what the last round handed over.

    Raises:
        Throttled: some must be asked again later than may be waited; everything before that has been handed over.
        GraphError: as :func:`~connector.graph.batch.send_batch` does.
    """
    place = _Place() if position is None else msgspec.convert(position, _Place)
    seen: dict[str, set[str]] = {}
    if not keys:
        yield Round([], None)
    while place.open or place.begun < len(keys):
        room = max(0, AT_ONCE * BATCH_SIZE - len(place.open))
        starting = keys[place.begun : place.begun + room]
        asked = dict(place.open) | {key: target(key) for key in starting}
        outcomes = await send_batch(session, asked, partial(decode, kind=page))
        answers: list[Answer[T]] = []
        still_open: list[list[str]] = []
        throttled: list[Throttled] = []
        for key, asked_for in asked.items():
            outcome = outcomes[key]
            if isinstance(outcome, Throttled):
                throttled.append(outcome)
                still_open.append([key, asked_for])
                continue
            if isinstance(outcome, SyncStateLost) and key not in place.anew:
                place.anew.append(key)
                still_open.append([key, target(key)])
                seen.pop(key, None)
                continue
            answers.append(Answer(key, outcome))
            following = getattr(outcome, "next_link", None)
            if following is not None:
                try:
                    still_open.append([key, _next(session, following, asked_for, seen.setdefault(key, set()))])
                except UnexpectedAnswer as astray:
                    answers.append(Answer(key, astray))
        place = _Place(place.begun + len(starting), still_open, place.anew)
        if answers:
            done = not still_open and place.begun >= len(keys)
            yield Round(answers, None if done else msgspec.to_builtins(place))
        if throttled:
            raise max(throttled, key=lambda one: one.retry_after)


def _next(session: GraphSession, link: str, asked_for: str, seen: set[str]) -> str:
    seen.add(asked_for)
    following = session.target(link)
    if following in seen:
        raise UnexpectedAnswer(f"The pages of {asked_for.partition('?')[0]} lead in a circle")
    return following
