"""What a reading says, worked out row by row in plain Python: the slow and obvious way, to hold deriving against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.access.staged import FACTS
from connector.incremental.facts import Reading, Replace
from connector.settings import Settings

Key = tuple[str | None, ...]
Facts = dict[str, dict[Key, dict[str, Any]]]

_KEYS = {table.name: table.key for table in FACTS}
_OBJECTS = ("accounts", "groups", "enterprise_applications")
_PRESENT = (*_OBJECTS, "directory_roles", "licenses")
# Columns with the id of an object, and columns with the scope of a role.
_NAMING = (
    "account_id",
    "assigned_by_group",
    "group_id",
    "application_id",
    "principal_id",
)
_IDS_OF_OBJECTS = (*_OBJECTS, "sign_in_activity", "mailbox_purposes")


def no_facts() -> Facts:
    """What is known before anything is."""
    return {table.name: {} for table in FACTS}


def tell(facts: Facts, reading: Reading, settings: Settings, now: str) -> tuple[Facts, list[tuple[str, int, int]]]:
    """The facts after ``reading``, and what is held back: the table, how many rows there were, and would be."""
    said: Facts = {name: {_key(name, row): dict(row) for row in rows} for name, rows in reading.rows.items()}
    removed = {id_: kind for kind, ids in reading.removed.items() for id_ in ids}
    back = {row["id"] for name in _OBJECTS for row in said.get(name, {}).values()}
    buried = {key[0] for key in facts["tombstones"]} - back
    after = {name: dict(rows) for name, rows in facts.items()}
    held_back: list[tuple[str, int, int]] = []
    for name, rows in said.items():
        said[name] = dict(_unless_named(name, rows, buried))
    for name in sorted(after, key=lambda name: name not in _PRESENT):
        # What is gone for a reason of its own tells nothing of whether a list is all there is.
        gone = set(reading.gone.get(name, ()))
        old, new = (
            {key: row for key, row in _unless_named(name, rows, set(removed)) if key not in gone}
            for rows in (facts[name], said.get(name, {}))
        )
        going = set()
        for one in (one for one in reading.replaced if one.table == name):
            would_go = {key for key, row in old.items() if _is_of(row, one) and key not in new and not _stays(row, one)}
            shrunk = _shrunk(one, (old, new), would_go, after, settings) if one.limited else None
            if shrunk:
                held_back.append((name, *shrunk))
            else:
                going |= would_go
        if name == "role_assignment_instances" and _pim_is_silent(reading):
            known, assigned = facts["role_assignments"].values(), after["role_assignments"].values()
            gone_with = (key for key, row in old.items() if _told(row, known) and not _told(row, assigned))
            going |= set(gone_with) - new.keys()
        after[name] = {key: row for key, row in old.items() if key not in going} | new
    stones = {key: row for key, row in facts["tombstones"].items() if key[0] not in back or key[0] in removed}
    after["tombstones"] = {
        (id_,): {"id": id_, "kind": kind, "removed_at": now} for id_, kind in sorted(removed.items())
    } | stones
    return {name: {key: _plain(row) for key, row in rows.items()} for name, rows in after.items()}, held_back


def _pim_is_silent(reading: Reading) -> bool:
    listed = {one.table for one in reading.replaced}
    return "role_assignments" in listed and "role_assignment_instances" not in listed


def _told(instance: Mapping[str, Any], assignments: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an instance says more of one of the assignments."""
    origin, words = instance.get("origin_id"), _words(instance)
    return any(one["id"] == origin if origin is not None else _words(one) == words for one in assignments)


def _words(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row.get("principal_id"), row.get("role_id"), row.get("scope") or "/"


def _shrunk(
    one: Replace, rows: tuple[Mapping[Key, Any], Mapping[Key, Any]], gone: set[Key], after: Facts, settings: Settings
) -> tuple[int, int] | None:
    """How many rows there were and would be, of those that could still be there, where that is far too few."""
    table, (old, new) = one.table, rows
    there = {
        row["id"]
        for name in _PRESENT
        for row in after[name].values()
        if not (settings.skip_ad_groups and name == "groups" and row.get("on_premises_sync_enabled"))
    }
    naming = () if table in _PRESENT else (*_NAMING, *(["id"] if table in _IDS_OF_OBJECTS else []), "role_id", "sku_id")
    if table in ("app_roles", "app_role_assignments"):
        naming = tuple(column for column in naming if column != "role_id")  # an app role, no role of the directory

    def possible(row: Mapping[str, Any]) -> bool:
        return all(row.get(column) is None or row[column] in there for column in naming)

    was = sum(_is_of(row, one) and possible(row) for row in old.values())
    lost = sum(possible(old[key]) for key in gone)
    now = was - lost + sum(_is_of(row, one) for key, row in new.items() if key not in old)
    much = was - now >= settings.shrink_limit_rows and (was - now) * 100 > was * settings.shrink_limit_percent
    return (was, now) if was and much else None


def _unless_named(
    table: str, rows: Mapping[Key, dict[str, Any]], ids: set[Any]
) -> Iterator[tuple[Key, dict[str, Any]]]:
    for key, row in rows.items():
        if not _names(table, row, ids):
            lost = table == "accounts" and row.get("manager_id") in ids
            yield key, row | {"manager_id": None} if lost else row


def _names(table: str, row: Mapping[str, Any], ids: set[Any]) -> bool:
    if table == "tombstones":
        return False
    own = {row.get("id")} if table in _IDS_OF_OBJECTS else set()
    return bool((own | {row.get(column) for column in _NAMING}) & ids)


def _is_of(row: Mapping[str, Any], one: Replace) -> bool:
    return not one.column or row.get(one.column) == one.id


def _stays(row: Mapping[str, Any], one: Replace) -> bool:
    return any(row.get(column) == value for column, value in one.but)


def _key(table: str, row: Mapping[str, Any]) -> Key:
    return tuple(row.get(name) for name in _KEYS[table])


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def by_key(table: str, rows: Iterable[Mapping[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Rows as :data:`Facts` holds them: nulls are absent."""
    return {_key(table, row): _plain(row) for row in rows}
