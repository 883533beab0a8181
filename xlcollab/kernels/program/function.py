"""A scalar function of torch tensors that the machine answers, derivatives included."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.jit import CACHED
from xlcollab.kernels.program.lower import lowered
from xlcollab.kernels.program.machine.ready import seconds_to_compile
from xlcollab.kernels.values.autograd import Context

if TYPE_CHECKING:
    from xlcollab.kernels.program.machine.native import NativeProgram

T = TypeVar("T")
Scalar = Callable[[Tensor], Tensor]


class MachineFunction:
    """x ↦ scalar, for autograd as any function of torch; lowered when it is first called.

    Where the machine is not compiled yet, it is when the calls have taken as long on the tape as
    compiling would, or `at_once`, if what is compiled can be kept; values may differ in their last
    digits between the two. Where the machine has no answer (numbers that are not finite, other
    types and devices, a derivative of the derivative) the function itself gives it.
    """

    def __init__(self, function: Scalar, start: Tensor, *, at_once: bool = False) -> None:
        self._function, self._start = function, start
        self._program: NativeProgram | None = None
        self._asked = False
        self._patience = 0.0 if at_once and CACHED else 1.0
        self._spent = 0.0

    def taped(self, call: Callable[[], T]) -> T:
        """What a call on the tape gives; its time counts towards compiling."""
        began = time.perf_counter()
        found = call()
        self._spent += time.perf_counter() - began
        return found

    @property
    def program(self) -> NativeProgram | None:
        """The function's program, if it has one and compiling the machine has paid by now."""
        if not self._asked and self._patience * seconds_to_compile("evaluate") <= self._spent:
            self._asked = True
            self._program = lowered(self._function, self._start)
        return self._program

    def __call__(self, x: Tensor) -> Tensor:
        """The value at x, (n,); shape ()."""
        if x.dtype is not torch.float64 or not x.is_cpu or x.shape != self._start.shape:
            return self._function(x)
        program = self._program if self._asked else self.program
        if program is None:
            return self.taped(lambda: self._function(x))
        try:
            point = x.detach().numpy()
        except RuntimeError:  # a tensor inside one of torch.func's transformations has no numbers
            return self._function(x)
        found = program.value_and_gradient(point)
        if found is None:
            return self._function(x)
        return _answer(x, _Answered(*found, self._function))


class _Answered(NamedTuple):
    """What the machine said at a point, and who is asked for derivatives of the derivative."""

    value: float
    slope: NDArray[np.float64]
    function: Scalar


class _Context(Context, Protocol):
    answered: _Answered


class _Answer(torch.autograd.Function):
    """A value whose derivative is known already."""

    @staticmethod
    def forward(ctx: _Context, x: Tensor, answered: _Answered) -> Tensor:
        ctx.save_for_backward(x)
        ctx.answered = answered
        return torch.scalar_tensor(answered.value, dtype=torch.float64)

    @staticmethod
    def backward(ctx: _Context, *given: Tensor) -> tuple[Tensor, None]:
        (by_value,) = given
        if torch.is_grad_enabled():  # a derivative of this one will be asked for
            (x,) = ctx.saved_tensors
            (slope,) = torch.autograd.grad(ctx.answered.function(x), x, create_graph=True)
            return by_value * slope, None
        return by_value * torch.from_numpy(ctx.answered.slope), None


class Known(Tensor):
    """A value that says its gradient by the very x it is of without a walk through the graph.

    It stands in torch's graph as any value does; only `torch.autograd.grad(value, x)`, asked for
    nothing more, is answered by itself. What is computed from it are plain tensors.
    """

    known: tuple[Tensor, NDArray[np.float64]]
    """x and the gradient there, (n,)."""

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        if func is torch.autograd.grad and len(args) == 2:
            slope = _known(args[0], args[1], kwargs or {})
            if slope is not None:
                return (slope,)
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))


def _known(outputs: object, inputs: object, asked: Mapping[str, object]) -> Tensor | None:
    """The gradient of one known value by its own x; None where anything else is asked."""
    value, given = _alone(outputs), _alone(inputs)
    if not isinstance(value, Known):
        return None
    x, slope = value.known
    if given is not x:
        return None
    if x._backward_hooks or asked.get("grad_outputs") is not None:
        return None
    if asked.get("create_graph") or asked.get("is_grads_batched"):
        return None
    return torch.from_numpy(slope)


def _alone(given: object) -> object:
    """The only one of a list or a tuple; else what was given."""
    return given[0] if isinstance(given, (tuple, list)) and len(given) == 1 else given


def _answer(x: Tensor, answered: _Answered) -> Tensor:
    value: Tensor = _Answer.apply(x, answered)  # type: ignore[no-untyped-call]
    if value.requires_grad:
        value.__class__ = Known
        cast(Known, value).known = x, answered.slope
    return value
