"""Killed at any write and run again, or without an answer to any write: one app registration, one secret, and nothing that nobody has."""

from __future__ import annotations

from typing import Any

import pytest
from azure.keyvault.secrets.aio import SecretClient

from connector.credentials import transport
from connector.graph import retry
from connector.graph.session import GraphSession
from connector.setup import doing, proving, writing
from emulators.graph.service.faults import Fault
from tests.support.dying import Killed

WRITES = ("app registration", "service principal", "client secret", "Key Vault", "first grant")


class Death:
    """The process dies at write number ``at``, counted from 0, before or after it has had its effect."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> None:
        self._left, self._after = at, after
        self.happened = False
        attempt, set_secret = GraphSession.attempt, SecretClient.set_secret
        monkeypatch.setattr(GraphSession, "attempt", self._dying(attempt))
        monkeypatch.setattr(SecretClient, "set_secret", self._dying(set_secret))

    def _dying(self, real: Any) -> Any:
        async def write(*args: Any, **kwargs: Any) -> Any:
            mine, self._left = self._left == 0, self._left - 1
            if mine and not self._after:
                self.happened = True
                raise Killed
            answer = await real(*args, **kwargs)
            if mine:
                self.happened = True
                raise Killed
            return answer

        return write


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is tried as often as ever, without waiting in between."""
    monkeypatch.setitem(transport.RETRIES, "retry_backoff_factor", 0)
    monkeypatch.setattr(retry, "back_off", lambda _attempt: 0.0)
    for module, name in ((doing, "NEWNESS"), (writing, "NEWNESS"), (proving, "WAITS")):
        monkeypatch.setattr(module, name, tuple(0.0 for _ in getattr(module, name)))


def assert_right(world):
    """There is one of everything, and it works."""
    (registration,) = world.registrations()
    (secret,) = world.secrets(registration["appId"]).values()
    kept, newest = world.vault.vault.get("entra-client-secret")
    assert newest.value == secret
    assert len(kept.versions) == 1
    assert len(world.granted(registration["appId"])) == 8
    principals = world.tenant.db.execute(
        "SELECT count(*) FROM objects WHERE type = 'servicePrincipal' AND json_extract(body, '$.appId') = ?",
        (registration["appId"],),
    )
    assert principals.fetchone() == (1,)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(len(WRITES)), ids=WRITES)
def test_killed_and_run_again(world, at, after):
    with pytest.MonkeyPatch.context() as patched:
        death = Death(patched, at, after=after)
        with pytest.raises(Killed):
            world.with_secret()
        assert death.happened
    run = world.with_secret()
    assert run.code == 0, run.err
    assert_right(world)


@pytest.mark.parametrize(
    ("method", "path", "drop"),
    [
        ("POST", "/v1.0/applications$", "before"),
        ("POST", "/v1.0/applications$", "after"),
        ("POST", "/v1.0/servicePrincipals$", "after"),
        ("POST", "/addPassword$", "before"),
        ("POST", "/addPassword$", "after"),
        ("POST", "/appRoleAssignments$", "after"),
    ],
)
def test_no_answer_to_a_write(world, method, path, drop):
    world.graph.fail(Fault(method=method, path=path, drop=drop))
    run = world.with_secret()
    if run.code:  # it could not be told whether there was an app registration
        assert (path, drop) == ("/v1.0/applications$", "before")
        assert "run setup again" in run.err
        assert world.with_secret().code == 0
    assert not world.graph.faults.waiting()
    assert_right(world)


def test_a_lost_answer_of_key_vault_is_looked_up(world):
    world.vault.fail(Fault(method="PUT", path="/secrets/", drop="after", times=20))
    run = world.with_secret()
    assert run.code == 0, run.err
    (registration,) = world.registrations()
    assert len(world.secrets(registration["appId"])) == 1


def test_where_it_cannot_be_looked_up_the_next_run_does(world):
    world.vault.fail(Fault(method="PUT", path="/secrets/", drop="before", times=20))
    world.vault.fail(Fault(method="GET", path="/secrets/.*/versions", skip=2, status=500, times=20))
    run = world.with_secret()
    assert run.code == 1
    assert "It is not known whether the new client secret" in run.err
    assert len(world.secrets(world.registrations()[0]["appId"])) == 1
    world.vault.faults.clear()
    run = world.with_secret()
    assert "which was made and never kept" in run.out
    assert_right(world)


def test_what_key_vault_refuses_is_removed_again(world):
    world.vault.fail(
        Fault(
            method="PUT",
            path="/secrets/",
            status=403,
            body={"error": {"code": "Forbidden", "message": "", "innererror": {"code": "ForbiddenByRbac"}}},
        )
    )
    run = world.with_secret()
    assert run.code == 1
    assert "Key Vault Secrets Officer" in run.err
    assert "The new client secret was removed again." in run.err
    assert world.secrets(world.registrations()[0]["appId"]) == {}


def test_what_cannot_be_removed_is_named(world):
    world.vault.fail(Fault(method="PUT", path="/secrets/", status=403))
    world.graph.fail(Fault(method="POST", path="/removePassword", status=403))
    run = world.with_secret()
    (key_id,) = world.secrets(world.registrations()[0]["appId"])
    assert run.code == 1
    assert f"The new client secret {key_id} could not be removed either" in run.err
    assert world.with_secret().code == 0
    assert_right(world)


def test_what_was_made_just_now_may_be_unknown_for_a_while(world):
    from dataclasses import replace

    world.graph.variants = replace(world.graph.variants, new_object_seconds=30)
    attempt, tried = GraphSession.attempt, []

    async def later(self: GraphSession, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        reply = await attempt(self, method, path, *args, **kwargs)
        if reply.status in (400, 404):
            tried.append(path)
            world.graph.clock.advance(20)
        return reply

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(GraphSession, "attempt", later)
        run = world.with_secret()
    assert run.code == 0, run.err
    assert len(tried) > 1
    assert_right(world)
