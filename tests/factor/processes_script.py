"""What each of the processes in `test_sums_over_processes` runs: every way to say something to the
others, and what came of it as JSON. Arguments: rank, size, and the name of their job."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import numpy as np

from xlcollab.errors import DataError, XlcollabError
from xlcollab.factor.several.lines import Place, connected
from xlcollab.factor.several.processes import Processes


def own(rank: int) -> np.ndarray:
    """Four rows of two numbers that no other rank has."""
    return np.arange(8.0).reshape(4, 2) + 100.0 * rank


def fail_on(rank: int, other: int) -> str:
    if rank == other:
        raise DataError(f"rank {rank} cannot read")
    return f"rank {rank}"


def said(work: Callable[[], object]) -> str:
    try:
        return str(work())
    except XlcollabError as error:
        return f"{type(error).__name__}: {error}"


def outcomes(one: Processes) -> dict[str, object]:
    rank, size = one.rank, one.size
    parts = [own(rank)[: r + rank] for r in range(size)]
    spread = own(rank)
    one.spread(spread, [0, 1, 1, 4])
    gathered = one.gathered(own(rank)[:rank])
    one.meet()
    return {
        "sum": one.sum(own(rank)).tolist(),
        "total": one.total(rank + 0.5),
        "told": one.told({"rank": rank}),
        "agreed": said(lambda: one.agreed(lambda: f"rank {rank}")),
        "refused": said(lambda: one.agreed(lambda: fail_on(rank, 1))),
        "from first": said(lambda: one.from_first(lambda: f"rank {rank}")),
        "first fails": said(lambda: one.from_first(lambda: fail_on(rank, 0))),
        "exchanged": [part.tolist() for part in one.exchanged(parts)],
        "summed blocks": one.summed_blocks([own(rank)[r : r + 1] for r in range(size)]).tolist(),
        "spread": spread.tolist(),
        "passed on": one.passed_on(own(rank)).tolist(),
        "gathered": None if gathered is None else gathered.tolist(),
        "stop": [one.stop(False), one.stop(rank == 1)],
        "torch": "torch" in sys.modules,
    }


def main(rank: int, size: int, job: str) -> None:
    lines = connected(Place(rank, size, "localhost", job, is_here=True))
    print(json.dumps(outcomes(Processes(rank, size, lines=lines))), flush=True)
    lines.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
