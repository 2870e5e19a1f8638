"""Directory roles through the whole product: what operations bring about is in the picture at once, and is the tenant's truth."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from connector.provisioning import service
from connector.provisioning.asking.accepting import Asked
from connector.provisioning.kinds.global_administrators import GLOBAL_ADMINISTRATOR
from connector.provisioning.provisioner import Provisioner
from connector.provisioning.working import going
from connector.storage import open_store
from connector.storage.names import line_name
from connector.storage.records import Requester
from connector.storage.records.operations import Result, Status
from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator, Variants
from emulators.graph.tenant.tenant import CONNECTOR_PERMISSIONS, Tenant
from tests.support.deployments import deploy
from tests.support.groups import Groupwork
from tests.support.haste import in_haste
from tests.support.roles import HELPDESK, READER, WRITES, RolesAtWork

ME = Requester(kind="command_line", name="ada")


@pytest.fixture
def roles():
    tenant = Tenant.empty()
    tenant.set_permissions([*CONNECTOR_PERMISSIONS, *WRITES])
    with GraphEmulator(tenant) as graph, in_haste(), RolesAtWork(graph) as at_work:
        yield at_work
    tenant.close()


def operate(deployment, *tasks):
    """Ask for what ``tasks`` want, work on it to its end; status, result and problem of each."""

    async def run():
        accepted = await service.accept(deployment.settings, Asked([task.wanted for task in tasks], ME))
        ended = await service.work_until_ended(deployment.settings, [one.id for one in accepted.operations])
        return [(one.status, one.result, one.problem.code if one.problem else None) for one in ended]

    return asyncio.run(run())


def test_the_picture_does_not_wait_for_a_round(roles, storage_account, tmp_path):
    ada, bob, team = roles.user(), roles.user("Bob"), roles.group(roles.user("Cid"))
    unit = f"/administrativeUnits/{roles.tenant.create_administrative_unit('North')}"
    roles.tenant.assign_role(bob.id, HELPDESK, unit)
    roles.tenant.assign_role(bob.id, HELPDESK)
    reading = deploy(roles.emulator, storage_account)
    deployment = replace(reading, environment={**reading.environment, "PROVISIONING_ENABLED": "true"})
    asyncio.run(run_full_sync(deployment.settings))
    granted = operate(
        deployment,
        roles.grant(ada),
        roles.grant(ada, slug="eligible", expires_at=roles.within(days=5)),
        roles.grant(team, HELPDESK, expires_at=roles.within(days=5)),
        roles.revoke(bob, HELPDESK),
    )
    assert granted[:3] == [(Status.SUCCEEDED, Result.GRANTED, None)] * 3
    assert granted[3] == (Status.SUCCEEDED, Result.REVOKED, None)
    assert roles.held(bob, HELPDESK) == {("assigned", unit, None)}
    assert deployment.untruths(deployment.state(tmp_path)) == []
    again = operate(
        deployment,
        roles.grant(ada, slug="eligible", expires_at=roles.within(days=9)),
        roles.revoke(ada),
        roles.revoke(roles.service_principal()),
        roles.grant(roles.service_principal(), slug="eligible"),
        roles.grant(bob, READER, scope=unit),
    )
    assert again == [
        (Status.SUCCEEDED, Result.UPDATED, None),
        (Status.SUCCEEDED, Result.REVOKED, None),
        (Status.SUCCEEDED, Result.ALREADY_REVOKED, None),
        (Status.REFUSED, None, "principal_kind_not_allowed"),
        (Status.REFUSED, None, "scope_not_supported"),
    ]
    assert roles.held(ada) == {("eligible", "/", next(iter(roles.held(ada)))[2])}
    deployment.round()
    assert deployment.untruths(deployment.state(tmp_path)) == []


def once(deployment, task):
    """Ask for what ``task`` wants, and work on its line once; its status then."""

    async def run():
        accepted = await service.accept(deployment.settings, Asked([task.wanted], ME))
        provisioner = Provisioner()
        async with open_store(deployment.settings) as store:
            await provisioner.work_on(store, deployment.settings, line_name(task.wanted.entitlement))
        await provisioner.close()
        done = await service.read_operation(deployment.settings, accepted.operations[0].id)
        return done and done.status

    return asyncio.run(run())


def test_reads_that_lag_cost_nobody_the_last_global_administrator(roles, storage_account, monkeypatch):
    monkeypatch.setattr(going, "LOOKS_S", (0.0,))
    ada, bob = roles.user(), roles.user("Bob")
    team = roles.group(bob)
    for holder in (ada, team):
        roles.tenant.assign_role(holder.id, GLOBAL_ADMINISTRATOR)
    reading = deploy(roles.emulator, storage_account)
    deployment = replace(reading, environment={**reading.environment, "PROVISIONING_ENABLED": "true"})
    roles.emulator.variants = Variants(read_lag_changes=100)

    assert once(deployment, roles.revoke(ada, GLOBAL_ADMINISTRATOR)) is Status.WAITING
    leaving = roles.revoke(bob, GLOBAL_ADMINISTRATOR)
    wanted = structs.replace(leaving.wanted, entitlement=f"group:{team.id}:member")
    assert once(deployment, replace(leaving, wanted=wanted)) is Status.WAITING
    assert not roles.held(ada, GLOBAL_ADMINISTRATOR)
    assert Groupwork(roles.emulator).holders(team.id) == {bob.id}
