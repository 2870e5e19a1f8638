"""Everything that may happen to a deployment, one function each: done once, and told on one line."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from connector.graph.errors import GraphError
from connector.storage import StorageError
from connector.storage.records import Cause, Lane
from connector.sync.announcing import PUBLISH
from connector.sync.publishing.compacting import compact as fold
from emulators.graph.tenant.errors import TenantError
from tests.support.changes import access, people
from tests.support.changes.chance import Chance, Nothing
from tests.support.dying import Killed
from tests.support.histories import change
from tests.support.worlds.certain import announce_together, look, newcomer_returns, read_in_part
from tests.support.worlds.disturbed import die
from tests.support.worlds.postbox import Letter
from tests.support.worlds.weather import other_answers, some_fault
from tests.support.worlds.world import WORKERS, World

Action = Callable[[World, random.Random], Coroutine[Any, Any, str]]

_MOST_WRITES_OF_A_ROUND = 6
_MOST_WRITES_OF_A_STEP = 8
_MOST_WRITES_OF_A_COMPACTION = 30
_KINDS = ("users", "groups")
_MINUTE, _HOUR, _DAY = 60, 3600, 24 * 3600


async def change_tenant(world: World, chance: random.Random) -> str:
    """Changes, of which Graph notifies as it does: of users and groups only, late, twice, or never."""
    told = [change(world.tenant, chance, world.now) for _ in range(chance.choice((1, 1, 2, 5)))]
    for _ in range(chance.choice((0, 1, 1, 2))):
        await world.postbox.send(
            world.wake(Cause.NOTIFICATION, Lane.DIRECTORY, chance.choice(_KINDS)), delay=chance.choice((0, 0, _MINUTE))
        )
    return "; ".join(told)


async def come_and_go(world: World, chance: random.Random) -> str:
    """Somebody is deleted, a round sees it, and somebody comes back."""
    told = [_one_of(world, chance, people.delete_user, people.delete_user, access.delete_application)]
    told.append(await world.workers[chance.randrange(WORKERS)].take(look(world)))
    told.append(_one_of(world, chance, people.restore_user, people.restore_group, access.restore_application))
    return "; ".join(told)


def _one_of(world: World, chance: random.Random, *changes: Callable[[Chance], str]) -> str:
    try:
        return chance.choice(changes)(Chance(world.tenant, chance, world.now))
    except (Nothing, TenantError):
        return "nothing"


async def deliver(world: World, chance: random.Random) -> str:
    """A round for one message, whichever; some messages come once more."""
    message = _some_letter(world, chance)
    if chance.random() < 0.2:
        world.postbox.letters.append(message)
    index = chance.randrange(WORKERS)
    return f"worker {index}: {await world.workers[index].take(message)}"


async def timer(world: World, chance: random.Random) -> str:
    """The timer asks for whatever is due."""
    await world.workers[0].tick()
    return f"timer: {len(world.postbox.letters)} messages"


async def two_at_once(world: World, chance: random.Random) -> str:
    """Both workers take a message at the same moment, and something may change meanwhile."""
    letters = [_some_letter(world, chance) for _ in range(WORKERS)]
    both = [
        worker.take(letter, world.worker_store(unleased=chance.random() < 0.7))
        for worker, letter in zip(world.workers, letters, strict=True)
    ]
    return " | ".join(map(str, await asyncio.gather(*both)))


async def change_in_a_round(world: World, chance: random.Random) -> str:
    """The tenant changes, or the other worker commits, between two writes of a round."""
    index, told = chance.randrange(WORKERS), []

    async def meanwhile() -> None:
        if chance.random() < 0.5:
            told.append(change(world.tenant, chance, world.now))
        else:
            told.append(change(world.tenant, chance, world.now))
            told.append(str(await world.workers[1 - index].take(look(world), world.worker_store(unleased=True))))

    store = world.worker_store(
        at=chance.randint(1, _MOST_WRITES_OF_A_ROUND), act=meanwhile, after=chance.random() < 0.5
    )
    ended = await world.workers[index].take(_some_letter(world, chance), store)
    return f"worker {index}: {ended}, meanwhile {told}"


async def overtake(world: World, chance: random.Random) -> str:
    """Something changes again when a round has read it, and the other worker reads and commits first."""
    index, drawn = chance.randrange(WORKERS), Chance(world.tenant, chance, world.now)
    try:
        user, group, member = drawn.living("user"), drawn.living("group"), drawn.living("user")
    except Nothing:
        return "nobody is there"
    told = []

    async def meanwhile() -> None:
        world.tenant.update_user(user, {"department": "Now"})
        _toggle(world, group, member)
        told.append(await world.workers[1 - index].take(look(world), world.worker_store(unleased=True)))

    world.tenant.update_user(user, {"department": "Before"})
    _toggle(world, group, member)
    store = world.worker_store(at=chance.randint(1, 2), act=meanwhile)
    ended = await world.workers[index].take(look(world), store)
    return f"{drawn.tell('worker', index, user, group, member)}: {ended}, overtaken by {told}"


def _toggle(world: World, group: str, member: str) -> None:
    """Whoever is a member leaves, and whoever is none joins."""
    try:
        world.tenant.remove_member(group, member, as_system=True)
    except TenantError:
        world.tenant.add_member(group, member, as_system=True)


async def kill_a_round(world: World, chance: random.Random) -> str:
    """A worker dies before or after one of its writes; the queue delivers the message again, later."""
    index, at, after = chance.randrange(WORKERS), chance.randint(1, _MOST_WRITES_OF_A_ROUND), chance.random() < 0.5
    message = _some_letter(world, chance)
    try:
        ended = await world.workers[index].take(message, world.worker_store(at=at, act=die, after=after))
    except Killed:
        world.postbox.letters.append(message)
        await world.restart(index, forget=chance.random() < 0.3)
        ended = f"killed {'after' if after else 'before'} write {at}"
    return f"worker {index}: {ended}"


async def lose_the_lease(world: World, chance: random.Random) -> str:
    """A worker stalls in mid-round, and its lease runs out."""
    index, message = chance.randrange(WORKERS), _some_letter(world, chance)
    ended = await world.workers[index].take(message, world.worker_store(lost=True))
    return f"worker {index}: {ended}"


async def restart(world: World, chance: random.Random) -> str:
    """A worker is replaced."""
    index, forget = chance.randrange(WORKERS), chance.random() < 0.5
    await world.restart(index, forget=forget)
    return f"worker {index} {'with an empty disk' if forget else 'with its disk'}"


async def begin_sync(world: World, chance: random.Random) -> str:
    """A full sync is asked for; its steps come when they come."""
    return await world.syncing.begin()


async def sync_steps(world: World, chance: random.Random) -> str:
    """Some messages of a running full sync, in any order, some twice, some to workers that die."""
    if not world.syncing.messages:
        return "none"
    taken = 0
    for _ in range(chance.choice((1, 4, 20, 60))):
        if not world.syncing.messages:
            break
        message = world.syncing.messages.pop(chance.randrange(len(world.syncing.messages)))
        at = chance.randint(1, _MOST_WRITES_OF_A_STEP) if chance.random() < 0.1 else 0
        try:
            await world.syncing.take(
                message,
                store=world.worker_store(at=at, act=die, after=chance.random() < 0.5),
                page_by_page=chance.random() < 0.3,
            )
        except (Killed, GraphError, StorageError):
            world.syncing.messages.append(message)
        taken += 1
    return f"{taken} taken, {len(world.syncing.messages)} left"


async def overtake_a_sync(world: World, chance: random.Random) -> str:
    """A round commits something that a full sync has read before it changed: the sync does not take it back."""
    drawn = Chance(world.tenant, chance, world.now)
    try:
        user = drawn.living("user")
    except Nothing:
        return "nobody is there"
    sync_id = await world.syncing.begin()
    while any(message.unit != PUBLISH for message in world.syncing.messages):
        message = next(message for message in world.syncing.messages if message.unit != PUBLISH)
        world.syncing.messages.remove(message)
        try:
            await world.syncing.take(message)
        except (GraphError, StorageError):
            world.graph.faults.clear()
            world.syncing.messages.append(message)
    world.tenant.update_user(user, {"department": f"Overtaken {chance.randrange(1000)}"})
    told = await world.workers[0].take(look(world))
    before = world.journal.check()["accounts"].get((user,))
    for message in list(world.syncing.messages):
        world.syncing.messages.remove(message)
        await world.syncing.take(message)
    after = world.journal.check()["accounts"].get((user,))
    assert before == after, f"{sync_id} made {after} of {before}"
    return f"{drawn.tell(sync_id, user)}: {told}"


async def whole_sync(world: World, chance: random.Random) -> str:
    """A full sync while nothing else happens."""
    world.graph.faults.clear()
    return await world.syncing.run()


async def compact(world: World, chance: random.Random) -> str:
    """The journal is folded into a snapshot, unless the worker dies, or something is committed meanwhile."""
    if chance.random() < 0.3:
        both = [fold(world.store, world.now(), most_segments=0) for _ in range(2)]
        return f"twice: {await asyncio.gather(*both)}"
    told: list[str] = []

    async def meanwhile() -> None:
        told.append(change(world.tenant, chance, world.now))
        told.append(await world.workers[0].take(look(world)))

    happens = chance.choice((die, meanwhile))
    at = chance.randint(1, _MOST_WRITES_OF_A_COMPACTION) if chance.random() < 0.6 else 0
    store: Any = world.worker_store(at=at, act=happens, after=chance.random() < 0.5)
    try:
        return f"{await fold(store, world.now(), most_segments=0)} {told}"
    except Killed:
        return f"killed at write {at}"


async def damage(world: World, chance: random.Random) -> str:
    """A segment is not what was committed. Whoever has to read it says so, and a full sync repairs it."""
    current = world.journal.current()
    assert current is not None
    if not current.segments:
        return "there is no segment"
    ref = chance.choice(current.segments)
    world.rewrite(
        world.store.segment_name(ref), lambda data: data.replace(b'"committed_at":"2', b'"committed_at":"1', 1)
    )
    index = chance.randrange(WORKERS)
    await world.restart(index, forget=True)
    told = await world.workers[index].take(look(world))
    assert "damaged" in told, f"nobody noticed that segment {ref.first} is damaged: {told}"
    assert world.syncing.messages, "no full sync was asked for"
    world.graph.faults.clear()
    return f"segment {ref.first}: {told}, repaired by {await world.syncing.run()}"


async def retain(world: World, chance: random.Random) -> str:
    """What is old is removed."""
    return str(await world.workers[0].clean_up())


async def fault(world: World, chance: random.Random) -> str:
    """Something goes wrong with calls to come."""
    return some_fault(world.graph, chance)


async def answers(world: World, chance: random.Random) -> str:
    """Graph answers in another of its ways."""
    return other_answers(world.graph, chance)


async def small_pages(world: World, chance: random.Random) -> str:
    """Graph answers in as many pages as it can."""
    world.graph.variants = replace(world.graph.variants, delta_page_size=1, delta_slice_size=1)
    return "one object a page"


async def forget(world: World, chance: random.Random) -> str:
    """Graph forgets the delta links of a kind."""
    name = chance.choice(("users", "groups"))
    world.graph.reset_delta(name)
    return name


async def wait(world: World, chance: random.Random) -> str:
    """Time passes."""
    seconds = chance.choice((_MINUTE, 10 * _MINUTE, _HOUR, 7 * _HOUR, _DAY, 3 * _DAY, 8 * _DAY))
    world.graph.clock.advance(seconds)
    return f"{seconds / _HOUR:.2f} hours"


ACTIONS: Mapping[Action, int] = MappingProxyType(
    {
        change_tenant: 40,
        come_and_go: 3,
        newcomer_returns: 1,
        deliver: 14,
        timer: 8,
        two_at_once: 5,
        change_in_a_round: 5,
        overtake: 3,
        kill_a_round: 6,
        lose_the_lease: 2,
        restart: 2,
        begin_sync: 2,
        sync_steps: 4,
        whole_sync: 1,
        overtake_a_sync: 1,
        compact: 3,
        damage: 1,
        retain: 1,
        fault: 6,
        answers: 4,
        wait: 4,
    }
)
"""Everything that happens, and how often it is drawn."""

CERTAIN = (announce_together, read_in_part)
"""What only shows how something is done, and so is drawn where just that is tried."""

BY_NAME: Mapping[str, Action] = MappingProxyType(
    {action.__name__: action for action in (*ACTIONS, small_pages, forget, *CERTAIN)}
)


def _some_letter(world: World, chance: random.Random) -> Letter:
    letter = world.postbox.draw()
    if letter is not None:
        return letter
    lane = chance.choice((Lane.DIRECTORY, Lane.DIRECTORY, Lane.APPLICATIONS))
    return Letter(world.wake(Cause.DELTA, lane), deliveries=1)
