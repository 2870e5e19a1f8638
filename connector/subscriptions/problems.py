"""What is wrong with subscriptions, in sentences for people. No secret and no token comes along."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from connector.graph.writing import Written
from connector.permissions import Feature, use_of
from connector.storage.subscriptions import Subscription
from connector.subscriptions.listing import Listed
from connector.subscriptions.wanted import ABANDONED_BELOW, Wanted

_PERMISSIONS = {resource: use_of(Feature.NOTIFICATIONS, resource)[0].name for resource in ("users", "groups")}
_MEANWHILE = "Until then, changes are found by asking at intervals."


def not_made(want: Wanted, written: Written, foreign: Sequence[Listed]) -> str:
    """Why there is no subscription to ``want``, and what to do."""
    others = [one for one in foreign if one.kind == want.resource]
    if written.status == 409 and others:
        return _taken(want, others[0])
    return f"No change notifications for {want.resource}: {_said(written)}. {_advice(want, written)} {_MEANWHILE}"


def is_quota(written: Written) -> bool:
    """Whether Graph refused because there are as many subscriptions as may be: the same status as for a missing permission."""
    message = written.refusal.message.lower() if written.refusal and written.status == 403 else ""
    return any(word in message for word in ("maximum number", "quota", "limit"))


def not_removed(one: Listed, written: Written) -> str:
    """Why a subscription that is not wanted is still there."""
    return f"The subscription {one.id} to {one.kind}, which is not wanted, could not be removed: {_said(written)}."


def not_renewed(ours: Subscription, written: Written) -> str:
    """Why a subscription could be neither renewed nor authorized again."""
    needs = f" It needs the application permission {_PERMISSIONS[ours.resource]}." if written.status == 403 else ""
    return (
        f"The subscription to {ours.resource}, which ends at {ours.expires_at:%Y-%m-%d %H:%M} UTC, could not be renewed: "
        f"{_said(written)}.{needs}"
    )


def _said(written: Written) -> str:
    if written.error is None:
        return "Graph's answer cannot be understood"
    return str(written.error).rstrip(".")


def _advice(want: Wanted, written: Written) -> str:
    refused = written.refusal
    if refused is None or written.status >= 500:
        return "It is tried again in a few minutes."
    if is_quota(written):
        return "An application may have 100 subscriptions in a tenant, and a tenant 1,000: remove some that are not needed."
    if written.status == 403:
        permission = _PERMISSIONS[want.resource]
        return f"Grant the app registration the application permission {permission}, with admin consent."
    if written.status == 400:
        host = urlsplit(want.notification_url).netloc
        return (
            f"Check NOTIFICATION_URL: {host} must be reachable from the internet over HTTPS, and be this Function App."
        )
    return refused.advice


def _taken(want: Wanted, other: Listed) -> str:
    host = urlsplit(other.notification_url).netloc or "an unknown address"
    days = ABANDONED_BELOW.days
    return (
        f"No change notifications for {want.resource}: Graph allows an app registration one such subscription, and {other.id} "
        f"sends them to {host}. Give each deployment an app registration of its own, or empty NOTIFICATION_URL of the other. "
        f"If the other is no more, its subscription is replaced when it has not been renewed for two weeks (less than {days} "
        f"days left). {_MEANWHILE}"
    )
