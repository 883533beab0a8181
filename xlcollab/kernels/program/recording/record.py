"""Recording: a torch function is run once, and what depends on its variables becomes a graph.

Every tensor operation passes `Recorder`. One whose operands do not depend on the variables is a
constant and leaves no trace, so texts, kinds and masks of a sheet are decided here. A tensor that
shares its storage with an earlier one is a view of it: layouts vanish into strides. Where the
function asks for a truth that depends on the variables (`if mask.any()`), the answer becomes a
guard: the program holds as long as the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from xlcollab.kernels.numbers.routine import Running, as_it_is, worked_out
from xlcollab.kernels.program.core.graph import Graph, NotLoweredError, View
from xlcollab.kernels.program.core.strides import Dims
from xlcollab.kernels.program.recording.aten import ATEN, Rule
from xlcollab.kernels.program.recording.recorder import Guard, Recorder


@dataclass(frozen=True, slots=True)
class Recording:
    """A graph, its outputs (each a view along its shape), and what it takes for granted."""

    graph: Graph
    outputs: tuple[tuple[View, Dims], ...]
    guards: tuple[Guard, ...]


def record(
    function: Callable[[Tensor], list[Tensor]], x: Tensor, rules: Mapping[str, Rule] = ATEN
) -> Recording:
    """The core program of `function` as it runs at `x`, (n,), its operations by these rules.

    Raises NotLoweredError for an operation that is none of the core's.
    """
    variables = x.detach().double().clone().requires_grad_()
    recorder = Recorder(variables, rules)
    with torch.enable_grad(), _Reading(recorder), recorder:
        results = function(variables)
    outputs = tuple((recorder.view(result), tuple(result.shape)) for result in results)
    guards = {(guard.node, guard.expected): guard for guard in recorder.guards}
    return Recording(recorder.graph, outputs, tuple(guards.values()))


class _Reading(TorchFunctionMode):
    """Refuses to read numbers that depend on the variables past the recorder."""

    _PAST = frozenset({"tolist", "numpy", "__array__", "data_ptr"})

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        if func is worked_out and isinstance(args[0], Tensor) and self._recorder.tracks(args[0]):
            return self._recorder.routine(args[0], cast(Running, args[1]))
        if func is as_it_is and isinstance(args[0], Tensor) and self._recorder.tracks(args[0]):
            return self._recorder.taken_for_granted(args[0])
        name = getattr(func, "__name__", "")
        if name in self._PAST and isinstance(args[0], Tensor) and self._recorder.tracks(args[0]):
            raise NotLoweredError(f"{name} reads numbers that depend on the variables")
        return func(*args, **(kwargs or {}))
