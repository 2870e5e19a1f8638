"""Who is in a group through other groups: shortest paths down the nesting, without keeping all of them in memory.

The rules are those of ``docs/architecture.md``, *What follows from what*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from connector.access.components import components


class GroupPath(NamedTuple):
    """A shortest way from a group down to a group nested in it, or to itself.

    Attributes:
        holder: the group that holds a grant.
        avoiding: the group that the path keeps clear of; None where nothing has to be avoided.
        descendant: the group whose direct members have the grant along this path.
        path: group ids from ``descendant`` to ``holder``, both included.
        depth: groups on the path: 1 where ``descendant`` is ``holder``.
    """

    holder: str
    avoiding: str | None
    descendant: str
    path: tuple[str, ...]
    depth: int


class GroupPaths:
    """The paths for every grant that a group holds. Iterating computes them; iterate once.

    How a grant that group ``H`` holds is joined with them: where it is membership of a group ``R``, and there are paths
    with ``holder = H`` and ``avoiding = R``, those and only those count; otherwise those with ``holder = H`` and
    ``avoiding`` null. (Only where ``H`` and ``R`` are on a common cycle can a path go through ``R``, so only then is there
    anything to avoid; and there is always a path of depth 1.) Direct members of ``descendant`` inherit the grant along
    the path, except ``R`` and ``H`` themselves; of several paths to one principal the shortest counts, and among equals the
    one that comes first.

    Attributes:
        cut: how many times a nested group was left out because it lies deeper than the limit; complete after iterating.
    """

    def __init__(
        self, edges: Iterable[tuple[str, str]], held: Iterable[tuple[str, str | None]], max_depth: int
    ) -> None:
        self.cut = 0
        self._max_depth = max_depth
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._children: list[list[int]] = []
        for child, parent in edges:
            if child != parent:
                self._children[self._number(parent)].append(self._number(child))
        self._held = self._avoidances(held)

    def __iter__(self) -> Iterator[GroupPath]:
        for holder, avoidances in self._held.items():
            for avoiding in avoidances:
                yield from self._descend(holder, avoiding)

    def _number(self, group: str) -> int:
        number = self._numbers.setdefault(group, len(self._ids))
        if number == len(self._ids):
            self._ids.append(group)
            self._children.append([])
        return number

    def _avoidances(self, held: Iterable[tuple[str, str | None]]) -> dict[int, list[int | None]]:
        """For each group that holds something, what its paths have to avoid: None, or groups on a common cycle."""
        component = components(self._children)
        wanted: dict[int, dict[int | None, None]] = {}
        for holder, resource in held:
            number = self._number(holder)
            avoiding = None if resource is None else self._numbers.get(resource)
            in_cycle = (
                avoiding is not None
                and number < len(component)
                and avoiding < len(component)
                and component[number] == component[avoiding]
            )
            wanted.setdefault(number, {})[avoiding if in_cycle else None] = None
        return {holder: list(avoidances) for holder, avoidances in wanted.items()}

    def _descend(self, holder: int, avoiding: int | None) -> Iterator[GroupPath]:
        """Breadth first, so that the first way found to a group is a shortest one."""
        ids, children = self._ids, self._children
        avoided = None if avoiding is None else ids[avoiding]
        seen = {holder} if avoiding is None else {holder, avoiding}
        level: list[tuple[int, tuple[str, ...]]] = [(holder, (ids[holder],))]
        depth = 1
        while level:
            deeper: list[tuple[int, tuple[str, ...]]] = []
            for group, path in level:
                yield GroupPath(ids[holder], avoided, ids[group], path, depth)
                for child in children[group]:
                    if child not in seen:
                        seen.add(child)
                        deeper.append((child, (ids[child], *path)))
            if depth == self._max_depth:
                self.cut += len(deeper)
                return
            level = sorted(
                deeper, key=itemgetter(1)
            )  # of several shortest paths always the same one, wherever it is found
            depth += 1


def group_paths(edges: Iterable[tuple[str, str]], held: Iterable[tuple[str, str | None]], max_depth: int) -> GroupPaths:
    """The paths along which grants that groups hold reach the members of nested groups.

    Args:
        edges: group nesting, as (child, parent): the child is a direct member of the parent. Repetitions do no harm.
        held: for each grant that a group holds, the group, and the group that the grant is membership of; None
            where it is something else, such as a directory role.
        max_depth: most groups on a path, 1 or more.
    """
    return GroupPaths(edges, held, max_depth)
