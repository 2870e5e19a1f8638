"""Which applications Entra ID provisions accounts into, asked only of those that can be provisioned at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from connector.access.applications import SynchronizationJob, provisioning_job
from connector.access.collections import Collection
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.reader import Page, Work
from connector.sync.kinds.sifting import Sieve

_ENTERPRISE_APPLICATION_TAG = "WindowsAzureActiveDirectoryIntegratedApp"
"""Marks what the portal lists under Enterprise applications, where provisioning is set up.
https://learn.microsoft.com/graph/api/resources/serviceprincipal#properties (tags)"""


class ProvisioningJobs(BaseReader):
    """Asks for ``synchronization/jobs`` of each candidate."""

    name: ClassVar[str] = "provisioning_jobs"
    tables: ClassVar[tuple[str, ...]] = ("provisioning_jobs",)
    parent: ClassVar[str | None] = "enterprise_applications"
    parent_table: ClassVar[str | None] = "enterprise_applications"
    optional: ClassVar[bool] = True

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the jobs of every candidate in ``work.inputs``."""
        ids = [row["id"] for row in work.inputs if can_be_provisioned(row)]
        sieve = Sieve("provisioning_jobs", "application_id", begun=work.position is not None)
        async for part in sweep(
            work.session, ids, lambda id_: _target(work.session, id_), Collection[SynchronizationJob], work.position
        ):
            sifted = sieve.sift(part.answers)  # not found: provisioning was never set up
            rows = [provisioning_job(id_, job) for id_, page in sifted.pages for job in page.value]
            yield Page({"provisioning_jobs": rows}, part.position, {"asked": len(part.answers)}, sifted.incomplete)


def can_be_provisioned(application: Mapping[str, Any]) -> bool:
    """Whether a staged row of ``enterprise_applications`` may have provisioning jobs."""
    return (
        (application.get("service_principal_type") or "").lower() == "application"
        and not application.get("is_microsoft_first_party")
        and _ENTERPRISE_APPLICATION_TAG in (application.get("tags") or ())
    )


def _target(session: GraphSession, service_principal_id: str) -> str:
    jobs = session.client.service_principals.by_service_principal_id(service_principal_id).synchronization.jobs
    return session.target(session.url(jobs.to_get_request_information()))
