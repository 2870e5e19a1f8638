"""What a body leads to, and that Graph is not told that something is done before it is."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connector.notifications import endpoint
from connector.notifications.endpoint import Endpoint
from connector.notifications.knowing import Unavailable
from connector.storage.errors import StorageUnreachable
from connector.storage.subscriptions import Subscription, Subscriptions, digest

TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
STATE = Subscriptions(
    subscriptions=tuple(
        Subscription(
            id=f"id-of-{resource}",
            resource=resource,
            notification_url="",
            lifecycle_url="",
            client_state_sha256=digest(resource),
            made_at=NOW,
            expires_at=NOW,
            renew_at=NOW,
        )
        for resource in ("users", "groups")
    )
)


class Store:
    """Storage whose queue is as slow or broken as a test needs it."""

    def __init__(self, *, hangs=False, error=None):
        self.wakes, self.care = [], []
        self.hangs, self.error = hangs, error

    async def subscriptions(self):
        return SimpleNamespace(record=STATE)

    async def send_wake(self, message):
        await self._send(self.wakes, message)

    async def send_lifecycle(self, message):
        await self._send(self.care, message)

    async def _send(self, sent, message):
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        sent.append(message)


def item(resource, event=None):
    return {
        "subscriptionId": f"id-of-{resource}",
        "tenantId": TENANT,
        "clientState": resource,
        **({"lifecycleEvent": event} if event else {}),
    }


def receive(store, *items):
    body = json.dumps({"value": items}).encode()
    return asyncio.run(Endpoint(store, TENANT).receive(body))


def test_a_body_asks_for_one_round_of_what_it_concerns():
    store = Store()
    receive(store, item("users"), item("groups"), item("users"))
    (wake,) = store.wakes
    assert (wake.kinds, store.care) == (("groups", "users"), [])


def test_reminders_and_changes_may_come_together():
    store = Store()
    received = receive(store, item("groups", "reauthorizationRequired"), item("users"), item("users", "missed"))
    (wake,), (care,) = store.wakes, store.care
    assert (wake.kinds, care.reauthorize, care.missed, care.reconcile) == (
        ("users",),
        ("id-of-groups",),
        ("users",),
        False,
    )
    assert (received.genuine, received.lifecycle) == (3, 2)


@pytest.mark.parametrize("event", ["subscriptionRemoved", "somethingNew"])
def test_whatever_else_happens_to_a_subscription_has_the_list_read(event):
    store = Store()
    receive(store, item("groups", event))
    assert store.care[0].reconcile


@pytest.mark.parametrize("problem", [{"hangs": True}, {"error": StorageUnreachable("host")}], ids=["slow", "broken"])
@pytest.mark.parametrize("event", [None, "reauthorizationRequired"])
def test_what_is_not_stored_in_time_is_to_be_sent_again(problem, event, monkeypatch):
    monkeypatch.setattr(endpoint, "_PATIENCE", 0.05)
    with pytest.raises(Unavailable):
        receive(Store(**problem), item("users", event))


def test_nothing_genuine_nothing_stored():
    store = Store(error=AssertionError("nothing is to be stored"))
    received = receive(store, item("users") | {"clientState": "x"}, {"subscriptionId": "y", "tenantId": TENANT}, 1)
    assert (received.genuine, received.forged, received.unknown, received.malformed) == (0, 1, 1, 1)


def test_a_crowd_of_callers_shares_messages():
    async def run():
        store = Store()
        body = json.dumps({"value": [item("users")]}).encode()
        one: Any = Endpoint(cast("Any", store), TENANT)
        await asyncio.gather(*(one.receive(body) for _ in range(500)))
        return len(store.wakes)

    assert asyncio.run(run()) <= 3
