"""Paths through nested groups, against an oracle that tries every walk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from connector.access.components import components
from connector.access.inheritance import GroupPath, group_paths

GROUPS = [f"g{number}" for number in range(7)]
groups = st.sampled_from(GROUPS)
nestings = st.lists(st.tuples(groups, groups), max_size=20)


def reachable(edges: Iterable[tuple[str, str]], start: str, without: str | None = None) -> dict[str, int]:
    """Every group that can be reached downwards, with its distance: the slow and obvious way."""
    found = {start: 1}
    queue = deque([start])
    while queue:
        group = queue.popleft()
        for child, parent in edges:
            if parent == group and child != without and child not in found:
                found[child] = found[group] + 1
                queue.append(child)
    return found


def applicable(paths: list[GroupPath], holder: str, resource: str | None) -> list[GroupPath]:
    """The join that the docstring prescribes."""
    mine = [path for path in paths if path.holder == holder]
    around = [path for path in mine if path.avoiding is not None and path.avoiding == resource]
    return around or [path for path in mine if path.avoiding is None]


@given(nestings, st.lists(st.tuples(groups, st.none() | groups), min_size=1, max_size=6))
def test_every_grant_reaches_exactly_the_groups_that_a_walk_around_its_own_group_reaches(edges, held):
    held = [(holder, resource) for holder, resource in held if holder != resource]
    edges = edges + [(holder, resource) for holder, resource in held if resource]  # the grant itself is an edge
    paths = list(group_paths(edges, held, max_depth=20))
    for holder, resource in held:
        mine = applicable(paths, holder, resource)
        assert {path.descendant: path.depth for path in mine} == reachable(edges, holder, without=resource)
        assert len(mine) == len({path.descendant for path in mine})


@given(nestings, groups)
def test_a_path_is_a_walk_along_direct_memberships_from_the_nested_group_to_the_holder(edges, holder):
    for path in group_paths(edges, [(holder, None)], max_depth=20):
        assert path.path[0] == path.descendant
        assert path.path[-1] == path.holder
        assert path.depth == len(path.path) == len(set(path.path))
        assert all(step in edges for step in zip(path.path, path.path[1:], strict=False))


@given(nestings, groups, st.integers(1, 4))
def test_what_lies_deeper_than_the_limit_is_left_out_and_counted(edges, holder, limit):
    everything = reachable(edges, holder)
    paths = group_paths(edges, [(holder, None)], limit)
    assert {path.descendant for path in paths} == {group for group, depth in everything.items() if depth <= limit}
    assert paths.cut == sum(depth == limit + 1 for depth in everything.values())


def test_a_cycle_gives_nobody_a_way_through_the_group_that_the_grant_is_on():
    # a is in b, b is in a, and c is in a: b's membership in a must not pass to c, who is in a anyway
    edges = [("a", "b"), ("b", "a"), ("c", "a")]
    paths = list(group_paths(edges, [("b", "a"), ("b", None)], 20))
    assert [path.descendant for path in applicable(paths, "b", "a")] == ["b"]
    assert {path.descendant for path in applicable(paths, "b", None)} == {"a", "b", "c"}


def test_a_chain_deeper_than_pythons_stack_is_followed():
    edges = [(str(depth + 1), str(depth)) for depth in range(5000)]
    assert sum(1 for _ in group_paths(edges, [("0", None)], 10_000)) == 5001


@given(nestings, groups, st.randoms(use_true_random=False))
def test_the_same_nesting_gives_the_same_paths_in_whatever_order_it_comes(edges, holder, random):
    paths = list(group_paths(edges, [(holder, None)], 9))
    random.shuffle(edges)
    assert list(group_paths(edges, [(holder, None)], 9)) == paths


def test_of_two_shortest_paths_the_one_that_sorts_first_counts():
    edges = [("y", "h"), ("x", "h"), ("z", "y"), ("z", "x")]
    assert [path.path for path in group_paths(edges, [("h", None)], 9)][-1] == ("z", "x", "h")


@given(st.lists(st.lists(st.integers(0, 6), max_size=6), min_size=7, max_size=7))
def test_two_nodes_share_a_component_exactly_when_each_reaches_the_other(successors):
    edges = [(str(child), str(parent)) for parent, children in enumerate(successors) for child in children]
    below = [reachable(edges, str(node)) for node in range(7)]
    found = components(successors)
    for one in range(7):
        for other in range(7):
            assert (found[one] == found[other]) == (str(other) in below[one] and str(one) in below[other])
