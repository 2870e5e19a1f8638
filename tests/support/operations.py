"""Deployments that may grant and revoke, and requests to them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from connector.provisioning.asking.accepting import Accepted, Asked, accept
from connector.settings import Settings
from connector.storage import Store, open_store
from connector.storage.records import Action, Operation, Requester, Wanted
from tests.support.snapshots import environment, make_container

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 7, 30, 15, tzinfo=UTC)
SOMEBODY = Requester(kind="function_key")


def settings_of(storage: str, **more: str) -> Settings:
    """The settings of a deployment that may grant and revoke."""
    return Settings.load(environment(storage) | {"PROVISIONING_ENABLED": "true"} | more)


def in_deployment(storage: str, test: Callable[[Store, Settings], Awaitable[T]], **more: str) -> T:
    """What ``test`` gives, in a deployment that is new."""
    settings = settings_of(storage, **more)
    make_container(settings)

    async def main() -> T:
        async with open_store(settings) as store:
            return await test(store, settings)

    return asyncio.run(main())


def group(number: int = 1) -> str:
    """The entitlement of being a member of a group."""
    return f"group:{uuid.UUID(int=number)}:member"


def person(number: int = 1) -> str:
    """The object id of an account."""
    return str(uuid.UUID(int=0xACC0000 + number))


def wanted(
    action: str = "grant",
    entitlement: str = "",
    principal: str = "",
    *,
    because: str = "Is new in the team",
    **more: Any,
) -> Wanted:
    """One operation."""
    return Wanted(
        action=Action(action),
        entitlement=entitlement or group(),
        principal=principal or person(),
        justification=because,
        **more,
    )


async def ask(
    operations: Any, settings: Settings, *asked: Wanted, key: str = "", by: Requester = SOMEBODY, now: datetime = NOW
) -> Accepted:
    """Have operations accepted."""
    return await accept(operations, settings, Asked(wanted=asked, requester=by, key=key), now)


async def everything(store: Store) -> list[Operation]:
    """Every operation that there is, oldest first."""
    ids: Sequence[str] = [
        id_ for day in await store.operations.days() for id_ in await store.operations.bundles_of(day)
    ]
    held = await store.operations.bundles(ids)
    return [operation for id_ in sorted(held) for operation in held[id_].record.operations]
