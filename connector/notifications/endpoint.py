"""What becomes of a body that was posted: its genuine notifications ask for a round, or for care of a subscription."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.notifications.knowing import Knowledge, Unavailable
from connector.notifications.parsing import Item, Parsed, parse
from connector.notifications.together import Together
from connector.notifications.verifying import Known, Verdict
from connector.storage import Store
from connector.storage.errors import StorageError
from connector.storage.records import Cause, Lane, WakeMessage
from connector.storage.subscriptions import LifecycleMessage

_PATIENCE = 1.5
"""Seconds that storing a message may take. With reading what is known it stays well under the three seconds in which Graph wants
to be answered. https://learn.microsoft.com/graph/change-notifications-delivery-webhooks"""


@dataclass(slots=True)
class Received:
    """What came in a body, counted. ``lifecycle`` are those of the genuine ones that tell of a subscription itself."""

    genuine: int = 0
    lifecycle: int = 0
    unknown: int = 0
    forged: int = 0
    other_tenant: int = 0
    malformed: int = 0


@dataclass(slots=True)
class _Wanted:
    """What the genuine notifications of a body ask for."""

    kinds: set[str] = field(default_factory=set)
    reauthorize: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    reconcile: bool = False

    @property
    def care(self) -> bool:
        return bool(self.reauthorize or self.missed or self.reconcile)


class Endpoint:
    """Receives notifications of one tenant. Belongs to one event loop, and is kept between calls.

    Args:
        store: where subscriptions are known and messages go.
        tenant_id: of the tenant, in lower case.
    """

    def __init__(self, store: Store, tenant_id: str) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._knowledge = Knowledge(self._read)
        self._rounds: Together[set[str]] = Together(self._wake, patience=_PATIENCE)
        self._care: Together[_Wanted] = Together(self._ask_for_care, patience=_PATIENCE)

    async def receive(self, body: bytes) -> Received:
        """Check a body and have done what it asks for; returns when that is stored.

        Raises:
            Refused: the body is none of notifications.
            Unavailable: storage does not answer in time. Graph is to send it again.
        """
        parsed = parse(body)
        counts, wanted = await self._judge(parsed)
        try:
            if wanted.kinds:
                await self._rounds.ask(wanted.kinds)
            if wanted.care:
                await self._care.ask(wanted)
        except (StorageError, TimeoutError):
            raise Unavailable("a message could not be stored") from None
        return counts

    async def _judge(self, parsed: Parsed) -> tuple[Received, _Wanted]:
        known = await self._knowledge.get()
        verdicts = self._verdicts(parsed.items, known)
        if any(verdict is Verdict.UNKNOWN for verdict, _ in verdicts):
            latest = await self._knowledge.look_again()
            if latest is not known:
                verdicts = self._verdicts(parsed.items, latest)
        counts, wanted = Received(malformed=parsed.malformed), _Wanted()
        for item, (verdict, resource) in zip(parsed.items, verdicts, strict=True):
            setattr(counts, verdict.value, getattr(counts, verdict.value) + 1)
            if verdict is Verdict.GENUINE:
                counts.lifecycle += item.lifecycle_event is not None
                _note(wanted, item, resource)
        return counts, wanted

    def _verdicts(self, items: Sequence[Item], known: Known) -> list[tuple[Verdict, str]]:
        return [known.judge(item, self._tenant_id) for item in items]

    async def _read(self) -> Known:
        held = await self._store.subscriptions()
        return Known.of(held.record if held else None)

    async def _wake(self, asked: Sequence[set[str]]) -> None:
        kinds = tuple(sorted(set().union(*asked)))
        await self._store.send_wake(
            WakeMessage(lane=Lane.DIRECTORY, cause=Cause.NOTIFICATION, seen_at=datetime.now(UTC), kinds=kinds)
        )

    async def _ask_for_care(self, asked: Sequence[_Wanted]) -> None:
        await self._store.send_lifecycle(
            LifecycleMessage(
                seen_at=datetime.now(UTC),
                reauthorize=tuple(sorted(set().union(*(one.reauthorize for one in asked)))),
                missed=tuple(sorted(set().union(*(one.missed for one in asked)))),
                reconcile=any(one.reconcile for one in asked),
            )
        )


def _note(wanted: _Wanted, item: Item, resource: str) -> None:
    """What a genuine notification asks for. Graph may send both sorts to either address."""
    match (item.lifecycle_event or "").lower():
        case "":
            wanted.kinds.add(resource)
        case "reauthorizationrequired":
            wanted.reauthorize.add(item.subscription_id.lower())
        case "missed":
            wanted.missed.add(resource)
        case _:  # subscriptionRemoved, and whatever there may be one day: look what Graph lists
            wanted.reconcile = True
