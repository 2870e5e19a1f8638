"""Writes: done, refused, not done, or nobody knows. Against the emulator, which can do a thing and lose the answer."""

from __future__ import annotations

import asyncio

import pytest

from connector.graph.errors import Throttled
from connector.graph.session import GraphSession
from connector.graph.writing import Outcome, write
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.service.faults import Fault
from emulators.graph.tenant.generator import generate
from tests.support.haste import in_haste


@pytest.fixture(scope="module")
def emulator():
    tenant = generate(users=2, seed=4)
    tenant.set_fact("permissions", '["Group.ReadWrite.All", "Group.Create"]')
    with GraphEmulator(tenant) as graph, in_haste():
        yield graph


@pytest.fixture
def group(emulator):
    """A group whose description is written."""
    emulator.faults.clear()
    return emulator.tenant.create_group(f"Team {emulator.tenant.seq}")


def send(emulator, method, path, body=None, *, deadline=None, **options):
    settings = Settings.load({**emulator.environment(), "AzureWebJobsStorage": "unused"})

    async def run():
        async with GraphSession(settings, deadline=deadline) as session:
            return await write(session, method, path, body, **options)

    return asyncio.run(run())


def patch(emulator, group, **options):
    return send(emulator, "PATCH", f"/groups/{group}", b'{"description": "new"}', **options)


def test_done_with_the_answer_of_graph(emulator):
    done = send(
        emulator,
        "POST",
        "/groups",
        b'{"displayName":"A","mailEnabled":false,"securityEnabled":true,"mailNickname":"a"}',
    )
    assert (done.outcome, done.status, done.error) == (Outcome.DONE, 201, None)
    assert b'"displayName"' in done.body


def test_done_without_a_body(emulator, group):
    assert (patch(emulator, group).status, patch(emulator, group).done) == (204, True)


def test_a_refusal_has_graphs_code_and_is_not_repeated(emulator, group):
    emulator.metrics.reset()
    refused = send(emulator, "DELETE", "/groups/11111111-2222-3333-4444-555555555555", repeatable=True)
    assert (refused.outcome, refused.status) == (Outcome.REFUSED, 404)
    assert refused.refusal.code
    assert emulator.metrics.requests == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "after"},
        {"drop": "before"},
        {"status": 503},
        {"status": 500, "after_effect": True},
        {"status": 504, "after_effect": True},
    ],
    ids=str,
)
def test_without_an_answer_nobody_knows_and_it_is_not_sent_again(emulator, group, fault):
    emulator.metrics.reset()
    emulator.fail(Fault(method="PATCH", **fault), Fault(method="PATCH", status=418, skip=1))

    assert patch(emulator, group).outcome is Outcome.UNKNOWN
    assert len(emulator.faults.waiting()) == 1  # the second was never met


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 503}], ids=str)
def test_what_may_be_repeated_is(emulator, group, fault):
    emulator.fail(Fault(method="PATCH", times=3, **fault))
    assert patch(emulator, group, repeatable=True).done
    assert emulator.faults.waiting() == []


def test_what_stays_without_an_answer_is_unknown_in_the_end(emulator, group):
    emulator.fail(Fault(method="PATCH", status=500, times=1), Fault(method="PATCH", status=429, times=20))
    assert patch(emulator, group, repeatable=True).outcome is Outcome.UNKNOWN


def test_a_deletion_that_is_repeated_is_refused_because_it_is_done(emulator, group):
    emulator.fail(Fault(method="DELETE", drop="after"))
    assert send(emulator, "DELETE", f"/groups/{group}", repeatable=True).status == 404


def test_throttling_is_waited_for_because_nothing_has_happened(emulator, group):
    emulator.fail(Fault(method="PATCH", status=429, retry_after=0, times=4))
    assert patch(emulator, group).done


def test_throttling_beyond_the_deadline_did_nothing(emulator, group):
    import time

    emulator.fail(Fault(method="PATCH", status=429, retry_after=3600))
    late = patch(emulator, group, deadline=time.monotonic() + 60)
    assert late.outcome is Outcome.NOT_DONE
    assert isinstance(late.error, Throttled)
    assert late.error.retry_after == 3600


def test_a_token_that_is_refused_is_renewed_once(emulator, group):
    emulator.fail(Fault(method="PATCH", status=401))
    assert patch(emulator, group).done
    emulator.fail(Fault(method="PATCH", status=401, times=2))
    assert patch(emulator, group).status == 401


def test_an_address_where_nobody_listens_was_sent_nothing(emulator):
    settings = Settings.load({**emulator.environment(), "AzureWebJobsStorage": "unused"})

    async def run():
        async with GraphSession(settings) as session:
            session.base_url = "https://127.0.0.1:9/v1.0"
            return await write(session, "POST", "/subscriptions", b"{}")

    assert asyncio.run(run()).outcome is Outcome.NOT_DONE
