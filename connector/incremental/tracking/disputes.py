"""What one chain says both ways, settled by asking: Graph promises no order in which it tells what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connector.access.delta import Stated
from connector.incremental.tracking.asking import ask_for_objects
from connector.incremental.tracking.look import Look


async def settle(look: Look, kind: str, stated: Mapping[str, Stated], also: Collection[str] = ()) -> set[str]:
    """Ask for the objects that are said to be there and to be removed, and for those in ``also``.

    What Graph answers takes the place of what the chain said of them (of users, the manager too).

    Returns:
        The ids that were asked for.

    Raises:
        GraphError: not all of them can be read.
    """
    disputed = {id_ for id_, one in stated.items() if one.disputed} | set(also)
    for id_, answer in (await ask_for_objects(look.session, kind, sorted(disputed))).items():
        one = stated[id_]
        one.there, one.removed = answer is not None, answer is None
        if answer is not None:
            one.properties = answer if kind != "users" else {"manager": None, **answer}
    return disputed
