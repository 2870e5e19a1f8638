"""Everything that may happen to operations, one function each: done once, and told on one line."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from connector.provisioning.asking import reviving
from connector.provisioning.asking.accepting import Accepted, Asked, accept
from connector.provisioning.errors import KeyReused, NotRevivable, TooLate
from connector.provisioning.provisioner import look_after_lines
from connector.storage import StorageError
from connector.storage.errors import StorageFailed
from connector.storage.names import line_name
from connector.storage.records import LineMessage, Requester
from tests.support.dying import Killed
from tests.support.histories import change
from tests.support.operating.asking import as_text, meddle, some_request, told
from tests.support.operating.certain import (
    die_having_told,
    die_having_written,
    fail_the_write,
    join_meanwhile,
    revoke_at_a_scope,
)
from tests.support.operating.mailbox import Mail
from tests.support.operating.stores import OperatingStore
from tests.support.operating.weather import other_answers, some_fault
from tests.support.operating.world import OperatedWorld
from tests.support.worlds import actions as rounds
from tests.support.worlds.certain import look
from tests.support.worlds.disturbed import die
from tests.support.worlds.world import WORKERS

Action = Callable[[OperatedWorld, random.Random], Coroutine[Any, Any, str]]

_MOST_WRITES_OF_ACCEPTING = 8
_MOST_WRITES_OF_A_GO = 16
_WHERE_IT_HURTS = ("attempt", "attempt", "replace_bundle", "replace_line", "remove_line", "append", "replace_current")
"""Writes after which much is to be remembered; ``attempt`` is one to Graph."""
_SOMEBODY = Requester(kind="function_key")


async def ask(world: OperatedWorld, chance: random.Random) -> str:
    """Somebody asks, with a key or without."""
    wanted = some_request(world, chance)
    key = f"key {chance.randrange(10**6)}" if chance.random() < 0.5 else ""
    asked = Asked(wanted, _SOMEBODY, key)
    if key:
        world.requests.append(asked)
    return await _ask(world, asked)


async def ask_again(world: OperatedWorld, chance: random.Random) -> str:
    """Whoever asked asks again: with the same key it is the same, and something else is refused."""
    if not world.requests:
        return "nobody has asked"
    asked = chance.choice(world.requests)
    if chance.random() < 0.3:
        other = replace(asked, wanted=[*asked.wanted, *some_request(world, chance)])
        try:
            await _accept(world, other, world.operating_store())
        except KeyReused:
            return "the key was used"
        world.requests[world.requests.index(asked)] = other  # what it was used for had not been written
        return "it was not noted the first time"
    first = await _accept(world, asked, world.operating_store())
    again = await _accept(world, asked, world.operating_store())
    assert again.before
    assert [one.id for one in first.operations] == [one.id for one in again.operations], "a key gave two things"
    return f"again {len(asked.wanted)} operations"


async def ask_and_die(world: OperatedWorld, chance: random.Random) -> str:
    """Whoever accepts dies, or storage fails, at one of its writes."""
    asked = Asked(some_request(world, chance), _SOMEBODY, f"key {chance.randrange(10**6)}")
    world.requests.append(asked)
    at, after = chance.randint(1, _MOST_WRITES_OF_ACCEPTING), chance.random() < 0.5
    store = world.operating_store(at=at, act=chance.choice((die, _fail)), after=after)
    try:
        return await _ask(world, asked, store)
    except (Killed, StorageError) as error:
        return f"{type(error).__name__} {'after' if after else 'before'} write {at} of {_all(asked)}"


async def put_on_the_queue(world: OperatedWorld, chance: random.Random) -> str:
    """Another system puts a request on the queue, or what is none."""
    if chance.random() < 0.2:
        world.mailbox.put(chance.choice(("", "{}", '{"line":"x"}', "[]", "nonsense")))
        return "nonsense"
    wanted = some_request(world, chance)
    world.mailbox.put(as_text(wanted))
    return "; ".join(told(one) for one in wanted)


async def deliver(world: OperatedWorld, chance: random.Random) -> str:
    """A message, whichever, to one of the workers."""
    index = chance.randrange(WORKERS)
    mail = await _some_mail(world, chance)
    return f"worker {index}: {await world.process(index).take(mail)}"


async def deliver_to_all(world: OperatedWorld, chance: random.Random) -> str:
    """A message to a worker, who works on all lines that are due as well."""
    mail = replace(await _some_mail(world, chance), deliveries=1)
    return await world.process(chance.randrange(WORKERS)).take(mail, helping=True)


async def deliver_twice(world: OperatedWorld, chance: random.Random) -> str:
    """The same message to both, one after the other."""
    mail = await _some_mail(world, chance)
    return " | ".join([await world.process(index).take(mail) for index in range(WORKERS)])


async def lose(world: OperatedWorld, chance: random.Random) -> str:
    """Messages get lost."""
    lost = [mail for mail in world.mailbox.mails if mail.text.startswith('{"line"') and chance.random() < 0.7]
    for mail in lost:
        world.mailbox.mails.remove(mail)
    return f"{len(lost)} messages"


async def timer(world: OperatedWorld, chance: random.Random) -> str:
    """The timer asks for whatever is due."""
    return f"{await look_after_lines(world.operating_store(), world.now())} lines"  # type: ignore[arg-type]


async def both_at_once(world: OperatedWorld, chance: random.Random) -> str:
    """Both workers take a message of the same line, or of two, at the same moment."""
    mail = await _some_mail(world, chance)
    mails = (mail, mail if chance.random() < 0.6 else await _some_mail(world, chance))
    both = [world.process(index).take(one) for index, one in enumerate(mails)]
    return " | ".join(await asyncio.gather(*both))


async def kill(world: OperatedWorld, chance: random.Random) -> str:
    """A worker dies before or after one of its writes, to storage or to Graph; the queue delivers the message again."""
    index, at, after = chance.randrange(WORKERS), chance.randint(1, _MOST_WRITES_OF_A_GO), chance.random() < 0.5
    mail = await _some_mail(world, chance)
    where = chance.choice(_WHERE_IT_HURTS) if chance.random() < 0.6 else ""
    store = world.operating_store(at=0 if where else at, act=die, after=after)
    store.once(where, die, after=after)
    try:
        ended = await world.process(index).take(mail, store)
    except Killed:
        world.mailbox.put_back(mail)
        await world.restart(index, forget=chance.random() < 0.3)
        ended = f"killed {'after' if after else 'before'} {where or 'write'} {'' if where else at}"
    return f"worker {index}: {ended}"


async def break_storage(world: OperatedWorld, chance: random.Random) -> str:
    """Storage fails at one write, before or after it had its effect."""
    at, after = chance.randint(1, _MOST_WRITES_OF_A_GO), chance.random() < 0.5
    store = world.operating_store(at=at, act=_fail, after=after, graph=False)
    ended = await world.process(0).take(await _some_mail(world, chance), store)
    return f"storage fails {'after' if after else 'before'} write {at}: {ended}"


async def lose_the_lease(world: OperatedWorld, chance: random.Random) -> str:
    """A worker stalls in the middle of its work, its lease runs out, and the other one takes the line over."""
    mail = await _some_mail(world, chance)
    told_: list[str] = []

    async def meanwhile() -> None:
        store.lose_leases()
        told_.append(await world.process(1).take(mail, world.operating_store(unleased=True)))

    at = chance.randint(1, _MOST_WRITES_OF_A_GO)
    store: OperatingStore = world.operating_store(at=at, act=meanwhile, after=chance.random() < 0.5, graph=False)
    ended = await world.process(0).take(mail, store)
    return f"worker 0 stalls at write {at}: {ended}, meanwhile {told_}"


async def change_in_the_middle(world: OperatedWorld, chance: random.Random) -> str:
    """The tenant changes, a round commits, somebody cancels, or somebody else changes the pairs, between two writes of a worker."""
    told_: list[str] = []

    async def meanwhile() -> None:
        kind = chance.random()
        if kind < 0.5:
            told_.append(meddle(world, chance))
        elif kind < 0.65:
            told_.append(_change_others(world, chance))
        elif kind < 0.8:
            told_.append(await cancel(world, chance))
        elif kind < 0.9:
            told_.append(await ask(world, chance))
        else:
            told_.append(await world.workers[1].take(look(world)))

    at = chance.randint(1, _MOST_WRITES_OF_A_GO)
    store = world.operating_store(at=at, act=meanwhile, after=chance.random() < 0.5)
    ended = await world.process(0).take(await _some_mail(world, chance), store)
    return f"worker 0: {ended}, at write {at} {told_}"


async def change_others(world: OperatedWorld, chance: random.Random) -> str:
    """The tenant changes as it always does."""
    return _change_others(world, chance)


async def change_pairs(world: OperatedWorld, chance: random.Random) -> str:
    """Somebody else grants or revokes what operations are about."""
    return "; ".join(meddle(world, chance) for _ in range(chance.choice((1, 2, 4))))


async def cancel(world: OperatedWorld, chance: random.Random) -> str:
    """Somebody thinks better of it."""
    asked = [one for one in await world.operations() if one.status.open]
    if not asked:
        return "nothing is open"
    one = chance.choice(asked)
    try:
        await reviving.cancel(world.operating_store().operations, one.id, _SOMEBODY, world.now())  # type: ignore[arg-type]
    except TooLate:
        return f"too late to cancel {one.id}"
    return f"cancelled {one.id}"


async def retry(world: OperatedWorld, chance: random.Random) -> str:
    """What has ended without success is tried again."""
    ended = [one for one in await world.operations() if not one.status.open]
    if not ended:
        return "nothing has ended"
    one = chance.choice(ended)
    try:
        await reviving.revive(world.operating_store().operations, one.id, _SOMEBODY, world.now())  # type: ignore[arg-type]
    except NotRevivable:
        return f"{one.id} is not to be revived"
    return f"revived {one.id}"


async def fault(world: OperatedWorld, chance: random.Random) -> str:
    """Something goes wrong with calls to come."""
    return some_fault(world.graph, chance)


async def answers(world: OperatedWorld, chance: random.Random) -> str:
    """Graph answers in another of its ways."""
    return other_answers(world.graph, chance)


async def wait(world: OperatedWorld, chance: random.Random) -> str:
    """Time passes."""
    seconds = chance.choice((1, 5, 30, 60, 600, 4 * 3600))
    world.graph.clock.advance(seconds)
    return f"{seconds} s"


async def take_a_round(world: OperatedWorld, chance: random.Random) -> str:
    """A round reads what has changed."""
    return str(await world.workers[chance.randrange(WORKERS)].take(look(world)))


async def whole_sync(world: OperatedWorld, chance: random.Random) -> str:
    """A full sync."""
    return await rounds.whole_sync(world, chance)


ACTIONS: Mapping[Action, int] = MappingProxyType(
    {
        ask: 22,
        ask_again: 3,
        ask_and_die: 4,
        put_on_the_queue: 2,
        deliver: 24,
        deliver_to_all: 2,
        deliver_twice: 3,
        lose: 2,
        timer: 3,
        both_at_once: 5,
        kill: 10,
        break_storage: 4,
        lose_the_lease: 4,
        change_in_the_middle: 7,
        change_others: 3,
        change_pairs: 4,
        cancel: 2,
        retry: 3,
        fault: 9,
        answers: 4,
        wait: 7,
        take_a_round: 4,
        whole_sync: 1,
    }
)
"""Everything that happens, and how often it is drawn."""

CERTAIN = (die_having_told, die_having_written, fail_the_write, join_meanwhile, revoke_at_a_scope)
"""What only shows how something is done, and so is drawn where just that is tried."""

BY_NAME: Mapping[str, Action] = MappingProxyType({action.__name__: action for action in (*ACTIONS, *CERTAIN)})


async def _ask(world: OperatedWorld, asked: Asked, store: OperatingStore | None = None) -> str:
    accepted = await _accept(world, asked, store or world.operating_store())
    return f"{accepted.operations[0].id}… {_all(asked)}"


def _all(asked: Asked) -> str:
    return "; ".join(told(one) for one in asked.wanted)


async def _accept(world: OperatedWorld, asked: Asked, store: OperatingStore) -> Accepted:
    return await accept(store.operations, world.settings, asked, world.now())  # type: ignore[arg-type]


async def _some_mail(world: OperatedWorld, chance: random.Random) -> Mail:
    """A message that is there, or one of a line that the host has delivered once too often."""
    mail = world.mailbox.draw(chance)
    if mail is not None:
        return mail
    lines = [line.name for line in await world.store.operations.lines()]
    name = chance.choice(sorted(lines)) if lines else line_name(f"group:{world.cast.groups[0]}:member")
    await world.mailbox.send(LineMessage(line=name))
    drawn = world.mailbox.mails.pop()
    return replace(drawn, deliveries=1)


def _change_others(world: OperatedWorld, chance: random.Random) -> str:
    told_ = change(world.tenant, chance, world.now)
    world.graph.settle_reads()
    return told_


async def _fail() -> None:
    raise StorageFailed("storage", 500, "InternalError")
