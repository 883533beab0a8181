"""The processes of a torchrun job: who I am, and sums over all of us."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import FrameType
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from xlcollab.errors import ProcessLostError, XlcollabError
from xlcollab.factor.passes.rows import Floats
from xlcollab.factor.training.torchrun import under_torchrun
from xlcollab.interrupts import heard

T = TypeVar("T")
Array = NDArray[Any]
LOST = "another process of this run ended or could not be reached, so this one ends too"


@dataclass(slots=True)
class Interrupt:
    """Ctrl-C or SIGTERM, noted rather than obeyed at once: all processes must stop after the same
    epoch. Where torchrun sends SIGTERM because another one is lost, the next sum fails."""

    signum: int = 0

    @property
    def asked(self) -> bool:
        """Whether one has come."""
        return self.signum != 0

    def note(self, signum: int, frame: FrameType | None) -> None:
        """The handler of the signals; the first one says how the command ends."""
        self.signum = self.signum or signum


@dataclass(frozen=True, slots=True)
class Processes:
    """`rank` of `size` processes. With size 1 nothing is sent and torchrun is not needed."""

    rank: int
    size: int
    interrupt: Interrupt = field(default_factory=Interrupt)

    def sum(self, array: Array) -> Array:
        """The sum of `array` over all processes, in place. Its shape stays."""
        if self.size > 1:
            self.sum_tensor(torch.from_numpy(array))
        return array

    def agreed(self, work: Callable[[], T]) -> T:
        """What `work` returns here. Where it raises one of our errors on some process, all of them
        raise that of the first one, so that nobody waits for who has ended."""
        found: Any = None
        error: XlcollabError | None = None
        try:
            found = work()
        except XlcollabError as raised:
            error = raised
        first = next((one for one in self.told(error) if one is not None), None)
        if first is not None:
            raise first
        return found  # type: ignore[no-any-return]

    def told(self, thing: T) -> list[T]:
        """What every process says, by rank: small things, which are pickled."""
        if self.size == 1:
            return [thing]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, thing)
        return found

    def from_first(self, work: Callable[[], T]) -> T:
        """What `work` returns on rank 0, on every process; errors as of `agreed`."""
        found = self.agreed(lambda: work() if self.rank == 0 else None)
        return self.told(found)[0]  # type: ignore[return-value]

    def exchanged(self, parts: Sequence[Array]) -> list[Array]:
        """Arrays of one type and row shape, part r for rank r; the parts that others have for us,
        by rank."""
        if self.size == 1:
            return list(parts)
        own = np.ascontiguousarray(np.concatenate(parts))
        lengths = [len(part) for part in parts]
        coming = [sent[self.rank] for sent in self.told(lengths)]
        found = np.empty((sum(coming), *own.shape[1:]), own.dtype)
        dist.all_to_all_single(torch.from_numpy(found), torch.from_numpy(own), coming, lengths)
        return np.split(found, np.cumsum(coming)[:-1])

    def summed_blocks(self, blocks: Sequence[Array]) -> Array:
        """Block r of every process added up on rank r alone, in the order of the ranks (a
        reduce-scatter); the sum of ours, in the shape of our block."""
        first, *others = self.exchanged(blocks)
        for other in others:
            first += other
        return first

    def spread(self, array: Array, cuts: Sequence[int]) -> None:
        """The rows cuts[r] … cuts[r + 1] − 1 as rank r has them, on every process, in place."""
        if self.size == 1:
            return
        whole = torch.from_numpy(array)
        for rank, (begin, end) in enumerate(pairwise(cuts)):
            if begin < end:
                dist.broadcast(whole[begin:end], rank)

    def passed_on(self, array: Array) -> Array:
        """What the next rank has, in exchange for ours of the same shape, which goes to the one
        before."""
        if self.size == 1:
            return array
        found = np.empty_like(array)
        going = dist.isend(torch.from_numpy(array), (self.rank - 1) % self.size)
        coming = dist.irecv(torch.from_numpy(found), (self.rank + 1) % self.size)
        for one in (coming, going):
            if one is not None:
                one.wait()
        return found

    def meet(self) -> None:
        """Go on when all are here."""
        if self.size > 1:
            self.total(0.0)

    def sum_tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum of `tensor` over all processes, in place, on the device it lies on. Its shape
        stays."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def device(self, like: torch.device) -> torch.device:
        """The device of this process: one GPU each where the machine has as many."""
        if like.type != "cuda":
            return like
        return torch.device("cuda", _place_on_this_machine() % torch.cuda.device_count())

    def total(self, number: float) -> float:
        """The sum of one number over all processes."""
        return float(self.sum(np.array([number], np.float64))[0])

    def stop(self, asked: bool) -> bool:
        """Whether one of the processes is asked to stop; all of them must call this."""
        return self.total(float(asked or self.interrupt.asked)) > 0

    def gathered(self, part: Floats) -> Floats | None:
        """The parts of all processes, one below the other, on rank 0; None elsewhere. Shape (n,
        width), n of all together."""
        if self.size == 1:
            return part
        parts: list[Any] | None = [None] * self.size if self.rank == 0 else None
        dist.gather_object(part, parts)
        return None if parts is None else np.concatenate(parts)


@contextmanager
def joined(advice: str) -> Iterator[Processes]:
    """This process's place in the torchrun job, or alone outside of one.

    Under torchrun Ctrl-C and SIGTERM are noted in `interrupt`, and told to the command at the end.
    ProcessLostError, with a sentence that ends in the `advice`, if another process is lost, or if
    torchrun ends this one before all have met.
    """
    if not under_torchrun():
        yield Processes(0, 1)
        return
    interrupt = Interrupt()
    with _handled(interrupt, f"{LOST}; {advice}"):
        try:
            dist.init_process_group(_backend())
            signal.signal(signal.SIGTERM, interrupt.note)
            yield Processes(dist.get_rank(), dist.get_world_size(), interrupt)
            dist.destroy_process_group()
        except RuntimeError as error:
            # torch.distributed has no class of its own for a connection that broke.
            raise ProcessLostError(f"{LOST} ({_reason(error)}); {advice}") from None


def _backend() -> str:
    """NCCL between GPUs, which it wants one of for each process; gloo for all else."""
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    apart = dist.is_nccl_available() and here <= torch.cuda.device_count()
    return "cpu:gloo,cuda:nccl" if apart else "gloo"


def _place_on_this_machine() -> int:
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def _handled(interrupt: Interrupt, lost: str) -> Iterator[None]:
    def end(signum: int, frame: FrameType | None) -> None:
        raise ProcessLostError(lost)

    terminated = signal.signal(signal.SIGTERM, end)
    interrupted = signal.signal(signal.SIGINT, interrupt.note)
    try:
        yield
    finally:
        # torchrun passes on what a terminal or a scheduler has sent already: the second signal,
        # which may come late, must not keep the model from being written.
        for number, before in ((signal.SIGTERM, terminated), (signal.SIGINT, interrupted)):
            signal.signal(number, signal.SIG_IGN if interrupt.signum == number else before)
        if interrupt.asked:
            heard(interrupt.signum)


def _reason(error: RuntimeError) -> str:
    """What broke: the first sentence, without the place in torch's sources."""
    first = str(error).partition("\n")[0]
    return re.sub(r"^\[\S+\] ", "", first).partition(". ")[0]
