"""What the chain of groups says: groups, their licenses, members and owners."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from connector.access.decoding import convert
from connector.access.delta import Related, Stated
from connector.access.groups import Group, GroupRow, MembershipRow, group_licenses
from connector.access.known import group_fact
from connector.graph.errors import UnexpectedAnswer
from connector.incremental.tracking.collected import Collected
from connector.incremental.tracking.disputes import settle
from connector.incremental.tracking.look import Look
from connector.incremental.tracking.newcomers import read_relations
from connector.incremental.tracking.running import run
from connector.sync.kinds.memberships import Memberships, is_hidden

_RELATIONS = {"members": "member", "owners": "owner"}


async def read_groups(look: Look, stated: Mapping[str, Stated]) -> Collected:
    """Rows of ``groups``, ``group_licenses`` and ``memberships``, and what newcomers are related to.

    Raises:
        GraphError: something that had to be asked for cannot be read.
    """
    collected = Collected()
    settled = await settle(look, "groups", stated, collected)
    there, known = settled.there, settled.known
    rows = {id_: group_fact(one.properties, known.get(id_)) for id_, one in there.items()}
    for id_, row in rows.items():
        _state(look, row, there[id_], known.get(id_), collected)
    newcomers = {id_: row.created_at for id_, row in rows.items() if id_ not in known}
    returned = look.with_untold_relations(newcomers)
    await read_relations(look, "groups", returned, collected)
    await _read_members(look, rows, [*returned, *_readable_again(look, rows, known)], collected)
    await _settle_memberships(look, rows, there, collected)
    return collected


def _state(look: Look, row: GroupRow, one: Stated, known: Mapping[str, Any] | None, collected: Collected) -> None:
    collected.state("groups", row)
    if one.tells("assignedLicenses"):
        licensed = convert({"id": row.id, "assignedLicenses": one.properties["assignedLicenses"]}, Group)
        collected.replace("group_licenses", "group_id", row.id, group_licenses(licensed))
    if not _skipped(look, row.on_premises_sync_enabled):
        for name, relation in _RELATIONS.items():
            _relate(row.id, relation, one.related.get(name, Related()), collected)
    elif known is not None and not _skipped(look, known.get("on_premises_sync_enabled")):
        collected.replace("memberships", "group_id", row.id)  # as in a full sync, which does not read them any more


def _relate(group_id: str, relation: str, related: Related, collected: Collected) -> None:
    for id_, kind in related.there.items():
        if id_ not in related.disputed:
            collected.state("memberships", _membership(group_id, relation, id_, kind))
    for id_ in related.ended.keys() - related.disputed:
        collected.end("memberships", group_id, relation, id_)


def _membership(group_id: str, relation: str, id_: str, kind: str) -> MembershipRow:
    return MembershipRow(group_id=group_id, relation=relation, principal_kind=kind, principal_id=id_, ordinal=0)


def _skipped(look: Look, synced: bool | None) -> bool:
    return look.settings.skip_ad_groups and bool(synced)


def _readable_again(look: Look, rows: Mapping[str, GroupRow], known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Groups whose members were not read until now, because SKIP_AD_GROUPS left them out or Graph hid them."""

    def unread(synced: bool | None, visibility: str | None) -> bool:
        return _skipped(look, synced) or is_hidden(look.session, visibility)

    return [
        id_
        for id_, row in rows.items()
        if (before := known.get(id_))
        and unread(before.get("on_premises_sync_enabled"), before.get("visibility"))
        and not unread(row.on_premises_sync_enabled, row.visibility)
    ]


async def _read_members(look: Look, rows: Mapping[str, GroupRow], ids: Collection[str], collected: Collected) -> None:
    wanted = [rows[id_] for id_ in ids if not _skipped(look, rows[id_].on_premises_sync_enabled)]
    collected.add_beside("memberships", await _members(look, wanted))


async def _settle_memberships(
    look: Look, rows: Mapping[str, GroupRow], there: Mapping[str, Stated], collected: Collected
) -> None:
    """Ask for the groups that are said to have someone as a member or owner, and not to have."""
    disputed = {
        (id_, relation, other)
        for id_, row in rows.items()
        if not _skipped(look, row.on_premises_sync_enabled)
        for name, relation in _RELATIONS.items()
        for other in there[id_].related.get(name, Related()).disputed
    }
    if not disputed:
        return
    present = {
        (row.group_id, row.relation, row.principal_id): row
        for row in await _members(look, [rows[id_] for id_ in sorted({id_ for id_, _, _ in disputed})])
    }
    for key in disputed:
        if key in present:
            collected.state("memberships", present[key])
        else:
            collected.end("memberships", *key)


async def _members(look: Look, groups: Collection[GroupRow]) -> list[MembershipRow]:
    """Members and owners of ``groups`` as they are now, but for members that Graph hides.

    Raises:
        UnexpectedAnswer: not all of the others can be read.
    """
    if not groups:
        return []
    inputs = [{"id": group.id, "visibility": group.visibility} for group in groups]
    found = await run(Memberships(), look.session, look.settings, inputs)
    hidden = {group.id for group in groups if is_hidden(look.session, group.visibility)}
    for one in found.incomplete:
        if one.id not in hidden:
            raise UnexpectedAnswer(f"The members of group {one.id} cannot be read: {one.reason}")
    if found.notes.get("vanished"):
        raise UnexpectedAnswer("Graph tells of a group, and does not know its members yet, or any more")
    return _holding(found.of("memberships"))


def _holding(rows: Iterable[MembershipRow]) -> list[MembershipRow]:
    last = {(row.group_id, row.relation, row.principal_id): row for row in sorted(rows, key=lambda row: row.ordinal)}
    return [row for row in last.values() if not row.removed]
