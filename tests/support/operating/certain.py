"""What may happen to operations and must have one certain end, so that just that can be tried."""

from __future__ import annotations

import random

from connector.provisioning.asking.accepting import Asked, accept
from connector.storage.records import Action, Operation, Requester, Result, Status, Wanted
from emulators.graph import Fault
from emulators.graph.tenant.errors import TenantError
from tests.support.dying import Killed
from tests.support.operating.judging import told
from tests.support.operating.world import OperatedWorld
from tests.support.worlds.disturbed import die


async def revoke_at_a_scope(world: OperatedWorld, chance: random.Random) -> str:
    """Somebody holds a role twice, and it is revoked at one of the scopes: the other stays."""
    account, role = world.cast.accounts[3], world.cast.roles[1]
    unit = f"/administrativeUnits/{world.cast.units[0]}"
    for scope in (unit, "/"):
        world.tenant.assign_role(account, role, scope)
    entitlement = f"directory_role:{role}:assigned"
    [one] = await _done(world, [_wanted(Action.REVOKE, entitlement, account, scope=unit)])
    assert one.result is Result.REVOKED, told(one)
    return told(one)


async def join_meanwhile(world: OperatedWorld, chance: random.Random) -> str:
    """Several are to join a group; one of them joins by other ways, just before the connector writes: the others join all the same."""
    group = world.tenant.create_group("Newly made")
    accounts = world.cast.accounts

    async def meanwhile() -> None:
        try:
            world.tenant.add_member(group, accounts[1], as_system=True)
        except TenantError:
            return

    entitlement = f"group:{group}:member"
    asked = [_wanted(Action.GRANT, entitlement, account) for account in accounts]
    store = world.operating_store()
    store.once("attempt", meanwhile)
    ended = await _done(world, asked, store)
    assert all(one.status is Status.SUCCEEDED for one in ended), "\n".join(map(told, ended))
    return f"{len(ended)} join {group}"


async def die_having_written(world: OperatedWorld, chance: random.Random) -> str:
    """A worker dies when Graph has done what was asked, before anything says so."""
    return await _die_at(world, "attempt")


async def die_having_told(world: OperatedWorld, chance: random.Random) -> str:
    """A worker dies when the audit file has been told, before anything says so."""
    return await _die_at(world, "append", number=2)  # the first tells that it was accepted


async def fail_the_write(world: OperatedWorld, chance: random.Random) -> str:
    """A request to grant gets lost, and nobody knows whether it has been done: it is not, and is done later."""
    world.graph.fail(Fault(method="POST", path="/members/", drop="before"))
    [one] = await _done(world, [_newcomer(world)])
    return told(one)


async def _die_at(world: OperatedWorld, name: str, *, number: int = 1) -> str:
    store = world.operating_store()
    store.once(name, die, after=True, number=number)
    try:
        await _done(world, [_newcomer(world)], store)
    except Killed:
        await world.restart(0)
        return "killed"
    raise AssertionError(f"it has never come to {name}")


def _newcomer(world: OperatedWorld) -> Wanted:
    """A member for a group that nobody is in."""
    return _wanted(Action.GRANT, f"group:{world.tenant.create_group('Newly made')}:member", world.cast.accounts[0])


def _wanted(action: Action, entitlement: str, principal: str, scope: str = "/") -> Wanted:
    return Wanted(action=action, entitlement=entitlement, principal=principal, justification="Is needed", scope=scope)


async def _done(world: OperatedWorld, asked: list[Wanted], store: object = None) -> list[Operation]:
    """Asked for, and worked on at once."""
    request = Asked(asked, Requester(kind="function_key"))
    own = world.operating_store()
    accepted = await accept(own.operations, world.settings, request, world.now())  # type: ignore[arg-type]
    mail = world.mailbox.mails.pop()
    await world.process(0).take(mail, store)
    ids = {one.id for one in accepted.operations}
    return [one for one in await world.operations() if one.id in ids]
