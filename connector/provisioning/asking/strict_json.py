"""JSON that two readers cannot read in two ways."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec


class NotJson(ValueError):
    """What was read is no JSON; the text says what it must be, without repeating any of it."""


class JsonObject(dict[str, Any]):
    """A JSON object. ``twice``: names of the members that it was given more than once; the last one counts here."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counted = Counter(name for name, _ in pairs) if len(self) < len(pairs) else {}
        self.twice = tuple(name for name, times in counted.items() if times > 1)


def read_json(data: bytes) -> Any:
    """The document that ``data`` holds; its objects are each a :class:`JsonObject`. Callers limit how long it is.

    Raises:
        NotJson: it is not UTF-8, or no JSON as RFC 8259 has it, or nested a thousand deep.
    """
    try:
        msgspec.json.decode(data)  # stricter than Python's: no NaN, no half of a surrogate pair, nothing but UTF-8
        return json.loads(data.decode(), object_pairs_hook=JsonObject)
    except RecursionError:
        raise NotJson("must not be nested so deeply") from None
    except (msgspec.DecodeError, ValueError):
        raise NotJson("must be JSON in UTF-8") from None


def given_twice(document: Any, at: str = "$") -> list[str]:
    """Where a member of any object in ``document`` was given more than once."""
    if isinstance(document, JsonObject):
        own = [f"{at}.{name}" for name in document.twice]
        return own + [found for name, inner in document.items() for found in given_twice(inner, f"{at}.{name}")]
    if isinstance(document, list):
        return [found for index, inner in enumerate(document) for found in given_twice(inner, f"{at}[{index}]")]
    return []
