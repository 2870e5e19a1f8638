"""Who is in which group and who owns it, through ``groups/delta``: fifty groups a request, a thousand a round trip.

A filtered delta costs one resource unit for a page of many groups, where ``/groups/{id}/members`` costs three for one group,
and unlike that list it names service principals. What changes while it runs is replayed by the first incremental round.

Where a request for many groups fails, ends early or does not mention one of them, the groups in doubt are asked for one by
one, so that one of them cannot take the others along.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any, ClassVar

import msgspec

from connector.access.collections import Collection
from connector.access.groups import GroupChange, MembershipRow, memberships
from connector.graph.batch import BATCH_SIZE
from connector.graph.errors import GraphError, is_unreadable
from connector.graph.session import GraphSession
from connector.graph.sweep import Answer, sweep
from connector.permissions import Feature, sufficient
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.reader import Incomplete, Page, Work
from connector.sync.kinds.sifting import raise_first

_GROUPS_PER_REQUEST = 50
"""Most ids in a delta filter. https://learn.microsoft.com/graph/api/group-delta#odata-query-parameters"""
(_SEES_HIDDEN,) = sufficient(Feature.HIDDEN_MEMBERSHIP, "members")

_Chunks = Mapping[str, Sequence[str]]


class _Position(msgspec.Struct, omit_defaults=True):
    """Where reading goes on.

    Attributes:
        ordinal: number of the next row.
        mentioned: for requests that go on, the groups that their pages have mentioned.
        doubtful: groups to be asked for one by one.
        one_by_one: whether that is being done.
    """

    sweep: Any = None
    ordinal: int = 0
    mentioned: dict[str, list[str]] = {}
    doubtful: list[str] = []
    one_by_one: bool = False


class Memberships(BaseReader):
    """Reads members and owners of the groups of one part of ``groups``; the note ``vanished`` counts what is gone."""

    name: ClassVar[str] = "memberships"
    tables: ClassVar[tuple[str, ...]] = ("memberships",)
    parent: ClassVar[str | None] = "groups"
    parent_table: ClassVar[str | None] = "groups"

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the memberships of every group in ``work.inputs``, but for those that SKIP_AD_GROUPS leaves out.

        Raises:
            GraphError: not one group can be read.
        """
        hidden = _hidden(work)
        named = {one.id for one in hidden}
        first = work.position is None
        async for page in _pages(work):
            others = [one for one in page.incomplete if one.id not in named]  # once is enough, whatever else is wrong
            yield replace(page, incomplete=[*others, *hidden] if first else others)
            first = False


async def _pages(work: Work) -> AsyncIterator[Page]:
    place = _Position() if work.position is None else msgspec.convert(work.position, _Position)
    if not place.one_by_one:
        async for page in _together(work, place):
            yield page
        if not place.doubtful:
            return
        place.one_by_one, place.sweep, place.mentioned = True, None, {}
    async for page in _one_by_one(work, place):
        yield page


def is_hidden(session: GraphSession, visibility: str | None) -> bool:
    """Whether Graph leaves the members of a group out without a word, because the permission to see hidden ones is missing.

    Args:
        visibility: that of the group.
    """
    return visibility == "HiddenMembership" and session.lacks(_SEES_HIDDEN)


def _hidden(work: Work) -> list[Incomplete]:
    why = f"Its membership is hidden, and the app does not hold {_SEES_HIDDEN}."
    return [
        Incomplete("memberships", "group_id", row["id"], why)
        for row in work.inputs
        if is_hidden(work.session, row.get("visibility"))
    ]


async def _together(work: Work, place: _Position) -> AsyncIterator[Page]:
    """Ask for many groups at once; what is in doubt afterwards is in ``place.doubtful``."""
    chunks = _chunks(work)
    begun = place.sweep is not None
    async for answers, rows, failed in _swept(work.session, chunks, place):
        if not (begun or rows or any(not isinstance(answer.content, GraphError) for answer in answers)):
            raise_first(answers)
        begun = True
        place.doubtful = list(dict.fromkeys((*place.doubtful, *failed)))
        if place.sweep is not None:
            yield _page(rows, msgspec.to_builtins(place))
        elif place.doubtful:
            following = _Position(ordinal=place.ordinal, doubtful=place.doubtful, one_by_one=True)
            yield _page(rows, msgspec.to_builtins(following))
        else:
            yield _page(rows, None)


async def _one_by_one(work: Work, place: _Position) -> AsyncIterator[Page]:
    async for _, rows, failed in _swept(work.session, {id_: [id_] for id_ in place.doubtful}, place):
        incomplete = [Incomplete("memberships", "group_id", id_, why) for id_, why in failed.items() if why]
        vanished = len(failed) - len(incomplete)
        position = None if place.sweep is None else msgspec.to_builtins(place)
        yield _page(rows, position, incomplete, vanished)


async def _swept(
    session: GraphSession, chunks: _Chunks, place: _Position
) -> AsyncIterator[tuple[list[Answer[Collection[GroupChange]]], list[MembershipRow], dict[str, str]]]:
    """Answers, their rows, and the groups that they leave in doubt with the reason: none for those never mentioned.

    Moves ``place`` on.
    """
    parts = sweep(
        session, list(chunks), lambda key: _target(session, chunks[key]), Collection[GroupChange], place.sweep
    )
    async for part in parts:
        rows: list[MembershipRow] = []
        failed: dict[str, str] = {}
        for answer in part.answers:
            for change in _changes(answer):
                rows += memberships(change, place.ordinal + len(rows))
            failed |= _doubts(answer, chunks[answer.key], place.mentioned)
        place.ordinal += len(rows)
        place.sweep = part.position
        yield part.answers, rows, failed


def _changes(answer: Answer[Collection[GroupChange]]) -> list[GroupChange]:
    return [] if isinstance(answer.content, GraphError) else answer.content.value


def _doubts(
    answer: Answer[Collection[GroupChange]], asked: Sequence[str], mentioned: dict[str, list[str]]
) -> dict[str, str]:
    """Of the groups that were asked for, those that this answer leaves in doubt, with the reason if there is one."""
    page = answer.content
    if isinstance(page, GraphError):
        if not is_unreadable(page):
            raise page
        mentioned.pop(answer.key, None)
        return dict.fromkeys(asked, str(page))  # not found, too: of groups that are gone a filter just finds nothing
    doubts = {change.id: "Some of its members cannot be understood." for change in page.value if change.unreadable}
    so_far = [*mentioned.pop(answer.key, []), *(change.id for change in page.value)]
    if page.unreadable:
        return doubts | dict.fromkeys(asked, "Graph's answer cannot be understood.")
    if page.next_link is not None:
        mentioned[answer.key] = list(dict.fromkeys(so_far))
        return doubts
    if page.delta_link is None:
        return doubts | dict.fromkeys(asked, "Graph's answer ended before its end.")
    return doubts | dict.fromkeys(_missing(asked, so_far), "")


def _missing(asked: Iterable[str], mentioned: Iterable[str]) -> list[str]:
    known = {id_.lower() for id_ in mentioned}
    return [id_ for id_ in asked if id_.lower() not in known]


def _page(rows: list[MembershipRow], position: Any, incomplete: Sequence[Incomplete] = (), vanished: int = 0) -> Page:
    notes = {"service_principals_seen": _service_principal_members(rows)}
    return Page({"memberships": rows}, position, notes | ({"vanished": vanished} if vanished else {}), incomplete)


def _service_principal_members(rows: list[MembershipRow]) -> int:
    return sum(
        row.principal_kind == "service_principal" and row.relation == "member" and not row.removed for row in rows
    )


def _chunks(work: Work) -> _Chunks:
    skip_ad = work.settings.skip_ad_groups
    ids = [row["id"] for row in work.inputs if not (skip_ad and row.get("on_premises_sync_enabled"))]
    size = min(_GROUPS_PER_REQUEST, max(1, ceil(len(ids) / BATCH_SIZE)))  # fewer at once only to fill one batch
    return {str(number): ids[start : start + size] for number, start in enumerate(range(0, len(ids), size))}


def _target(session: GraphSession, group_ids: Sequence[str]) -> str:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder

    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        select=["id", "members", "owners"], filter=" or ".join(f"id eq '{id_}'" for id_ in group_ids)
    )
    info = session.client.groups.delta.to_get_request_information(RequestConfiguration(query_parameters=query))
    return session.target(session.url(info))
