"""Strongly connected components: families that feed one another."""

from __future__ import annotations

from collections.abc import Sequence


def components(edges: Sequence[Sequence[int]]) -> list[list[int]]:
    """Tarjan's algorithm (SIAM J. Comput. 1, 1972), without recursion.

    `edges[i]` are the nodes that node i needs. A component comes after all that it needs.
    """
    count = len(edges)
    index = [-1] * count
    low = [0] * count
    on_path = [False] * count
    path: list[int] = []
    result: list[list[int]] = []
    clock = 0
    for root in range(count):
        if index[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                index[node] = low[node] = clock
                clock += 1
                path.append(node)
                on_path[node] = True
            needs = edges[node]
            while position < len(needs):
                target = needs[position]
                position += 1
                if index[target] < 0:
                    work += [(node, position), (target, 0)]
                    break
                if on_path[target]:
                    low[node] = min(low[node], index[target])
            else:
                if low[node] == index[node]:
                    result.append(_take(path, node, on_path))
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
    return result


def _take(path: list[int], root: int, on_path: list[bool]) -> list[int]:
    """Cut the component of `root` off the path."""
    start = path.index(root, 0) if path[-1] != root else len(path) - 1
    members = path[start:]
    del path[start:]
    for member in members:
        on_path[member] = False
    return members


def find_cycle(edges: Sequence[Sequence[int]], nodes: set[int]) -> list[int]:
    """Some cycle among `nodes`, each of which needs at least one other of them (or itself)."""
    node = min(nodes)
    seen: dict[int, int] = {}
    walk: list[int] = []
    while node not in seen:
        seen[node] = len(walk)
        walk.append(node)
        node = next(target for target in edges[node] if target in nodes)
    return walk[seen[node] :]
