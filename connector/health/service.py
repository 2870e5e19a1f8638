"""Everything that a deployment depends on, tried once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from connector.health.address import look_at_address
from connector.health.findings import Finding, Report, failed, ok, report
from connector.health.following import look_at_following
from connector.health.graph import look_at_graph
from connector.health.keeping import look_at_storage
from connector.health.signing_in import SignedIn, look_at_permissions, try_signing_in
from connector.health.tenant import look_at_tenant
from connector.logs import log_event
from connector.settings import Settings, SettingsError
from connector.storage import open_store
from connector.storage.errors import StorageError

_log = logging.getLogger(__name__)

_LONGEST_S = 60.0
"""Seconds for each of the things that are looked at; where everything answers, all of them together take about two. Signing in and Graph
come one after the other, which makes two minutes at most, less than the 230 seconds after which the platform would answer in our place."""

Look = Callable[[], Awaitable[Sequence[Finding]]]


def _now() -> datetime:
    return datetime.now(UTC)


async def examine(settings: Settings, *, clock: Callable[[], datetime] = _now) -> Report:
    """Try everything that the deployment with ``settings`` depends on. What is amiss is found, never raised."""
    looks: dict[str, Look] = {
        "tenant": lambda: look_at_tenant(settings, clock),
        "storage": lambda: _storage(settings, clock()),
        "notification_address": lambda: look_at_address(settings),
    }
    tenant, storage, address, signed_in = await asyncio.gather(
        *(_within(name, look) for name, look in looks.items()), _signing_in(settings, clock())
    )
    settled = ok("settings", "They can be read.")
    return report((settled, *tenant, *signed_in, *storage, *address), clock())


def settings_report(error: SettingsError, *, clock: Callable[[], datetime] = _now) -> Report:
    """What there is to say where the settings themselves are wrong."""
    problems = (
        failed("settings", problem, "Correct it; `python -m connector settings` shows all of them.")
        for problem in error.problems
    )
    return report(tuple(problems), clock())


async def _within(name: str, look: Look) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(_LONGEST_S):
            return await look()
    except TimeoutError:
        return [
            failed(name, f"There was no answer within {_LONGEST_S:.0f} s.", "Check the network; the log may say more.")
        ]
    except SettingsError as error:
        return [failed(name, problem, "Correct it.") for problem in error.problems]
    except Exception as error:  # whatever it is, everything else that was found is told
        kind = type(error).__name__
        log_event(_log, "look_failed", level=logging.ERROR, look=name, error=kind)
        _log.warning("%s could not be looked at", name, exc_info=error)
        remedy = "This is a mistake of the connector's own: report it. `python -m connector --debug check` shows where it happened."
        return [failed(name, f"It could not be looked at, because of what nobody had foreseen ({kind}).", remedy)]


async def _signing_in(settings: Settings, now: datetime) -> list[Finding]:
    """One after the other: what is found of signing in is told, whatever becomes of Graph."""
    signed_in = SignedIn([])

    async def sign_in() -> list[Finding]:
        nonlocal signed_in
        signed_in = await try_signing_in(settings, now)
        return [*signed_in.findings, *look_at_permissions(settings, signed_in.told)]

    found = await _within("sign_in", sign_in)
    if signed_in.told is None:
        return [*found]
    return [*found, *await _within("graph", lambda: look_at_graph(settings, signed_in.hint, now))]


async def _storage(settings: Settings, now: datetime) -> list[Finding]:
    try:
        async with open_store(settings) as store:
            kept = await look_at_storage(settings, store)
            return (
                kept
                if any(one.state == "failed" for one in kept)
                else [*kept, *await look_at_following(settings, store, now)]
            )
    except StorageError as error:
        return [failed("storage", error.sentence, error.advice)]
