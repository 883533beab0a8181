"""The NIST StRD regressions as a user would type them: data in columns, a formula filled down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.build import build
from tests.faces.shell import minimised
from tests.optim.strd import Regression

_CUBICS = "=(b1+b2*x+b3*x^2+b4*x^3)/(1+b5*x+b6*x^2+b7*x^3)"
_GAUSS = "=b1*EXP(-b2*x)+b3*EXP(-1*(x-b4)^2/b5^2)+b6*EXP(-1*(x-b7)^2/b8^2)"
_LANCZOS = "=b1*EXP(-b2*x)+b3*EXP(-b4*x)+b5*EXP(-b6*x)"
_SATURATING = "=b1*(1-EXP(-b2*x))"
_CHWIRUT = "=EXP(-b1*x)/(b2+b3*x)"
_ENSO = (
    "=b1+b2*COS(2*PI()*x/12)+b3*SIN(2*PI()*x/12)+b5*COS(2*PI()*x/b4)+b6*SIN(2*PI()*x/b4)"
    "+b8*COS(2*PI()*x/b7)+b9*SIN(2*PI()*x/b7)"
)

MODELS: Mapping[str, str] = {
    "Bennett5": "=b1*(b2+x)^(-1/b3)",
    "BoxBOD": _SATURATING,
    "Chwirut1": _CHWIRUT,
    "Chwirut2": _CHWIRUT,
    "DanWood": "=b1*x^b2",
    "ENSO": _ENSO,
    "Eckerle4": "=b1/b2*EXP(-0.5*((x-b3)/b2)^2)",
    "Gauss1": _GAUSS,
    "Gauss2": _GAUSS,
    "Gauss3": _GAUSS,
    "Hahn1": _CUBICS,
    "Kirby2": "=(b1+b2*x+b3*x^2)/(1+b4*x+b5*x^2)",
    "Lanczos1": _LANCZOS,
    "Lanczos2": _LANCZOS,
    "Lanczos3": _LANCZOS,
    "MGH09": "=b1*(x^2+x*b2)/(x^2+x*b3+b4)",
    "MGH10": "=b1*EXP(b2/(x+b3))",
    "MGH17": "=b1+b2*EXP(-x*b4)+b3*EXP(-x*b5)",
    "Misra1a": _SATURATING,
    "Misra1b": "=b1*(1-1/(1+b2*x/2)^2)",
    "Misra1c": "=b1*(1-1/SQRT(1+2*b2*x))",
    "Misra1d": "=b1*b2*x/(1+b2*x)",
    "Nelson": "=b1-b2*x*EXP(-b3*z)",
    "Rat42": "=b1/(1+EXP(b2-b3*x))",
    "Rat43": "=b1/(1+EXP(b2-b3*x))^(1/b4)",
    "Roszman1": "=b1-b2*x-ATAN(b3/(x-b4))/PI()",
    "Thurber": _CUBICS,
}
"""In the words of a sheet: b1, b2, … are the variable cells, x and z the predictors of the row."""

OBJECTIVES = (
    "=SUMXMY2(A1:A{last},D1:D{last})",
    "=SUMSQ(E1:E{last})",
    "=SUM(F1:F{last})",
    "=SQRT(SUMXMY2(A1:A{last},D1:D{last})/COUNT(A1:A{last}))",
    "=SUMPRODUCT(E1:E{last},E1:E{last})",
)
"""What people minimise: each grows with the sum of squares."""


def formula(model: str, row: int) -> str:
    """The model in A1 form in a row: x in column B, z in C, the parameters in $H$1, $H$2, …"""
    cells = {"x": f"$B{row}", "z": f"$C{row}"}
    return re.sub(
        r"\bb(\d)\b|\b([xz])\b",
        lambda found: f"$H${found[1]}" if found[1] else cells[found[2]],
        model,
    )


def typed(path: Path, problem: Regression, start: int, objective: str) -> Path:
    """The problem as a workbook with a stored model: A response, D model, E and F residuals."""
    cells: dict[str, object] = {}
    for row, (y, predictors) in enumerate(
        zip(problem.response.tolist(), problem.predictors.tolist(), strict=True), 1
    ):
        cells |= {f"A{row}": y, **dict(zip((f"B{row}", f"C{row}"), predictors, strict=False))}
        cells[f"D{row}"] = formula(MODELS[problem.name], row)
        cells[f"E{row}"] = f"=A{row}-D{row}"
        cells[f"F{row}"] = f"=E{row}^2"
    parameters = problem.starts[start].tolist()
    cells |= {f"H{number}": value for number, value in enumerate(parameters, 1)}
    cells["J1"] = objective.format(last=len(problem.response))
    names = minimised("fit", "fit!$J$1", f"fit!$H$1:$H${len(parameters)}")
    return build(path, {"fit": cells}, names)
