"""What each process of the torchrun tests runs: train on a synthetic table, save the model.

Arguments: folder for files; "whole", "resume", "die" (rank 1 kills itself) or "validated"; and the
engine of `ENGINES`.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.factor.data import planted
from xlcollab.errors import XlcollabError
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, save_model
from xlcollab.factor.training import distributed
from xlcollab.factor.training.distributed import Saving, train_distributed
from xlcollab.factor.training.loop import Best
from xlcollab.factor.training.result import TrainingResult
from xlcollab.ratings import random_split

MODEL = ModelSettings(n_factors=4, init_scale=0.1, dtype="float64")
TRAINING = TrainingSettings(
    optimizer="adam", epochs=12, learning_rate=0.05, l2_factors=0.001, clip=0.5
)
VALIDATED = TrainingSettings(optimizer="adam", epochs=200, learning_rate=0.05, patience=3)
"""Stops early on the tables below."""


def tables() -> Tables:
    """Two thirds to train on, the others for validation and test."""
    rng = np.random.default_rng(0)
    rest, test = random_split(planted(), 0.2, rng)
    return Tables(*random_split(rest, 0.2, rng), test)


def outcome(result: TrainingResult) -> list[float]:
    """All that a run and a run in several processes must have in common."""
    names = ("train_rmse", "validation_rmse", "validation_mae", "test_rmse")
    history = [getattr(row, name) for row in result.history for name in names]
    return [result.best_epoch, result.train.rmse, *history]


ENGINES = ("cpu", "gpu")
"""The second is that of GPUs, which runs on the CPU where there is none."""


def on_engine(engine: str, settings: TrainingSettings) -> TrainingSettings:
    """`settings` for an engine; tells distributed training where there is no GPU to be had."""
    if engine == "cpu":
        return settings
    if not torch.cuda.is_available():
        distributed.device_of = lambda settings: torch.device("cpu")
    return replace(settings, device="cuda")


def main(folder: Path, how: str, engine: str) -> int:
    saving = Saving(folder / "state.safetensors", every=4, resume=how == "resume")
    kill = how == "die" and os.environ["RANK"] == "1"
    if kill:
        checkpoint = distributed.ShardState.checkpoint

        def save_and_die(self: distributed.ShardState, epoch: int, best: Best) -> None:
            checkpoint(self, epoch, best)
            if epoch == 8:
                os.kill(os.getpid(), signal.SIGKILL)

        distributed.ShardState.checkpoint = save_and_die  # type: ignore[method-assign]
    given = (tables(), VALIDATED) if how == "validated" else (planted(), TRAINING)
    try:
        result = train_distributed(given[0], MODEL, on_engine(engine, given[1]), saving=saving)
    except XlcollabError as error:
        print(f"rank {os.environ['RANK']}: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    if result is not None:
        save_model(result.model, folder / f"{how}.safetensors")
        print(json.dumps([result.status, *outcome(result)]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
