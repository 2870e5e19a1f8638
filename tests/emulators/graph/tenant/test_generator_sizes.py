"""Generated tenants have the size that was asked for, in memory as in a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulators.graph.tenant.generation.memberships import shared_out
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.tenant import Tenant

USERS_IN_GROUPS = """
SELECT g.id, count(*) FROM edges e
JOIN objects g ON g.key = e.source AND g.type = 'group' AND g.deleted IS NULL
JOIN objects u ON u.key = e.target AND u.type = 'user' AND u.deleted IS NULL
WHERE e.rel = 1 GROUP BY g.id
"""


def members(tenant: Tenant) -> dict[str, int]:
    return dict(tenant.db.execute(USERS_IN_GROUPS))


@pytest.mark.parametrize("memberships", [2000, 5000, 20_000])
def test_as_many_memberships_as_were_asked_for(memberships):
    counted = sum(members(generate(users=1000, groups=200, memberships=memberships)).values())

    # A handful come on top: the groups of a cycle and of a chain, and guests in role-assignable groups, get members of their own.
    assert memberships - 1 <= counted <= memberships + 10


def test_no_memberships_where_none_are_asked_for():
    assert sum(members(generate(users=200, groups=40, memberships=0)).values()) <= 10


def test_groups_of_one_size():
    counted = Counter(members(generate(users=400, groups=50, members_per_group=60)).values())

    assert sum(counted.values()) == 50
    assert counted[60] >= 45
    assert min(counted) >= 60


def test_a_tenant_in_a_file_is_the_tenant_in_memory(tmp_path: Path):
    in_file, in_memory = generate(users=60, seed=3, path=tmp_path / "tenant.sqlite"), generate(users=60, seed=3)

    assert list(in_file.db.iterdump()) == list(in_memory.db.iterdump())


def test_generating_leaves_every_index_in_place():
    names = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"

    assert generate(users=5).db.execute(names).fetchall() == Tenant.empty().db.execute(names).fetchall()


shares = st.lists(st.tuples(st.floats(0.01, 1000), st.integers(0, 50)), max_size=30)


@given(total=st.integers(0, 600), of=shares)
@example(total=2, of=[(0.5, 2), (1.0, 0)])  # the share of who has no room used to swallow the rest
def test_shares_fill_up_the_room_there_is(total, of):
    weights, room = [weight for weight, _ in of], [most for _, most in of]

    sizes = shared_out(total, weights, room)

    assert all(0 <= size <= most for size, most in zip(sizes, room, strict=True))
    assert sum(sizes) in (min(total, sum(room)), min(total, sum(room)) - 1)


def test_shares_follow_the_weights_and_nothing_goes_to_who_has_none():
    assert shared_out(100, [1.0, 0.0, 3.0], [1000, 1000, 1000]) == [25, 0, 75]
    assert shared_out(100, [1.0, 0.0, 3.0], [1000, 1000, 10]) == [90, 0, 10]
