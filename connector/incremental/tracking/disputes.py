"""What one chain says both ways, settled by asking: Graph promises no order in which it tells what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connector.access.delta import Stated
from connector.incremental.tracking.asking import ask_for_objects
from connector.incremental.tracking.collected import Collected
from connector.incremental.tracking.kinds import PRINCIPALS
from connector.incremental.tracking.look import Look


@dataclass(frozen=True, slots=True)
class Settled:
    """What a chain says of its objects once it says one thing of each, but for those that are gone.

    Attributes:
        there: what it says, by id.
        known: what was known of these until now, by id.
        asked: ids of the objects that Graph was asked for.
    """

    there: Mapping[str, Stated]
    known: Mapping[str, Mapping[str, Any]]
    asked: Collection[str]


async def settle(
    look: Look, kind: str, stated: Mapping[str, Stated], collected: Collected, also: Collection[str] = ()
) -> Settled:
    """Ask for the objects that are said to be there and to be removed, and for those in ``also``.

    What Graph answers takes the place of what the chain said of them (of users, the manager too). Those that are gone are
    taken in by ``collected``.

    Args:
        kind: one of ``PRINCIPALS``.

    Raises:
        GraphError: not all of them can be read.
    """
    asked = {id_ for id_, one in stated.items() if one.disputed} | set(also)
    for id_, answer in (await ask_for_objects(look.session, kind, sorted(asked))).items():
        one = stated[id_]
        one.there, one.removed = answer is not None, answer is None
        if answer is not None:
            one.properties = answer if kind != "users" else {"manager": None, **answer}
    principals = PRINCIPALS[kind]
    for id_, one in stated.items():
        if one.removed:
            collected.remove(principals.kind, id_)
    there = {id_: one for id_, one in stated.items() if one.there}
    return Settled(there, look.by_id(principals.table, there), asked)
