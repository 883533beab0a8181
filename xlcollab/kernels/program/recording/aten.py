"""Torch's operations in terms of the core program: one row for each that a worksheet leads to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.kernels.program.core.graph import NotLoweredError, Placed, View
from xlcollab.kernels.program.recording.ordering import searchsorted, sort
from xlcollab.kernels.program.recording.recorder import Recorder, steps_of

Operand = Tensor | float
Axes = Sequence[int] | int | None
Rule = Callable[..., None]
"""(recorder, result, *arguments of the operation)"""


def _map(op: str) -> Rule:
    def rule(recorder: Recorder, out: Tensor, *operands: Operand, **options: object) -> None:
        _refuse_options(options)
        recorder.result(out, op, *operands)

    return rule


def _refuse_options(options: Mapping[str, object]) -> None:
    if any(value is not None for value in options.values()):
        raise NotLoweredError(f"options {options}")


class _Maps:
    """Several elementwise operations on the shape of `out`."""

    def __init__(self, recorder: Recorder, out: Tensor) -> None:
        self._recorder, self._out = recorder, out
        self.shape = tuple(out.shape)

    def view(self, value: Operand) -> View:
        return self._recorder.spread(value, self._out)

    def __call__(self, op: str, *operands: View) -> View:
        return self._recorder.graph.map(op, self.shape, *operands)

    def number(self, value: float) -> View:
        return self._recorder.graph.scalar(value, self.shape)

    def finish(self, view: View) -> None:
        self._recorder.owns(self._out, view)


def _add(recorder: Recorder, out: Tensor, a: Operand, b: Operand, *, alpha: float = 1) -> None:
    maps = _Maps(recorder, out)
    scaled = maps("mul", maps.view(b), maps.number(float(alpha)))
    maps.finish(maps("add", maps.view(a), scaled))


def _sub(recorder: Recorder, out: Tensor, a: Operand, b: Operand, alpha: float = 1) -> None:
    maps = _Maps(recorder, out)
    scaled = maps("mul", maps.view(b), maps.number(float(alpha)))
    maps.finish(maps("sub", maps.view(a), scaled))


def _rsub(recorder: Recorder, out: Tensor, a: Operand, b: Operand, alpha: float = 1) -> None:
    _sub(recorder, out, b, a, alpha)


def _div(
    recorder: Recorder, out: Tensor, a: Operand, b: Operand, *, rounding_mode: str | None = None
) -> None:
    maps = _Maps(recorder, out)
    quotient = maps("div", maps.view(a), maps.view(b))
    if rounding_mode is not None:
        quotient = maps({"floor": "floor", "trunc": "trunc"}[rounding_mode], quotient)
    maps.finish(quotient)


def _pow(recorder: Recorder, out: Tensor, a: Operand, b: Operand) -> None:
    maps = _Maps(recorder, out)
    x = maps.view(a)
    if isinstance(b, Tensor):
        maps.finish(maps("pow", x, maps.view(b)))
    elif b == 1:
        maps.finish(x)
    elif b == 2:
        maps.finish(maps("sq", x))
    elif b == 3:
        maps.finish(maps("mul", maps("sq", x), x))
    elif b == 0.5:
        maps.finish(maps("sqrt", x))
    elif b == -1:
        maps.finish(maps("inv", x))
    else:
        maps.finish(maps("pow", x, maps.view(b)))


def _compare(op: str, *, swap: bool = False) -> Rule:
    def rule(recorder: Recorder, out: Tensor, a: Operand, b: Operand) -> None:
        recorder.result(out, op, *((b, a) if swap else (a, b)))

    return rule


def _clamp(
    recorder: Recorder,
    out: Tensor,
    x: Operand,
    low: Operand | None = None,
    high: Operand | None = None,
) -> None:
    """Written as choices, so that the derivative at a limit is 1, as torch has it."""
    maps = _Maps(recorder, out)
    value = maps.view(x)
    for limit, op in ((low, "lt"), (high, "gt")):
        if limit is not None:
            bound = maps.view(limit)
            beyond = maps("lt", value, bound) if op == "lt" else maps("lt", bound, value)
            value = maps("where", beyond, bound, value)
    maps.finish(value)


def _nan_to_num(
    recorder: Recorder,
    out: Tensor,
    x: Operand,
    nan: Operand | None = None,
    posinf: Operand | None = None,
    neginf: Operand | None = None,
) -> None:
    maps = _Maps(recorder, out)
    value = maps.view(x)
    largest = torch.finfo(torch.float64).max
    value = maps("where", maps("eq", value, value), value, maps.number(float(nan or 0.0)))
    for infinite, given, default in ((math.inf, posinf, largest), (-math.inf, neginf, -largest)):
        limit = maps.number(float(default if given is None else given))
        value = maps("where", maps("eq", value, maps.number(infinite)), limit, value)
    maps.finish(value)


def _remainder(recorder: Recorder, out: Tensor, a: Operand, b: Operand) -> None:
    """a - b · ⌊a / b⌋, whose derivative treats the quotient as constant."""
    maps = _Maps(recorder, out)
    x, y = maps.view(a), maps.view(b)
    quotient = maps("floor", maps("div", x, y))
    maps.finish(maps("sub", x, maps("mul", y, quotient)))


def _lerp(recorder: Recorder, out: Tensor, a: Operand, b: Operand, weight: Operand) -> None:
    maps = _Maps(recorder, out)
    x = maps.view(a)
    step = maps("mul", maps("sub", maps.view(b), x), maps.view(weight))
    maps.finish(maps("add", x, step))


def _truncated(recorder: Recorder, out: Tensor, x: Tensor, **options: object) -> None:
    """A conversion of types."""
    to_integer = not out.dtype.is_floating_point and out.dtype is not torch.bool
    if out.dtype is torch.bool and x.dtype is not torch.bool:
        recorder.result(out, "ne", x, 0.0)
    else:
        recorder.result(out, "trunc" if to_integer and x.dtype.is_floating_point else "copy", x)


def _masked_fill(
    recorder: Recorder, out: Tensor, x: Operand, mask: Operand, value: Operand
) -> None:
    recorder.result(out, "where", mask, value, x)


def _relu(recorder: Recorder, out: Tensor, x: Operand) -> None:
    maps = _Maps(recorder, out)
    value = maps.view(x)
    maps.finish(maps("where", maps("lt", maps.number(0.0), value), value, maps.number(0.0)))


def _isnan(recorder: Recorder, out: Tensor, x: Operand) -> None:
    recorder.result(out, "ne", x, x)


def _isinf(recorder: Recorder, out: Tensor, x: Operand) -> None:
    maps = _Maps(recorder, out)
    maps.finish(maps("eq", maps("abs", maps.view(x)), maps.number(math.inf)))


def _logical(op: str) -> Rule:
    """And, or, exclusive or of truths."""

    def rule(recorder: Recorder, out: Tensor, a: Operand, b: Operand) -> None:
        for operand in (a, b):
            if isinstance(operand, Tensor) and operand.dtype is not torch.bool:
                raise NotLoweredError("bits of numbers")
        recorder.result(out, op, a, b)

    return rule


def _not(recorder: Recorder, out: Tensor, a: Tensor) -> None:
    if out.dtype is not torch.bool:
        raise NotLoweredError("bits of numbers")
    recorder.result(out, "not", a)


def _reduced(x: Tensor, out: Tensor, dims: Axes) -> Tensor:
    """`out` as `x` falls on it: spread along the axes that are summed."""
    every = range(x.dim())
    axes = (
        set(every)
        if dims is None or dims == []
        else {axis % x.dim() for axis in ([dims] if isinstance(dims, int) else dims)}
    )
    kept = [axis for axis in every if axis not in axes]
    strides = [0] * x.dim()
    own = out.stride()
    source = own if out.dim() < x.dim() else tuple(own[axis] for axis in kept)
    for axis, step in zip(kept, source, strict=True):
        strides[axis] = step
    return out.as_strided(x.shape, strides, 0)


def _reduction(mode: str) -> Rule:
    def rule(
        recorder: Recorder,
        out: Tensor,
        x: Tensor,
        dims: Axes = None,
        keepdim: bool = False,
        **options: object,
    ) -> None:
        if mode != "add" and x.dtype.is_floating_point is False and x.dtype is not torch.bool:
            raise NotLoweredError("extremes of whole numbers")
        recorder.placed(out, [(x, _untracked(_reduced, recorder, x, out, dims))], mode)

    return rule


def _untracked(function: Callable[..., Tensor], recorder: Recorder, *args: object) -> Tensor:
    """Strides asked of torch, outside the recording."""
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes(), torch.no_grad():
        return function(*args)


def _mean(
    recorder: Recorder,
    out: Tensor,
    x: Tensor,
    dims: Axes = None,
    keepdim: bool = False,
    **options: object,
) -> None:
    maps = recorder.graph
    target = _untracked(_reduced, recorder, x, out, dims)
    part = Placed(recorder.view(x), tuple(x.shape), 0, steps_of(target))
    total = maps.place(out.numel(), [part])
    size = (out.numel(),)
    count = maps.scalar(float(x.numel() // max(out.numel(), 1)), size)
    recorder.own(out, maps.dense(maps.map("div", size, maps.whole(total), count), size))


def _contract(recorder: Recorder, out: Tensor, a: Tensor, b: Tensor) -> None:
    """mm, bmm, mv and dot."""
    x, y = recorder.view(a), recorder.view(b)
    batch, rows, inner, columns = 1, 1, a.shape[-1], 1
    sa, sb = list(x.strides), list(y.strides)
    if a.dim() == 3:
        batch, step_a, step_b = a.shape[0], sa.pop(0), sb.pop(0)
    else:
        step_a = step_b = 0
    if len(sa) == 2:
        rows = a.shape[-2]
    else:
        sa.insert(0, 0)
    if len(sb) == 2:
        columns = b.shape[-1]
    else:
        sb.append(0)
    left = View(x.node, x.offset, (step_a, sa[0], sa[1]), x.held)
    right = View(y.node, y.offset, (step_b, sb[1], sb[0]), y.held)
    found = recorder.graph.contract((batch, rows, columns, inner), left, right)
    shape = (batch, rows, columns)
    recorder.owns(out, recorder.graph.seen(found, shape, tuple(out.shape)))


def _moved(func: Callable[..., Tensor]) -> Rule:
    """A movement of one tensor's elements by constant places."""

    def rule(recorder: Recorder, out: Tensor, x: Tensor, *args: object, **options: object) -> None:
        if any(recorder.tracks(t) for t in _flat_tensors(args)):
            raise NotLoweredError("places that depend on the variables")

        def places() -> Tensor:
            index = torch.arange(x.numel()).reshape(x.shape)
            return func(index, *args, **options)

        _gathered(recorder, out, x, _untracked(places, recorder))

    return rule


def _gathered(recorder: Recorder, out: Tensor, x: Tensor, places: Tensor) -> None:
    steps = out.stride()
    order = sorted(range(out.dim()), key=lambda axis: (-steps[axis], axis))
    index = _untracked(lambda: places.permute(order).reshape(-1), recorder).numpy()
    if len(index) != out.numel():
        raise NotLoweredError("places of another shape")
    graph = recorder.graph
    source, held = recorder.dense(x), recorder.view(x).held
    shape = tuple(out.shape[axis] for axis in order)
    strided = _as_strides(index, shape)
    if strided is not None:
        view = View(source, int(index[0]), strided, held)
        recorder.own(out, graph.dense(view, shape))
    else:
        recorder.own(out, graph.gather(source, index, held))


def _as_strides(index: NDArray[np.int64], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The strides by which an index runs, if it runs by strides."""
    if index.size == 0:
        return None
    cube = index.reshape(shape)
    strides = []
    for axis, size in enumerate(shape):
        if size == 1:
            strides.append(0)
            continue
        steps = np.diff(cube, axis=axis)
        if (steps != steps.flat[0]).any():
            return None
        strides.append(int(steps.flat[0]))
    return tuple(strides)


def _flat_tensors(values: object) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, list | tuple):
        return [t for value in values for t in _flat_tensors(value)]
    return []


def _cat(recorder: Recorder, out: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
    dim %= out.dim()
    parts, at = [], 0
    for tensor in tensors:
        if tensor.numel() == 0:
            continue
        size = tensor.shape[dim]
        parts.append(
            (tensor, _untracked(lambda o, a, s: o.narrow(dim, a, s), recorder, out, at, size))
        )
        at += size
    recorder.placed(out, parts)


def _stack(recorder: Recorder, out: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
    dim %= out.dim()
    recorder.placed(
        out,
        [
            (tensor, _untracked(lambda o, a: o.select(dim, a), recorder, out, at))
            for at, tensor in enumerate(tensors)
        ],
    )


def _scatter(
    recorder: Recorder, out: Tensor, base: Tensor, dim: int, index: Tensor, source: Operand
) -> None:
    """Where `source` falls the base is overwritten: each place has one origin."""
    if recorder.tracks(index) or not isinstance(source, Tensor):
        raise NotLoweredError("scatter by variables")

    def origins() -> Tensor:
        coded = -1 - torch.arange(base.numel()).reshape(base.shape)
        return coded.scatter(dim, index, torch.arange(source.numel()).reshape(source.shape))

    _assembled(recorder, out, base, source, _untracked(origins, recorder))


def _index_add(
    recorder: Recorder,
    out: Tensor,
    base: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    **options: object,
) -> None:
    _refuse_options({name: None if value == 1 else value for name, value in options.items()})
    if recorder.tracks(index):
        raise NotLoweredError("sums by computed places")

    def targets() -> Tensor:
        return torch.arange(out.numel()).reshape(out.shape).index_select(dim, index).reshape(-1)

    places = _untracked(targets, recorder).numpy()
    graph, size = recorder.graph, (out.numel(),)
    added = graph.scatter(out.numel(), recorder.dense(source), places)
    start = graph.whole(recorder.dense(base), size)
    recorder.own(out, graph.dense(graph.map("add", size, start, graph.whole(added)), size))


_MOST_FACTORS = 64
"""Each is an operation of its own, forwards and backwards: of more the program would be long."""


def _prod(
    recorder: Recorder,
    out: Tensor,
    x: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    **options: object,
) -> None:
    """One factor after the other."""
    view, axis = recorder.view(x), (x.dim() - 1 if dim is None else dim % x.dim())
    if x.shape[axis] > _MOST_FACTORS or (dim is None and x.dim() > 1):
        raise NotLoweredError("a product of many numbers")
    rest = [a for a in range(x.dim()) if a != axis]
    shape = tuple(x.shape[a] for a in rest)
    steps = tuple(view.strides[a] for a in rest)
    total = recorder.graph.scalar(1.0, shape)
    for i in range(x.shape[axis]):
        factor = View(view.node, view.offset + i * view.strides[axis], steps, view.held)
        total = recorder.graph.map("mul", shape, total, factor)
    recorder.owns(out, recorder.graph.seen(total, shape, tuple(out.shape)))


def _times(factor: float) -> Rule:
    def rule(recorder: Recorder, out: Tensor, x: Tensor) -> None:
        recorder.result(out, "mul", x, factor)

    return rule


def _masked_scatter(
    recorder: Recorder, out: Tensor, base: Tensor, mask: Tensor, source: Tensor
) -> None:
    if recorder.tracks(mask):
        raise NotLoweredError("a scatter by variables")

    def origins() -> Tensor:
        coded = (-1 - torch.arange(base.numel()).reshape(base.shape)).expand(out.shape)
        return coded.masked_scatter(mask, torch.arange(source.numel()).reshape(source.shape))

    _assembled(recorder, out, base, source, _untracked(origins, recorder))


def _assembled(
    recorder: Recorder, out: Tensor, base: Tensor, source: Tensor, origins: Tensor
) -> None:
    flat = _untracked(lambda: origins.reshape(-1), recorder).numpy()
    graph = recorder.graph
    nodes, sizes = [recorder.dense(source), recorder.dense(base)], [source.numel(), base.numel()]
    joined = nodes[0]
    index = flat
    if (flat < 0).any():
        parts = [
            Placed(View(nodes[0], 0, (1,)), (sizes[0],), 0, (1,)),
            Placed(View(nodes[1], 0, (1,)), (sizes[1],), sizes[0], (1,)),
        ]
        joined = graph.place(sum(sizes), parts)
        index = np.where(flat >= 0, flat, sizes[0] - 1 - flat)
    recorder.own(out, graph.gather(joined, index))


def _index(recorder: Recorder, out: Tensor, x: Tensor, indices: Sequence[Tensor | None]) -> None:
    """Picking by places; by computed ones from a vector."""
    computed = [i for i in indices if i is not None and recorder.tracks(i)]
    if not computed:
        _moved(lambda t, i: torch.ops.aten.index(t, i))(recorder, out, x, list(indices))
        return
    if x.dim() != 1 or computed[0].dtype is torch.bool:
        raise NotLoweredError("picking by variables from a table")
    place = computed[0]
    wrapped = _Maps(recorder, place)
    at = wrapped.view(place)
    below = wrapped("lt", at, wrapped.number(0.0))
    at = wrapped("where", below, wrapped("add", at, wrapped.number(float(x.numel()))), at)
    graph = recorder.graph
    recorder.owns(out, graph.pick(recorder.dense(x), at, tuple(place.shape), recorder.view(x).held))


def _gather(
    recorder: Recorder, out: Tensor, x: Tensor, dim: int, index: Tensor, **options: object
) -> None:
    if not recorder.tracks(index):
        _moved(lambda t, d, i: t.gather(d, i))(recorder, out, x, dim, index)
        return
    graph, at = recorder.graph, _places_along(recorder, x, dim % x.dim(), index)
    recorder.owns(out, graph.pick(recorder.dense(x), at, tuple(out.shape), recorder.view(x).held))


def _places_along(recorder: Recorder, x: Tensor, dim: int, index: Tensor) -> View:
    """Where in the whole of x the places `index` along an axis are, seen along the index."""
    maps = _Maps(recorder, index)

    def base() -> Tensor:
        cut = torch.arange(x.numel()).reshape(x.shape).narrow(dim, 0, 1)
        rest = [slice(0, n) for n in index.shape]
        rest[dim] = slice(0, 1)
        return cut[tuple(rest)].expand(index.shape).contiguous()

    start = maps.view(_untracked(base, recorder))
    step = maps.number(float(math.prod(x.shape[dim + 1 :])))
    return maps("add", start, maps("mul", maps.view(index), step))


def _scatter_add(
    recorder: Recorder, out: Tensor, x: Tensor, dim: int, index: Tensor, source: Tensor
) -> None:
    """Adding at computed places."""
    if not recorder.tracks(index):
        raise NotLoweredError("a sum by constant places")
    graph, shape = recorder.graph, tuple(index.shape)
    if tuple(source.shape) != shape:
        raise NotLoweredError("a sum of a part")
    at = _places_along(recorder, x, dim % x.dim(), index)
    places = View(graph.dense(at, shape), 0, (1,), held=True)
    fallen = graph.whole(graph.drop(x.numel(), recorder.dense(source), places), tuple(x.shape))
    maps = _Maps(recorder, out)
    maps.finish(maps("add", maps.view(x), fallen))


def _pad(
    recorder: Recorder, out: Tensor, x: Tensor, pad: Sequence[int], value: float = 0.0
) -> None:
    """Zeros around; `pad` counts them before and behind, from the last axis on."""
    if value or min(pad, default=0) < 0:
        raise NotLoweredError("a border that is none of zeros")
    target = out
    for axis, before in zip(range(x.dim() - 1, -1, -1), pad[::2], strict=False):
        target = target.narrow(axis, before, x.shape[axis])
    recorder.placed(out, [(x, target)])


def _cumsum(recorder: Recorder, out: Tensor, x: Tensor, dim: int, **options: object) -> None:
    dim %= max(x.dim(), 1)
    graph, shape = recorder.graph, tuple(x.shape)
    order = [*(a for a in range(x.dim()) if a != dim), dim]
    turned = View(*_turn(recorder.view(x), order))
    small = tuple(shape[a] for a in order)
    found = graph.cumulate(small, turned)
    strides = [0] * x.dim()
    for axis, step in zip(order, found.strides, strict=True):
        strides[axis] = step
    recorder.owns(out, View(found.node, 0, tuple(strides)))


def _turn(view: View, order: Sequence[int]) -> tuple[int, int, tuple[int, ...], bool]:
    return view.node, view.offset, tuple(view.strides[a] for a in order), view.held


def _addcmul(
    recorder: Recorder, out: Tensor, x: Operand, a: Operand, b: Operand, *, value: float = 1
) -> None:
    maps = _Maps(recorder, out)
    product = maps("mul", maps("mul", maps.view(a), maps.view(b)), maps.number(float(value)))
    maps.finish(maps("add", maps.view(x), product))


_SAME = """
    neg abs exp log log10 log1p expm1 sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh
    atanh floor ceil trunc sigmoid erf erfc lgamma digamma mul atan2 fmod where
"""

ATEN: Mapping[str, Rule] = {name: _map(name) for name in _SAME.split()} | {
    "round": _map("rint"),
    "sgn": _map("sign"),
    "sign": _map("sign"),
    "square": _map("sq"),
    "reciprocal": _map("inv"),
    "special_erf": _map("erf"),
    "special_erfc": _map("erfc"),
    "special_gammaln": _map("lgamma"),
    "special_digamma": _map("digamma"),
    "maximum": _map("max"),
    "minimum": _map("min"),
    "clone": lambda recorder, out, x, **options: recorder.result(out, "copy", x),
    "contiguous": lambda recorder, out, x, **options: recorder.result(out, "copy", x),
    "_to_copy": _truncated,
    "add": _add,
    "sub": _sub,
    "rsub": _rsub,
    "div": _div,
    "pow": _pow,
    "eq": _compare("eq"),
    "ne": _compare("ne"),
    "lt": _compare("lt"),
    "le": _compare("le"),
    "gt": _compare("lt", swap=True),
    "ge": _compare("le", swap=True),
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": lambda recorder, out, x, high: _clamp(recorder, out, x, None, high),
    "nan_to_num": _nan_to_num,
    "remainder": _remainder,
    "lerp": _lerp,
    "addcmul": _addcmul,
    "masked_fill": _masked_fill,
    "relu": _relu,
    "isnan": _isnan,
    "isinf": _isinf,
    "logical_and": _logical("mul"),
    "bitwise_and": _logical("mul"),
    "__and__": _logical("mul"),
    "logical_or": _logical("max"),
    "bitwise_or": _logical("max"),
    "__or__": _logical("max"),
    "logical_xor": _logical("ne"),
    "bitwise_xor": _logical("ne"),
    "logical_not": _not,
    "bitwise_not": _not,
    "sum": _reduction("add"),
    "amax": _reduction("max"),
    "amin": _reduction("min"),
    "any": _reduction("max"),
    "all": _reduction("min"),
    "mean": _mean,
    "mm": _contract,
    "bmm": _contract,
    "mv": _contract,
    "dot": _contract,
    "cat": _cat,
    "stack": _stack,
    "scatter": _scatter,
    "masked_scatter": _masked_scatter,
    "index_add": _index_add,
    "scatter_add": _scatter_add,
    "prod": _prod,
    "deg2rad": _times(math.pi / 180.0),
    "rad2deg": _times(180.0 / math.pi),
    "index": _index,
    "gather": _gather,
    "index_select": _moved(lambda t, d, i: t.index_select(d, i)),
    "take": _moved(lambda t, i: t.take(i)),
    "flip": _moved(lambda t, dims: t.flip(dims)),
    "roll": _moved(lambda t, *a: t.roll(*a)),
    "repeat": _moved(lambda t, sizes: t.repeat(sizes)),
    "constant_pad_nd": _pad,
    "cumsum": _cumsum,
    "searchsorted": searchsorted,
    "sort": sort,
}
