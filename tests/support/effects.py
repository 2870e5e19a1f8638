"""A process that works on operations and rounds of one deployment, and what operations bring about, as readings."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from connector.graph.session import GraphSession
from connector.incremental import tracking
from connector.incremental.facts import Reading, Row
from connector.incremental.operations import Journalled, journal_effects
from connector.incremental.service import Follower, run_round
from connector.journal.states import read_segments
from connector.storage import Current, Held, open_store
from connector.storage.journal import Segment
from connector.storage.records import Lane
from tests.support.deployments import Deployment

T = TypeVar("T")
TOLD = "told-of-operations"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
ROLE_TABLES = ("role_assignments", "role_assignment_instances", "role_eligibility_instances")


class Worker:
    """A deployment of which a full sync has been published, and a process that works on operations and rounds."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.deployment = deployment
        self.settings = dataclasses.replace(deployment.settings, changes_output_queue=TOLD)
        self.folder = folder
        self.runner = asyncio.Runner()
        self.follower = self.run(self._follower)

    async def _follower(self) -> Follower:
        return Follower()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        async def main() -> T:
            return await work()

        return self.runner.run(main())

    def close(self) -> None:
        self.run(self.follower.close)
        self.runner.close()

    @property
    def tenant(self) -> Any:
        return self.deployment.graph.tenant

    async def in_force(self) -> Held[Current]:
        async with open_store(self.settings) as store:
            held = await store.current()
            assert held
            return held

    async def journalled(
        self, reading: Reading, *, since: Held[Current] | None = None, by: Sequence[str] = ("op-1",), **options: Any
    ) -> Journalled:
        since = since or await self.in_force()
        async with open_store(self.settings) as store:
            settings = options.pop("settings", self.settings)
            follower = options.pop("follower", self.follower)
            return await journal_effects(follower, store, settings, reading, by, since=since, **options)

    def journal(self, reading: Reading, **options: Any) -> Journalled:
        return self.run(lambda: self.journalled(reading, **options))

    def segment(self, journalled: Journalled) -> Segment:
        async def read() -> Segment:
            assert journalled.segment
            async with open_store(self.settings) as store:
                return (await read_segments(store, [journalled.segment], facts=True))[0]

        return self.run(read)

    def round(self, *kinds: str) -> list[Any]:
        return self.run(lambda: run_round(self.settings, Lane.DIRECTORY, kinds, follower=self.follower))

    def found_nothing(self) -> bool:
        return all(not report.segments for report in self.round())

    def untruths(self) -> list[str]:
        return self.deployment.untruths(self.run(lambda: self.deployment.read_state(self.folder)))

    async def listed(self, principal: str) -> Reading:
        """What Graph lists of the roles of a principal now, as rows of fact tables."""
        async with open_store(self.settings) as store, GraphSession(self.settings) as session:
            known = await self.follower.replica.known(store, (await self.in_force()).record)
            found = await tracking.compare(session, self.settings, "role_assignments", known)
        rows = {
            name: [row for row in found.rows.get(name, ()) if row["principal_id"] == principal] for name in ROLE_TABLES
        }
        return Reading(rows={name: listed for name, listed in rows.items() if listed})

    def roles_of(self, principal: str) -> Reading:
        return self.run(lambda: self.listed(principal))


def joined(group: str, *principals: str, kind: str = "account", relation: str = "member") -> Reading:
    rows: list[Row] = [
        {"group_id": group, "relation": relation, "principal_kind": kind, "principal_id": principal}
        for principal in principals
    ]
    return Reading(rows={"memberships": rows})


def left(group: str, principal: str) -> Reading:
    return Reading(gone={"memberships": [(group, "member", principal)]})
