"""When the dust settles: Graph answers, the timers run, and whatever the connector asks for is done."""

from __future__ import annotations

from tests.support.worlds.weather import fair_weather
from tests.support.worlds.world import World

_EVERYTHING_IS_DUE = 25 * 3600
"""Seconds after which every kind that is compared is compared again."""
_MOST_ROUNDS = 40
_MOST_TURNS = 4


async def settle(world: World) -> list[str]:
    """Let everything happen that happens by itself; a line for each thing.

    A full sync is done only where one is under way or was asked for, or where the last one has said that it is incomplete.

    Raises:
        AssertionError: it does not come to rest.
    """
    fair_weather(world.graph)
    world.graph.clock.advance(_EVERYTHING_IS_DUE)
    told: list[str] = []
    for _ in range(_MOST_TURNS):
        await world.workers[0].tick()
        told += await _take_all(world)
        if not await _needs_a_sync(world):
            return told
        told.append(f"full sync {await world.syncing.run()}")
        world.graph.clock.advance(_EVERYTHING_IS_DUE)
    raise AssertionError("full syncs are asked for again and again")


async def _take_all(world: World) -> list[str]:
    told: list[str] = []
    for _ in range(_MOST_ROUNDS):
        at = world.postbox.next_at()
        if at is None:
            return told
        world.graph.clock.advance(max(0.0, at - world.graph.clock.now()))
        letter = world.postbox.draw()
        assert letter is not None
        told.append(await world.workers[0].take(letter))
        world.postbox.deliver_again()
    raise AssertionError(f"rounds ask for rounds without end: {told[-6:]}")


async def _needs_a_sync(world: World) -> bool:
    current = world.journal.current()
    assert current is not None
    manifest, _ = world.journal.snapshot(current.snapshot_id)
    return bool(world.syncing.messages or manifest.incomplete)
