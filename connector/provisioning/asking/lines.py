"""Places in lines, taken before what stands there is written.

So nothing is ever written that no line names: whoever dies in between leaves a place behind at which nothing stands, and whoever
works on the line waits :data:`KEPT_S` for what is named and not there, and drops it then.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from datetime import datetime

import msgspec

from connector.storage.errors import Conflict
from connector.storage.names import line_name
from connector.storage.operations import Operations
from connector.storage.records import SCHEMA_VERSION, Line, Place

KEPT_S = 300.0
"""Seconds for which a place is kept although nothing stands there: much longer than the two writes of whoever took it."""
_SOON_S = 0.02
_MOST_CONFLICTS = 200


async def take_places(
    operations: Operations, entitlement: str, ids: Collection[str], now: datetime, *, move: bool = False
) -> None:
    """Let ``ids``, of bundles or of operations that are revived, stand at the end of the line of ``entitlement``.

    Args:
        move: what stands there already moves to the end; by default it stays where it is.

    Raises:
        StorageError: storage refuses.
    """
    name = line_name(entitlement)
    for _ in range(_MOST_CONFLICTS):
        held = await operations.line(name)
        line = held.record if held else Line(schema_version=SCHEMA_VERSION, entitlement=entitlement)
        try:
            await operations.replace_line(name, with_places(line, ids, now, move=move), held)
        except Conflict:
            await asyncio.sleep(random.uniform(0, _SOON_S))  # noqa: S311  not a secret
        else:
            return
    raise Conflict(name)


def with_places(line: Line, ids: Collection[str], now: datetime, *, move: bool = False) -> Line:
    """``line`` with ``ids`` at its end, but for those that stand there already and are not to move; due at once."""
    anew = {id_: Place(id=id_, at=now) for id_ in ids}
    kept = [place for place in line.places if not (move and place.id in anew)]
    places = [anew.pop(place.id, place) for place in kept]
    return msgspec.structs.replace(line, places=(*places, *anew.values()), due=None)
