"""Notifications that wait to be delivered, and the disturbances that tests ask for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

FIRST_RETRY_SECONDS = 10.0
"""How long after a failure the next attempt comes; it doubles each time. That it grows is documented, the numbers are not."""
LONGEST_RETRY_SECONDS = 4 * 3600.0
"""How long after the change attempts go on (documented)."""
MOST_IN_ONE_POST = 100
"""Notifications in one body; that they come together is documented, the number is not."""


Open = Mapping[str, bool]
"""Living subscriptions by id: whether they deliver now. Those whose token has ended do not, until it is renewed."""


class Disturbance(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens to notifications on their way.

    Attributes:
        hold: nothing is sent; everything waits until this is off.
        delay_seconds: new ones are sent so much later.
        lose: the next so many new ones are lost.
        duplicate: the next so many new ones are sent twice, in bodies of their own.
        reorder: what is due together is sent latest first, each in a body of its own.
    """

    hold: bool = False
    delay_seconds: float = 0
    lose: int = 0
    duplicate: int = 0
    reorder: bool = False

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            ValueError: for negative numbers.
        """
        if min(self.delay_seconds, self.lose, self.duplicate) < 0:
            raise ValueError("delay_seconds, lose and duplicate must be 0 or more")


@dataclass(slots=True)
class Delivery:
    """One notification on its way. Times are seconds since 1970 on the emulator's clock."""

    number: int
    subscription_id: str
    url: str
    item: dict[str, Any]
    lifecycle: bool
    made_at: float
    due_at: float
    attempts: int = 0
    alone: bool = False

    def may_leave(self, open_: Open) -> bool:
        """Whether its subscription delivers; lifecycle notifications come whatever the token."""
        return open_.get(self.subscription_id, False) or (self.lifecycle and self.subscription_id in open_)

    @property
    def gives_up_at(self) -> float:
        """When no further attempt is made."""
        return self.made_at + LONGEST_RETRY_SECONDS

    def postpone(self, now: float) -> bool:
        """After a failure: when to try again; False where it is too late for that."""
        self.attempts += 1
        self.due_at = now + FIRST_RETRY_SECONDS * 2 ** (self.attempts - 1)
        return self.due_at <= self.gives_up_at


@dataclass(slots=True)
class Batch:
    """What goes to one address in one body."""

    url: str
    deliveries: list[Delivery]


@dataclass
class Outbox:
    """Thread-safe: verbs add from their threads, the courier takes on the server's.

    ``changed`` is notified whenever something was added, taken, delivered or given up.
    """

    changed: threading.Condition = field(default_factory=threading.Condition)
    disturbance: Disturbance = field(default_factory=Disturbance)
    counts: Counter[str] = field(default_factory=Counter)
    _waiting: list[Delivery] = field(default_factory=list)
    _flying: set[str] = field(default_factory=set)
    _made: int = 0

    def add(
        self, subscription_id: str, url: str, item: dict[str, Any], *, now: float, late: float, lifecycle: bool
    ) -> None:
        """Put one in, ``late`` seconds before it may leave."""
        with self.changed:
            self.counts["made"] += 1
            copies = self._copies()
            for _ in range(copies):
                self._made += 1
                due = now + late + self.disturbance.delay_seconds
                alone = copies > 1
                self._waiting.append(Delivery(self._made, subscription_id, url, item, lifecycle, now, due, alone=alone))
            self.changed.notify_all()

    def _copies(self) -> int:
        disturbance = self.disturbance
        if disturbance.lose:
            disturbance.lose -= 1
            self.counts["lost"] += 1
            return 0
        if disturbance.duplicate:
            disturbance.duplicate -= 1
            return 2
        return 1

    def take(self, now: float, open_: Open) -> list[Batch]:
        """What leaves now: one body for each address to which nothing is under way."""
        with self.changed:
            self._forget(lambda one: now > one.gives_up_at, "given_up")
            self._forget(lambda one: one.subscription_id not in open_, "orphaned")
            self.changed.notify_all()
            if self.disturbance.hold:
                return []
            due = [one for one in self._waiting if one.due_at <= now and one.may_leave(open_)]
            due.sort(key=lambda one: (one.due_at, one.number))
            if self.disturbance.reorder:
                due.reverse()
            batches: dict[str, list[Delivery]] = {}
            for one in due:
                if one.url not in self._flying:
                    batches.setdefault(one.url, []).append(one)
            made = [Batch(url, self._cut(found)) for url, found in batches.items()]
            taken = {one.number for batch in made for one in batch.deliveries}
            self._flying.update(batch.url for batch in made)
            self._waiting = [one for one in self._waiting if one.number not in taken]
            return made

    def _cut(self, found: list[Delivery]) -> list[Delivery]:
        if found[0].alone or self.disturbance.reorder:
            return found[:1]
        together = []
        for one in found[:MOST_IN_ONE_POST]:
            if one.alone:
                break
            together.append(one)
        return together

    def landed(self, batch: Batch, *, delivered: bool, now: float) -> None:
        """A body was accepted, or not: then it is tried again until it is too late."""
        with self.changed:
            self._flying.discard(batch.url)
            self.counts["posts"] += 1
            if delivered:
                self.counts["delivered"] += len(batch.deliveries)
            for one in () if delivered else batch.deliveries:
                if one.postpone(now):
                    self._waiting.append(one)
                else:
                    self.counts["given_up"] += 1
            self.changed.notify_all()

    def next_due(self, open_: Open) -> float | None:
        """When something may leave or be given up next; None where nothing waits."""
        with self.changed:
            moments = [
                one.due_at if one.may_leave(open_) and not self.disturbance.hold else one.gives_up_at
                for one in self._waiting
                if one.url not in self._flying
            ]
            return min(moments, default=None)

    def idle(self, now: float, open_: Open) -> bool:
        """Whether nothing is under way and nothing could leave now. The caller holds :attr:`changed`."""
        if self._flying:
            return False
        return self.disturbance.hold or not any(one.due_at <= now and one.may_leave(open_) for one in self._waiting)

    def waiting(self) -> int:
        """How many wait."""
        with self.changed:
            return len(self._waiting)

    def _forget(self, gone: Callable[[Delivery], bool], why: str) -> None:
        kept = [one for one in self._waiting if not gone(one)]
        if len(kept) < len(self._waiting):
            self.counts[why] += len(self._waiting) - len(kept)
            self._waiting = kept
