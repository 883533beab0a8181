"""`auto` on the typed problems of Hock and Schittkowski, beside kept libraries.

    python -m tests.benchmarks.hock_schittkowski

Every method starts at the published start and gets our exact derivatives. Scipy's SLSQP and
trust-constr and, where it is installed, Ipopt (ipyopt) see the model as typed, with their own
approximations of the second derivatives. Solved: rows to 1e-6 of max(1, limit), objective no more
than 1e-6 of max(1, optimum) above what was published.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import BFGS, Bounds, LinearConstraint, NonlinearConstraint, minimize

from tests.solver.test_hock_schittkowski import PROBLEMS, Problem
from xlcollab.api.session.devices import working_place
from xlcollab.api.solve.compiling import Compiled, compile_model
from xlcollab.optim import Objective, Settings
from xlcollab.optim.raw import Raw
from xlcollab.settings.solving import Computing

Array = NDArray[np.float64]
_ITERATIONS = 1000


class Plain:
    """A typed problem as functions of arrays."""

    def __init__(self, compiled: Compiled) -> None:
        objective: Objective = compiled.objective(working_place(Computing(), compiled.size))
        self.raw = Raw(objective, 0.0)
        self.start: Array = compiled.start.numpy().copy()
        self.sign = -1.0 if objective.maximize else 1.0
        n = len(self.start)
        self.lower = _array(objective.lower, n, -np.inf)
        self.upper = _array(objective.upper, n, np.inf)
        k = 0 if objective.constraint_lower is None else objective.constraint_lower.numel()
        self.rows = k
        self.row_lower = _array(objective.constraint_lower, k, -np.inf)
        self.row_upper = _array(objective.constraint_upper, k, np.inf)
        self.start = np.clip(self.start, self.lower, self.upper)

    def values(self, x: Array) -> Array:
        return self.raw.values(torch.as_tensor(np.array(x, np.float64)))

    def slopes(self, x: Array) -> Array:
        return np.nan_to_num(self.raw.jacobian(torch.as_tensor(np.array(x, np.float64)))[1])

    def is_solved(self, problem: Problem, x: Array) -> bool:
        values = self.values(np.clip(x, self.lower, self.upper))
        rows, limits = values[1:], (self.row_lower, self.row_upper)
        with np.errstate(invalid="ignore"):
            over = [(limits[0] - rows), (rows - limits[1])]
            missed = [
                np.nan_to_num(gap / np.maximum(1.0, np.abs(limit)), nan=0.0, neginf=0.0)
                for gap, limit in zip(over, limits, strict=True)
            ]
        worst = max((float(part.max(initial=0.0)) for part in missed), default=0.0)
        room = 1e-6 * max(1.0, abs(problem.optimum))
        return worst <= 1.001e-6 and values[0] <= problem.optimum + room


def _array(values: torch.Tensor | None, count: int, otherwise: float) -> Array:
    return np.full(count, otherwise) if values is None else values.double().numpy().copy()


def slsqp(plain: Plain) -> Array:
    return _scipy(plain, "SLSQP", {"ftol": 1e-12, "maxiter": _ITERATIONS}, {})


def trust_constr(plain: Plain) -> Array:
    options = {"xtol": 1e-10, "gtol": 1e-8, "maxiter": _ITERATIONS}
    return _scipy(plain, "trust-constr", options, {"hess": BFGS()})


def _scipy(plain: Plain, method: str, options: dict[str, object], more: dict[str, object]) -> Array:
    limits: list[NonlinearConstraint | LinearConstraint] = []
    if plain.rows:
        limits.append(
            NonlinearConstraint(
                lambda x: plain.values(x)[1:],
                plain.row_lower,
                plain.row_upper,
                jac=lambda x: plain.slopes(x)[1:],
            )
        )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = minimize(
            lambda x: plain.values(x)[0],
            plain.start,
            jac=lambda x: plain.slopes(x)[0],
            method=method,
            bounds=Bounds(plain.lower, plain.upper),
            constraints=limits,
            options=options,
            **more,
        )
    return np.asarray(found.x, np.float64)


def ipopt(plain: Plain) -> Array:
    import ipyopt

    n, k = len(plain.start), plain.rows
    rows, columns = (part.ravel() for part in np.indices((k, n)))

    def into(function: Callable[[Array], Array]) -> Callable[[Array, Array], None]:
        def put(x: Array, out: Array) -> None:
            out[()] = function(x).ravel()

        return put

    solver = ipyopt.Problem(
        n,
        np.where(np.isfinite(plain.lower), plain.lower, -2e19),
        np.where(np.isfinite(plain.upper), plain.upper, 2e19),
        k,
        np.where(np.isfinite(plain.row_lower), plain.row_lower, -2e19),
        np.where(np.isfinite(plain.row_upper), plain.row_upper, 2e19),
        (rows, columns),
        (np.zeros(0, np.int64), np.zeros(0, np.int64)),
        lambda x: float(plain.values(x)[0]),
        into(lambda x: plain.slopes(x)[0]),
        into(lambda x: plain.values(x)[1:]),
        into(lambda x: plain.slopes(x)[1:]),
        ipopt_options={
            "print_level": 0,
            "sb": "yes",
            "hessian_approximation": "limited-memory",
            "max_iter": _ITERATIONS,
            "tol": 1e-9,
            "bound_relax_factor": 0.0,
        },
    )
    x, _, _ = solver.solve(plain.start.copy())
    return np.asarray(x, np.float64)


PEERS: dict[str, Callable[[Plain], Array]] = {"slsqp": slsqp, "trust-constr": trust_constr}
if importlib.util.find_spec("ipyopt") is not None:
    PEERS["ipopt"] = ipopt


def main() -> None:
    """Print who solved what."""
    solved: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    folder = Path(tempfile.mkdtemp())
    for name, problem in PROBLEMS.items():
        missed = []
        began = time.process_time()
        book, model = problem.open(folder)
        found = book.solve(model, history=False)
        seconds["auto"] += time.process_time() - began
        statuses[f"{found.solution.method} {found.status}"] += 1
        book, model = problem.open(folder)
        plain = Plain(compile_model(book, model, Settings()))
        ends: dict[str, Array] = {"auto": found.weights}
        for peer, run in PEERS.items():
            began = time.process_time()
            try:
                ends[peer] = run(plain)
            except Exception as error:
                print(f"{name} {peer}: {type(error).__name__} {error}")
            seconds[peer] += time.process_time() - began
        for peer in ("auto", *PEERS):
            if peer in ends and plain.is_solved(problem, ends[peer]):
                solved[peer] += 1
            else:
                missed.append(peer)
        print(f"{name}: missed by {', '.join(missed) or 'nobody'}", flush=True)
    print(f"{len(PROBLEMS)} problems")
    for peer in ("auto", *PEERS):
        share = 100.0 * solved[peer] / len(PROBLEMS)
        print(f"{peer}: {solved[peer]} ({share:.1f} %), {seconds[peer]:.1f} s of CPU")
    print(dict(statuses))


if __name__ == "__main__":
    main()
