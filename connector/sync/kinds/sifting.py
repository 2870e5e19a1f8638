"""What becomes of the answers of a sweep: pages are used, what is gone is counted, what cannot be read is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from connector.graph.errors import GraphError, RequestRefused, is_unreadable
from connector.graph.sweep import Answer
from connector.sync.kinds.reader import Incomplete

T = TypeVar("T")


@dataclass(slots=True)
class Sifted(Generic[T]):
    """Pages with the key of their list; what could not be read; how many objects are gone since they were listed."""

    pages: list[tuple[str, T]] = field(default_factory=list)
    incomplete: list[Incomplete] = field(default_factory=list)
    vanished: int = 0

    @property
    def notes(self) -> dict[str, int]:
        """The note ``vanished``, where there is something to note."""
        return {"vanished": self.vanished} if self.vanished else {}


class Sieve:
    """Sifts the rounds of one unit.

    Args:
        table: staged table that the rows go to.
        column: its column that holds the key of a list.
        begun: whether earlier steps of this unit have read something.
    """

    def __init__(self, table: str, column: str, *, begun: bool) -> None:
        self._table = table
        self._column = column
        self._begun = begun

    def sift(self, answers: Sequence[Answer[T]]) -> Sifted[T]:
        """Sift one round.

        Raises:
            GraphError: not of one object, but of everything that was asked for so far: then it is the kind that cannot be
                read. Or it says nothing about what can be read at all.
        """
        sifted: Sifted[T] = Sifted()
        for answer in answers:
            content = answer.content
            if not isinstance(content, GraphError):
                sifted.pages.append((answer.key, content))
                if unreadable := getattr(content, "unreadable", 0):
                    sifted.incomplete.append(
                        self._lacks(answer.key, f"{unreadable} of its items cannot be understood.")
                    )
            elif is_gone(content):
                sifted.vanished += 1
            elif is_unreadable(content):
                sifted.incomplete.append(self._lacks(answer.key, str(content)))
            else:
                raise content
        self._begun = self._begun or bool(sifted.pages or sifted.vanished)
        if not self._begun:
            raise_first(answers)
        return sifted

    def _lacks(self, key: str, reason: str) -> Incomplete:
        return Incomplete(self._table, self._column, key, reason)


def is_gone(error: GraphError) -> bool:
    """Whether what was asked for does not exist (any more): then it has nothing, and nothing is missing."""
    return isinstance(error, RequestRefused) and error.not_found


def raise_first(answers: Sequence[Answer[Any]]) -> None:
    """Raise the first error, if there is one: that of the whole kind, where every answer is one."""
    for answer in answers:
        answer.required()
