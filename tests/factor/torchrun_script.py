"""What each process of the torchrun tests runs: train on a synthetic table, save the model.

Arguments: folder for files, epochs, and optionally "resume" or "die" (rank 1 kills itself).
"""

import os
import signal
import sys
from pathlib import Path

from tests.factor.data import planted
from xlcollab.errors import XlcollabError
from xlcollab.factor import ModelSettings, TrainingSettings, save_model
from xlcollab.factor.distributed import Saving, train_distributed

MODEL = ModelSettings(n_factors=4, init_scale=0.1, dtype="float64")
TRAINING = TrainingSettings(
    optimizer="adam", epochs=12, learning_rate=0.05, l2_factors=0.001, clip=0.5
)


def main(folder: Path, how: str) -> int:
    saving = Saving(folder / "state.safetensors", every=4, resume=how == "resume")
    kill = how == "die" and os.environ["RANK"] == "1"
    if kill:
        from xlcollab.factor import distributed

        save = distributed.ShardState._save

        def save_and_die(self: object, path: Path, epoch: int) -> None:
            save(self, path, epoch)  # type: ignore[arg-type]
            if epoch == 8:
                os.kill(os.getpid(), signal.SIGKILL)

        distributed.ShardState._save = save_and_die  # type: ignore[method-assign]
    try:
        result = train_distributed(planted(), MODEL, TRAINING, saving=saving)
    except XlcollabError as error:
        print(f"rank {os.environ['RANK']}: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    if result is not None:
        save_model(result.model, folder / f"{how}.safetensors")
        print(f"epochs {len(result.history)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
