"""Who is in which group and who owns it, through ``groups/delta``: fifty groups a request, a thousand a round trip.

A filtered delta costs one resource unit for a page of many groups, where ``/groups/{id}/members`` costs three for one group,
and unlike that list it names service principals. What changes while it runs is replayed by the first incremental round.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import ceil
from typing import Any, ClassVar

import msgspec

from connector.access.collections import Collection
from connector.access.groups import GroupChange, MembershipRow, memberships
from connector.graph.batch import BATCH_SIZE
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.reader import Page, Work

_GROUPS_PER_REQUEST = 50
"""Most ids in a delta filter. https://learn.microsoft.com/graph/api/group-delta#odata-query-parameters"""


class _Position(msgspec.Struct):
    sweep: Any
    ordinal: int


class Memberships(BaseReader):
    """Reads members and owners of the groups of one part of ``groups``."""

    name: ClassVar[str] = "memberships"
    tables: ClassVar[tuple[str, ...]] = ("memberships",)
    parent: ClassVar[str | None] = "groups"
    parent_table: ClassVar[str | None] = "groups"

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the memberships of every group in ``work.inputs``, but for those that SKIP_AD_GROUPS leaves out."""
        skip_ad = work.settings.skip_ad_groups
        ids = [row["id"] for row in work.inputs if not (skip_ad and row.get("on_premises_sync_enabled"))]
        size = min(_GROUPS_PER_REQUEST, max(1, ceil(len(ids) / BATCH_SIZE)))  # fewer at once only to fill one batch
        chunks = {str(number): ids[start : start + size] for number, start in enumerate(range(0, len(ids), size))}
        place = _Position(None, 0) if work.position is None else msgspec.convert(work.position, _Position)
        ordinal = place.ordinal
        async for part in sweep(
            work.session,
            list(chunks),
            lambda key: _target(work.session, chunks[key]),
            Collection[GroupChange],
            place.sweep,
        ):
            rows: list[MembershipRow] = []
            for answer in part.answers:
                for change in answer.required().value:
                    rows += memberships(change, ordinal + len(rows))
            ordinal += len(rows)
            position = None if part.position is None else msgspec.to_builtins(_Position(part.position, ordinal))
            yield Page({"memberships": rows}, position, {"service_principals_seen": _service_principal_members(rows)})


def _service_principal_members(rows: list[MembershipRow]) -> int:
    return sum(
        row.principal_kind == "service_principal" and row.relation == "member" and not row.removed for row in rows
    )


def _target(session: GraphSession, group_ids: list[str]) -> str:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder

    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        select=["id", "members", "owners"], filter=" or ".join(f"id eq '{id_}'" for id_ in group_ids)
    )
    info = session.client.groups.delta.to_get_request_information(RequestConfiguration(query_parameters=query))
    return session.target(session.url(info))
