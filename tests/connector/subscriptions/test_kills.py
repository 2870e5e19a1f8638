"""The process dies after every single write: to storage, to Graph, to the queue. That is also before the write that follows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from tests.connector.subscriptions.conftest import unwrapped
from tests.support.addresses import PublicAddress
from tests.support.dying import Killed

BOTH = ["groups", "users"]
MOST_WRITES = 30


class Dying:
    """Wraps everything that writes; dies when write number ``at`` has had its effect."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, store, send_write, send_wake):
        outer = self

        class Store:
            def __getattr__(self, name):
                real = getattr(store, name)
                return outer.dying(real) if name.startswith("replace") else real

        return Store(), self.dying(send_write), self.dying(send_wake)

    def dying(self, real):
        async def write(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise Killed
            result = await real(*args, **kwargs)
            if self.left == 0:
                raise Killed
            return result

        return write


@pytest.mark.parametrize("refuses_duplicates", [False, True], ids=["several", "one of a kind"])
def test_whoever_goes_on_after_a_death_leaves_everything_right(world, ours, refuses_duplicates):
    """First a deployment that begins, then one that moves to another address and back, once for every write there is."""
    world.graph.variants = replace(world.graph.variants, subscriptions_refuse_duplicates=refuses_duplicates)
    with PublicAddress() as elsewhere:
        elsewhere.settings = ours.settings
        moved = ours.at(elsewhere.url)
        deaths = 0
        for at in range(1, MOST_WRITES):
            now, here = (ours, ours.address) if at % 2 else (moved, elsewhere)
            dying = Dying(at)
            now.wrap = dying
            with suppress(Killed):
                now.run()
            deaths += dying.left <= 0
            now.wrap = unwrapped
            heard = here.genuine
            if len(world.at(here.url)) == 2:  # both deliver by now, whether or not it is known what they are called
                world.change_something()
                assert here.genuine == heard + 2, f"what came after death {at} was dropped"

            now.run()

            assert world.at(here.url) == BOTH, at
            assert len(world.living()) == 2, at
            assert {one.id for one in now.state().subscriptions} == {one["id"] for one in world.living()}
            assert now.state().problems == ()
            if dying.left > 0:
                break
        world.graph.notifications.disturb(hold=True)

    assert deaths >= 9
    assert dying.left > 0, "a run without a death has never been reached"
