"""What the chain of users says: accounts, their managers and their licenses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.access.accounts import User, license_states
from connector.access.decoding import convert
from connector.access.delta import Stated
from connector.access.known import account_row
from connector.incremental.tracking.asking import ask_for_objects
from connector.incremental.tracking.collected import Collected
from connector.incremental.tracking.disputes import settle
from connector.incremental.tracking.look import Look
from connector.incremental.tracking.newcomers import read_relations

_ALL_STATES = "licenseAssignmentStates"


async def read_users(look: Look, stated: Mapping[str, Stated]) -> Collected:
    """Rows of ``accounts`` and ``license_states``, and what newcomers are related to.

    Raises:
        GraphError: something that had to be asked for cannot be read.
    """
    collected = Collected()
    settled = await settle(look, "users", stated, collected, _unsure_of_manager(stated))
    there, known = settled.there, settled.known
    newcomers = {id_: one.properties.get("createdDateTime") for id_, one in there.items() if id_ not in known}
    returned = look.with_untold_relations(newcomers)
    reports = await _read_returned(look, there, returned, collected)
    for id_, one in there.items():
        said = one.properties | ({} if id_ in settled.asked else _manager(one, known.get(id_)))
        if "manager" not in said and id_ in reports:
            said["manager"] = {"id": reports.pop(id_)}
        collected.state("accounts", account_row(said, known.get(id_)))
        if one.tells(_ALL_STATES):
            states = license_states(convert({"id": id_, _ALL_STATES: said[_ALL_STATES]}, User))
            collected.replace("license_states", "account_id", id_, states)
    _add_managers(look, reports, collected)
    _signal_seats(look, collected)
    return collected


def _unsure_of_manager(stated: Mapping[str, Stated]) -> list[str]:
    """Users who are said to have several managers, or one and not."""
    managers = {id_: one.related["manager"] for id_, one in stated.items() if "manager" in one.related}
    return [id_ for id_, manager in managers.items() if len(manager.there) > 1 or manager.disputed]


def _manager(one: Stated, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """The manager as the properties of ``one`` would hold it; nothing where the chain changes nothing about it."""
    manager = one.related.get("manager")
    if manager is None:
        return {}
    if manager.there:
        return {"manager": {"id": next(iter(manager.there))}}
    return {"manager": None} if known is not None and known.get("manager_id") in manager.ended else {}


async def _read_returned(
    look: Look, there: Mapping[str, Stated], returned: list[str], collected: Collected
) -> dict[str, str]:
    """Complete users who are back with what they are and were related to; returns who reports to them: manager by report."""
    if not returned:
        return {}
    for id_, answer in (await ask_for_objects(look.session, "users", returned)).items():
        one = there[id_]
        one.properties = {**(answer or {}), **one.properties}
    return await read_relations(look, "users", returned, collected)


def _add_managers(look: Look, reports: Mapping[str, str], collected: Collected) -> None:
    """Accounts that Graph does not speak of this time, and whose manager is back."""
    for row in look.by_id("accounts", reports.keys()).values():
        collected.beside.setdefault("accounts", {})[(row["id"],)] = row | {"manager_id": reports[row["id"]]}


def _signal_seats(look: Look, collected: Collected) -> None:
    """Seats were taken or given back where license states differ from those that are known."""
    told = collected.stated.get("license_states", {})
    spoken_of = {one.id for one in collected.replaced} | collected.removed.get("account", set())
    known = look.rows("license_states", spoken_of, "account_id")

    def seats(rows: Any) -> set[tuple[Any, ...]]:
        return {tuple(row.get(name) for name in ("account_id", "sku_id", "assigned_by_group", "state")) for row in rows}

    if seats(told.values()) != seats(known):
        collected.signals.add("licenses")
