"""Kinds without delta: read whole, with the readers of the full sync, so that both say the same in the same words.

What is not here, sign-in activity and the purposes of mailboxes, is read by full syncs only: it takes a request for every few accounts,
says nothing about access, and is old within the hour whatever is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from connector.graph.errors import RequestRefused, is_unreadable
from connector.graph.session import GraphSession
from connector.incremental.facts import Known, Reading, Replace
from connector.incremental.tracking.collected import as_row
from connector.incremental.tracking.running import Run, run
from connector.settings import Settings
from connector.sync.kinds import Incomplete, Reader
from connector.sync.kinds.application_grants import ApplicationGrants
from connector.sync.kinds.directory_roles import DirectoryRoles
from connector.sync.kinds.enterprise_applications import EnterpriseApplications
from connector.sync.kinds.licenses import Licenses
from connector.sync.kinds.provisioning_jobs import ProvisioningJobs, can_be_provisioned
from connector.sync.kinds.role_assignments import RoleAssignments
from connector.sync.kinds.role_schedules import RoleSchedules
from connector.sync.kinds.scopes import AdministrativeUnitScopes, ApplicationScopes
from connector.sync.kinds.service_principal_memberships import ServicePrincipalMemberships


async def compare(session: GraphSession, settings: Settings, kind: str, known: Known) -> Reading:
    """Everything that ``kind`` (one of ``COMPARED``) is now: rows, and what they replace.

    Where the list as a whole could not be read to its end, nothing is replaced; where something of it could not, that stays.

    Raises:
        GraphError: it cannot be read, or must be asked for later. Nothing of it counts then.
    """
    return await _COMPARISONS[kind](session, settings, known)


async def _role_assignments(session: GraphSession, settings: Settings, known: Known) -> Reading:
    """Assignments and what Privileged Identity Management says of them, together: one without the other would be half a truth."""
    reading = Reading()
    assigned = await run(RoleAssignments(), session, settings)
    scheduled = await _optional(RoleSchedules(), session, settings)
    _put(reading, assigned, "role_assignments")
    if scheduled is not None:
        _put(reading, scheduled, "role_assignment_instances", "role_eligibility_instances")
    await _add_roles(reading, session, settings, known)
    await _add_scopes(reading, session, settings, known)
    return reading


async def _add_roles(reading: Reading, session: GraphSession, settings: Settings, known: Known) -> None:
    """Role definitions, where an assignment names one that is not known."""
    named = {str(row["role_id"]) for rows in reading.rows.values() for row in rows if row.get("role_id")}
    if named and len(known.rows("directory_roles", "id", sorted(named))) < len(named):
        _put(reading, await run(DirectoryRoles(), session, settings), "directory_roles")


async def _add_scopes(reading: Reading, session: GraphSession, settings: Settings, known: Known) -> None:
    """Names of what new assignments are limited to, where they are not known yet. A name that may not be read is left out."""
    limited = {
        str(row["scope"])
        for table, rows in list(reading.rows.items())
        if table != "directory_roles"
        for row in _new(table, rows, known)
        if row.get("scope") not in (None, "/")
    }
    if not limited:
        return
    named = {row["id"] for row in known.rows("scopes", "id", sorted(limited))}
    principals = [scope.removeprefix("/") for scope in limited]
    named |= {f"/{row['id']}" for row in known.rows("enterprise_applications", "id", sorted(principals))}
    units = {scope for scope in limited - named if scope.startswith("/administrativeUnits/")}
    for reader, wanted in ((AdministrativeUnitScopes(), units), (ApplicationScopes(), limited - named - units)):
        found = await _optional(reader, session, settings) if wanted else None
        if found is not None:
            _add(reading, "scopes", found.of("scopes"))


def _new(table: str, rows: Iterable[Mapping[str, Any]], known: Known) -> list[Mapping[str, Any]]:
    by_id = {str(row["id"]): row for row in rows}
    there = {row["id"] for row in known.rows(table, "id", sorted(by_id))} if by_id else set()
    return [row for id_, row in by_id.items() if id_ not in there]


async def _directory_roles(session: GraphSession, settings: Settings, _known: Known) -> Reading:
    return _put(Reading(), await run(DirectoryRoles(), session, settings), "directory_roles")


async def _licenses(session: GraphSession, settings: Settings, _known: Known) -> Reading:
    return _put(Reading(), await run(Licenses(), session, settings), "licenses")


async def _application_owners(session: GraphSession, settings: Settings, _known: Known) -> Reading:
    return _put(Reading(), await run(EnterpriseApplications(), session, settings), "application_owners")


async def _application_grants(session: GraphSession, settings: Settings, _known: Known) -> Reading:
    applications = await _applications(session, settings)
    granted = await run(ApplicationGrants(), session, settings, applications)
    return _put_each(Reading(), granted, "app_role_assignments", "application_id", applications)


async def _service_principal_memberships(session: GraphSession, settings: Settings, _known: Known) -> Reading:
    applications = await _applications(session, settings)
    found = await run(ServicePrincipalMemberships(), session, settings, applications)
    return _put_each(Reading(), found, "memberships", "principal_id", applications)


async def _provisioning_jobs(session: GraphSession, settings: Settings, _known: Known) -> Reading:
    applications = await _applications(session, settings)
    found = await run(ProvisioningJobs(), session, settings, [row for row in applications if can_be_provisioned(row)])
    reading = _put_each(Reading(), found, "provisioning_jobs", "application_id", applications)
    reading.replaced += [Replace("unread_jobs", "application_id", one.id) for one in reading.replaced]
    return reading


async def _applications(session: GraphSession, settings: Settings) -> list[dict[str, Any]]:
    """Every application that Graph lists now."""
    listed = await run(EnterpriseApplications(), session, settings)
    return [as_row(row) for row in listed.of("enterprise_applications")]


_COMPARISONS: Mapping[str, Callable[[GraphSession, Settings, Known], Awaitable[Reading]]] = {
    "role_assignments": _role_assignments,
    "directory_roles": _directory_roles,
    "licenses": _licenses,
    "application_owners": _application_owners,
    "application_grants": _application_grants,
    "provisioning_jobs": _provisioning_jobs,
    "service_principal_memberships": _service_principal_memberships,
}


async def _optional(reader: Reader, session: GraphSession, settings: Settings) -> Run | None:
    """What ``reader`` brings; None where Graph refuses it, which is no reason to do without the rest."""
    try:
        return await run(reader, session, settings)
    except RequestRefused as refused:
        if not is_unreadable(refused):
            raise
        return None


def _put(reading: Reading, brought: Run, *tables: str) -> Reading:
    """Add whole tables; those of which any row may be missing replace nothing."""
    for table in tables:
        _add(reading, table, brought.of(table))
        unread = [one for one in brought.incomplete if one.table == table]
        if all(one.column for one in unread):
            reading.replaced.append(Replace(table, but=_excepted(unread), limited=True))
    return reading


def _put_each(reading: Reading, brought: Run, table: str, column: str, owners: Iterable[Mapping[str, Any]]) -> Reading:
    """Add what was read for each of ``owners``; what could not be read replaces nothing.

    Each had an answer of its own, so that what one of them has lost is not limited: it is no part of a longer list.
    """
    unread = {one.id for one in brought.incomplete if one.column == column}
    _add(reading, table, brought.of(table))
    reading.replaced += [Replace(table, column, owner["id"]) for owner in owners if owner["id"] not in unread]
    return reading


def _excepted(unread: Iterable[Incomplete]) -> frozenset[tuple[str, str]]:
    return frozenset((one.column, one.id) for one in unread)


def _add(reading: Reading, table: str, structs: Iterable[Any]) -> None:
    rows = [as_row(struct) for struct in structs]
    if rows:
        reading.rows.setdefault(table, []).extend(rows)
