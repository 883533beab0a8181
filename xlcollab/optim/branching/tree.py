"""The tree of a branch and bound: best bound first, with a dive to a solution from each of them."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_EPSILON = 1e-9
"""Relative: a bound that comes so near to the incumbent promises nothing but rounding."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """What a relaxation came to: "solved" at y with a value that no point of the node is below
    (as far as the relaxation is convex), "infeasible", "unbounded", or "unknown"."""

    ending: Literal["solved", "infeasible", "unbounded", "unknown"]
    y: Array
    value: float = -math.inf


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A box of the variables with what its parent knew of it."""

    bound: float
    number: int
    lower: Array = field(compare=False)
    upper: Array = field(compare=False)
    y: Array = field(compare=False)
    """Where the parent's relaxation ended."""


@dataclass(slots=True)
class State:
    """What is known of the search."""

    value: float = math.inf
    """Of the best solution so far."""
    solutions: int = 0
    nodes: int = 0
    bound: float = -math.inf
    """No solution is below this, as far as every relaxation was solved."""
    sound: bool = True
    """Whether no node was given up without knowing."""

    @property
    def gap(self) -> float:
        """(value − bound) / |value|; infinite where one of them is unknown."""
        if not (math.isfinite(self.value) and math.isfinite(self.bound)):
            return math.inf
        missing = max(0.0, self.value - self.bound)
        return 0.0 if missing == 0.0 else missing / abs(self.value) if self.value else math.inf


class Tree:
    """Searches boxes of whole numbers. `relax` solves a node without them; `settle` makes the
    solution that a relaxation's point stands for, if it can, and returns its value. Values are of
    size one: what they differ by below `_EPSILON` is nothing."""

    def __init__(
        self,
        whole: NDArray[np.bool_],
        relax: Callable[[Node], Relaxed],
        settle: Callable[[Node, Array], float],
        tell: Callable[[State], bool],
    ) -> None:
        self.state = State()
        self._whole = np.flatnonzero(whole)
        self._relax, self._settle, self._tell = relax, settle, tell
        self._open: list[Node] = []
        self._numbers = itertools.count()

    def search(self, lower: Array, upper: Array, y: Array) -> bool:
        """Whether the tree was finished; False where `tell` had it stopped.

        `lower`, `upper` and `y` are in the variables of which some are whole.
        """
        self._push(-math.inf, lower, upper, y)
        while self._open:
            node: Node | None = heapq.heappop(self._open)
            while node is not None:  # the dive
                self.state.bound = self._bound(node)
                if not self._tell(self.state):
                    heapq.heappush(self._open, node)
                    return False
                node = None if self._is_beaten(node.bound) else self._branched(node)
        self.state.bound = self.state.value
        return True

    def _push(self, bound: float, lower: Array, upper: Array, y: Array) -> Node:
        node = Node(bound, next(self._numbers), lower, upper, y)
        heapq.heappush(self._open, node)
        return node

    def _bound(self, node: Node) -> float:
        rest = self._open[0].bound if self._open else math.inf
        return min(node.bound, rest, self.state.value)

    def _is_beaten(self, bound: float) -> bool:
        value = self.state.value
        return bound >= value - _EPSILON * max(1.0, abs(value)) if value < math.inf else False

    def _branched(self, node: Node) -> Node | None:
        """The child to dive into; the other one is left open."""
        self.state.nodes += 1
        found = self._relax(node)
        if found.ending == "infeasible":
            return None
        if found.ending == "unbounded":
            self.state.sound = False
            return None
        value = max(node.bound, found.value) if found.ending == "solved" else node.bound
        if self._is_beaten(value):
            return None
        self._offer(node, found.y)
        return self._children(node, found, value)

    def _offer(self, node: Node, y: Array) -> None:
        value = self._settle(node, y)
        if value < self.state.value:
            self.state.value = value
            self.state.solutions += 1

    def _children(self, node: Node, found: Relaxed, value: float) -> Node | None:
        place = self._place(node, found)
        if place is None:
            return None
        at = float(found.y[place])
        below = math.floor(at) if at < node.upper[place] else at - 1.0
        below = min(max(below, node.lower[place]), node.upper[place] - 1.0)
        upper, lower = node.upper.copy(), node.lower.copy()
        upper[place], lower[place] = below, below + 1.0
        sides = [(node.lower, upper), (lower, node.upper)]
        if at - below > 0.5:
            sides.reverse()
        far = sides[1]
        self._push(value, far[0], far[1], found.y)
        return Node(value, next(self._numbers), sides[0][0], sides[0][1], found.y)

    def _place(self, node: Node, found: Relaxed) -> int | None:
        """The variable to branch on, or None where the node is done with."""
        parts = found.y[self._whole]
        off = np.abs(parts - np.round(parts))
        wide = node.upper[self._whole] > node.lower[self._whole]
        off = np.where(wide, off, -1.0)
        if found.ending == "solved" and off.max(initial=-1.0) <= WHOLE:
            if self._is_beaten(found.value):
                return None  # the solution it stands for was taken
            if not wide.any():
                return None
        if not wide.any():
            self.state.sound &= found.ending == "solved"
            return None
        return int(self._whole[int(np.argmax(off))])


WHOLE = 1e-6
"""A number no farther than this from a whole one stands for it."""
