"""How well an endpoint answers: slow endpoints get notifications late, worse ones get none for a while.

Numbers: Microsoft Graph, "Receive change notifications through webhooks", in its current text and in that of 2023.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """What an endpoint has become."""

    HEALTHY = "healthy"
    SLOW = "slow"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules that apply; seconds and shares of responses.

    Attributes:
        deadline: how long an answer may take before the delivery counts as failed.
        slow_after: how long it may take before it counts as slow.
        window: over how long responses are counted.
        fewest: how many responses it takes to judge.
        slow_share: above this share of slow responses an endpoint is slow.
        drop_share: from this share on it is dropped.
        drop_share_included: whether exactly that share is enough.
        slow_delay: how late notifications then come.
        drop_seconds: for how long at most they are dropped.
    """

    deadline: float
    slow_after: float
    window: float
    fewest: int
    slow_share: float
    drop_share: float
    drop_share_included: bool
    slow_delay: float
    drop_seconds: float


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "current": Profile(10, 10, 600, 1, 0.10, 0.15, False, 10, 600),
        "older": Profile(3, 2.9, 600, 100, 0.10, 0.15, True, 600, 600),
    }
)


@dataclass(slots=True)
class Endpoint:
    """What is known of one endpoint: times of its answers, and until when it is dropped."""

    answers: deque[tuple[float, bool]] = field(default_factory=deque)
    dropped_until: float = 0.0

    def answered(self, profile: Profile, now: float, seconds: float) -> None:
        """Count an answer that took ``seconds``, or a wait for one that ended without."""
        self.answers.append((now, seconds > profile.slow_after or seconds >= profile.deadline))
        if self._judged(profile, now) is State.DROP:
            self.dropped_until = now + profile.drop_seconds
            self.answers.clear()

    def state(self, profile: Profile, now: float) -> State:
        """What it is now."""
        return State.DROP if now < self.dropped_until else self._judged(profile, now)

    def _judged(self, profile: Profile, now: float) -> State:
        while self.answers and self.answers[0][0] <= now - profile.window:
            self.answers.popleft()
        if len(self.answers) < profile.fewest:
            return State.HEALTHY
        share = sum(slow for _, slow in self.answers) / len(self.answers)
        if share > profile.drop_share or (profile.drop_share_included and share == profile.drop_share):
            return State.DROP
        return State.SLOW if share > profile.slow_share else State.HEALTHY
