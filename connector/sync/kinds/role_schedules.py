"""What Privileged Identity Management says of roles: who is eligible, and which assignments are for a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar

import msgspec

from connector.access.roles import RoleScheduleInstance, role_instance, scope_notes
from connector.graph.errors import PremiumLicenseRequired
from connector.graph.paging import pages
from connector.graph.session import GraphSession
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import lacking
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_TABLES = ("role_assignment_instances", "role_eligibility_instances")


class _Position(msgspec.Struct):
    table: str = _TABLES[0]
    next: str | None = None


class RoleSchedules(BaseReader):
    """Lists the schedule instances. A tenant without Entra ID P2 has none, which is no reason to call it incomplete."""

    name: ClassVar[str] = "role_schedules"
    tables: ClassVar[tuple[str, ...]] = _TABLES
    optional: ClassVar[bool] = True

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read both lists; the note ``not_licensed`` says that the tenant has no Privileged Identity Management."""
        place = _Position() if work.position is None else msgspec.convert(work.position, _Position)
        try:
            for table in _TABLES[_TABLES.index(place.table) :]:
                first = place.next if table == place.table and place.next else _request(work.session, table)
                async for page in pages(work.session, first, RoleScheduleInstance):
                    rows = [role_instance(instance) for instance in page.value]
                    yield Page(
                        {table: rows},
                        _after(table, page.next_link),
                        scope_notes([row.scope for row in rows]),
                        lacking(page, (table,)),
                    )
        except PremiumLicenseRequired:
            yield Page({}, None, {"not_licensed": 1})


def _after(table: str, next_link: str | None) -> dict[str, str | None] | None:
    if next_link is not None:
        return {"table": table, "next": next_link}
    return {"table": _TABLES[1], "next": None} if table == _TABLES[0] else None


def _request(session: GraphSession, table: str) -> RequestInformation:
    directory = session.client.role_management.directory
    if table == _TABLES[0]:
        return directory.role_assignment_schedule_instances.to_get_request_information()
    return directory.role_eligibility_schedule_instances.to_get_request_information()
