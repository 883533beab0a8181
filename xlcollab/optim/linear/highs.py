"""HiGHS behind plain arrays: programs in, an instance that is ready to run, statuses out.

J. Huangfu and J. A. J. Hall, "Parallelizing the dual revised simplex method", 2018; highspy is its
own Python package.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.sparse import tril

from xlcollab.optim.linear.model import Array, Program

_OPTIONS: Mapping[str, object] = {
    "output_flag": False,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "mip_feasibility_tolerance": 1e-9,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-10,
    "small_matrix_value": 1e-12,
}


def instance(program: Program, options: Mapping[str, object]) -> Any:
    """A Highs object that holds `program`, silent, with further options."""
    highs = _silent()
    for name, value in (*_OPTIONS.items(), *options.items()):
        highs.setOptionValue(name, value)
    highs.passModel(_model(program))
    return highs


def _silent() -> Any:
    import highspy

    with _no_banner():
        return highspy.Highs()


@contextlib.contextmanager
def _no_banner() -> Iterator[None]:
    """Making an instance prints a banner on standard output, which belongs to our results."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError, AttributeError):
        yield  # there is no standard output to keep clean
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _model(program: Program) -> Any:
    import highspy

    model = highspy.HighsModel()
    lp = model.lp_
    lp.num_col_, lp.num_row_ = program.columns, program.rows
    lp.col_cost_, lp.offset_ = program.c, program.offset
    lp.col_lower_, lp.col_upper_ = program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    matrix = program.matrix
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = program.columns, program.rows
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    if program.integer.any():
        whole, any_number = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole if one else any_number for one in program.integer]
    if program.hessian is not None:
        lower = tril(program.hessian).tocsc()
        model.hessian_.dim_ = program.columns
        model.hessian_.format_ = highspy.HessianFormat.kTriangular
        model.hessian_.start_ = lower.indptr.astype(np.int32)
        model.hessian_.index_ = lower.indices.astype(np.int32)
        model.hessian_.value_ = lower.data
    return model


def status(highs: Any) -> str:
    """How a run ended, as HiGHS names it without its k: "Optimal", "Infeasible", "TimeLimit", …"""
    return str(highs.getModelStatus()).rpartition(".")[2].removeprefix("k")


def has_point(highs: Any) -> bool:
    """Whether there is a feasible point."""
    return int(highs.getInfo().primal_solution_status) == 2


def point(highs: Any) -> Array:
    """The values of the columns, (n,)."""
    return np.array(highs.getSolution().col_value, np.float64)


def solved(program: Program, **options: object) -> Any:
    """The instance after a run on this thread: for small questions beside the main one."""
    highs = instance(program, options)
    highs.run()
    return highs
