"""Sees torch's operations one by one and writes those that depend on variables into a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch._ops import OpOverload
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from xlcollab.kernels.numbers.routine import Running
from xlcollab.kernels.program.core.algebra import simplified
from xlcollab.kernels.program.core.graph import Graph, NotLoweredError, Placed, View
from xlcollab.kernels.program.core.strides import Dims, row_major

SHAPES_ONLY = frozenset(
    {
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty",
        "rand_like",
        "randn_like",
    }
)
"""Operations that ask a tensor only for its shape and type: their results are constants."""


_PART, _SMALL = 4, 4096
"""A constant's storage is taken whole where it is at most so many times what is read of it, or
has so few numbers: views of one storage then are views of one node."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A one-element node, and the number it must have for the program to hold."""

    node: int
    expected: float


class Recorder(TorchDispatchMode):
    """Sees every tensor operation below autograd."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would import its compiler, seconds of work, to keep it away from here."""
        return False

    def __init__(self, variables: Tensor, rules: Mapping[str, Callable[..., None]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.graph = Graph(variables.numel(), simplified)
        self._rules = rules
        self.guards: list[Guard] = []
        self._nodes: dict[int, int] = {}
        self._alive: dict[int, StorageWeakRef] = {}
        self._constants: dict[tuple[object, ...], tuple[Tensor, int]] = {}
        self.own(variables, 0)

    def tracks(self, tensor: Tensor) -> bool:
        """Whether a tensor depends on the variables."""
        return tensor.untyped_storage()._cdata in self._nodes

    def own(self, tensor: Tensor, node: int) -> None:
        """A tensor's storage is the buffer of a node."""
        storage = tensor.untyped_storage()
        self._alive[storage._cdata] = StorageWeakRef(storage)
        self._nodes[storage._cdata] = node

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        tracked = [t for t in _tensors((args, kwargs)) if self.tracks(t)]
        out = func(*args, **kwargs)
        if tracked:
            self._record(func, args, kwargs, out)
        return out

    def _record(
        self, func: OpOverload, args: tuple[object, ...], kwargs: Mapping[str, object], out: object
    ) -> None:
        name = func._schema.name.removeprefix("aten::")
        first = args[0] if args else None
        if isinstance(out, bool | int | float) and isinstance(first, Tensor):
            self._guard(first, out)
            return
        if isinstance(out, Tensor) and self.tracks(out):
            if func._schema.is_mutable:
                raise NotLoweredError(f"{name} changes a tensor in place")
            return
        if isinstance(out, list | tuple) and all(self.tracks(one) for one in _tensors(out)):
            return
        if name in SHAPES_ONLY:
            return
        rule = self._rules.get(name)
        if rule is None or func._schema.is_mutable or not isinstance(out, Tensor | tuple):
            raise NotLoweredError(f"{func} has no form in the core program")
        rule(self, out, *args, **kwargs)

    def _guard(self, tensor: Tensor, answer: float) -> None:
        if tensor.dtype.is_floating_point:
            raise NotLoweredError("a number that depends on the variables decides on the program")
        node = self.graph.dense(self.view(tensor), tuple(tensor.shape))
        if answer is True and self._all_finite(node):
            return
        self.guards.append(Guard(node, float(answer)))

    def _all_finite(self, node: int) -> bool:
        """Whether a truth says that all of some numbers are finite.

        Where they are not, the tape turns to its exact form, because a value that was chosen away
        would spoil the gradient. Here that shows in the gradient itself.
        """
        placed = self.graph[node].placed
        return self.graph[node].mode == "min" and all(
            self.graph[one.source.node].op == "finite" for one in placed
        )

    def routine(self, source: Tensor, running: Running) -> Tensor:
        """The results of a routine, (results,), which the graph takes as it stands while their
        kinds stay what they are."""
        graph = self.graph
        held = not source.requires_grad
        read = View(graph.dense(self.view(source), tuple(source.shape)), 0, (1,), held)
        found = running.results(source)
        number, count = graph.routine(running.routine(), read), found.numel()
        self.own(found, number)
        guard = graph.dense(View(number, count, (), held=True), ())
        self.guards.append(Guard(guard, 1.0))
        return found

    def taken_for_granted(self, codes: Tensor) -> NDArray[np.int64]:
        """Whole numbers that must stay what they are, in their shape."""
        shape, graph = tuple(codes.shape), self.graph
        found = codes.detach().long().numpy()
        known = View(graph.constant(found.astype(np.float64)), 0, row_major(shape))
        same = graph.map("eq", shape, self.view(codes), known)
        kept = Placed(same, shape, 0, (0,) * len(shape))
        self.guards.append(Guard(graph.place(1, [kept], "min"), 1.0))
        return found

    def view(self, value: Tensor | float, shape: Dims | None = None) -> View:
        """What a tensor or number is in the graph, spread over `shape` (by default its own)."""
        if not isinstance(value, Tensor):
            return self.graph.scalar(float(value), shape or ())
        node = self._nodes.get(value.untyped_storage()._cdata)
        strides = steps_of(value)
        held = False
        if node is None:
            node, offset, strides = self._constant(value, strides)
        else:
            offset, held = int(value.storage_offset()), not value.requires_grad
        if shape is not None:
            strides = (0,) * (len(shape) - len(strides)) + strides
        return View(node, offset, strides, held)

    def _constant(self, value: Tensor, strides: Dims) -> tuple[int, int, Dims]:
        """A constant as a node, offset and strides: of its whole storage, unless it is a small
        part of a large one."""
        storage = value.untyped_storage()
        size = storage.nbytes() // value.element_size()
        used = 1
        for n, step in zip(value.shape, strides, strict=True):
            used *= n if step else 1
        if size <= max(_PART * used, _SMALL):
            key: tuple[object, ...] = (storage._cdata, value.dtype)
            if key not in self._constants:
                flat = value.detach().as_strided((size,), (1,), 0).to(torch.float64)
                self._constants[key] = (value, self.graph.constant(flat.numpy()))
            return self._constants[key][1], int(value.storage_offset()), strides
        key = (storage._cdata, value.dtype, value.storage_offset(), tuple(value.shape), strides)
        cut = value.detach()
        for axis, step in enumerate(strides):
            cut = cut if step else cut.narrow(axis, 0, 1)
        if key not in self._constants:
            dense = cut.to(torch.float64).contiguous()
            self._constants[key] = (value, self.graph.constant(dense.numpy()))
        steps = row_major(tuple(cut.shape))
        return self._constants[key][1], 0, steps

    def result(self, out: Tensor, op: str, *operands: Tensor | float) -> None:
        """`out` is an elementwise operation of `operands`."""
        order = _storage_order(out)
        shape = tuple(out.shape[axis] for axis in order)
        views = [_permuted(self.spread(value, out), order) for value in operands]
        found = self.graph.map(op, shape, *views)
        self.own(out, self.graph.dense(found, shape))

    def spread(self, value: Tensor | float, out: Tensor) -> View:
        """An operand along the shape of a result."""
        if isinstance(value, Tensor) and value.numel() == 1:
            view = self.view(value)
            return View(view.node, view.offset, (0,) * out.dim(), view.held)
        if isinstance(value, Tensor) and value.shape != out.shape:
            missing = len(out.shape) - value.dim()
            view = self.view(value, tuple(out.shape))
            wide = (1,) * missing + tuple(value.shape)
            steps = tuple(0 if n == 1 else s for n, s in zip(wide, view.strides, strict=True))
            return View(view.node, view.offset, steps, view.held)
        return self.view(value, tuple(out.shape))

    def placed(self, out: Tensor, parts: list[tuple[Tensor, Tensor]], mode: str = "add") -> None:
        """`out` is made of `parts`: pairs of a source and the view of `out` it falls on."""
        found = [
            Placed(
                self.view(source),
                tuple(source.shape),
                int(target.storage_offset()),
                tuple(
                    0 if n == 1 else s for n, s in zip(target.shape, target.stride(), strict=True)
                ),
            )
            for source, target in parts
        ]
        self.own(out, self.graph.place(out.numel(), found, mode))

    def owns(self, out: Tensor, view: View) -> None:
        """`out` holds what a view along its shape sees."""
        order = _storage_order(out)
        shape = tuple(out.shape[axis] for axis in order)
        self.own(out, self.graph.dense(_permuted(view, order), shape))

    def dense(self, tensor: Tensor) -> int:
        """The node whose buffer holds a tensor in its logical order."""
        return self.graph.dense(self.view(tensor), tuple(tensor.shape))


def steps_of(tensor: Tensor) -> Dims:
    """A tensor's strides, 0 along axes of length 1."""
    if tensor.numel() == 1:
        return (0,) * tensor.dim()
    return tuple(0 if n == 1 else s for n, s in zip(tensor.shape, tensor.stride(), strict=True))


def _storage_order(out: Tensor) -> list[int]:
    """The axes from the slowest to the fastest."""
    if out.numel() != out.untyped_storage().nbytes() // max(out.element_size(), 1):
        raise NotLoweredError("a result that does not fill its storage")
    if out.numel() == 1:
        return list(range(out.dim()))
    steps = out.stride()
    return sorted(range(out.dim()), key=lambda axis: (-steps[axis], axis))


def _permuted(view: View, order: list[int]) -> View:
    strides = tuple(view.strides[axis] for axis in order)
    return View(view.node, view.offset, strides, view.held)


def _tensors(values: object) -> list[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(values, Tensor):
        return [values]
    found: list[Tensor] = []
    for value in values.values() if isinstance(values, dict) else _listed(values):
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple, dict)):
            found += _tensors(value)
    return found


def _listed(values: object) -> Sequence[object]:
    return values if isinstance(values, (list, tuple)) else ()
