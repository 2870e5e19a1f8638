"""Many writes at once: each has an end of its own, whatever the others and the batch meet."""

from __future__ import annotations

import asyncio
import time

import pytest

from connector.graph.errors import Throttled
from connector.graph.session import GraphSession
from connector.graph.write_batch import Change, write_many
from connector.graph.writing import Outcome
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.generator import generate
from tests.support.haste import in_haste


@pytest.fixture(scope="module")
def emulator():
    tenant = generate(users=0, seed=4)
    tenant.set_fact("permissions", '["Group.ReadWrite.All"]')
    with GraphEmulator(tenant) as graph, in_haste():
        yield graph


@pytest.fixture
def group(emulator):
    """A group that users can join."""
    emulator.rewind()
    return emulator.tenant.create_group(f"Team {emulator.tenant.seq}")


def users(emulator, count):
    return [emulator.tenant.create_user(f"User {emulator.tenant.seq}") for _ in range(count)]


def joins(group, *members):
    address = "https://graph.microsoft.com/v1.0/directoryObjects/"
    return {
        one: Change("POST", f"/groups/{group}/members/$ref", f'{{"@odata.id": "{address}{one}"}}'.encode())
        for one in members
    }


def send(emulator, changes, *, deadline=None, **options):
    settings = Settings.load({**emulator.environment(), "AzureWebJobsStorage": "unused"})

    async def run():
        async with GraphSession(settings, deadline=deadline) as session:
            return await write_many(session, changes, **options), session

    return asyncio.run(run())


def members(emulator, group):
    rows = emulator.tenant.db.execute(
        "SELECT o.id FROM edges e JOIN objects o ON o.key = e.target WHERE e.rel = 1 AND e.source = ?",
        (emulator.tenant.find(group).key,),
    )
    return {id_ for (id_,) in rows}


def outcomes(written):
    return [one.outcome for one in written.values()]


def test_any_number_each_done_once_twenty_to_a_batch(emulator, group):
    joining = users(emulator, 45)
    written, session = send(emulator, joins(group, *joining))
    assert list(written) == joining
    assert {one.outcome for one in written.values()} == {Outcome.DONE}
    assert {one.status for one in written.values()} == {204}
    assert all(one.request_id for one in written.values())
    assert members(emulator, group) == set(joining)
    assert (session.stats.requests, session.stats.batched) == (3, 45)
    assert session.stats.resource_units == 45


def test_nothing_to_do_sends_nothing(emulator, group):
    emulator.metrics.reset()
    assert send(emulator, {})[0] == {}
    assert emulator.metrics.requests == 0


def test_one_refusal_is_one_end_with_graphs_code_and_request_id(emulator, group):
    ada, bob = users(emulator, 2)
    emulator.tenant.add_member(group, ada)
    nobody = "00000000-1111-4222-8333-444444444444"
    written, _ = send(emulator, joins(group, ada, bob, nobody))
    assert outcomes(written) == [Outcome.REFUSED, Outcome.DONE, Outcome.REFUSED]
    assert (written[ada].refusal.code, written[ada].status, written[nobody].status) == ("Request_BadRequest", 400, 404)
    assert written[ada].request_id == written[ada].refusal.request_id != ""


def test_only_what_was_throttled_is_sent_again(emulator, group):
    joining = users(emulator, 5)
    emulator.fail(Fault(path="members", status=429, retry_after=0, times=2))
    written, session = send(emulator, joins(group, *joining))
    assert {one.outcome for one in written.values()} == {Outcome.DONE}
    assert (session.stats.requests, session.stats.batched, session.stats.throttled) == (2, 7, 2)


def test_what_is_throttled_beyond_the_deadline_has_done_nothing(emulator, group):
    ada, bob = users(emulator, 2)
    emulator.fail(Fault(path="members", status=429, retry_after=3600))
    written, _ = send(emulator, joins(group, ada, bob), deadline=time.monotonic() + 60)
    assert outcomes(written) == [Outcome.NOT_DONE, Outcome.DONE]
    assert isinstance(written[ada].error, Throttled)
    assert written[ada].error.retry_after == 3600


def test_a_batch_that_is_throttled_as_a_whole_has_done_nothing_and_goes_again(emulator, group):
    joining = users(emulator, 3)
    emulator.fail(Fault(path="batch", status=429, retry_after=0, times=3))
    assert set(outcomes(send(emulator, joins(group, *joining))[0])) == {Outcome.DONE}


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 503}, {"raw": "<html>"}], ids=str)
def test_a_batch_without_an_answer_leaves_nobody_knowing_of_any_item(emulator, group, fault):
    joining = users(emulator, 22)
    emulator.fail(Fault(path="batch", **fault))
    written, _ = send(emulator, joins(group, *joining))
    unknown = [key for key, one in written.items() if one.outcome is Outcome.UNKNOWN]
    assert len(unknown) in (2, 20)  # the one batch that met it
    assert set(joining) - set(unknown) <= members(emulator, group)
    assert {one.outcome for key, one in written.items() if key not in unknown} == {Outcome.DONE}


@pytest.mark.parametrize(
    "fault", [{"drop": "after"}, {"drop": "before"}, {"status": 500, "after_effect": True}], ids=str
)
def test_an_item_of_which_nobody_knows_is_not_sent_again(emulator, group, fault):
    ada, bob = users(emulator, 2)
    emulator.fail(Fault(path="members", **fault), Fault(path="members", status=418, skip=2))
    written, _ = send(emulator, joins(group, ada, bob))
    assert outcomes(written) == [Outcome.UNKNOWN, Outcome.DONE]
    assert len(emulator.faults.waiting()) == 1  # there was no third call to meet it


def test_what_may_be_repeated_is_until_it_is_known(emulator, group):
    joining = users(emulator, 3)
    emulator.fail(Fault(path="batch", drop="after"), Fault(path="batch", status=502, skip=1))
    written, _ = send(emulator, joins(group, *joining), repeatable=True)
    assert set(outcomes(written)) == {Outcome.REFUSED}  # they are members already
    assert members(emulator, group) == set(joining)


def test_doubt_stays_where_what_follows_says_nothing(emulator, group):
    (ada,) = users(emulator, 1)
    emulator.fail(Fault(path="members", status=500), Fault(path="members", status=429, times=20))
    assert send(emulator, joins(group, ada), repeatable=True)[0][ada].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("path", ["batch", "members"])
def test_a_token_that_is_refused_is_renewed_once(emulator, group, path):
    ada, bob = users(emulator, 2)
    emulator.fail(Fault(path=path, status=401))
    assert outcomes(send(emulator, joins(group, ada, bob))[0]) == [Outcome.DONE, Outcome.DONE]
    (eve,) = users(emulator, 1)
    emulator.fail(Fault(path=path, status=401, times=2))
    written, _ = send(emulator, joins(group, eve))
    assert (written[eve].outcome, written[eve].status) == (Outcome.REFUSED, 401)


def test_a_batch_that_is_refused_as_a_whole_was_not_carried_out(emulator, group):
    (ada,) = users(emulator, 1)
    emulator.fail(Fault(path="batch", status=400))
    assert outcomes(send(emulator, joins(group, ada))[0]) == [Outcome.REFUSED]
    assert members(emulator, group) == set()


def test_an_address_where_nobody_listens_was_sent_nothing(emulator):
    settings = Settings.load({**emulator.environment(), "AzureWebJobsStorage": "unused"})

    async def run():
        async with GraphSession(settings) as session:
            session.base_url = "https://127.0.0.1:9/v1.0"
            return await write_many(session, {"one": Change("DELETE", "/groups/1")})

    assert asyncio.run(run())["one"].outcome is Outcome.NOT_DONE
