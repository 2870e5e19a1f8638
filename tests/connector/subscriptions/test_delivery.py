"""Notifications go on to arrive: reminders of Graph, reminders that are lost, and an address that has been slow."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from connector.storage import open_store
from connector.subscriptions.service import MalformedMessage, handle_message
from emulators.graph.service.faults import Fault

MINUTE, HOUR = 60, 3_600


@pytest.fixture
def subscribed(world, ours):
    """A deployment that is subscribed, on a clock that only the test moves."""
    world.graph.clock.stop()
    ours.run()
    return ours


def take_care(subscriber):
    """Do what the lifecycle queue asks for; how many messages there were."""
    messages = subscriber.lifecycle_messages()
    for message in messages:
        asyncio.run(handle_message(subscriber.settings, json.dumps(message)))
    return len(messages)


def test_a_reminder_is_followed_at_once_so_that_delivery_never_pauses(world, subscribed):
    """Tokens live for an hour; Graph reminds every quarter of one."""
    for _ in range(12):
        world.pass_time(15 * MINUTE)
        assert take_care(subscribed) >= 1
        before = subscribed.address.genuine
        world.change_something()
        assert subscribed.address.genuine == before + 2


def test_with_every_reminder_lost_the_timer_is_early_enough_for_the_backlog(world, subscribed):
    world.pass_time(59 * MINUTE)
    subscribed.lifecycle_messages()
    world.graph.clock.advance(2 * MINUTE)
    world.change_something()
    assert subscribed.address.genuine == 0
    for _ in range(8):  # the longest time between two ticks at which the timer does something, in pieces
        world.pass_time(15 * MINUTE)

    subscribed.run()
    world.pass_time()

    assert subscribed.address.genuine == 2


def test_changes_between_a_reminder_and_the_renewal_that_are_lost_do_not_stop_what_follows(world, subscribed):
    world.pass_time(15 * MINUTE)
    take_care(subscribed)
    world.graph.notifications.disturb(lose=2)
    world.change_something()
    assert subscribed.address.genuine == 0
    world.pass_time(5 * 24 * HOUR)

    assert subscribed.run().renewed == 2

    world.change_something()
    assert subscribed.address.genuine == 2


def test_a_reminder_for_a_subscription_that_is_gone_makes_a_new_one(world, subscribed):
    gone = subscribed.state().subscriptions[0]
    world.graph.notifications.registry.remove(gone.id)
    world.graph.notifications.disturb(hold=True)
    world.graph.clock.advance(0)
    message = {"seen_at": world.graph.clock.utc().isoformat(), "reauthorize": [gone.id]}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connector.subscriptions.planning.LIST_LAG", timedelta(0))
        asyncio.run(handle_message(subscribed.settings, json.dumps(message)))

    assert len(world.living()) == 2
    assert gone.id not in {one.id for one in subscribed.state().subscriptions}


def test_a_reminder_may_write_ids_in_another_case(world, subscribed):
    ours = subscribed.state()
    shouting = [
        structs.replace(one, id=one.id.upper()) for one in ours.subscriptions
    ]  # notifications are read in lower case
    message = {"seen_at": world.graph.clock.utc().isoformat(), "reauthorize": [ours.subscriptions[0].id]}

    async def work() -> None:
        async with open_store(subscribed.settings) as store:
            held = await store.subscriptions()
            assert held
            await store.replace_subscriptions(structs.replace(held.record, subscriptions=tuple(shouting)), held)

    asyncio.run(work())
    world.graph.metrics.reset()
    asyncio.run(handle_message(subscribed.settings, json.dumps(message)))

    assert world.graph.metrics.requests > 0


def test_a_reminder_whose_answer_fails_is_delivered_again(world, subscribed):
    world.graph.fail(Fault(method="POST", path="reauthorize", status=500, times=8))
    ours = subscribed.state().subscriptions[0].id
    message = json.dumps({"seen_at": world.graph.clock.utc().isoformat(), "reauthorize": [ours]})

    with pytest.raises(Exception, match="500"):
        asyncio.run(handle_message(subscribed.settings, message))
    asyncio.run(handle_message(subscribed.settings, message))


def test_a_reminder_for_somebody_elses_subscription_asks_nothing_of_graph(world, subscribed):
    world.graph.metrics.reset()
    message = {"seen_at": world.graph.clock.utc().isoformat(), "reauthorize": ["not-one-of-ours"]}

    asyncio.run(handle_message(subscribed.settings, json.dumps(message)))

    assert world.graph.metrics.requests == 0


def test_missed_notifications_ask_for_a_round(world, subscribed):
    subscribed.messages()
    message = {"seen_at": world.graph.clock.utc().isoformat(), "missed": ["users"]}

    asyncio.run(handle_message(subscribed.settings, json.dumps(message)))

    (wake,) = subscribed.messages()
    assert (wake["lane"], wake["cause"], wake["kinds"]) == ("directory", "notification", ["users"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seen_at": 1}', '{"seen_at": "2026-01-01T00:00:00Z", "do": "x"}'])
def test_what_is_no_message_is_put_aside(subscribed, text):
    with pytest.raises(MalformedMessage):
        asyncio.run(handle_message(subscribed.settings, text))


def test_an_address_that_was_slow_and_then_dropped_is_delivered_to_again(world, subscribed):
    address = subscribed.address

    def slowly():
        address.before = lambda: None
        world.graph.clock.advance(11)

    world.change_something()
    assert address.genuine == 2
    address.before = slowly
    world.graph.tenant.create_user("Slow")
    world.graph.notifications.drain()
    dropped = world.graph.notifications.counts.get("dropped", 0)
    world.change_something()
    assert world.graph.notifications.counts["dropped"] == dropped + 2
    assert subscribed.run().problems == []
    assert len(world.living()) == 2
    world.pass_time(10 * MINUTE)

    before = address.genuine
    world.change_something()

    assert address.genuine == before + 2


def test_an_address_that_fails_for_a_while_gets_the_same_again(world, subscribed):
    subscribed.address.before = lambda: 503
    world.change_something()
    assert subscribed.address.genuine == 0
    subscribed.address.before = lambda: None

    world.pass_time(30)

    assert subscribed.address.genuine == 2


def test_the_rules_of_other_years_change_nothing(world, ours):
    world.graph.variants = replace(world.graph.variants, notification_profile="older")
    ours.run()
    world.change_something()
    assert ours.address.genuine == 2
