"""A history from beginning to end: what happened, told; the state checked after each step; and the truth when the dust has settled."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.pictures import Picture, differences
from tests.support.worlds.actions import ACTIONS, BY_NAME, Action
from tests.support.worlds.journals import UNTOLD, drift, feed_replayed, picture_of
from tests.support.worlds.settling import settle
from tests.support.worlds.world import World


class Untrue(AssertionError):
    """A history after which the state is not what it should be."""


@dataclass
class Run:
    """One history of a world.

    Attributes:
        steps: what has happened, a line each.
        failed: it went wrong.
    """

    world: World
    steps: list[str] = field(default_factory=list)
    failed: bool = False

    def __post_init__(self) -> None:
        self.world.begin()

    def do(self, name: str, number: int) -> None:
        """One step; ``number`` decides everything about it that is left to chance.

        Raises:
            Untrue: the state that it left is not consistent, or it failed as nothing may fail.
        """
        chance = random.Random(number)
        self.world.postbox.chance = chance
        self.steps.append(f"{name} {number}")
        try:
            told = self.world.run(BY_NAME[name](self.world, chance))
            self.steps[-1] += f": {told}"
            self.world.postbox.deliver_again()
            self.world.journal.check()
            self.world.note()
        except Exception as error:
            raise self._untrue(error) from error

    def finish(self, *, whole: bool = False) -> None:
        """Let the dust settle, and compare with the truth.

        Args:
            whole: a full sync as well, which must not find anything that was missed.

        Raises:
            Untrue: it is not the truth.
        """
        try:
            self.world.run(self._finish(whole))
        except Exception as error:
            raise self._untrue(error) from error

    async def _finish(self, whole: bool) -> None:
        world = self.world
        self.steps += await settle(world)
        tables = world.journal.check()
        problems = differences(uncounted(picture_of(tables)), uncounted(world.deployment.truth()))
        assert not problems, "\n".join(problems)
        await self._follow_the_feed()
        if whole:
            before = world.journal.current()
            await world.syncing.run()
            after = world.journal.current()
            assert before is not None
            assert after is not None
            world.journal.check()
            missed = drift(world.journal, after, before.journal_head)
            assert not missed, "\n".join(["a full sync has found what was missed", *missed])
            assert not differences(picture_of(world.journal.check()), world.deployment.truth())

    async def _follow_the_feed(self) -> None:
        world = self.world
        state = world.journal.check()
        current = world.journal.current()
        assert current is not None
        _, start = world.journal.snapshot(current.snapshot_id)
        chance = random.Random(len(self.steps))
        sizes = (chance.choice((1, 2, 3, 7, 50, 5000)) for _ in iter(int, 1))
        replayed, sequence = await feed_replayed(world.store, start, current.journal_base, sizes)
        assert sequence == current.journal_head, "the feed does not lead to the head"
        assert replayed == state, "the feed leads elsewhere"

    def _untrue(self, error: Exception) -> Untrue:
        self.failed = True
        history = "\n".join(f"  {number:3} {step}" for number, step in enumerate(self.steps, 1))
        return Untrue(f"{type(error).__name__}: {error}\nafter\n{history}")


def uncounted(picture: Picture) -> Picture:
    """``picture`` without what only full syncs can see."""
    groups = [{name: value for name, value in row.items() if name not in UNTOLD} for row in picture["groups"]]
    return {**picture, "groups": groups}


def run_history(
    world: World,
    seed: int | str,
    *,
    length: int = 12,
    whole: bool = False,
    actions: Mapping[Action, int] = ACTIONS,
) -> Run:
    """A history of ``length`` steps, the same for the same seed.

    Args:
        whole: a full sync at the end, which must not find anything that was missed.
        actions: what may happen, and how often each is drawn; everything by default.

    Raises:
        Untrue: the state was inconsistent at some moment, or is not the truth in the end.
    """
    generator = random.Random(f"history {seed}")
    run = Run(world)
    names, weights = [action.__name__ for action in actions], tuple(actions.values())
    for _ in range(length):
        [name] = generator.choices(names, weights)
        run.do(name, generator.getrandbits(32))
    run.finish(whole=whole)
    return run
