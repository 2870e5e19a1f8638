"""What the chain of service principals says: enterprise applications and their app roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.access.applications import EnterpriseApplicationRow, ServicePrincipal, app_roles, application_owners
from connector.access.decoding import convert
from connector.access.delta import Stated
from connector.access.known import application_row
from connector.graph.errors import RequestRefused, UnexpectedAnswer, is_unreadable
from connector.incremental.tracking.asking import related
from connector.incremental.tracking.collected import Collected, as_row
from connector.incremental.tracking.disputes import settle
from connector.incremental.tracking.look import Look
from connector.incremental.tracking.newcomers import read_relations
from connector.incremental.tracking.running import run
from connector.sync.kinds.application_grants import ApplicationGrants
from connector.sync.kinds.provisioning_jobs import ProvisioningJobs, can_be_provisioned


async def read_applications(look: Look, stated: Mapping[str, Stated]) -> Collected:
    """Rows of ``enterprise_applications`` and ``app_roles``, and what newcomers are related to.

    Service principals do not say when they were created, so every newcomer is asked.

    Raises:
        GraphError: something that had to be asked for cannot be read.
    """
    collected = Collected()
    settled = await settle(look, "servicePrincipals", stated, collected)
    newcomers: list[EnterpriseApplicationRow] = []
    for id_, one in settled.there.items():
        row = application_row(one.properties, settled.known.get(id_))
        collected.state("enterprise_applications", row)
        if one.tells("appRoles"):
            declared = app_roles(convert({"id": id_, "appRoles": one.properties["appRoles"]}, ServicePrincipal))
            collected.replace("app_roles", "application_id", id_, declared)
        if id_ not in settled.known:
            newcomers.append(row)
    if newcomers:
        await _read_newcomers(look, newcomers, collected)
    return collected


async def _read_newcomers(look: Look, newcomers: Sequence[EnterpriseApplicationRow], collected: Collected) -> None:
    ids = [row.id for row in newcomers]
    inputs = [as_row(row) for row in newcomers]
    await read_relations(look, "servicePrincipals", ids, collected)
    for (_, id_), owners in (await related(look.session, "servicePrincipals", ids, ("owners",))).items():
        collected.add_beside("application_owners", application_owners(id_, owners))
    granted = await run(ApplicationGrants(), look.session, look.settings, inputs)
    if granted.incomplete or granted.notes.get("vanished"):
        raise UnexpectedAnswer("Graph tells of a service principal, and not of what is assigned on it")
    collected.add_beside("app_role_assignments", granted.of("app_role_assignments"))
    await _read_jobs(look, [row for row in inputs if can_be_provisioned(row)], collected)


async def _read_jobs(look: Look, candidates: Sequence[Mapping[str, Any]], collected: Collected) -> None:
    """Jobs say nothing about access: where they cannot be read, that is noted, and everything else goes on."""
    if not candidates:
        return
    ids = [row["id"] for row in candidates]
    try:
        found = await run(ProvisioningJobs(), look.session, look.settings, candidates)
        unread = {one.id for one in found.incomplete}
        collected.add_beside("provisioning_jobs", found.of("provisioning_jobs"))
    except RequestRefused as refused:
        if not is_unreadable(refused):
            raise
        unread = set(ids)
    for id_ in unread:
        collected.beside.setdefault("unread_jobs", {})[(id_,)] = {"application_id": id_}
