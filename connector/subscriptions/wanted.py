"""Which subscriptions there should be, and for how long.

Only users and groups notify, of all that lives in the directory, and one subscription to each covers the tenant: subscriptions
to single objects would use up the quota of a hundred an application has in a tenant.
https://learn.microsoft.com/graph/change-notifications-overview
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

RESOURCES = ("users", "groups")
CHANGE_TYPES = frozenset({"updated", "deleted"})
"""All that users and groups offer: creation and restorable deletion are updates."""

LIFETIME = timedelta(minutes=41_760) - timedelta(hours=1)
"""The longest that Graph allows for users and groups, less what two clocks may differ.
https://learn.microsoft.com/graph/api/resources/subscription#subscription-lifetime"""

_SOONEST_RENEWAL, _LATEST_RENEWAL = timedelta(days=2), timedelta(days=4)
"""After what time a subscription is renewed: chance decides when, so that not everything in the world comes at once."""

ABANDONED_BELOW = timedelta(days=14)
"""A subscription with less than this left has not been renewed for two weeks by a deployment that would have done so at least
every four days: nobody looks after it."""

CHANGES_PATH = "/api/notifications/changes"
LIFECYCLE_PATH = "/api/notifications/lifecycle"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription that should be there."""

    resource: str
    notification_url: str
    lifecycle_url: str


def wanted_at(address: str) -> list[Wanted]:
    """What to subscribe to from the public ``address`` of this deployment; nothing where it has none."""
    if not address:
        return []
    return [Wanted(resource, f"{address}{CHANGES_PATH}", f"{address}{LIFECYCLE_PATH}") for resource in RESOURCES]


def next_renewal(now: datetime) -> datetime:
    """When a subscription that was made or renewed now is renewed next."""
    return now + _SOONEST_RENEWAL + random.random() * (_LATEST_RENEWAL - _SOONEST_RENEWAL)  # noqa: S311 - spreads load


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same but for what may be written in several ways."""
    return _normal(one) == _normal(other)


def _normal(url: str) -> tuple[str, str, int | None, str, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
        return parts.scheme, (parts.hostname or "").lower(), port, parts.path, parts.query
    except ValueError:  # not a host or port: no address of ours
        return "", url, None, "", ""
