"""The lesson's eight tabs in plain Python floats: what their formulas and macros say, by hand.

Nothing here knows xlcollab. Every tab is one function from a state to the state after one pass
over its rows; the macros are the small functions at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

from xlcollab.grid import Workbook


@dataclass
class State:
    """The cells that a tab keeps between epochs, and what its last pass gave."""

    b: float = 1.0
    a: float = 1.0
    rate: float = 0.0
    mean: tuple[float, float] = (0.0, 0.0)
    square: tuple[float, float] = (1.0, 1.0)
    limit: float = 100.0
    """adagrad_ann!J1, adam_ann!N3."""
    before: tuple[float, float] = (1.0, 1.0)
    """eve!F34, F35."""
    last_divisor: float = 1.0
    out: Pass = field(default_factory=lambda: Pass())


@dataclass
class Pass:
    """The last row and the cells below it."""

    inputs: tuple[float, float] = (0.0, 0.0)
    updates: tuple[float, float] = (0.0, 0.0)
    mean: tuple[float, float] = (0.0, 0.0)
    square: tuple[float, float] = (0.0, 0.0)
    norms: tuple[float, float] = (0.0, 0.0)
    loss: float = 0.0
    growth: float = 0.0
    divisor: float = 1.0


class Lesson:
    """One tab: its data, its constants, and its two buttons."""

    def __init__(self, workbook: Workbook, name: str) -> None:
        sheet = workbook.sheet(name)
        self.name = name
        self.x = [float(sheet.value(row, 0)) for row in range(3, 32)]  # type: ignore[arg-type]
        self.y = [float(sheet.value(row, 1)) for row in range(3, 32)]  # type: ignore[arg-type]
        self.state = State(rate=_RATES[name])
        if name == "eve":
            # Its reset works with the feedback that the epoch before it left in F34, F35 and F37.
            first, second, last = (float(sheet.value(row, 5)) for row in (33, 34, 36))  # type: ignore[arg-type]
            self.state.before, self.state.last_divisor = (first, second), last
        self.beta1, self.beta2 = _BETAS.get(name, (0.0, 0.0))
        self.calculate()

    def calculate(self) -> None:
        """Recalculate the tab."""
        self.state.out = _PASSES[self.name](self)

    def reset(self) -> None:
        _RESETS[self.name](self)

    def epoch(self) -> None:
        """What `run` does five times."""
        _EPOCHS[self.name](self)

    @property
    def weights(self) -> tuple[float, float]:
        """(b, a)"""
        return self.state.b, self.state.a


def _gradients(lesson: Lesson, b: float, a: float, row: int) -> tuple[float, float]:
    gradient = 2.0 * (a * lesson.x[row] + b - lesson.y[row])
    return gradient, gradient * lesson.x[row]


def _loss(errors: list[float]) -> float:
    total = 0.0
    for error in errors:
        total += error
    return sqrt(total)


def _norm(values: list[float]) -> float:
    return _loss([value**2 for value in values]) / len(values)


def _sgd(lesson: Lesson) -> Pass:
    s = lesson.state
    b, a, errors = s.b, s.a, []
    for x, y in zip(lesson.x, lesson.y, strict=True):
        inputs = b, a
        predicted = b + a * x
        errors.append((y - predicted) ** 2)
        gradient = 2.0 * (predicted - y)
        b, a = b - gradient * s.rate, a - gradient * x * s.rate
    return Pass(inputs=inputs, updates=(b, a), loss=_loss(errors))


def _momentum(lesson: Lesson) -> Pass:
    s = lesson.state
    b, a, (mb, ma), errors = s.b, s.a, s.mean, []
    share = 1.0 - lesson.beta1
    for row, x in enumerate(lesson.x):
        inputs = b, a
        errors.append((b + a * x - lesson.y[row]) ** 2)
        gb, ga = _gradients(lesson, b, a, row)
        mb = mb * lesson.beta1 + share * gb
        ma = ma * lesson.beta1 + share * ga
        b, a = b - mb * s.rate, a - ma * s.rate
    return Pass(inputs=inputs, updates=(b, a), mean=(mb, ma), loss=_loss(errors))


def _adagrad(lesson: Lesson) -> Pass:
    s = lesson.state
    b, a, errors, all_b, all_a = s.b, s.a, [], [], []
    rate_b, rate_a = s.rate / s.square[0], s.rate / s.square[1]
    for row, x in enumerate(lesson.x):
        inputs = b, a
        errors.append((b + a * x - lesson.y[row]) ** 2)
        gb, ga = _gradients(lesson, b, a, row)
        all_b.append(gb)
        all_a.append(ga)
        b, a = b - gb * rate_b, a - ga * rate_a
    norms = _norm(all_b), _norm(all_a)
    growth = norms[0] * rate_b + norms[1] * rate_a
    return Pass(inputs=inputs, updates=(b, a), norms=norms, growth=growth, loss=_loss(errors))


def _rmsprop(lesson: Lesson) -> Pass:
    s = lesson.state
    b, a, (sb, sa), errors = s.b, s.a, s.square, []
    share = 1.0 - lesson.beta2
    for row, x in enumerate(lesson.x):
        inputs = b, a
        errors.append((b + a * x - lesson.y[row]) ** 2)
        gb, ga = _gradients(lesson, b, a, row)
        b, a = b - gb * s.rate / sqrt(sb), a - ga * s.rate / sqrt(sa)
        sb = sb * lesson.beta2 + share * gb**2
        sa = sa * lesson.beta2 + share * ga**2
    return Pass(inputs=inputs, updates=(b, a), square=(sb, sa), loss=_loss(errors))


def _adam(lesson: Lesson, divisor: float = 1.0, wrong_row: int | None = None) -> Pass:
    s = lesson.state
    b, a, (mb, ma), (sb, sa), errors = s.b, s.a, s.mean, s.square, []
    share1, share2 = 1.0 - lesson.beta1, 1.0 - lesson.beta2
    for row, x in enumerate(lesson.x):
        inputs = b, a
        errors.append((b + a * x - lesson.y[row]) ** 2)
        gb, ga = _gradients(lesson, b, a, row)
        mb = mb * lesson.beta1 + share1 * (0.0 if row == wrong_row else gb)
        ma = ma * lesson.beta1 + share1 * ga
        sb = sb * lesson.beta2 + share2 * gb**2
        sa = sa * lesson.beta2 + share2 * ga**2
        b = b - mb * s.rate / sqrt(sb) / divisor
        a = a - ma * s.rate / sqrt(sa) / divisor
    return Pass(inputs=inputs, updates=(b, a), mean=(mb, ma), square=(sb, sa), loss=_loss(errors))


def _eve(lesson: Lesson) -> Pass:
    first, second = lesson.state.before
    swing = abs(first - second) / min(first, second)
    divisor = lesson.state.last_divisor * 0.9 + (1.0 - 0.9) * swing
    found = _adam(lesson, divisor)
    found.divisor = divisor
    return found


def _adam_ann(lesson: Lesson) -> Pass:
    """J5 reads Intro!F5, which is blank."""
    return _adam(lesson, wrong_row=1)


_PASSES: dict[str, Callable[[Lesson], Pass]] = {
    "basic SGD": _sgd,
    "momentum": _momentum,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "eve": _eve,
    "adagrad_ann": _adagrad,
    "adam_ann": _adam_ann,
}
_RATES = {
    "basic SGD": 0.0001,
    "momentum": 0.0001,
    "adagrad": 0.001,
    "rmsprop": 0.02,
    "adam": 1.0,
    "eve": 1.0,
    "adagrad_ann": 0.5,
    "adam_ann": 1.0,
}
_BETAS = {
    "momentum": (0.9, 0.0),
    "rmsprop": (0.0, 0.9),
    "adam": (0.7, 0.9),
    "eve": (0.7, 0.9),
    "adam_ann": (0.9, 0.95),
}


def _ones(lesson: Lesson) -> None:
    lesson.state.b = lesson.state.a = 1.0


def _reset_sgd(lesson: Lesson) -> None:
    _ones(lesson)
    lesson.calculate()


def _reset_momentum(lesson: Lesson) -> None:
    lesson.state.mean = (0.0, 0.0)
    _ones(lesson)
    lesson.state.rate = 0.0001
    lesson.calculate()
    lesson.state.mean = lesson.state.out.mean
    lesson.calculate()


def _reset_adagrad(lesson: Lesson) -> None:
    lesson.state.square = (10_000.0, 10_000.0)
    _ones(lesson)
    lesson.calculate()
    lesson.state.square = lesson.state.out.norms
    lesson.calculate()


def _reset_rmsprop(lesson: Lesson) -> None:
    lesson.state.square = (10_000.0, 10_000.0)
    _ones(lesson)
    for _ in range(2):
        lesson.calculate()
        lesson.state.square = lesson.state.out.square
    lesson.calculate()


def _reset_adam(lesson: Lesson) -> None:
    lesson.state.square, lesson.state.mean = (10_000.0, 10_000.0), (0.0, 0.0)
    _ones(lesson)
    lesson.state.rate = 1.0
    for _ in range(2):
        lesson.calculate()
        lesson.state.square = lesson.state.out.square
        lesson.calculate()
        lesson.state.mean = lesson.state.out.mean
    lesson.calculate()


def _reset_eve(lesson: Lesson) -> None:
    _reset_adam(lesson)
    loss = lesson.state.out.loss
    lesson.state.before, lesson.state.last_divisor = (loss, loss / 2.0), 1.0
    lesson.calculate()


def _reset_adagrad_ann(lesson: Lesson) -> None:
    lesson.state.square = (1_000_000.0, 1_000_000.0)
    _ones(lesson)
    lesson.state.limit, lesson.state.rate = 100.0, 0.5
    lesson.calculate()


def _reset_adam_ann(lesson: Lesson) -> None:
    lesson.state.square, lesson.state.mean = (10_000.0, 10_000.0), (0.0, 0.0)
    _ones(lesson)
    lesson.state.rate = 1.0
    for _ in range(2):
        lesson.calculate()
        lesson.state.square, lesson.state.mean = lesson.state.out.square, lesson.state.out.mean
    lesson.state.limit = _size(lesson)
    lesson.calculate()


_RESETS: dict[str, Callable[[Lesson], None]] = {
    "basic SGD": _reset_sgd,
    "momentum": _reset_momentum,
    "adagrad": _reset_adagrad,
    "rmsprop": _reset_rmsprop,
    "adam": _reset_adam,
    "eve": _reset_eve,
    "adagrad_ann": _reset_adagrad_ann,
    "adam_ann": _reset_adam_ann,
}


def _carry(lesson: Lesson, weights: tuple[float, float]) -> None:
    lesson.state.b, lesson.state.a = weights
    lesson.calculate()


def _epoch_sgd(lesson: Lesson) -> None:
    _carry(lesson, lesson.state.out.inputs)


def _epoch_momentum(lesson: Lesson) -> None:
    lesson.state.mean = lesson.state.out.mean
    _carry(lesson, lesson.state.out.inputs)


def _epoch_adagrad(lesson: Lesson) -> None:
    lesson.state.square = lesson.state.out.norms
    _carry(lesson, lesson.state.out.updates)


def _epoch_rmsprop(lesson: Lesson) -> None:
    lesson.state.square = lesson.state.out.square
    _carry(lesson, lesson.state.out.inputs)


def _epoch_adam(lesson: Lesson) -> None:
    lesson.state.mean, lesson.state.square = lesson.state.out.mean, lesson.state.out.square
    _carry(lesson, lesson.state.out.inputs)


def _epoch_eve(lesson: Lesson) -> None:
    out = lesson.state.out
    lesson.state.before = out.loss, lesson.state.before[0]
    lesson.state.last_divisor = out.divisor
    _epoch_adam(lesson)


def _epoch_adagrad_ann(lesson: Lesson) -> None:
    lesson.state.square = lesson.state.out.norms
    _carry(lesson, lesson.state.out.inputs)
    while lesson.state.out.growth > 2.0 * lesson.state.limit:
        lesson.state.rate /= 2.0
        lesson.calculate()
    lesson.state.limit = lesson.state.out.growth


def _size(lesson: Lesson) -> float:
    return sqrt(lesson.state.square[0]) + sqrt(lesson.state.square[1])


def _epoch_adam_ann(lesson: Lesson) -> None:
    _epoch_adam(lesson)
    if _size(lesson) / lesson.state.limit > 2.0:
        lesson.state.rate /= 4.0
        lesson.calculate()
    lesson.state.limit = min(lesson.state.limit, _size(lesson))


_EPOCHS: dict[str, Callable[[Lesson], None]] = {
    "basic SGD": _epoch_sgd,
    "momentum": _epoch_momentum,
    "adagrad": _epoch_adagrad,
    "rmsprop": _epoch_rmsprop,
    "adam": _epoch_adam,
    "eve": _epoch_eve,
    "adagrad_ann": _epoch_adagrad_ann,
    "adam_ann": _epoch_adam_ann,
}
NAMES = tuple(_PASSES)
