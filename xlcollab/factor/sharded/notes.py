"""What a user should know of the ratings of all processes, and what biases alone would predict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xlcollab.factor.sharded.held import Held
from xlcollab.factor.sharded.job import ShardJob
from xlcollab.factor.sharded.space import counted
from xlcollab.factor.training.baseline import DAMPING, SWEEPS, Sums
from xlcollab.factor.training.result import Scores
from xlcollab.factor.training.train import said_of_precision
from xlcollab.ratings.places import parts
from xlcollab.settings.counting import amount, has


def biases_alone(job: ShardJob) -> dict[str, Scores]:
    """As `BiasesAlone`, the sums of items taken over all processes."""
    alone = _Alone(job)
    return {name: alone.scores(held) for name, held in job.ready.parts.items()}


class _Alone:
    """Biases of our users and of all items, on the inner scale; see `BiasesAlone`."""

    def __init__(self, job: ShardJob) -> None:
        self.job = job
        table = job.ready.train.table
        self.users: Sums = np.zeros(table.n_users)
        self.items: Sums = np.zeros(table.n_items)
        self.seen = job.scale.ends_inward(*job.seen)
        total = float(table.ratings.sum(dtype=np.float64))
        self.mean = job.processes.total(total) / job.n_ratings
        for _ in range(SWEEPS):
            left = self._left(table.items, self.items, table.users, len(self.users))
            self.users = left / (DAMPING + job.user_counts)
            self._improve_items()

    def _improve_items(self) -> None:
        table = self.job.ready.train.table
        left = self._left(table.users, self.users, table.items, len(self.items))
        total: Sums = self.job.processes.sum(left)
        self.items = total / (DAMPING + self.job.item_counts)

    def _left(self, others: np.ndarray, bias: Sums, numbers: np.ndarray, n: int) -> Sums:
        """Σ (rating − mean − the other side's bias) of each of n ids."""
        total, ratings = np.zeros(n), self.job.ready.train.table.ratings
        for part in parts(len(ratings)):
            left = ratings[part] - self.mean - bias[others[part]]
            total += np.bincount(numbers[part], left, n)
        return total

    def scores(self, held: Held) -> Scores:
        """The errors on a table in units of the ratings."""
        table, found = held.table, np.zeros(2)
        for part in parts(len(table)):
            known = self.users[table.users[part]] + self.items[table.items[part]]
            errors = np.clip(self.mean + known, *self.seen) - table.ratings[part]
            found += float(errors @ errors), float(np.abs(errors).sum())
        squared, absolute = self.job.processes.sum(found).tolist()
        unit = self.job.scale.unit
        return Scores(unit * (squared / held.n) ** 0.5, unit * absolute / held.n, held.n)


def notes_on(job: ShardJob) -> tuple[str, ...]:
    """Sentences as a run in one process has them: ratings all alike, one user only, cold ids."""
    processes, low = job.processes, job.seen[0]
    notes = []
    if low == job.seen[1]:
        notes.append(f"All training ratings are {low:g}: there is nothing to tell apart.")
    notes += said_of_precision(job.seen)
    if processes.total(int(np.count_nonzero(job.user_counts))) == 1:
        notes.append("Only one user has ratings: no taste can be compared with another.")
    for name in ("validation", "test"):
        held = job.ready.parts.get(name)
        if held is None:
            continue
        for side, cold in (("user", _cold_users(job, held)), ("item", _cold_items(job, held))):
            if cold:
                shown = ", ".join(map(str, cold[:3])) + (" …" if len(cold) > 3 else "")
                notes.append(
                    f"{amount(len(cold), side)} of the {name} ratings {has(len(cold))} no training "
                    f"rating ({shown}): "
                    "their predictions rest on biases alone."
                )
    return tuple(notes)


def _cold_users(job: ShardJob, held: Held) -> Sequence[object]:
    users = np.unique(held.table.users)
    cold = users[job.user_counts[users] == 0]
    told = job.processes.told(
        list(zip(job.ready.users[cold].tolist(), held.table.user_ids.ids(cold), strict=True))
    )
    return [one for _, one in sorted((pair for part in told for pair in part), key=lambda p: p[0])]


def _cold_items(job: ShardJob, held: Held) -> Sequence[object]:
    table = held.table
    there = job.processes.sum(counted(table.items, table.n_items))
    return table.item_ids.ids(np.flatnonzero((there > 0) & (job.item_counts == 0)))
