"""The subscriptions that there are: found by id, counted against the quotas, ended by time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from emulators.graph.service.errors import GraphError
from emulators.graph.service.subscriptions.model import Subscription, not_found

MOST_OF_APPLICATION = 100
"""Subscriptions to users or groups that one application may have in a tenant (documented)."""
MOST_IN_TENANT = 1000
"""Subscriptions that all applications together may have in a tenant (documented)."""
_MINUTE = 60.0


class Registry:
    """Thread-safe. ``now`` tells the time: seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._all: dict[str, Subscription] = {}

    def living(self) -> list[Subscription]:
        """Those that have not ended, in the order in which they were made."""
        now = self._now()
        with self._lock:
            for ended in [one.id for one in self._all.values() if one.expires_at <= now]:
                del self._all[ended]
            return list(self._all.values())

    def find(self, subscription_id: str) -> Subscription | None:
        """The living one with this id."""
        return next((one for one in self.living() if one.id == subscription_id.lower()), None)

    def of(self, app_id: str, subscription_id: str) -> Subscription:
        """One of this application's.

        Raises:
            GraphError: 404 when there is none.
        """
        found = self.find(subscription_id)
        if found is None or found.app_id != app_id:
            raise not_found()
        return found

    def check_quota(self, app_id: str) -> None:
        """Check that one more may be made.

        Raises:
            GraphError: 403 when the application or the tenant has as many as it may have.
        """
        living = self.living()
        if len(living) >= MOST_IN_TENANT or sum(one.app_id == app_id for one in living) >= MOST_OF_APPLICATION:
            message = (
                "Operation: Create; Exception: [Status Code: Forbidden; Reason: Maximum number of subscriptions has been "
                "reached]"
            )
            raise GraphError(403, "ExtensionError", message)

    def add(self, subscription: Subscription) -> None:
        """Put one in.

        Raises:
            GraphError: 403 when the quota is used up.
        """
        self.check_quota(subscription.app_id)
        with self._lock:
            self._all[subscription.id] = subscription

    def remove(self, subscription_id: str) -> None:
        """End one, if it is there."""
        with self._lock:
            self._all.pop(subscription_id, None)


def next_reminder(now: float, token_expires_at: float) -> float:
    """When ``reauthorizationRequired`` is due, as the documentation illustrates it.

    After a quarter of what is left of the token when that is between one and three hours, and every 15 minutes below.
    """
    left = token_expires_at - now
    if left > 180 * _MINUTE:
        return token_expires_at - 180 * _MINUTE
    return now + (left / 4 if left > 60 * _MINUTE else 15 * _MINUTE)
