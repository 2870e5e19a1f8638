"""Whether the picture is there and kept up to date, as storage tells: syncs, rounds, subscriptions to change notifications."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.health.findings import Finding, failed, ok, skipped, warning
from connector.settings import Settings
from connector.storage import Store
from connector.storage.errors import StorageError
from connector.storage.records import Progress
from connector.storage.subscriptions import Subscriptions
from connector.subscriptions.wanted import RESOURCES, same_address

_ROUNDS_SILENT = timedelta(hours=2)
"""Rounds say that they are alive at least once an hour, when cursors move, whether or not there was news."""
_SYNCS_SILENT = timedelta(days=2)
"""After so long without a full sync the alert tells as well, whatever the schedule."""
_ENDS_SOON = timedelta(days=1)


async def look_at_following(settings: Settings, store: Store, now: datetime) -> list[Finding]:
    """How the last sync, rounds and subscriptions are."""
    try:
        subscriptions = await store.subscriptions()
        return [
            *await _picture(settings, store, now),
            *_subscriptions(settings, subscriptions.record if subscriptions else Subscriptions(), now),
        ]
    except StorageError as error:
        return [failed("picture", error.sentence, error.advice)]


async def _picture(settings: Settings, store: Store, now: datetime) -> list[Finding]:
    current = await store.current()
    running = await store.running()
    progress = await store.progress(running.record.sync_id) if running else None
    findings = _last_sync(progress, now)
    if current is None:
        if progress is not None and not progress.state.final and not findings:
            why = "The first sync is under way: `python -m connector status` tells how far it is."
            findings.append(skipped("picture", why))
        elif progress is None or progress.failure is None:
            remedy = "Wait for SYNC_SCHEDULE, or begin at once: POST /api/sync, or `python -m connector sync`."
            findings.append(warning("picture", "Nothing has been synced yet.", remedy))
        return findings
    findings.append(ok("picture", f"In force since {current.record.published_at:%Y-%m-%d %H:%M} UTC."))
    return [*findings, *await _rounds(settings, store, now)]


def _last_sync(progress: Progress | None, now: datetime) -> list[Finding]:
    """What is amiss with the full sync that was last asked for."""
    if progress is None:
        return []
    if progress.failure is not None:
        failure = f"The last sync failed. {progress.failure.sentence}"
        return [failed("last_sync", failure, progress.failure.advice)]
    if not progress.state.final and now > progress.alive_until:
        found = f"The last sync has not ended, and was last heard of at {progress.updated_at:%Y-%m-%d %H:%M} UTC."
        remedy = "The next one takes over; begin it at once with POST /api/sync or `python -m connector sync`. The log says what happened."
        return [warning("last_sync", found, remedy)]
    if now - progress.requested_at > _SYNCS_SILENT:
        found = f"No full sync was asked for since {progress.requested_at:%Y-%m-%d %H:%M} UTC."
        return [warning("last_sync", found, "Look whether the app runs, and SYNC_SCHEDULE.")]
    return []


async def _rounds(settings: Settings, store: Store, now: datetime) -> list[Finding]:
    rounds = await store.rounds()
    if rounds is None:
        return [skipped("rounds", "No round has looked for changes yet.")]
    known = rounds.record
    if known.problem is not None:
        return [
            failed(
                "rounds", f"Rounds cannot go on. {known.problem}", "A full sync mends it; it is asked for by itself."
            )
        ]
    if now - known.updated_at > _longest_silence(settings.incremental_schedule):
        remedy = "Look whether the app runs, and whether the functions of rounds are enabled; `status` shows more."
        return [warning("rounds", f"Rounds were last heard of at {known.updated_at:%Y-%m-%d %H:%M} UTC.", remedy)]
    return [ok("rounds", f"Last heard of at {known.updated_at:%Y-%m-%d %H:%M} UTC.")]


def _longest_silence(schedule: str) -> timedelta:
    """How long rounds may say nothing: those that look less often than once an hour cannot be heard of as often."""
    _, _, *rest = schedule.split()
    return _ROUNDS_SILENT if all(field == "*" for field in rest) else _SYNCS_SILENT


def _subscriptions(settings: Settings, known: Subscriptions, now: datetime) -> list[Finding]:
    if not settings.notification_url:
        why = "NOTIFICATION_URL is not set: changes are found by asking, on INCREMENTAL_SCHEDULE."
        return [skipped("subscriptions", why)]
    findings = [
        warning("subscriptions", problem, "`python -m connector status` shows more; it is tried again by itself.")
        for problem in known.problems
    ]
    there = {one.resource: one for one in known.subscriptions}
    lacking = [resource for resource in RESOURCES if resource not in there]
    if lacking and not known.problems:
        found = f"There is no subscription to {' and '.join(lacking)} yet."
        findings.append(warning("subscriptions", found, "The app makes it within a minute or two of its start."))
    elif known.address and not same_address(known.address, settings.notification_url):
        found = f"They are for {known.address}, and NOTIFICATION_URL is {settings.notification_url}."
        findings.append(warning("subscriptions", found, "The app moves them within a minute or two of its start."))
    ending = [one for one in there.values() if one.expires_at - now < _ENDS_SOON]
    findings += [
        failed(
            "subscriptions",
            f"The subscription to {one.resource} ends at {one.expires_at:%Y-%m-%d %H:%M} UTC and has not been renewed.",
            "Look at why in the log (subscriptions_unchecked, subscription_problem), and whether the timer of subscriptions runs.",
        )
        for one in ending
    ]
    if not findings:
        first = min(one.expires_at for one in there.values())
        findings.append(
            ok(
                "subscriptions",
                f"Users and groups tell of changes until {first:%Y-%m-%d %H:%M} UTC, and are renewed before.",
            )
        )
    return findings
