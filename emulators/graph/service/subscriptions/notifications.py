"""Change notifications of one emulator: from the tenant's commits to the endpoints, with controls for tests."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from emulators.graph.service.context import Context
from emulators.graph.service.subscriptions.changes import Change, changes_since
from emulators.graph.service.subscriptions.courier import Courier, cancelled
from emulators.graph.service.subscriptions.health import PROFILES, State
from emulators.graph.service.subscriptions.model import Subscription
from emulators.graph.service.subscriptions.outbox import Batch, Disturbance, Outbox
from emulators.graph.service.subscriptions.payloads import change_item, lifecycle_item
from emulators.graph.service.subscriptions.registry import Registry, next_reminder
from emulators.graph.service.subscriptions.timer import Timer
from emulators.graph.tenant.tenant import Tenant

_PATIENCE_SECONDS = 30


class Notifications:
    """Watches the tenant and delivers. Everything here may be called from any thread, but for :meth:`start` and
    :meth:`stop`, which belong to the server's event loop.

    Args:
        tenant: whose changes are told.
        context: clock and variants.
        ca_file: PEM file of authorities that sign the endpoints' certificates.
        verify: False accepts any certificate.
    """

    def __init__(self, tenant: Tenant, context: Context, *, ca_file: str | None = None, verify: bool = True) -> None:
        self._tenant = tenant
        self._context = context
        self._timer = Timer(context.clock)
        self.courier = Courier(self._timer, ca_file=ca_file, verify=verify)
        self.registry = Registry(context.clock.now)
        self._outbox = Outbox()
        self._running: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to watch and to deliver."""
        await self.courier.start()
        self._timer.start()
        self._tenant.watch(self._committed)
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop at once; what waits is not delivered."""
        if self._running is None:
            return
        self._tenant.unwatch(self._committed)
        self._timer.stop()
        for task in (self._running, *self._sending):
            await cancelled(task)
        self._running = None
        await self.courier.stop()

    def wake(self) -> None:
        """Look again at what is due: something changed."""
        self._timer.wake()

    def disturb(self, **changes: Any) -> Disturbance:
        """Change what happens to notifications; see :class:`Disturbance`. Returns what holds now.

        Raises:
            msgspec.ValidationError: for names or values that there are not.
        """
        with self._outbox.changed:
            now = msgspec.to_builtins(self._outbox.disturbance)
            self._outbox.disturbance = msgspec.convert(now | changes, Disturbance)
            disturbance = self._outbox.disturbance
        self.wake()
        return disturbance

    def release(self) -> None:
        """Send what was held, and hold no longer."""
        self.disturb(hold=False)

    def drain(self, timeout: float = _PATIENCE_SECONDS) -> None:
        """Wait until nothing is under way and nothing is due at the present time of the emulator's clock.

        Args:
            timeout: seconds of real time.

        Raises:
            TimeoutError: there is still something.
        """
        self.wake()
        with self._outbox.changed:
            if not self._outbox.changed.wait_for(self._idle, timeout):
                raise TimeoutError("notifications are still being delivered")

    def remind(self, subscription_id: str) -> None:
        """Send ``reauthorizationRequired`` now, as when a permission was revoked.

        Raises:
            KeyError: there is no such subscription.
        """
        subscription = self.registry.find(subscription_id)
        if subscription is None:
            raise KeyError(subscription_id)
        self._remind(subscription)
        self.wake()

    def snapshot(self) -> dict[str, Any]:
        """Counters, what waits, and the subscriptions, as JSON."""
        return {
            "counts": dict(self._outbox.counts),
            "waiting": self._outbox.waiting(),
            "disturbance": msgspec.to_builtins(self._outbox.disturbance),
            "subscriptions": [one.shown() for one in self.registry.living()],
        }

    @property
    def counts(self) -> dict[str, int]:
        """How many were made, lost, dropped, posted, delivered, given up or orphaned."""
        return dict(self._outbox.counts)

    def _committed(self, seq: int) -> None:
        living = self.registry.living()
        if not living:
            return
        purged = self._context.variants.delta_reports_purged_members
        for change in changes_since(self._tenant.db, seq, purged_members=purged):
            for subscription in living:
                if _concerns(change, subscription):
                    self._tell(subscription, change)
        self.wake()

    def _tell(self, subscription: Subscription, change: Change) -> None:
        variants, now = self._context.variants, self._context.clock.now()
        state = self.courier.state(subscription.notification_url, variants.notification_profile)
        if state is State.DROP:
            self._outbox.counts["dropped"] += 1
            return
        late = PROFILES[variants.notification_profile].slow_delay if state is State.SLOW else 0.0
        item = change_item(
            subscription, change, self._tenant.id, now, with_members=variants.notifications_carry_members
        )
        url = subscription.notification_url
        self._outbox.add(subscription.id, url, item, now=now, late=late, lifecycle=False)

    def _remind(self, subscription: Subscription) -> None:
        now = self._context.clock.now()
        if subscription.lifecycle_url is not None:
            item = lifecycle_item(subscription, "reauthorizationRequired", self._tenant.id)
            self._outbox.add(subscription.id, subscription.lifecycle_url, item, now=now, late=0, lifecycle=True)
        # Last: whoever drains would otherwise see neither a reminder that is due nor one that waits.
        subscription.remind_at = next_reminder(now, subscription.token_expires_at)

    async def _run(self) -> None:
        while True:
            now = self._context.clock.now()
            for subscription in self.registry.living():
                if subscription.remind_at <= now:
                    self._remind(subscription)
            for batch in self._outbox.take(now, self._open()):
                task = asyncio.create_task(self._send(batch))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            await self._timer.pause(self._next_moment())

    async def _send(self, batch: Batch) -> None:
        delivered = False
        try:
            delivered = await self.courier.deliver(batch, self._context.variants.notification_profile)
        finally:
            self._outbox.landed(batch, delivered=delivered, now=self._context.clock.now())
            self._timer.wake()

    def _open(self) -> dict[str, bool]:
        now = self._context.clock.now()
        return {one.id: one.token_expires_at > now for one in self.registry.living()}

    def _idle(self) -> bool:
        now = self._context.clock.now()
        reminded = all(one.remind_at > now for one in self.registry.living())
        return reminded and self._outbox.idle(now, self._open())

    def _next_moment(self) -> float | None:
        moments = [moment for one in self.registry.living() for moment in (one.remind_at, one.expires_at)]
        due = self._outbox.next_due(self._open())
        return min(moments if due is None else [*moments, due], default=None)


def _concerns(change: Change, subscription: Subscription) -> bool:
    target = subscription.target
    if target.type != change.type or target.id not in (None, change.id):
        return False
    if target.relation is not None and target.relation not in change.relations:
        return False
    return change.change_type in subscription.change_types
