"""The NIST StRD nonlinear regression problems: their numbers, their models as torch functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

Model = Callable[[Tensor, Tensor], Tensor]
"""From b (n,) and the predictors (m, p) to predictions (m,)."""


@dataclass(frozen=True)
class Regression:
    """One problem: its data, its two starts and the certified parameters."""

    name: str
    response: Tensor
    predictors: Tensor
    starts: tuple[Tensor, Tensor]
    certified: Tensor
    sum_of_squares: float

    def residuals(self, b: Tensor) -> Tensor:
        return self.response - MODELS[self.name](b, self.predictors)

    def correct_digits(self, b: Tensor) -> float:
        """-log10 of the largest relative error, at most 11: the certified digits."""
        error = ((b - self.certified) / self.certified).abs().max().item()
        return min(11.0, -math.log10(error)) if error > 0 else 11.0


@cache
def read(name: str) -> Regression:
    """The problem of that name, from the file beside this one."""
    lines = _blocks()[name]
    rows = [line.split()[1:] for line in lines if line.startswith("parameter")]
    table = torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
    (squares,) = [line.split()[1] for line in lines if line.startswith("squares")]
    data = [[float(v) for v in line.split()] for line in lines if line[0] in "-.0123456789"]
    columns = torch.tensor(data, dtype=torch.float64)
    response = columns[:, 0].log() if name == "Nelson" else columns[:, 0]
    starts = (table[:, 0], table[:, 1])
    return Regression(name, response, columns[:, 1:], starts, table[:, 2], float(squares))


@cache
def _blocks() -> dict[str, list[str]]:
    """The lines of each problem."""
    text = Path(__file__).with_name("nist_strd.txt").read_text("utf-8")
    blocks = [block.splitlines() for block in text.split("\nproblem ")[1:]]
    return {name: [line for line in lines if line] for name, *lines in blocks}


def names() -> set[str]:
    """Every problem in the file."""
    return set(_blocks())


def _bennett(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * (b[1] + x[:, 0]) ** (-1 / b[2])


def _saturating(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * (1 - torch.exp(-b[1] * x[:, 0]))


def _chwirut(b: Tensor, x: Tensor) -> Tensor:
    return torch.exp(-b[0] * x[:, 0]) / (b[1] + b[2] * x[:, 0])


def _danwood(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * x[:, 0] ** b[1]


def _enso(b: Tensor, x: Tensor) -> Tensor:
    angle = 2 * math.pi * x[:, 0]
    year = b[1] * torch.cos(angle / 12) + b[2] * torch.sin(angle / 12)
    first = b[4] * torch.cos(angle / b[3]) + b[5] * torch.sin(angle / b[3])
    second = b[7] * torch.cos(angle / b[6]) + b[8] * torch.sin(angle / b[6])
    return b[0] + year + first + second


def _eckerle(b: Tensor, x: Tensor) -> Tensor:
    return b[0] / b[1] * torch.exp(-0.5 * ((x[:, 0] - b[2]) / b[1]) ** 2)


def _gauss(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    first = b[2] * torch.exp(-((t - b[3]) ** 2) / b[4] ** 2)
    second = b[5] * torch.exp(-((t - b[6]) ** 2) / b[7] ** 2)
    return b[0] * torch.exp(-b[1] * t) + first + second


def _cubics(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    above = b[0] + b[1] * t + b[2] * t**2 + b[3] * t**3
    return above / (1 + b[4] * t + b[5] * t**2 + b[6] * t**3)


def _kirby(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    return (b[0] + b[1] * t + b[2] * t**2) / (1 + b[3] * t + b[4] * t**2)


def _lanczos(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    terms = [b[i] * torch.exp(-b[i + 1] * t) for i in (0, 2, 4)]
    return terms[0] + terms[1] + terms[2]


def _mgh09(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    return b[0] * (t**2 + t * b[1]) / (t**2 + t * b[2] + b[3])


def _mgh10(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * torch.exp(b[1] / (x[:, 0] + b[2]))


def _mgh17(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    return b[0] + b[1] * torch.exp(-t * b[3]) + b[2] * torch.exp(-t * b[4])


def _misra_b(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * (1 - (1 + b[1] * x[:, 0] / 2) ** -2)


def _misra_c(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * (1 - (1 + 2 * b[1] * x[:, 0]) ** -0.5)


def _misra_d(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * b[1] * x[:, 0] / (1 + b[1] * x[:, 0])


def _nelson(b: Tensor, x: Tensor) -> Tensor:
    return b[0] - b[1] * x[:, 0] * torch.exp(-b[2] * x[:, 1])


def _rat42(b: Tensor, x: Tensor) -> Tensor:
    return b[0] / (1 + torch.exp(b[1] - b[2] * x[:, 0]))


def _rat43(b: Tensor, x: Tensor) -> Tensor:
    return b[0] / (1 + torch.exp(b[1] - b[2] * x[:, 0])) ** (1 / b[3])


def _roszman(b: Tensor, x: Tensor) -> Tensor:
    t = x[:, 0]
    return b[0] - b[1] * t - torch.atan(b[2] / (t - b[3])) / math.pi


MODELS: Mapping[str, Model] = {
    "Bennett5": _bennett,
    "BoxBOD": _saturating,
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": _danwood,
    "ENSO": _enso,
    "Eckerle4": _eckerle,
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubics,
    "Kirby2": _kirby,
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": _mgh09,
    "MGH10": _mgh10,
    "MGH17": _mgh17,
    "Misra1a": _saturating,
    "Misra1b": _misra_b,
    "Misra1c": _misra_c,
    "Misra1d": _misra_d,
    "Nelson": _nelson,
    "Rat42": _rat42,
    "Rat43": _rat43,
    "Roszman1": _roszman,
    "Thurber": _cubics,
}
