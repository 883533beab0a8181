"""What each process of the sharded tests runs: fits of one file, one after the other.

Arguments: the file of ratings, a folder for what is written, and the rules. "die" as the fourth
argument lets rank 1 kill itself after it has written its part of the second checkpoint.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from xlcollab.errors import XlcollabError
from xlcollab.factor.models.folder import begin_folder, finish_folder, write_shard
from xlcollab.factor.several.processes import Processes, joined
from xlcollab.factor.sharded import checkpoint
from xlcollab.factor.sharded.checkpoint import Saving
from xlcollab.factor.sharded.exchange import exchanged
from xlcollab.factor.sharded.held import Along
from xlcollab.factor.sharded.holdout import WAYS
from xlcollab.factor.sharded.run import ShardedRun, train_sharded
from xlcollab.ratings import Columns
from xlcollab.ratings.delimited import Wanted
from xlcollab.ratings.parted.shares import read_pieces, shares_of
from xlcollab.settings.fitting import ModelSettings, TrainingSettings

MODEL = ModelSettings(n_factors=4, dtype="float64")
FRACTION = 0.2
TRAININGS = {
    "sgd": TrainingSettings(epochs=6),
    "als": TrainingSettings(optimizer="als", epochs=4),
    "adam": TrainingSettings(optimizer="adam", epochs=6, clip=0.5),
}
EVERY = 2


def fitted(path: Path, rule: str, processes: Processes, saving: Saving | None) -> ShardedRun:
    """The run of a rule on the file, a fifth of it set aside for test."""
    wanted = Wanted(Columns())
    shares = processes.from_first(lambda: shares_of(path, wanted, processes.size))
    tables = processes.agreed(lambda: read_pieces(shares[processes.rank], wanted))
    training = TRAININGS[rule]
    ready = exchanged({"train": tables}, MODEL, training, processes, Along())
    rng = np.random.default_rng(training.seed)
    chosen = WAYS["fraction"](ready.train, FRACTION, rng, processes)
    ready.parts["train"], ready.parts["test"] = ready.train.cut(chosen)
    return train_sharded(ready, MODEL, training, saving=saving)


def written(run: ShardedRun, target: Path, processes: Processes) -> None:
    """The model as a folder of shards."""
    new = processes.from_first(lambda: begin_folder(target))
    processes.agreed(lambda: write_shard(new, run.shard()))
    size = run.job.ready.n_users, run.job.ready.n_items
    processes.from_first(lambda: finish_folder(new, target, run.shard(), size, {}))


def outcome(run: ShardedRun) -> dict[str, object]:
    """What runs of any number of processes have in common."""
    result = run.result
    test = result.test
    assert test is not None
    errors = [[row.train_rmse, row.test_rmse, row.test_mae] for row in result.history]
    biases = [result.biases[name].rmse for name in ("train", "test")]
    return {"errors": errors, "last": [result.train.rmse, test.rmse], "biases": biases}


def die_at_the_second(processes: Processes) -> None:
    """Rank 1 ends between its part of a checkpoint and the name of the whole."""
    save, epochs = checkpoint.write_arrays, []

    def write_and_die(*arguments: object) -> None:
        save(*arguments)  # type: ignore[arg-type]
        epochs.append(1)
        if processes.rank == 1 and len(epochs) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.write_arrays = write_and_die  # type: ignore[assignment]


def main(path: Path, folder: Path, rules: str, how: str = "") -> int:
    try:
        with joined("go on from the last checkpoint with resume") as processes:
            if how == "die":
                die_at_the_second(processes)
            found = {}
            for rule in rules.split(","):
                saving = Saving(folder / f"{rule}.run", EVERY, how == "resume") if how else None
                run = fitted(path, rule, processes, saving)
                written(run, folder / rule, processes)
                found[rule] = outcome(run)
            if processes.rank == 0:
                print(json.dumps(found), flush=True)
    except XlcollabError as error:
        print(f"rank {os.environ['RANK']}: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
