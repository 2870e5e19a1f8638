"""What Graph has accepted and does not show: it is waited for, whatever Graph says to being asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.provisioning.contract import Later, Refused
from connector.provisioning.refusals import problem
from connector.provisioning.working import going
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Operation, Result, Status
from tests.support.fake_kind import Tenant
from tests.support.operations import ask, everything, group, in_deployment, person, wanted

MESSAGE = f'{{"line":"{line_name(group())}"}}'
REFUSED = Refused(problem("refused_by_graph", "It is there already.", "Ask Microsoft."))
AGAIN = Later(2, "Graph says that it is there.", {"met": 1}, counts=True)
FORBIDDEN = Refused(problem("permission_missing", "It may not.", "Grant it."))


async def ended_after(store: Store, settings: Settings, tenant: Tenant, *answers: object) -> Operation:
    """A grant that Graph has accepted, and that does not show while Graph answers so."""
    tenant.unseen[person()] = 10_000
    tenant.answers["examine", person()] = []
    await ask(store.operations, settings, wanted())
    await tenant.provisioner().take_message(settings, MESSAGE)
    tenant.held.clear()  # as reads have it
    for answer in answers:
        tenant.answers["act", person()] = [answer]
        tenant.later += timedelta(seconds=70)
        await tenant.provisioner().take_message(settings, MESSAGE)
    [one] = await everything(store)
    return one


@pytest.fixture(autouse=True)
def _haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going, "LOOKS_S", (0.0,))


@pytest.mark.parametrize("answer", [REFUSED, AGAIN], ids=["refused", "later"])
def test_what_has_been_accepted_is_waited_for(storage_account: str, answer: object) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        one = await ended_after(store, settings, tenant, *[answer] * 3)
        assert (one.status, one.attempts) == (Status.WAITING, 0)
        tenant.held.add((group(), person()))
        tenant.unseen.clear()
        tenant.later += timedelta(minutes=5)
        await tenant.provisioner().take_message(settings, MESSAGE)
        [one] = await everything(store)
        assert (one.status, one.result) == (Status.SUCCEEDED, Result.GRANTED)

    in_deployment(storage_account, test)


def test_but_not_for_ever(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        one = await ended_after(store, settings, tenant, *[REFUSED] * 12)
        assert one.problem is not None
        assert (one.status, one.problem.code) == (Status.FAILED, "not_seen")
        assert "It is there already." in one.problem.sentence

    in_deployment(storage_account, test)


def test_what_explains_itself_has_failed(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        one = await ended_after(store, settings, Tenant(), FORBIDDEN)
        assert one.problem is not None
        assert (one.status, one.problem.code) == (Status.FAILED, "permission_missing")

    in_deployment(storage_account, test)


def test_what_has_never_been_accepted_fails_as_it_is_refused(storage_account: str) -> None:
    async def test(store: Store, settings: Settings) -> None:
        tenant = Tenant()
        tenant.answers["act", person()] = [REFUSED]
        await ask(store.operations, settings, wanted())
        await tenant.provisioner().take_message(settings, MESSAGE)
        [one] = await everything(store)
        assert (one.status, one.problem) == (Status.FAILED, REFUSED.problem)

    in_deployment(storage_account, test)
