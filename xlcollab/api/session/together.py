"""Sentences of several models or tabs: what is the same is said once."""

from __future__ import annotations

from collections.abc import Iterable


def told_together(told: Iterable[tuple[str, str]]) -> list[str]:
    """ "name: sentence" for each pair; those of the same sentence together, at the place of the
    first: "sgd, adam: 5 epochs were run."."""
    names: dict[str, list[str]] = {}
    for name, sentence in told:
        names.setdefault(sentence, []).append(name)
    return [f"{', '.join(dict.fromkeys(who))}: {sentence}" for sentence, who in names.items()]
