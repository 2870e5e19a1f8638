"""``/subscriptions``: what each request does."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from emulators.graph.service.errors import GraphError
from emulators.graph.service.messages import Reply
from emulators.graph.service.operations import Call, Operation
from emulators.graph.service.permissions import require_for_subscription
from emulators.graph.service.subscriptions.model import Subscription
from emulators.graph.service.subscriptions.notifications import Notifications
from emulators.graph.service.subscriptions.registry import next_reminder
from emulators.graph.service.subscriptions.wanted import Change, Wanted, check_url, expiry, parsed

Add = Callable[[str, str, Operation], None]
_VALIDATION = "Validation: Testing client application reachability for subscription Request-Id: "


class SubscriptionRoutes:
    """Answers for the subscriptions of ``notifications``."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications
        self._registry = notifications.registry

    def add_to(self, add: Add) -> None:
        """Register every path."""
        add("GET", "subscriptions", self._list)
        add("POST", "subscriptions", self._create)
        add("GET", "subscriptions/{id}", self._read)
        add("PATCH", "subscriptions/{id}", self._change)
        add("DELETE", "subscriptions/{id}", self._delete)
        add("POST", "subscriptions/{id}/reauthorize", self._reauthorize)

    def _list(self, call: Call) -> Reply:
        """Those of the calling application; there are never more than fit on a page."""
        own = [one.shown() for one in self._registry.living() if one.app_id == call.caller.app_id]
        return Reply(200, {"@odata.context": f"{call.request.base}/$metadata#subscriptions", "value": own})

    def _create(self, call: Call) -> Reply:
        """201 once the endpoints have answered the handshake.

        Raises:
            GraphError: 400 for what is malformed, 403 beyond the quota, 409 for one that is there already.
        """
        wanted = parsed(call.request.body, Wanted)
        target = wanted.check()
        require_for_subscription(wanted.resource, call.caller.roles)
        now = call.context.clock.now()
        made = Subscription(
            id=str(uuid.uuid4()),
            app_id=call.caller.app_id,
            creator_id=call.caller.object_id,
            resource=wanted.resource,
            target=target,
            change_type=wanted.change_type,
            notification_url=wanted.notification_url,
            lifecycle_url=wanted.lifecycle_notification_url,
            client_state=wanted.client_state,
            tls_version=wanted.latest_supported_tls_version or "v1_2",
            expires_at=expiry(wanted.expiration_date_time, now),
            token_expires_at=call.caller.expires_at,
            remind_at=next_reminder(now, call.caller.expires_at),
        )
        self._check_new(call, made)

        async def validated() -> Reply:
            for url in dict.fromkeys(filter(None, (made.notification_url, made.lifecycle_url))):
                await self._notifications.courier.shake_hands(url, f"{_VALIDATION}{uuid.uuid4()}")
            self._registry.add(made)
            self._notifications.wake()
            return Reply(201, _entity(call, made))

        return Reply(later=validated)

    def _read(self, call: Call) -> Reply:
        return Reply(200, _entity(call, self._own(call)))

    def _change(self, call: Call) -> Reply:
        """Renew, which authorizes again as well, or move; a new address has to answer the handshake.

        Raises:
            GraphError: 404 for no such subscription, 400 for what is malformed.
        """
        change = parsed(call.request.body, Change)
        subscription = self._own(call)
        if change.notification_url is not None:
            check_url("notificationUrl", change.notification_url)
        if change.expiration_date_time is not None:
            expiry(change.expiration_date_time, call.context.clock.now())

        def apply() -> Reply:
            if change.expiration_date_time is not None:
                subscription.expires_at = expiry(change.expiration_date_time, call.context.clock.now())
                self._authorize(call, subscription)
            subscription.notification_url = change.notification_url or subscription.notification_url
            return Reply(200, _entity(call, subscription))

        if change.notification_url in (None, subscription.notification_url):
            return apply()
        return Reply(later=self._after_handshake(change.notification_url or "", apply))

    def _delete(self, call: Call) -> Reply:
        self._registry.remove(self._own(call).id)
        self._notifications.wake()
        return Reply(204)

    def _reauthorize(self, call: Call) -> Reply:
        self._authorize(call, self._own(call))
        return Reply(204)

    def _authorize(self, call: Call, subscription: Subscription) -> None:
        subscription.token_expires_at = call.caller.expires_at
        subscription.remind_at = next_reminder(call.context.clock.now(), call.caller.expires_at)
        self._notifications.wake()

    def _after_handshake(self, url: str, apply: Callable[[], Reply]) -> Callable[[], Awaitable[Reply]]:
        async def later() -> Reply:
            await self._notifications.courier.shake_hands(url, f"{_VALIDATION}{uuid.uuid4()}")
            return apply()

        return later

    def _own(self, call: Call) -> Subscription:
        return self._registry.of(call.caller.app_id, call.ids[0])

    def _check_new(self, call: Call, made: Subscription) -> None:
        self._registry.check_quota(made.app_id)
        if not call.context.variants.subscriptions_refuse_duplicates:
            return
        for one in self._registry.living():
            if one.app_id == made.app_id and (one.target, one.change_types) == (made.target, made.change_types):
                message = f"Subscription Id {one.id} already exists for the requested combination"
                raise GraphError(409, "InvalidRequest", message)


def _entity(call: Call, subscription: Subscription) -> dict[str, object]:
    return {"@odata.context": f"{call.request.base}/$metadata#subscriptions/$entity"} | subscription.shown()
