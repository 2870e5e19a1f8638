"""When a secret is read again, and what is used while it cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.credentials import proofs
from connector.credentials.errors import CertificateNotInForce, SecretMissing, SourceSilent
from connector.credentials.proofs import BEFORE_END, READ_AGAIN, TRY_AGAIN, Made, Replaceable, Value

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shelf:
    """Where a secret lies. ``gone``: what is raised instead."""

    described = "the shelf"

    def __init__(self, data: bytes = b"one", expires_at: datetime | None = None) -> None:
        self.value = Value(data, expires_at)
        self.gone: Exception | None = None
        self.earlier: Value | None = None
        self.reads = 0

    async def read(self) -> Value:
        self.reads += 1
        if self.gone is not None:
            raise self.gone
        return self.value

    async def read_earlier(self) -> Value | None:
        return self.earlier

    async def close(self) -> None:
        pass


class World:
    """A proof whose clock is set by hand; what fetches tokens is the secret's own text, made anew each time."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.now = BEGAN

        async def close() -> None:
            pass

        self.proof = Replaceable(shelf, self._make, close, now=lambda: self.now)

    def _make(self, value: Value) -> Made:
        if value.expires_at is not None and value.expires_at <= self.now:
            raise CertificateNotInForce("the shelf", BEGAN, value.expires_at, self.now)
        credential: Any = [value.data.decode()]
        return Made(credential, value.expires_at)

    async def take(self) -> Any:
        return await self.proof.credential()


def playing(play: Callable[[World], Awaitable[None]], **shelf: Any) -> None:
    async def run() -> None:
        await play(World(Shelf(**shelf)))

    asyncio.run(run())


def test_it_is_read_when_it_is_wanted_and_again_when_that_is_long_ago() -> None:
    async def play(world: World) -> None:
        assert world.shelf.reads == 0
        first = await world.take()
        world.now += READ_AGAIN - timedelta(seconds=1)
        assert await world.take() is first
        assert world.shelf.reads == 1
        world.now += timedelta(seconds=1)
        assert await world.take() is first, "the same secret, the same tokens"
        assert world.shelf.reads == 2
        world.shelf.value = Value(b"two")
        world.now += READ_AGAIN
        assert await world.take() == ["two"]

    playing(play)


def test_it_is_read_before_it_ends_and_every_few_minutes_until_there_is_a_successor() -> None:
    ends = BEGAN + timedelta(minutes=40)

    async def play(world: World) -> None:
        await world.take()
        world.now = ends - BEFORE_END
        await world.take()
        await world.take()
        assert world.shelf.reads == 2
        world.now += TRY_AGAIN
        world.shelf.value = Value(b"two", ends + timedelta(days=90))
        assert await world.take() == ["two"]
        assert world.shelf.reads == 3
        assert world.proof.expires_at == ends + timedelta(days=90)

    playing(play, expires_at=ends)


def test_while_it_cannot_be_read_what_is_held_is_used_and_the_source_is_left_in_peace() -> None:
    async def play(world: World) -> None:
        first = await world.take()
        world.shelf.gone = SecretMissing("vault", "one", "SETTING")
        world.now += READ_AGAIN
        for _ in range(5):
            assert await world.take() is first
        assert world.shelf.reads == 2
        world.now += TRY_AGAIN
        world.shelf.gone = None
        world.shelf.value = Value(b"two")
        assert await world.take() == ["two"]

    playing(play)


def test_nothing_to_begin_with_is_a_problem_each_time() -> None:
    async def play(world: World) -> None:
        world.shelf.gone = SecretMissing("vault", "one", "SETTING")
        for _ in range(2):
            with pytest.raises(SecretMissing):
                await world.take()

    playing(play)


def test_a_certificate_that_is_over_is_not_used_any_more() -> None:
    ends = BEGAN + timedelta(minutes=40)

    async def play(world: World) -> None:
        await world.take()
        world.now = ends
        with pytest.raises(CertificateNotInForce):
            await world.take()

    playing(play, expires_at=ends)


def test_what_was_forgotten_is_made_anew_even_of_the_same_secret() -> None:
    async def play(world: World) -> None:
        first = await world.take()
        world.proof.forget()
        again = await world.take()
        assert again is not first
        assert again == first
        assert await world.take() is again
        world.shelf.gone = SecretMissing("vault", "one", "SETTING")
        world.proof.forget()
        assert await world.take() == ["one"]

    playing(play)


def test_what_is_refused_is_answered_with_what_is_there_now_then_with_what_was_there_before() -> None:
    async def play(world: World) -> None:
        one: Any = await world.take()
        assert await world.proof.another() is None
        world.shelf.value = Value(b"two")
        two: Any = await world.proof.another()
        assert two == ["two"]
        assert await world.take() is two
        before: Any = await world.proof.another()
        assert before is one

    playing(play)


def test_an_expired_secret_that_is_refused_is_not_shown_again() -> None:
    async def play(world: World) -> None:
        await world.take()
        assert await world.proof.another() is None

    playing(play, expires_at=BEGAN + timedelta(minutes=1))


def test_no_repr_shows_a_secret() -> None:
    assert "hidden" not in repr(Value(b"hidden"))


def test_a_source_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a vault that wants to be left alone for an hour."""
    monkeypatch.setattr(proofs, "_PATIENCE_S", 0.01)

    async def play(world: World) -> None:
        async def silence() -> Value:
            return await asyncio.Event().wait()  # type: ignore[return-value]

        reading = world.shelf.read
        monkeypatch.setattr(world.shelf, "read", silence)
        with pytest.raises(SourceSilent, match="the shelf"):
            await world.take()
        monkeypatch.setattr(world.shelf, "read", reading)
        assert await world.take() == ["one"]
        monkeypatch.setattr(world.shelf, "read", silence)
        world.now += READ_AGAIN
        assert await world.take() == ["one"], "what is held is used meanwhile"

    playing(play)


def test_what_was_there_before_the_process_began_is_asked_for_where_what_is_there_is_refused() -> None:
    async def play(world: World) -> None:
        await world.take()
        assert await world.proof.another() is None
        world.shelf.earlier = Value(b"one")
        assert await world.proof.another() is None, "the same"
        world.shelf.earlier = Value(b"nought", world.now)
        assert await world.proof.another() is None, "over"
        world.shelf.earlier = Value(b"nought")
        before: Any = await world.proof.another()
        assert before == ["nought"]
        assert await world.take() == ["one"], "what is there now is what counts"

    playing(play)
