"""The processes of a torchrun job: who I am, and sums over all of us."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from xlcollab.errors import ProcessLostError, XlcollabError
from xlcollab.factor.passes.rows import Floats
from xlcollab.factor.several.lines import LINE_ERRORS, Array, Lines, Place, connected
from xlcollab.factor.several.torchrun import under_torchrun
from xlcollab.interrupts import heard

T = TypeVar("T")
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
    """`rank` of `size` processes. With size 1 nothing is sent and torchrun is not needed.

    Every process must call what sends. Raises ProcessLostError where another one cannot be reached.
    """

    rank: int
    size: int
    interrupt: Interrupt = field(default_factory=Interrupt)
    lines: Lines | None = None
    advice: str = "start anew"

    def sum(self, array: Array) -> Array:
        """The sum of `array` over all processes, in place, in the order of the ranks. Its shape
        stays."""
        if self.size > 1:
            flat = np.ascontiguousarray(array).reshape(-1)
            cuts = [len(flat) * rank // self.size for rank in range(self.size + 1)]
            own = slice(cuts[self.rank], cuts[self.rank + 1])
            flat[own] = self.summed_blocks([flat[a:b] for a, b in pairwise(cuts)])
            self.spread(flat, cuts)
            array[...] = flat.reshape(array.shape)
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
        with self._heard() as lines:
            return [thing] if lines is None else lines.say(thing)

    def from_first(self, work: Callable[[], T]) -> T:
        """What `work` returns on rank 0, on every process; errors as of `agreed`."""
        found = self.agreed(lambda: work() if self.rank == 0 else None)
        return self.told(found)[0]  # type: ignore[return-value]

    def exchanged(self, parts: Sequence[Array]) -> list[Array]:
        """Arrays of one type and row shape, part r for rank r; the parts that others have for us,
        by rank."""
        if self.size == 1:
            return list(parts)
        whole = [np.ascontiguousarray(part) for part in parts]
        coming = [sent[self.rank] for sent in self.told([len(part) for part in whole])]
        like = whole[0]
        received = np.empty((sum(coming), *like.shape[1:]), like.dtype)
        found = np.split(received, np.cumsum(coming)[:-1])
        with self._heard() as lines:
            if lines is not None:
                lines.swap(whole, found)
        return found

    def summed_blocks(self, blocks: Sequence[Array]) -> Array:
        """Block r of every process added up on rank r alone, in the order of the ranks (a
        reduce-scatter); the sum of ours, in the shape of our block."""
        first, *others = self.exchanged(blocks)
        for other in others:
            first += other
        return first

    def spread(self, array: Array, cuts: Sequence[int]) -> None:
        """The rows cuts[r] … cuts[r + 1] − 1 as rank r has them, on every process, in place."""
        found = [array[begin:end] for begin, end in pairwise(cuts)]
        with self._heard() as lines:
            if lines is not None:
                lines.swap([found[self.rank]] * self.size, found)

    def passed_on(self, array: Array) -> Array:
        """What the next rank has, in exchange for ours of the same shape, which goes to the one
        before."""
        found = np.empty_like(array)
        with self._heard() as lines:
            if lines is None:
                return array
            lines.pass_on(array, found)
        return found

    def meet(self) -> None:
        """Go on when all are here."""
        if self.size > 1:
            self.total(0.0)

    def total(self, number: float) -> float:
        """The sum of one number over all processes."""
        return float(self.sum(np.array([number], np.float64))[0])

    def stop(self, asked: bool) -> bool:
        """Whether one of the processes is asked to stop; all of them must call this."""
        return self.total(float(asked or self.interrupt.asked)) > 0

    def gathered(self, part: Floats) -> Floats | None:
        """The parts of all processes, one below the other, on rank 0; None elsewhere. Shape (n,
        width), n of all together."""
        none = part[:0]
        parts = self.exchanged([part if rank == 0 else none for rank in range(self.size)])
        return None if self.rank else np.concatenate(parts)

    @contextmanager
    def _heard(self) -> Iterator[Lines | None]:
        """The lines; what breaks on them is told as the loss of a process."""
        try:
            yield self.lines
        except LINE_ERRORS as error:
            raise _lost(self.advice, error) from None


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
        place = Place.of(os.environ)
        try:
            lines = connected(place)
        except LINE_ERRORS as error:
            raise _lost(advice, error) from None
        signal.signal(signal.SIGTERM, interrupt.note)
        try:
            yield Processes(place.rank, place.size, interrupt, lines, advice)
        finally:
            lines.close()


def _lost(advice: str, error: BaseException) -> ProcessLostError:
    why = str(error) or "it hung up"
    return ProcessLostError(f"{LOST} ({why}); {advice}")


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
