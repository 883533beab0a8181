"""Sums of tensors over the processes of a job, on the device that they lie on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from xlcollab.errors import ProcessLostError
from xlcollab.factor.several.processes import LOST, Processes


@dataclass(frozen=True, slots=True)
class TensorSums:
    """By NCCL between GPUs, which it wants one of for each process; by way of the host else."""

    processes: Processes
    has_group: bool

    def __call__(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, in place. Raises ProcessLostError."""
        if self.processes.size == 1:
            return tensor
        if not (self.has_group and tensor.is_cuda):
            whole = self.processes.sum(tensor.detach().cpu().numpy())
            return tensor.copy_(torch.from_numpy(whole))
        try:
            dist.all_reduce(tensor)
        except RuntimeError as error:
            # torch.distributed has no class of its own for a connection that broke.
            raise ProcessLostError(f"{LOST} ({reason(error)}); {self.processes.advice}") from None
        return tensor


@contextmanager
def tensor_sums(processes: Processes) -> Iterator[TensorSums]:
    """What sums tensors while the block runs; torch's own group of processes where GPUs need it."""
    if processes.size == 1 or not _has_gpu_each():
        yield TensorSums(processes, has_group=False)
        return
    dist.init_process_group("nccl")
    try:
        yield TensorSums(processes, has_group=True)
    finally:
        dist.destroy_process_group()


def device_here(like: torch.device) -> torch.device:
    """The device of this process: one GPU each where the machine has as many."""
    if like.type != "cuda":
        return like
    place = int(os.environ.get("LOCAL_RANK", "0"))
    return torch.device("cuda", place % torch.cuda.device_count())


def _has_gpu_each() -> bool:
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return dist.is_nccl_available() and here <= torch.cuda.device_count()


def reason(error: RuntimeError) -> str:
    """What broke: the first sentence, without the place in torch's sources."""
    first = str(error).partition("\n")[0]
    return re.sub(r"^\[\S+\] ", "", first).partition(". ")[0]
