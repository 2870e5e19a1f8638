"""A state is used once, whoever comes at the same time, and few are used in a minute."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from connector.consent.states import LIFETIME, State
from connector.consent.using import MOST_A_MINUTE, AlreadyUsed, TooMany, use
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.consents import Consents
from connector.storage.documents import Held
from connector.storage.errors import Conflict
from connector.storage.records.consents import UsedState, UsedStates
from tests.support.consent import NOON, environment
from tests.support.snapshots import make_container


@pytest.fixture
def settings(storage_account: str) -> Settings:
    settings = Settings.load(environment(AzureWebJobsStorage=storage_account))
    make_container(settings)
    return settings


def state(number: int, expires_at=NOON + LIFETIME) -> State:
    return State(f"{number:036x}", expires_at)


def uses(settings: Settings, *states: State, now=NOON, together: bool = False) -> list[str]:
    """What becomes of each: ``used``, or the name of what is raised."""

    async def one(used: State) -> str:
        async with open_store(settings) as store:
            try:
                await use(store, used, now)
            except (AlreadyUsed, TooMany) as error:
                return type(error).__name__
            return "used"

    async def every() -> list[str]:
        if together:
            return list(await asyncio.gather(*map(one, states)))
        return [await one(used) for used in states]

    return asyncio.run(every())


def kept(settings: Settings) -> tuple[UsedState, ...]:
    async def read() -> tuple[UsedState, ...]:
        async with open_store(settings) as store:
            held = await store.consents.used_states()
            return held.record.used if held else ()

    return asyncio.run(read())


def test_the_second_time_is_refused(settings: Settings) -> None:
    assert uses(settings, state(1), state(1), state(2), state(1)) == ["used", "AlreadyUsed", "used", "AlreadyUsed"]


def test_of_many_at_the_same_moment_exactly_one_wins(settings: Settings) -> None:
    outcomes = uses(settings, *[state(1)] * 12, together=True)

    assert sorted(outcomes) == ["AlreadyUsed"] * 11 + ["used"]
    assert len(kept(settings)) == 1


def test_a_minute_has_its_limit_however_many_come_together(settings: Settings) -> None:
    outcomes = uses(settings, *(state(number) for number in range(20)), together=True)

    assert (outcomes.count("used"), outcomes.count("TooMany")) == (MOST_A_MINUTE, 20 - MOST_A_MINUTE)


def test_who_is_told_to_wait_has_lost_nothing(settings: Settings) -> None:
    uses(settings, *(state(number) for number in range(MOST_A_MINUTE)))

    assert uses(settings, state(99)) == ["TooMany"]
    assert uses(settings, state(99), now=NOON + timedelta(seconds=59)) == ["TooMany"]
    assert uses(settings, state(99), now=NOON + timedelta(seconds=60)) == ["used"]


def test_it_says_how_long_to_wait(settings: Settings) -> None:
    for second in range(MOST_A_MINUTE):
        uses(settings, state(second), now=NOON + timedelta(seconds=second))

    async def again() -> float:
        async with open_store(settings) as store:
            with pytest.raises(TooMany) as told:
                await use(store, state(99), NOON + timedelta(seconds=20))
            return told.value.retry_after

    assert asyncio.run(again()) == 40  # when the first of them is a minute old


def test_what_has_expired_is_forgotten(settings: Settings) -> None:
    uses(settings, state(1), state(2, NOON + 2 * LIFETIME))
    uses(settings, state(3, NOON + 3 * LIFETIME), now=NOON + LIFETIME)

    assert [one.nonce for one in kept(settings)] == [state(2).nonce, state(3).nonce]


def test_who_wrote_and_did_not_hear_of_it_has_used_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the write is lost, another one follows, and the SDK's repetition meets what that has written."""
    replace = Consents.replace_used_states
    met: list[Held[UsedStates]] = []

    async def loses_answer(self: Consents, used: UsedStates, held: Held[UsedStates] | None) -> Held[UsedStates]:
        written = await replace(self, used, held)
        if not met:
            met.append(written)
            other = UsedState(nonce="other", attempt="theirs", used_at=NOON, expires_at=NOON + LIFETIME)
            await replace(self, UsedStates(used=(*used.used, other)), written)
            raise Conflict("used.json")
        return written

    monkeypatch.setattr(Consents, "replace_used_states", loses_answer)

    assert uses(settings, state(1), state(1)) == ["used", "AlreadyUsed"]
    assert len(kept(settings)) == 2
