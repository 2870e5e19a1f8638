"""Throttling: every limit that a request counts against, as token buckets on the service's clock.

Numbers: Microsoft Graph service-specific throttling limits, as of 2026: identity and access, subscriptions, reports, and
the limit of all of Graph for one application.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from emulators.graph.service.clock import Clock
from emulators.graph.service.errors import GraphError


class TenantSize(StrEnum):
    """Size class of a tenant: under 50 users, up to 500, more; or no throttling at all."""

    OFF = "off"
    SMALL = "s"
    MEDIUM = "m"
    LARGE = "l"


class Scope(StrEnum):
    """Whose requests a limit counts."""

    TENANT_APPLICATION = "Tenant_Application"
    APPLICATION = "Application"
    TENANT = "Tenant"


class Service(StrEnum):
    """Which part of Graph a request goes to; each has limits of its own."""

    IDENTITY = "identity"
    SUBSCRIPTIONS = "subscriptions"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request costs: resource units, whether it writes, and which service it goes to."""

    app_id: str
    units: int
    write: bool
    service: Service = Service.IDENTITY


@dataclass(frozen=True, slots=True)
class Limit:
    """So much may be used within so many seconds. ``counts``: ``units``, ``writes`` or ``requests``."""

    service: Service | None
    scope: Scope
    counts: str
    capacity: int
    seconds: int

    @property
    def name(self) -> str:
        """As ``x-ms-throttle-scope`` names it."""
        return "Write" if self.counts == "writes" else "ReadWrite"

    def amount(self, charge: Charge) -> int:
        """What a request takes of it; 0 where it does not count."""
        if self.service not in (None, charge.service):
            return 0
        return {"units": charge.units, "writes": int(charge.write)}.get(self.counts, 1)


_UNITS_PER_10_S = {TenantSize.SMALL: 3_500, TenantSize.MEDIUM: 5_000, TenantSize.LARGE: 8_000}
_CATEGORY = {TenantSize.SMALL: "small", TenantSize.MEDIUM: "medium", TenantSize.LARGE: "large"}
_WARN_ABOVE = 0.8
_HIGHEST_SHOWN = 1.8


def limits_of(size: TenantSize) -> tuple[Limit, ...]:
    """Every limit in a tenant of this size; the first that is exceeded is the one that an answer names."""
    if size is TenantSize.OFF:
        return ()
    identity, subscriptions = Service.IDENTITY, Service.SUBSCRIPTIONS
    both, application, tenant = Scope.TENANT_APPLICATION, Scope.APPLICATION, Scope.TENANT
    return (
        Limit(identity, both, "writes", 3_000, 150),
        Limit(identity, application, "writes", 35_000, 300),
        Limit(identity, tenant, "writes", 18_000, 300),
        Limit(identity, both, "units", _UNITS_PER_10_S[size], 10),
        Limit(identity, application, "units", 150_000, 20),
        Limit(subscriptions, both, "writes", 1_000, 20),
        Limit(subscriptions, tenant, "writes", 2_000, 20),
        Limit(subscriptions, both, "requests", 5_000, 20),
        Limit(subscriptions, tenant, "requests", 10_000, 20),
        Limit(Service.REPORTS, both, "requests", 5, 10),
        Limit(None, application, "requests", 130_000, 10),
    )


@dataclass(slots=True)
class _Bucket:
    """A token bucket that holds what may be used within ``seconds``. It may be overdrawn: refused calls count as well."""

    capacity: float
    seconds: float
    level: float
    at: float

    def take(self, amount: float, now: float) -> float:
        """Take ``amount``; how much is used of the capacity, 1 being all of it."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.capacity / self.seconds)
        self.at = now
        used = (self.capacity - self.level + amount) / self.capacity
        self.level = max(self.level - amount, -self.capacity)
        return used

    def wait(self, amount: float) -> int:
        """Whole seconds until ``amount`` could be taken, nobody else taking anything."""
        missing = min(amount, self.capacity) - self.level
        return max(1, math.ceil(missing * self.seconds / self.capacity))


class Throttle:
    """The limits of one tenant, and what is left of them."""

    def __init__(self, size: TenantSize, clock: Clock, tenant_id: str) -> None:
        self._size = size
        self._limits = limits_of(size)
        self._clock = clock
        self._tenant_id = tenant_id
        self._lock = threading.Lock()
        self._buckets: dict[tuple[Limit, str], _Bucket] = {}

    def charge(self, charge: Charge, *, retry_after: bool = True, body: str = "documented") -> dict[str, str]:
        """Charge one request, to every limit that it counts against, whether it is refused or not.

        Args:
            charge: what it costs.
            retry_after: whether a refusal says how long to wait.
            body: which of the bodies that were seen a refusal has.

        Returns:
            Headers that the answer carries because of it.

        Raises:
            GraphError: 429 when a limit is exceeded.
        """
        if not self._limits:
            return {}
        with self._lock:
            taken = list(self._take(charge))
        exceeded = [one for one in taken if one[1] > 1]
        headers = _percentage(max(used for _, used, _ in taken))
        if not exceeded:
            return headers
        limit = exceeded[0][0]
        headers["x-ms-throttle-scope"] = f"{limit.scope}/{limit.name}/{charge.app_id}/{self._tenant_id}"
        if limit.service is Service.IDENTITY:
            write = limit.counts == "writes"
            headers["x-ms-throttle-information"] = "WriteLimitExceeded" if write else "ResourceUnitLimitExceeded"
        if retry_after:
            headers["Retry-After"] = str(max(wait for _, _, wait in exceeded))
        raise _refusal(body, headers, charge.app_id, self._size)

    def spend(self, scope: Scope, counts: str, amount: int, *, app_id: str = "") -> None:
        """Use so much of the identity service's limits of one scope, as other callers would.

        Args:
            scope: ``Tenant`` for other applications in the tenant, ``Application`` for the same one in other tenants.
            counts: ``units`` or ``writes``.
            amount: how much.
            app_id: whose buckets, for scopes that count one application.

        Raises:
            ValueError: there is no such limit.
        """
        found = [
            one for one in self._limits if (one.service, one.scope, one.counts) == (Service.IDENTITY, scope, counts)
        ]
        if not found:
            raise ValueError(f"there is no limit of {counts} for {scope}; is throttling off?")
        with self._lock:
            for limit in found:
                self._bucket(limit, app_id).take(amount, self._clock.now())

    def _take(self, charge: Charge) -> Iterator[tuple[Limit, float, int]]:
        now = self._clock.now()
        for limit in self._limits:
            amount = limit.amount(charge)
            if amount:
                bucket = self._bucket(limit, charge.app_id)
                used = bucket.take(amount, now)
                yield limit, used, bucket.wait(amount)

    def _bucket(self, limit: Limit, app_id: str) -> _Bucket:
        key = limit, "" if limit.scope is Scope.TENANT else app_id
        if key not in self._buckets:
            self._buckets[key] = _Bucket(limit.capacity, limit.seconds, limit.capacity, self._clock.now())
        return self._buckets[key]


def _refusal(body: str, headers: dict[str, str], app_id: str, size: TenantSize) -> GraphError:
    """429 with the documented body, or with one that was seen live."""
    if body == "directory":
        message = (
            f"Too many requests from Identifier:{app_id} under category:aadgraph.app.tenant_{_CATEGORY[size]}. "
            "Please try again later."
        )
        return GraphError(429, "TooManyRequests", message, headers=headers)
    if body == "unknown_error":
        return GraphError(429, "UnknownError", "Too Many Requests", headers=headers)
    return too_many_requests(headers)


def too_many_requests(headers: dict[str, str]) -> GraphError:
    """429 with the documented body."""
    inner = {"code": "429", "message": "Please retry after", "status": "429"}
    return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers, inner=inner)


def _percentage(used: float) -> dict[str, str]:
    if used <= _WARN_ABOVE:
        return {}
    return {"x-ms-throttle-limit-percentage": f"{min(used, _HIGHEST_SHOWN):.2f}"}
