"""What kinds of entitlements are tested with: tools that lead to an emulated tenant, and tasks."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connector.graph.session import GraphSession
from connector.provisioning.contract import Principal, Task, Tools
from connector.settings import Settings
from connector.storage.records.operations import Action, Wanted
from emulators.graph import GraphEmulator

T = TypeVar("T")
NOW = datetime(2026, 1, 9, 17, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def with_tools(
    emulator: GraphEmulator,
    work: Callable[[Tools], Awaitable[T]],
    *,
    deadline: float | None = None,
    own_id: str | None = None,
) -> T:
    """What ``work`` makes of tools that lead to ``emulator``; ``own_id`` in place of what the token says."""
    settings = Settings.load({**emulator.environment(), "AzureWebJobsStorage": "unused"})

    async def run() -> T:
        async with GraphSession(settings, deadline=deadline) as session:
            return await work(Tools(session, settings, session.own_id if own_id is None else own_id, NOW))

    return asyncio.run(run())


def task(action: Action, entitlement: str, principal: Principal, **wanted: Any) -> Task:
    """An operation that may go on now."""
    asked = Wanted(
        action=action,
        entitlement=entitlement,
        principal=principal.id,
        justification="Asked for by its owner.",
        **wanted,
    )
    return Task(f"op-{next(_numbers)}", asked, principal, intended=False, state={}, first_at=NOW - timedelta(seconds=1))
