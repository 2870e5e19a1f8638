"""A proof is a fresh token: asked for again while consent may still be on its way, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing

import pytest

from connector.consent.proving import WAITS, Proof, prove
from connector.graph.errors import GraphUnreachable, SignInFailed
from connector.graph.tokens import Told
from connector.permissions import enabled_features, needed_for
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant
from tests.support.consent import environment

SETTINGS = Settings.load(environment())
ALL = frozenset(one.name for one in needed_for(enabled_features(SETTINGS)))
NOT_THERE = SignInFailed(700016, "Application was not found in the directory.", "Consent.")
AT_ONCE = (0.0,) * len(WAITS)


class Tokens:
    """Gives one after the other, the last for ever, and counts."""

    def __init__(self, *given: frozenset[str] | Exception | None) -> None:
        self._given = list(given)
        self.asked = 0

    async def __call__(self) -> Told:
        self.asked += 1
        found = self._given.pop(0) if len(self._given) > 1 else self._given[0]
        if isinstance(found, Exception):
            raise found
        return Told(found, "the-object")


def proof(tokens: Tokens, waits: Sequence[float] = AT_ONCE) -> Proof:
    return asyncio.run(prove(SETTINGS, tokens, waits))


def test_a_token_with_everything_is_enough() -> None:
    tokens = Tokens(ALL)

    assert proof(tokens) == Proof(ALL, "the-object", ())
    assert tokens.asked == 1


def test_more_than_is_needed_is_kept_too() -> None:
    assert proof(Tokens(ALL | {"Mail.Send"})).permissions == ALL | {"Mail.Send"}


def test_consent_that_comes_late_is_waited_for() -> None:
    tokens = Tokens(NOT_THERE, frozenset(), ALL)

    assert proof(tokens).missing == ()
    assert tokens.asked == 3


def test_what_never_comes_is_missing_and_waiting_ends() -> None:
    tokens = Tokens(ALL - {"User.Read.All"})

    found = proof(tokens)

    assert {one.permission.name for one in found.missing} == {"User.Read.All"}
    assert tokens.asked == len(WAITS) + 1


def test_a_tenant_that_never_knows_the_application_is_told() -> None:
    tokens = Tokens(NOT_THERE)

    with pytest.raises(SignInFailed) as told:
        proof(tokens)

    assert told.value.code == 700016
    assert tokens.asked == len(WAITS) + 1


@pytest.mark.parametrize(
    "error", [SignInFailed(7000215, "Invalid client secret.", "Make another."), GraphUnreachable("host", "no route")]
)
def test_what_waiting_does_not_heal_is_told_at_once(error: Exception) -> None:
    tokens = Tokens(error)

    with pytest.raises(type(error)):
        proof(tokens)

    assert tokens.asked == 1


def test_a_token_that_tells_nothing_lacks_nothing_that_is_known() -> None:
    assert proof(Tokens(None)) == Proof(None, "the-object", ())


def test_waiting_takes_seconds() -> None:
    assert sum(WAITS) <= 10


def test_a_sign_in_endpoint_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.consent.proving._PATIENCE", 0.05)

    async def hangs() -> Told:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(GraphUnreachable, match=r"login\.microsoftonline\.com .*in time"):
        asyncio.run(prove(SETTINGS, hangs, AT_ONCE))


def test_a_real_token_is_fresh_every_time() -> None:
    """Nothing remembers what a token said before there was consent."""
    with closing(Tenant.empty()) as tenant, GraphEmulator(tenant) as graph:
        app = tenant.publish_application("Access review", permissions=sorted(ALL))
        tenant.add_client_secret("s3cret", app_id=app)
        changed = {**graph.environment(), "ENTRA_CLIENT_ID": app, "ENTRA_CLIENT_SECRET": "s3cret"}
        settings = Settings.load(environment(**changed))

        with pytest.raises(SignInFailed) as none:
            asyncio.run(prove(settings, waits=(0.0,)))
        tenant.admin_consent(app, only=["User.Read.All"])
        half = asyncio.run(prove(settings, waits=(0.0,)))
        tenant.admin_consent(app)
        whole = asyncio.run(prove(settings, waits=()))

    assert none.value.code == 700016
    assert half.permissions == frozenset({"User.Read.All"})
    assert half.missing
    assert (whole.permissions, whole.missing) == (ALL, ())
    assert whole.object_id
