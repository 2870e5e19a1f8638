"""What to do about the subscriptions that Graph lists. Pure: what is listed and known in, decisions out.

Which of them are ours? All are of our app registration, which other software and other deployments of the connector may use,
too. Ours are certainly those that storage knows by id, those whose secret has the hash of an intent, and those that lead to the
address of this deployment: nobody else can receive what they send. Others are left alone, with one exception: subscriptions to
users or groups that lead to the connector's paths at another address, both of them, and that nobody has renewed for so long that
the deployment which made them is no more (:data:`~connector.subscriptions.wanted.ABANDONED_BELOW`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connector.storage.subscriptions import Intent, Subscription, Subscriptions, digest
from connector.subscriptions.listing import Listed
from connector.subscriptions.wanted import (
    ABANDONED_BELOW,
    CHANGE_TYPES,
    CHANGES_PATH,
    LIFECYCLE_PATH,
    RESOURCES,
    Wanted,
    next_renewal,
    same_address,
)

LIST_LAG = timedelta(minutes=5)
"""A subscription that was made so recently may be missing from the list without being gone."""

INTENTS_KEPT = timedelta(hours=1)
"""After this time Graph no longer makes a subscription that was asked for."""


@dataclass(slots=True)
class Plan:
    """What follows from one look.

    Attributes:
        kept: subscriptions that are right, by resource, with the moment at which Graph says that they end (None: not said).
        missing: those that have to be made.
        surplus: those of ours that have to go.
        adopted: those of which it was not known that they exist.
        gone: ids that are known here and no longer exist.
        foreign: those to our resources that are not ours.
    """

    kept: dict[str, tuple[Subscription, datetime | None]] = field(default_factory=dict)
    missing: list[Wanted] = field(default_factory=list)
    surplus: list[Listed] = field(default_factory=list)
    adopted: list[Subscription] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    foreign: list[Listed] = field(default_factory=list)


def plan(
    listed: Sequence[Listed], state: Subscriptions, wanted: Sequence[Wanted], *, client_id: str, now: datetime
) -> Plan:
    """Compare what Graph lists with what is known and wanted.

    Args:
        client_id: of our app registration; subscriptions of another one are nobody's business here.
    """
    found = Plan()
    known = {one.id: one for one in state.subscriptions}
    addresses = [one.notification_url for one in wanted]
    if state.address:
        addresses.append(f"{state.address}{CHANGES_PATH}")
    candidates: list[tuple[Subscription, Listed]] = []
    for one in listed:
        if one.application_id is not None and one.application_id.lower() != client_id.lower():
            continue
        ours = known.get(one.id)
        if ours is None and (intent := _intent_of(one, state.intents)) is not None:
            ours = _adopted(one, intent, now)
            found.adopted.append(ours)
        if ours is not None and any(_suits(ours, one, want, now) for want in wanted):
            candidates.append((ours, one))
        elif ours is not None or _leads_here(one, addresses) or _abandoned(one, now):
            found.surplus.append(one)
        elif one.kind in RESOURCES:
            found.foreign.append(one)
    _choose(found, candidates)
    _consider_unlisted(found, known, {one.id for one in listed}, wanted, now)
    found.missing = [want for want in wanted if want.resource not in found.kept]
    return found


def _choose(found: Plan, candidates: list[tuple[Subscription, Listed]]) -> None:
    """Keep one of each resource: the one that lives longest; of twins always the same."""
    for ours, one in sorted(candidates, key=lambda pair: (pair[0].expires_at, pair[0].id), reverse=True):
        if ours.resource in found.kept:
            found.surplus.append(one)
        else:
            found.kept[ours.resource] = (ours, one.expires_at)


def _consider_unlisted(
    found: Plan, known: dict[str, Subscription], listed: set[str], wanted: Sequence[Wanted], now: datetime
) -> None:
    for ours in known.values():
        if ours.id in listed:
            continue
        young = ours.made_at > now - LIST_LAG and any(_leads_to(ours, want) for want in wanted)
        if young and ours.resource not in found.kept:
            found.kept[ours.resource] = (ours, None)
        elif not young:
            found.gone.append(ours.id)


def _intent_of(one: Listed, intents: Sequence[Intent]) -> Intent | None:
    if one.client_state is None:
        return None
    shown = digest(one.client_state)
    return next((intent for intent in intents if intent.client_state_sha256 == shown), None)


def _adopted(one: Listed, intent: Intent, now: datetime) -> Subscription:
    return Subscription(
        id=one.id,
        resource=intent.resource,
        notification_url=intent.notification_url,
        lifecycle_url=intent.lifecycle_url,
        client_state_sha256=intent.client_state_sha256,
        made_at=intent.asked_at,
        expires_at=one.expires_at or now,
        renew_at=next_renewal(now),
    )


def _suits(ours: Subscription, one: Listed, want: Wanted, now: datetime) -> bool:
    """Whether what Graph shows is, and delivers, what is wanted. What Graph does not show is as it was asked for."""
    return (
        _leads_to(ours, want)
        and one.kind == want.resource
        and one.change_types == CHANGE_TYPES
        and (not one.notification_url or same_address(one.notification_url, want.notification_url))
        and (one.client_state is None or digest(one.client_state) == ours.client_state_sha256)
        and (one.expires_at is None or one.expires_at > now)
    )


def _leads_to(ours: Subscription, want: Wanted) -> bool:
    return (ours.resource, ours.notification_url, ours.lifecycle_url) == (
        want.resource,
        want.notification_url,
        want.lifecycle_url,
    )


def _leads_here(one: Listed, addresses: Sequence[str]) -> bool:
    return any(same_address(one.notification_url, address) for address in addresses)


def _abandoned(one: Listed, now: datetime) -> bool:
    made_by_connector = (
        one.kind in RESOURCES
        and _path(one.notification_url).endswith(CHANGES_PATH)
        and _path(one.lifecycle_notification_url or "").endswith(LIFECYCLE_PATH)
    )
    return made_by_connector and one.expires_at is not None and one.expires_at < now + ABANDONED_BELOW


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
