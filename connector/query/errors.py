"""Why a question has no answer. Each error says, in one sentence, what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.query.subjects import Subject


class QueryError(Exception):
    """A question could not be answered."""


class NothingSynced(QueryError):
    """No full sync has published a snapshot yet."""

    def __init__(self) -> None:
        super().__init__("Nothing has been synced yet. Run `python -m connector sync`, or wait for the schedule.")


class NotFound(QueryError):
    """Nothing is called ``text``.

    Attributes:
        elsewhere: what is, but is of a kind that the question is not about.
        beginning_so: what only begins so, where that is not enough.
    """

    def __init__(
        self, text: str, looked_for: str, elsewhere: Sequence[Subject] = (), beginning_so: Sequence[Subject] = ()
    ) -> None:
        self.text = text
        self.elsewhere = tuple(elsewhere)
        self.beginning_so = tuple(beginning_so)
        if beginning_so:
            hint = f"Did you mean {beginning_so[0].title!r}? What is changed must be named in full."
        elif elsewhere:
            found = elsewhere[0]
            hint = f"It is {found.kind_in_words}: ask `{found.question}` instead."
        else:
            hint = "Give an id, a sign-in name, a display name or how one begins."
        super().__init__(f"No {looked_for} is called {text!r}. {hint}")


class Ambiguous(QueryError):
    """Several subjects fit ``text`` equally well. ``candidates`` holds the first of ``total``."""

    def __init__(self, text: str, candidates: Sequence[Subject], total: int) -> None:
        self.text = text
        self.candidates = tuple(candidates)
        self.total = total
        super().__init__(f"{text!r} fits {total:,} of them. Ask again with the id of the one that you mean.")


class SnapshotDamaged(QueryError):
    """A file of a snapshot is missing, or is not what the manifest says."""
