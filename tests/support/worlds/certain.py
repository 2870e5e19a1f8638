"""What may happen and must have one certain effect at once, whatever the timers would find a day later."""

from __future__ import annotations

import random
from dataclasses import replace

from connector.storage.records import Cause, Lane
from emulators.graph import Fault
from emulators.graph.tenant.errors import TenantError
from tests.support.changes.chance import Chance, Nothing
from tests.support.worlds.postbox import Letter
from tests.support.worlds.weather import fair_weather
from tests.support.worlds.world import WORKERS, World

_LONGER_THAN_CLOCKS_DIFFER_S = 600
_MOST_ROUNDS = 20


def look(world: World, *kinds: str) -> Letter:
    """What the timer sends, or a message about some kinds, delivered for the first time."""
    return Letter(world.wake(Cause.DELTA, Lane.DIRECTORY, *kinds), deliveries=1)


async def newcomer_returns(world: World, chance: random.Random) -> str:
    """Somebody new joins a group, is deleted, and comes back into it; a round sees each."""
    worker, drawn = world.workers[chance.randrange(WORKERS)], Chance(world.tenant, chance, world.now)
    try:
        group = drawn.living("group")
    except Nothing:
        return "there is no group"
    told = [await worker.take(look(world))]  # from now on, everything that tells of relations is followed
    world.graph.clock.advance(_LONGER_THAN_CLOCKS_DIFFER_S)
    user = world.tenant.create_user(f"New {chance.randrange(10**9)}", properties=drawn.created)
    world.tenant.add_member(group, user, as_system=True)
    told += [drawn.tell("newcomer", user, group), await worker.take(look(world))]
    world.tenant.delete_user(user)
    told.append(await worker.take(look(world)))
    world.tenant.restore_user(user)
    return "; ".join([*told, await worker.take(look(world))])


async def announce_together(world: World, chance: random.Random) -> str:
    """Two things are announced, and one round may take both along: neither has to wait for a timer."""
    fair_weather(world.graph)
    worker, drawn = world.workers[chance.randrange(WORKERS)], Chance(world.tenant, chance, world.now)
    try:
        user, group = drawn.living("user"), drawn.living("group")
    except Nothing:
        return "nobody is there"
    word = f"Announced {chance.randrange(10**6)}"
    world.tenant.update_user(user, {"department": word})
    world.tenant.update_group(group, {"description": word})
    for kind in ("users", "groups"):
        await world.postbox.send(world.wake(Cause.NOTIFICATION, Lane.DIRECTORY, kind))
    told = [drawn.tell("announced", user, group)]
    while (letter := world.postbox.draw()) and len(told) < _MOST_ROUNDS:
        told.append(await worker.take(letter))
        world.postbox.deliver_again()
    tables = world.journal.check()
    said = tables["accounts"][(user,)]["department"], tables["groups"][(group,)]["description"]
    assert said == (word, word), f"{said} was seen of what was announced: {told}"
    return "; ".join(told)


async def read_in_part(world: World, chance: random.Random) -> str:
    """Graph lists role assignments of each role by itself, and those of one cannot be read, nor what PIM says of them: they stay."""
    fair_weather(world.graph)
    world.graph.variants = replace(world.graph.variants, role_assignments_require_filter=True)
    worker, drawn = world.workers[chance.randrange(WORKERS)], Chance(world.tenant, chance, world.now)
    try:
        user, role = drawn.living("user"), drawn.one(sorted(id_ for (id_,) in world.journal.check()["directory_roles"]))
        world.tenant.assign_role(user, role)
    except (Nothing, TenantError):
        return "nobody gets a role"
    await worker.take(look(world, "users", "role_assignments"))
    held = {key for key in world.journal.check()["grants"] if key[0].startswith(f"directory_role:{role}:assigned|")}
    world.graph.fail(Fault(path=f"roleAssignments.*{role}", times=9, status=400, code="BadRequest"))
    world.graph.fail(Fault(path="ScheduleInstances", times=9, status=403, code="Authorization_RequestDenied"))
    told = await worker.take(look(world, "role_assignments"))
    fair_weather(world.graph)
    gone = held - world.journal.check()["grants"].keys()
    assert not gone, f"what could not be read is gone: {gone}"
    return f"{len(held)} assignments of {role}: {told}"
