"""Least squares of a fit: the residuals of any set, the best one, and how far it may be moved.

The noise of voltages and of charges is estimated from their own residuals on the way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.fit_parameters import FitParameter, parameters_at
from filmgauge_sim.lab.intervals import ResidualKinds, errors_together, half_widths, noises
from filmgauge_sim.lab.residuals import ComparedFile, Residual, simulated

# What the noises are taken for at first, and their least: no cycler measures better.
_NOISE_V, _LEAST_NOISE_V = 5e-3, 1e-4
_NOISE_SHARE, _LEAST_NOISE_SHARE = 1e-2, 1e-3
_LEAST_SHARE = 0.1
# Steps of the derivatives, on the scale of the fit.
_NUDGE = 1e-4
_ROUNDS = 3
# A parameter is given up before the first fit only when it is hopeless there.
_HOPELESS = 20.0
_FAR = 1e3
# The sum of squares that 95 % of one-sided noise stays below: 1.645 squared.
_ONE_SIDED = 2.706
_HALVINGS = 5
# A third of the sets that are tried were tried before: each round and each fit with fewer
# parameters begins where the one before ended or began.
_REMEMBERED = 1000


@dataclass(slots=True)
class Solution:
    """The best set on the scale of the fit, and what its intervals are made of."""

    point: Numbers
    half: Numbers  # half-widths of the 95 % intervals
    noise: Numbers  # of each residual
    jac: Numbers  # in units of the noise
    together: float  # how much less voltages count that err together


class Problem:
    """The data, and the residuals of any set."""

    def __init__(
        self,
        start: CellParameters,
        files: Sequence[ComparedFile],
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.start = start
        self._files = files
        self._progress = progress
        self._values = lru_cache(_REMEMBERED)(self._simulated)
        points = [point for each in files for point in each.points]
        self.measured = np.array([point.measured for point in points])
        self.is_charge = np.array([point.is_charge for point in points])
        steps = [(k, p.step) for k, each in enumerate(files) for p in each.points]
        self.kinds = ResidualKinds(self.is_charge, np.array([a == b for a, b in pairwise(steps)]))
        # A charge errs in proportion; a small one, such as that of a hold, by more than that.
        least = _LEAST_SHARE * start.capacity_uah_cm2
        self.unit = np.where(self.is_charge, np.maximum(np.abs(self.measured), least), 1.0)

    @property
    def first_noise(self) -> Numbers:
        """What the noise of each residual is taken for at first."""
        return np.where(self.is_charge, _NOISE_SHARE, _NOISE_V)

    @property
    def least_noise(self) -> Numbers:
        """The least noise of each residual."""
        return np.where(self.is_charge, _LEAST_NOISE_SHARE, _LEAST_NOISE_V)

    def errors(self, parameters: CellParameters) -> Numbers:
        """Simulated minus measured: volts, and shares of the charge."""
        return (self._values(parameters) - self.measured) / self.unit

    def _simulated(self, parameters: CellParameters) -> Numbers:
        self._progress()
        return np.concatenate([simulated(parameters, each) for each in self._files])

    def scaled(self, free: Sequence[FitParameter], point: Numbers, noise: Numbers) -> Numbers:
        """The errors at a point in units of the noise; far ones where there is no such cell."""
        try:
            return self.errors(parameters_at(self.start, free, point)) / noise
        except ValueError:  # resistances above the kinetic part of the gap
            return np.full(len(noise), _FAR)

    def residuals(self, parameters: CellParameters) -> tuple[Residual, ...]:
        """Every residual of a set."""
        found: list[Residual] = []
        for k, each in enumerate(self._files):
            values = simulated(parameters, each)
            for point, value in zip(each.points, values, strict=True):
                step = each.segments[point.step]
                current, degc = step.current_ua_cm2, step.temperature_c
                found.append(Residual(k, step.number, current, degc, point, float(value)))
        return tuple(found)


def solve(problem: Problem, free: Sequence[FitParameter]) -> Solution:
    """Least squares with noises estimated on the way."""
    from scipy.optimize import least_squares

    least: Any = least_squares
    low, high = np.array([each.bounds for each in free]).T
    point = np.clip([each.read(problem.start) for each in free], low, high)
    noise = problem.first_noise

    def residuals(x: Numbers) -> Numbers:
        return problem.scaled(free, x, noise)

    def slopes(x: Numbers) -> Numbers:
        return _slopes(residuals, x, high)

    freedom = (0.0, 0.0)
    for _ in range(_ROUNDS):
        found = least(
            residuals, point, slopes, bounds=(low, high), x_scale="jac", xtol=1e-6, ftol=1e-8
        )
        point = found.x
        # In units of the noise assumed so far.
        scale, freedom = noises(problem.kinds, found.fun, found.jac)
        noise = np.maximum(noise * scale, problem.least_noise)
    jac, here = slopes(point), residuals(point)
    half = half_widths(problem.kinds, jac, here, freedom)
    # What stands at a bound of its own is bounded on one side at most.
    close = 1e-3 * np.array([each.widest for each in free])
    half[(point - low < close) | (high - point < close)] = inf
    return Solution(point, half, noise, jac, errors_together(problem.kinds, here))


def one_sided_bounds(
    problem: Problem, free: Sequence[FitParameter], solution: Solution, n: int
) -> tuple[float | None, float | None]:
    """Least and most of one parameter by the data, on the scale of the fit, 95 % each.

    None where they bound nothing on that side. The others follow by a Gauss-Newton step.
    """
    others = [k for k in range(len(free)) if k != n]
    best = _cost(problem, problem.scaled(free, solution.point, solution.noise), solution)

    def excess(value: float) -> float:
        x = solution.point.copy()
        x[n] = value
        here = problem.scaled(free, x, solution.noise)
        cost = _cost(problem, here, solution)
        if others and cost - best > _ONE_SIDED:
            moved = np.linalg.lstsq(solution.jac[:, others], here, rcond=None)[0]
            for k, by in zip(others, moved, strict=True):
                x[k] = np.clip(x[k] - by, *free[k].bounds)
            there = problem.scaled(free, x, solution.noise)
            cost = min(cost, _cost(problem, there, solution))
        return cost - best - _ONE_SIDED

    low, high = free[n].bounds
    best_value, stride = float(solution.point[n]), free[n].widest
    return (
        _where_positive(excess, best_value, low, stride),
        _where_positive(excess, best_value, high, stride),
    )


def _where_positive(
    excess: Callable[[float], float], begin: float, end: float, stride: float
) -> float | None:
    """Where a function turns positive on the way from begin to end, None if it does not."""
    inside, way = begin, 1.0 if end > begin else -1.0
    while inside != end:
        beside = begin + way * stride
        outside = min(beside, end) if way > 0.0 else max(beside, end)
        if excess(outside) > 0.0:
            for _ in range(_HALVINGS):
                middle = 0.5 * (inside + outside)
                if excess(middle) > 0.0:
                    outside = middle
                else:
                    inside = middle
            return outside
        inside, stride = outside, 2.0 * stride
    return None


def _cost(problem: Problem, residuals: Numbers, solution: Solution) -> float:
    squares = residuals * residuals
    charges = float(squares[problem.is_charge].sum())
    return charges + float(squares[~problem.is_charge].sum()) / solution.together


def _slopes(residuals: Callable[[Numbers], Numbers], x: Numbers, high: Numbers) -> Numbers:
    here = residuals(x)
    columns = []
    for n in range(len(x)):
        step = _NUDGE if x[n] + _NUDGE <= high[n] else -_NUDGE
        beside = x.copy()
        beside[n] += step
        columns.append((residuals(beside) - here) / step)
    return np.column_stack(columns)


def hopeless_ones(
    problem: Problem, free: Sequence[FitParameter]
) -> list[tuple[FitParameter, float]]:
    """Parameters that do not show in the data at all, each with half of its interval."""
    left, gone = list(free), list[tuple[FitParameter, float]]()
    low, high = np.array([each.bounds for each in left]).T
    point = np.clip([each.read(problem.start) for each in left], low, high)
    noise = problem.first_noise
    jac = _slopes(lambda x: problem.scaled(left, x, noise), point, high)
    while len(left) > 1:
        # A little of each parameter keeps the inverse finite when one does not show at all.
        inverse = np.linalg.inv(jac.T @ jac + 1e-9 * np.eye(len(left)))
        half = 2.0 * np.sqrt(np.diag(inverse))
        wide = [h / each.widest for h, each in zip(half, left, strict=True)]
        worst = int(np.argmax(wide))
        if wide[worst] <= _HOPELESS:
            break
        gone.append((left.pop(worst), float(half[worst])))
        jac = np.delete(jac, worst, axis=1)
    return gone
