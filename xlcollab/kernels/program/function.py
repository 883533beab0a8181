"""A scalar function of torch tensors that the machine answers, derivatives included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.kernels.program.lower import lowered
from xlcollab.kernels.program.machine.ready import seconds_to_compile
from xlcollab.kernels.values.autograd import Context

if TYPE_CHECKING:
    from xlcollab.kernels.program.machine.native import NativeProgram

T = TypeVar("T")
Scalar = Callable[[Tensor], Tensor]


def _can_be_kept() -> bool:
    """Whether what is compiled is there for the next process too."""
    from xlcollab.jit import CACHED  # numba is behind it, which takes a fifth of a second

    return CACHED


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
        self._patience = 0.0 if at_once and _can_be_kept() else 1.0
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
        value, slope = found
        return _answer(x, _Answered(np.array(value), slope, self._function, x, x._version))


class _Answered(NamedTuple):
    """What the machine said at a point, and who is asked for derivatives of the derivative."""

    value: NDArray[np.float64]
    """Shape ()."""
    slope: NDArray[np.float64]
    """(n,)"""
    function: Scalar
    x: Tensor
    version: int
    """Of x: how often it had been changed in place."""


class _Context(Context, Protocol):
    answered: _Answered


class _Answer(torch.autograd.Function):
    """A value whose derivative is known already."""

    @staticmethod
    def forward(ctx: _Context, x: Tensor, answered: _Answered) -> Tensor:
        ctx.save_for_backward(x)
        ctx.answered = answered
        return torch.scalar_tensor(float(answered.value), dtype=torch.float64)

    @staticmethod
    def backward(ctx: _Context, *given: Tensor) -> tuple[Tensor, None]:
        (by_value,) = given
        if torch.is_grad_enabled():  # a derivative of this one will be asked for
            (x,) = ctx.saved_tensors
            if x._version != ctx.answered.version:
                raise RuntimeError("x was modified by an inplace operation after it was used")
            (slope,) = torch.autograd.grad(ctx.answered.function(x), x, create_graph=True)
            return by_value * slope, None
        return by_value * torch.from_numpy(ctx.answered.slope), None


class Known(Tensor):
    """A value that says its gradient by the very x it is of without a walk through torch's graph.

    It stands in no graph yet: `torch.autograd.grad(value, x)`, asked for nothing more, is answered
    by itself, and whatever else is done with it first gives it its place there.
    """

    answered: _Answered

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
        if torch.is_grad_enabled():
            for value in _among((args, kwargs)):
                _put_into_graph(value)
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))

    def detach(self) -> Tensor:
        """The number without its derivative, of shape (); it shares its memory."""
        return torch.from_numpy(self.answered.value)

    def item(self) -> float:
        """The number."""
        return float(self.answered.value)

    def __float__(self) -> float:
        return float(self.answered.value)


def _among(given: object) -> Iterator[Known]:
    """The known values in nested lists, tuples and mappings."""
    if isinstance(given, Known):
        yield given
    elif isinstance(given, (tuple, list)):
        for one in given:
            yield from _among(one)
    elif isinstance(given, Mapping):
        yield from _among(list(given.values()))


def _put_into_graph(value: Known) -> None:
    """Makes a plain tensor of a known value, with the function behind it."""
    answered = value.answered
    plain = cast(Tensor, value)
    plain.__class__ = Tensor
    plain._backward_hooks = None
    plain.requires_grad_(False)
    with torch.enable_grad():
        made: Tensor = _Answer.apply(answered.x, answered)  # type: ignore[no-untyped-call]
        plain.copy_(made)


def _known(outputs: object, inputs: object, asked: Mapping[str, object]) -> Tensor | None:
    """The gradient of one known value by its own x; None where anything else is asked."""
    value, given = _alone(outputs), _alone(inputs)
    if not isinstance(value, Known):
        return None
    x = value.answered.x
    if given is not x:
        return None
    if x._backward_hooks or asked.get("grad_outputs") is not None:
        return None
    if asked.get("create_graph") or asked.get("is_grads_batched"):
        return None
    return torch.from_numpy(value.answered.slope)


def _alone(given: object) -> object:
    """The only one of a list or a tuple; else what was given."""
    return given[0] if isinstance(given, (tuple, list)) and len(given) == 1 else given


def _answer(x: Tensor, answered: _Answered) -> Tensor:
    """The value, a tensor of shape ()."""
    value = torch.from_numpy(answered.value)
    if not (x.requires_grad and torch.is_grad_enabled()):
        return value

    def passed_on(by_value: Tensor) -> None:
        """Where torch took the value, unseen by us, for the beginning of a graph of its own."""
        torch.autograd.backward(x, by_value * torch.from_numpy(answered.slope))

    value.requires_grad_()._backward_hooks = {0: passed_on}
    value.__class__ = Known
    cast(Known, value).answered = answered
    return value
