"""Whatever is read, in whatever order: the tables that follow from it are those that full publishing makes of the same facts.

An example is many small tenants side by side, because deriving for fifty of them takes hardly longer than for one. ``HYPOTHESIS_EXAMPLES``
multiplies how many examples are tried.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from connector.incremental.facts import Reading, Replace
from tests.support.collisions import WHOLE, World
from tests.support.statements import no_facts, tell

MORE = int(os.environ.get("HYPOTHESIS_EXAMPLES", "1"))
_BOTH = ("true", "false")
switches = st.fixed_dictionaries(
    {
        "SKIP_AD_GROUPS": st.sampled_from(_BOTH),
        "SKIP_UNASSIGNED_APPS": st.sampled_from(_BOTH),
        "INHERITED_GRANTS": st.sampled_from(["all", "all", "privileged", "off"]),
        "INHERITED_GRANTS_MAX_DEPTH": st.sampled_from(["20", "2", "3"]),
    }
)
# The seed of what is said, and about how many rows that is.
steps = st.lists(st.tuples(st.integers(0, 2**32), st.integers(1, 25)), min_size=2, max_size=3)
_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": set(Phase) - {Phase.explain},
}


def check(new_follower, readings, options):
    """Take the readings one after the other, and each of them twice."""
    with TemporaryDirectory() as folder:
        follower, facts = new_follower(Path(folder)), no_facts()
        try:
            for reading in readings:
                note(str(reading))
                derived = follower.take(reading, options)
                facts, held_back = tell(facts, reading, options, "2026-01-05T00:00:00Z")
                assert follower.facts() == facts
                assert sorted((one.table, one.was, one.now) for one in derived.held_back) == sorted(held_back)
                assert follower.differences(options) == []
                assert not follower.take(reading, options)
        finally:
            follower.replica.close()


@settings(max_examples=2 * MORE, **_SETTINGS)
@given(switches, st.lists(steps, min_size=40, max_size=80))
def test_many_tenants_side_by_side(new_follower, settings_of, environ, worlds):
    readings = [Reading() for _ in range(3)]
    for number, world in enumerate(worlds):
        for reading, (seed, size) in zip(readings, world, strict=False):
            World(f"w{number}", Random(seed)).say(reading, size)
    check(new_follower, readings, settings_of(**environ))


@settings(max_examples=4 * MORE, **_SETTINGS)
@given(
    environ=switches,
    first=st.integers(0, 2**32),
    steps=steps,
    whole=st.lists(st.tuples(st.sampled_from(WHOLE), st.booleans())),
)
def test_one_tenant_of_which_whole_lists_are_read(new_follower, settings_of, *, environ, first, steps, whole):
    readings = [Reading() for _ in range(1 + len(steps))]
    World("w", Random(first)).say(readings[0], 120)
    for reading, (seed, size) in zip(readings[1:], steps, strict=True):
        World("w", Random(seed)).say(reading, min(size, 4))
    for reading, (table, limited) in zip(readings[1:], whole, strict=False):
        reading.replaced.append(Replace(table, limited=limited))
    check(new_follower, readings, settings_of(**environ))
