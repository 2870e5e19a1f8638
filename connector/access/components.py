"""Strongly connected components: which groups are on a common cycle."""

from __future__ import annotations

from collections.abc import Sequence


def components(successors: Sequence[Sequence[int]]) -> list[int]:
    """A number for each node, the same for two nodes exactly when each can be reached from the other.

    Tarjan's algorithm, without recursion: nesting may be deeper than Python's stack. Time and memory grow with nodes and
    edges.
    """
    unvisited = -1
    index = [unvisited] * len(successors)
    lowest = [0] * len(successors)
    component = [unvisited] * len(successors)
    path: list[int] = []
    visited = 0
    for root in range(len(successors)):
        if index[root] != unvisited:
            continue
        work = [(root, 0)]
        while work:
            node, following = work.pop()
            if following == 0:
                index[node] = lowest[node] = visited
                visited += 1
                path.append(node)
            for position in range(following, len(successors[node])):
                neighbour = successors[node][position]
                if index[neighbour] == unvisited:
                    work += [(node, position + 1), (neighbour, 0)]
                    break
                if component[neighbour] == unvisited:
                    lowest[node] = min(lowest[node], index[neighbour])
            else:
                _finish(node, index, lowest, component, path)
                if work:
                    parent = work[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
    return component


def _finish(node: int, index: list[int], lowest: list[int], component: list[int], path: list[int]) -> None:
    """Take the component off the path when ``node`` is the first of it that was visited."""
    if lowest[node] != index[node]:
        return
    while True:
        member = path.pop()
        component[member] = node
        if member == node:
            return
