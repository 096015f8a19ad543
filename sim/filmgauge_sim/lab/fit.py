"""A parameter set fitted to cycler data, with the interval of every parameter that they tell.

Least squares over voltages and charges (residuals.py), with the noise of either kind estimated
from its own residuals. A parameter whose 95 % interval (intervals.py) is too wide to tell anything
is kept at the value of the set begun with, is named, and the rest is fitted again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, sqrt
from typing import Any

import numpy as np

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.kinetics import REFERENCE_C, Polarisation, static_hysteresis_v
from filmgauge_sim.lab.cycler_data import CyclerData, Numbers
from filmgauge_sim.lab.fit_parameters import (
    FIT_PARAMETERS,
    FitParameter,
    parameters_at,
    reference_current,
    unidentifiable,
)
from filmgauge_sim.lab.intervals import ResidualKinds, half_widths, noises
from filmgauge_sim.lab.residuals import ComparedFile, ComparedPoint, compared_file, simulated
from filmgauge_sim.lab.segments import SegmentKind, cut, largest_run

# What the noises are taken for at first, and their least: no cycler measures better.
_NOISE_V, _LEAST_NOISE_V = 5e-3, 1e-4
_NOISE_SHARE, _LEAST_NOISE_SHARE = 1e-2, 1e-3
_LEAST_SHARE = 0.1
# Steps of the derivatives, on the scale of the fit.
_NUDGE = 1e-4
_ROUNDS = 3
_MOST_STEPS = 150
# A parameter is given up before the first fit only when it is hopeless there.
_HOPELESS = 20.0
_FAR = 1e3
_NOTHING = 3.0  # a factor of 400 between the ends


@dataclass(frozen=True, slots=True)
class Estimate:
    """One fitted parameter and its 95 % interval."""

    name: str
    unit: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Residual:
    """One residual: the point, its file and current, and what the fitted cell has there."""

    file: int
    current_ua_cm2: float
    temperature_c: float
    point: ComparedPoint
    simulated: float

    @property
    def error(self) -> float:
        """Simulated minus measured."""
        return self.simulated - self.point.measured


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted set, what is known of it and what is not, and every residual."""

    parameters: CellParameters
    estimates: tuple[Estimate, ...]
    # Name of a parameter that the data cannot tell -> why.
    unidentified: dict[str, str]
    residuals: tuple[Residual, ...]
    # Steps that were left out of long files.
    left_out: int

    def rms(self, *, charge: bool) -> float:
        """Root mean square of the residuals of one kind, uAh/cm2 or V."""
        errors = [each.error for each in self.residuals if each.point.is_charge == charge]
        return sqrt(sum(e * e for e in errors) / len(errors)) if errors else 0.0


def fit(
    start: CellParameters,
    data: Sequence[CyclerData],
    temperature_c: float,
    progress: Callable[[], None] = lambda: None,
) -> Fit:
    """Fit a set to files; ``temperature_c`` where one states none.

    Raises ValueError when there is no discharge to a lower limit of the voltage.
    """
    steps = [cut(each, temperature_c) for each in data]
    left_out = sum(max(0, len(each) - _MOST_STEPS) for each in steps)
    steps = [each[:_MOST_STEPS] for each in steps]
    flows = [step for each in steps for step in each if step.kind is SegmentKind.FLOW]
    if not any(flow.limit_v is not None and not flow.charging for flow in flows):
        raise ValueError("the data must have a discharge that ends at a lower limit of voltage.")
    current = reference_current(flows)
    start = _scaled(start, max(map(largest_run, steps)), current)
    unidentified = unidentifiable(steps)
    # Where a branch turns, what turns at once and what with the charge are told apart by the
    # assumed law of turning alone, which is no evidence.
    turning = "kinetic_share" not in unidentified
    problem = _Problem(start, [compared_file(each, turning=turning) for each in steps], progress)
    free = [each for each in FIT_PARAMETERS if each.name not in unidentified]
    free = _without_hopeless(problem, free, unidentified)
    while True:
        found = _solved(problem, free)
        wide = [half / each.widest for half, each in zip(found.half, free, strict=True)]
        worst = int(np.argmax(wide))
        if wide[worst] <= 1.0 or len(free) == 1:
            break
        gone = free.pop(worst)
        unidentified[gone.name] = _too_wide(gone, float(found.half[worst]))
    parameters = parameters_at(start, free, found.point)
    estimates = [
        Estimate(u.name, u.unit, *(u.value(float(y)) for y in (x, x - h, x + h)))
        for u, x, h in zip(free, found.point, found.half, strict=True)
    ]
    return Fit(parameters, tuple(estimates), unidentified, problem.residuals(parameters), left_out)


def _too_wide(parameter: FitParameter, half: float) -> str:
    if parameter.logarithmic:
        if half > _NOTHING:
            return "the data do not depend on it"
        return f"its 95 % interval would span a factor {exp(2.0 * half):.2g}"
    return f"its 95 % interval would be +-{half:.2g} {parameter.unit}".rstrip()


def _scaled(start: CellParameters, largest: float, current: float) -> CellParameters:
    """The set to begin with, its size that of the data, its gap stated at a current of theirs.

    Static part and exchange current stay what they were.
    """
    static = static_hysteresis_v(start)
    gap = 2.0 * (static + Polarisation(start, REFERENCE_C).voltage_v(current))
    return replace(
        start,
        plateau_current_ua_cm2=current,
        plateau_gap_v=gap,
        kinetic_share=1.0 - 2.0 * static / gap,
        capacity_uah_cm2=largest,
    )


@dataclass(slots=True)
class _Solution:
    point: Numbers
    half: Numbers  # half-widths of the 95 % intervals


class _Problem:
    """The data, and the residuals of any set."""

    def __init__(
        self, start: CellParameters, files: Sequence[ComparedFile], progress: Callable[[], None]
    ) -> None:
        self.start = start
        self._files = files
        self._progress = progress
        points = [point for each in files for point in each.points]
        self.measured = np.array([point.measured for point in points])
        self.is_charge = np.array([point.is_charge for point in points])
        steps = [(k, p.step) for k, each in enumerate(files) for p in each.points]
        self.kinds = ResidualKinds(self.is_charge, np.array([a == b for a, b in pairwise(steps)]))
        # A charge errs in proportion; a small one, such as that of a hold, by more than that.
        least = _LEAST_SHARE * start.capacity_uah_cm2
        self.unit = np.where(self.is_charge, np.maximum(np.abs(self.measured), least), 1.0)

    def errors(self, parameters: CellParameters) -> Numbers:
        """Simulated minus measured: volts, and shares of the charge."""
        values = np.concatenate([simulated(parameters, each) for each in self._files])
        self._progress()
        return (values - self.measured) / self.unit

    def residuals(self, parameters: CellParameters) -> tuple[Residual, ...]:
        found: list[Residual] = []
        for k, each in enumerate(self._files):
            values = simulated(parameters, each)
            for point, value in zip(each.points, values, strict=True):
                step = each.segments[point.step]
                found.append(
                    Residual(k, step.current_ua_cm2, step.temperature_c, point, float(value))
                )
        return tuple(found)


def _solved(problem: _Problem, free: Sequence[FitParameter]) -> _Solution:
    """Least squares with noises estimated on the way."""
    from scipy.optimize import least_squares

    least: Any = least_squares
    low, high = np.array([each.bounds for each in free]).T
    point = np.clip([each.read(problem.start) for each in free], low, high)
    noise = np.where(problem.is_charge, _NOISE_SHARE, _NOISE_V)
    far = np.full(len(noise), _FAR)

    def residuals(x: Numbers) -> Numbers:
        try:
            return problem.errors(parameters_at(problem.start, free, x)) / noise
        except ValueError:  # no such cell: resistances above the kinetic part of the gap
            return far

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
        noise = np.maximum(
            noise * scale, np.where(problem.is_charge, _LEAST_NOISE_SHARE, _LEAST_NOISE_V)
        )
    jac = slopes(point)
    return _Solution(point, half_widths(problem.kinds, jac, residuals(point), freedom))


def _slopes(residuals: Callable[[Numbers], Numbers], x: Numbers, high: Numbers) -> Numbers:
    here = residuals(x)
    columns = []
    for n in range(len(x)):
        step = _NUDGE if x[n] + _NUDGE <= high[n] else -_NUDGE
        beside = x.copy()
        beside[n] += step
        columns.append((residuals(beside) - here) / step)
    return np.column_stack(columns)


def _without_hopeless(
    problem: _Problem, free: list[FitParameter], unidentified: dict[str, str]
) -> list[FitParameter]:
    """The free parameters without those that do not show in the data at all."""
    noise = np.where(problem.is_charge, _NOISE_SHARE, _NOISE_V)
    left = list(free)

    def residuals(x: Numbers) -> Numbers:
        return problem.errors(parameters_at(problem.start, left, x)) / noise

    jac = _slopes(
        residuals,
        np.array([each.read(problem.start) for each in left]),
        np.array([each.bounds[1] for each in left]),
    )
    while len(left) > 1:
        # A little of each parameter keeps the inverse finite when one does not show at all.
        inverse = np.linalg.inv(jac.T @ jac + 1e-9 * np.eye(len(left)))
        half = 2.0 * np.sqrt(np.diag(inverse))
        wide = [h / each.widest for h, each in zip(half, left, strict=True)]
        worst = int(np.argmax(wide))
        if wide[worst] <= _HOPELESS:
            break
        gone = left.pop(worst)
        unidentified[gone.name] = _too_wide(gone, float(half[worst]))
        jac = np.delete(jac, worst, axis=1)
    return left
