"""The order of texts, kept while texts are added."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import TextPool
from xlcollab.kernels.text.texts import folded

_ROOM = 1024
"""Ranks that there is room for from the start; what is added makes it twice as large as it must
be."""
_FEW = 4
"""Up to this part of the texts known are put in between; for more of them all are sorted anew."""


class TextOrder:
    """Per text of a pool a number by which it stands in Excel's order; texts that are equal but for
    case share one.

    A new text gets a number between those of its neighbours, so that a workbook in which every
    formula makes a text is not sorted once for each.
    """

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._labels: list[float] = []
        self._of_key: dict[str, float] = {}
        self._ranks = np.zeros(_ROOM)
        self._count = 0

    def ranks(self, texts: TextPool) -> NDArray[np.float64]:
        """The numbers of all texts; a view that later additions may change. Shape (n_texts,)."""
        new = len(texts) - self._count
        if new * _FEW > self._count:
            self._sort(texts)
        elif new:
            self._grow(len(texts))
            for index in range(self._count, len(texts)):
                if not self._add(index, folded(texts[index])):
                    self._sort(texts)
                    break
            self._count = len(texts)
        return self._ranks[: self._count]

    def _sort(self, texts: TextPool) -> None:
        keys = [folded(texts[i]) for i in range(len(texts))]
        self._keys = sorted(set(keys))
        self._labels = [float(place) for place in range(len(self._keys))]
        self._of_key = dict(zip(self._keys, self._labels, strict=True))
        self._grow(len(keys))
        self._ranks[: len(keys)] = [self._of_key[key] for key in keys]
        self._count = len(keys)

    def _grow(self, count: int) -> None:
        if count > len(self._ranks):
            larger = np.zeros(2 * count)
            larger[: self._count] = self._ranks[: self._count]
            self._ranks = larger

    def _add(self, index: int, key: str) -> bool:
        """Put one text in its place; False where there is no room between its neighbours."""
        label = self._of_key.get(key)
        if label is None:
            place = bisect_left(self._keys, key)
            low = self._labels[place - 1] if place else self._labels[0] - 2.0
            high = self._labels[place] if place < len(self._labels) else self._labels[-1] + 2.0
            label = (low + high) / 2
            if not low < label < high:
                return False
            self._keys.insert(place, key)
            self._labels.insert(place, label)
            self._of_key[key] = label
        self._ranks[index] = label
        return True
