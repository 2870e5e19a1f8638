"""``python -m tools.bench.sdk``: what a Python developer would write otherwise, and what it cost, as one JSON line.

msgraph-sdk as its documentation shows it: typed models, ``PageIterator``, one group after the other, one application after the
other; 429 is left to the SDK's own retries. It keeps no rows, only counts them, and stages, derives and publishes nothing.
It asks for the same properties as the connector, in the largest pages; what it cannot see is left at that (v1.0 leaves service
principals out of group members).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tools.bench.clock import Spent, peak_rss_mb

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient

PAGE = 999


class Crawl:
    """One crawl of a tenant. ``rows`` counts what was read, by kind; it grows while the crawl runs."""

    def __init__(self, client: GraphServiceClient) -> None:
        self._client = client
        self.rows: Counter[str] = Counter()

    async def run(self) -> None:
        """Read everything."""
        from connector.access.accounts import USER_SELECT
        from connector.access.applications import SERVICE_PRINCIPAL_SELECT
        from connector.access.groups import GROUP_SELECT

        client, top = self._client, {"top": PAGE}
        await self._all("accounts", client.users, select=list(USER_SELECT), expand=["manager($select=id)"], **top)
        groups = await self._all("groups", client.groups, select=list(GROUP_SELECT), **top)
        for group in groups:
            one = client.groups.by_group_id(group)
            await self._all("members", one.members, select=["id"], **top)
            await self._all("owners", one.owners, select=["id"], **top)
        select = [*SERVICE_PRINCIPAL_SELECT]
        applications = await self._all("applications", client.service_principals, select=select, **top)
        for application in applications:
            app = client.service_principals.by_service_principal_id(application)
            await self._all("assignments", app.app_role_assigned_to, **top)
            await self._all("owners", app.owners, select=["id"], **top)
        roles = client.role_management.directory
        await self._all("roles", roles.role_definitions)
        await self._all("role_assignments", roles.role_assignments)
        await self._all("role_assignments", roles.role_assignment_schedule_instances)
        await self._all("role_assignments", roles.role_eligibility_schedule_instances)
        await self._all("licenses", client.subscribed_skus)

    async def _all(self, kind: str, builder: Any, **options: Any) -> list[str]:
        """Read a list to its end; the ids of its items."""
        from msgraph_core.tasks.page_iterator import PageIterator

        first = await builder.get(request_configuration=_configuration(builder, options) if options else None)
        ids: list[str] = []

        def take(item: Any) -> bool:
            ids.append(item.id)
            self.rows[kind] += 1
            return True

        if first is not None and first.value:
            await PageIterator(first, self._client.request_adapter).iterate(take)
        return ids


def _configuration(builder: Any, options: dict[str, Any]) -> Any:
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    [kind] = (
        value
        for name, value in vars(type(builder)).items()
        if isinstance(value, type) and name.endswith("GetQueryParameters")
    )
    return RequestConfiguration(query_parameters=kind(**options))


async def crawl(limit: float) -> dict[str, Any]:
    """Crawl for at most ``limit`` seconds; what came of it."""
    from msgraph.graph_service_client import GraphServiceClient

    from connector.credentials import open_credential
    from connector.credentials.tls import trust
    from connector.settings import Settings

    settings = Settings.load()
    began = Spent.now()
    credential = open_credential(settings, trust(settings.ca_file))
    try:
        client = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])
        client.request_adapter.base_url = f"{settings.graph_endpoint}/v1.0"
        run = Crawl(client)
        finished, error = await _within(limit, run.run)
    finally:
        await credential.close()
    end = Spent.now()
    return {
        "finished": finished,
        "error": error,
        "wall_s": round(end.wall - began.wall, 3),
        "cpu_s": round(end.cpu, 3),
        "peak_rss_mb": peak_rss_mb(),
        "rows": sum(run.rows.values()),
        "rows_by_kind": dict(run.rows),
    }


async def _within(limit: float, work: Callable[[], Awaitable[None]]) -> tuple[bool, str | None]:
    """Whether ``work`` was done after ``limit`` seconds, and how it failed if it did."""
    from kiota_abstractions.api_error import APIError

    try:
        await asyncio.wait_for(work(), limit)
    except TimeoutError:
        return False, None
    except APIError as error:  # the SDK gives up after its retries
        return False, f"{type(error).__name__} {error.response_status_code}"
    return True, None


def main() -> int:
    """Crawl the tenant that the environment describes."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.sdk", description=__doc__)
    parser.add_argument("--limit-s", type=float, required=True, help="seconds after which it stops")
    document = asyncio.run(crawl(parser.parse_args().limit_s))
    sys.stdout.write(json.dumps(document) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
