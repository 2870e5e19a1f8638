"""Throttling by resource units and by writes, per application and tenant, as the identity and access service does.

Numbers: Microsoft Graph service-specific throttling limits, "Identity and access service limits".
"""

from __future__ import annotations

import math
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


_UNITS_PER_10_S = {TenantSize.SMALL: 3_500, TenantSize.MEDIUM: 5_000, TenantSize.LARGE: 8_000}
_WRITES_PER_150_S = 3_000
_WARN_ABOVE = 0.8
_HIGHEST_SHOWN = 1.8


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

    def wait(self) -> int:
        """Whole seconds until there is something again."""
        return max(1, math.ceil(-self.level * self.seconds / self.capacity))


class Throttle:
    """One throttle for a tenant; each application has its own buckets."""

    def __init__(self, size: TenantSize, clock: Clock, tenant_id: str) -> None:
        self._size = size
        self._clock = clock
        self._tenant_id = tenant_id
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def charge(self, app_id: str, units: int, *, write: bool, retry_after: bool = True) -> dict[str, str]:
        """Charge one request. Headers that its answer carries because of that.

        Raises:
            GraphError: 429 when a limit is exceeded.
        """
        if self._size is TenantSize.OFF:
            return {}
        if write:
            used = self._take(app_id, "Write", 1)
            if used > 1:
                raise self._exceeded(app_id, "Write", "WriteLimitExceeded", used, retry_after=retry_after)
        used = self._take(app_id, "ReadWrite", units)
        if used > 1:
            raise self._exceeded(app_id, "ReadWrite", "ResourceUnitLimitExceeded", used, retry_after=retry_after)
        return _percentage(used)

    def _take(self, app_id: str, limit: str, amount: int) -> float:
        now = self._clock.now()
        bucket = self._buckets.get((app_id, limit))
        if bucket is None:
            capacity, seconds = (_WRITES_PER_150_S, 150) if limit == "Write" else (_UNITS_PER_10_S[self._size], 10)
            bucket = self._buckets[app_id, limit] = _Bucket(capacity, seconds, capacity, now)
        return bucket.take(amount, now)

    def _exceeded(self, app_id: str, limit: str, reason: str, used: float, *, retry_after: bool) -> GraphError:
        headers = {
            "x-ms-throttle-scope": f"Tenant_Application/{limit}/{app_id}/{self._tenant_id}",
            "x-ms-throttle-information": reason,
        }
        if retry_after:
            headers["Retry-After"] = str(self._buckets[app_id, limit].wait())
        return too_many_requests(headers | _percentage(used))


def too_many_requests(headers: dict[str, str]) -> GraphError:
    """429 with the documented body."""
    inner = {"code": "429", "message": "Please retry after", "status": "429"}
    return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers, inner=inner)


def _percentage(used: float) -> dict[str, str]:
    if used <= _WARN_ABOVE:
        return {}
    return {"x-ms-throttle-limit-percentage": f"{min(used, _HIGHEST_SHOWN):.2f}"}
