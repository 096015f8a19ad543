"""A parameter set fitted to cycler data, with the interval of every parameter that they tell.

Least squares over voltages and charges (fit_problem.py). A parameter whose 95 % interval
(intervals.py) is too wide to tell anything is kept at the value of the set begun with, is named,
and the rest is fitted again; where the data bound it on one side and that value lies beyond, it
has the value of the fit and a one-sided interval. Data that are not of such a cell are refused
(fit_checks.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, sqrt

import numpy as np

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.kinetics import REFERENCE_C, Polarisation, static_hysteresis_v
from filmgauge_sim.lab.cycler_data import CyclerData
from filmgauge_sim.lab.fit_checks import UnfitDataError, misfits, shape_faults
from filmgauge_sim.lab.fit_parameters import (
    FIT_PARAMETERS,
    Estimate,
    FitParameter,
    parameters_at,
    reference_current,
    unidentifiable,
    without_interval,
)
from filmgauge_sim.lab.fit_problem import (
    Problem,
    Solution,
    hopeless_ones,
    one_sided_bounds,
    solve,
)
from filmgauge_sim.lab.impedance_fit import SpectrumFit
from filmgauge_sim.lab.residuals import Residual, compared_file
from filmgauge_sim.lab.row_checks import checked
from filmgauge_sim.lab.segments import (
    Segment,
    SegmentKind,
    cut,
    largest_run,
    unlogged_rests,
)
from filmgauge_sim.lab.spectrum_parameters import with_spectra

_MOST_STEPS = 150
_NOTHING = 3.0  # a factor of 400 between the ends


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
    # What was done to the data, and what does not fit although it was forced, a sentence each.
    remarks: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def rms(self, *, charge: bool) -> float:
        """Root mean square of the residuals of one kind, uAh/cm2 or V."""
        errors = [each.error for each in self.residuals if each.point.is_charge == charge]
        return sqrt(sum(e * e for e in errors) / len(errors)) if errors else 0.0


def fit(
    start: CellParameters,
    data: Sequence[CyclerData],
    temperature_c: float,
    progress: Callable[..., None] = lambda text="": None,
    *,
    spectra: Sequence[SpectrumFit] = (),
    ignore_count: bool = False,
    force: bool = False,
) -> Fit:
    """Fit a set to files; ``temperature_c`` where one states none, and of the spectra.

    spectra: what they tell of the resistances is taken from them, and not from the cycles.

    progress: called for every set that is simulated, and with a text where something new begins.
    ignore_count: the charges are those of the currents, whatever the cycler counted.
    Raises ValueError when there is no discharge to a lower limit of the voltage or count and
    current differ; UnfitDataError, unless ``force``, where the data are not of such a cell or the
    residuals beyond their bounds.
    """
    if not data:
        raise ValueError("a fit needs cycles beside the spectra; lab eis --fit reads one alone.")
    checks = [checked(each, ignore_count=ignore_count) for each in data]
    steps = [cut(each, temperature_c) for each in checks]
    remarks = [remark for each in spectra for remark in each.remarks]
    for each, own in zip(checks, steps, strict=True):
        remarks += [*each.remarks, *unlogged_rests(each.data.name, own)]
    left_out = sum(max(0, len(each) - _MOST_STEPS) for each in steps)
    steps = [each[:_MOST_STEPS] for each in steps]
    flows = [step for each in steps for step in each if step.kind is SegmentKind.FLOW]
    if not any(flow.limit_v is not None and not flow.charging for flow in flows):
        raise ValueError(" ".join([_without_discharge(data, flows), *(f"{r}." for r in remarks)]))
    faults = [fault for each in spectra for fault in each.faults]
    faults += shape_faults([each.name for each in data], steps)
    if faults and not force:
        raise UnfitDataError(faults, remarks)
    current = reference_current(flows)
    start, by_spectra = with_spectra(start, spectra, temperature_c)
    start = _scaled(start, max(map(largest_run, steps)), current)
    unidentified = unidentifiable(steps)
    # Where a branch turns, what turns at once and what with the charge are told apart by the
    # assumed law of turning alone, which is no evidence.
    turning = "kinetic_share" not in unidentified
    files = [compared_file(each, turning=turning) for each in steps]
    problem = Problem(start, files, lambda: progress(""))
    progress(f"{sum(map(len, steps))} steps, {len(problem.measured)} points to be met")
    found = _identified(problem, unidentified, by_spectra, progress)
    hang = without_interval(steps)
    estimates = tuple(
        replace(each, low=None, high=None) if each.name in hang else each
        for each in found.estimates
    )
    residuals = problem.residuals(found.parameters)
    result = replace(
        found,
        estimates=estimates,
        residuals=residuals,
        left_out=left_out,
        remarks=tuple(remarks),
    )
    faults += misfits([each.name for each in data], result.parameters, residuals)
    if faults and not force:
        raise UnfitDataError(faults, remarks)
    return replace(result, faults=tuple(faults))


def _without_discharge(data: Sequence[CyclerData], flows: Sequence[Segment]) -> str:
    """Why there is no capacity in the data: what their discharges did instead."""
    wanted = "the data must have a discharge that ends at a lower limit of voltage"
    down = [flow for flow in flows if not flow.charging]
    if not down:
        return f"{wanted}; there is no discharge at all in {', '.join(d.name for d in data)}."
    last = min(float(flow.voltage_v[-1]) for flow in down)
    return (
        f"{wanted}; of the {len(down)} in the data none falls from its plateau to its end"
        f" (the lowest ends at {last:.3g} V)."
    )


def _identified(
    problem: Problem,
    unidentified: dict[str, str],
    by_spectra: Sequence[Estimate],
    progress: Callable[..., None],
) -> Fit:
    """The fit of what the data tell, beside what spectra told; what neither does is added to
    ``unidentified``."""
    for each in by_spectra:
        unidentified.pop(each.name, None)
    fixed = {each.name for each in by_spectra} | set(unidentified)
    free = [each for each in FIT_PARAMETERS if each.name not in fixed]
    for gone, half in hopeless_ones(problem, free):
        free.remove(gone)
        unidentified[gone.name] = _too_wide(gone, half)
    one_sided: list[Estimate] = []
    while True:
        progress(f"fit of {len(free)} parameters")
        found = solve(problem, free)
        wide = [half / each.widest for half, each in zip(found.half, free, strict=True)]
        worst = int(np.argmax(wide))
        if wide[worst] <= 1.0 or len(free) == 1:
            break
        progress(f"{free[worst].name} is not told by the data")
        _give_up(problem, free, found, worst, one_sided, unidentified)
    parameters = parameters_at(problem.start, free, found.point)
    estimates = [
        _estimate(each, float(x), float(half))
        for each, x, half in zip(free, found.point, found.half, strict=True)
    ]
    order = [each.name for each in FIT_PARAMETERS]
    estimates = sorted([*estimates, *one_sided], key=lambda each: order.index(each.name))
    return Fit(parameters, (*estimates, *by_spectra), unidentified, (), 0)


def _give_up(
    problem: Problem,
    free: list[FitParameter],
    found: Solution,
    n: int,
    one_sided: list[Estimate],
    unidentified: dict[str, str],
) -> None:
    """Keep a parameter at the value begun with, or where the data allow no such value at that of
    the fit; it is free no more."""
    gone = free[n]
    low, high = one_sided_bounds(problem, free, found, n)
    begun_with = gone.read(problem.start)
    del free[n]
    bounds = Estimate(
        gone.name,
        gone.unit,
        gone.value(float(found.point[n])),
        None if low is None else gone.value(low),
        None if high is None else gone.value(high),
    )
    if (low is None or low <= begun_with) and (high is None or begun_with <= high):
        one_side = (low is None) != (high is None)
        reason = _too_wide(gone, float(found.half[n]))
        unidentified[gone.name] = f"{reason}: {bounds.interval}" if one_side else reason
        return
    problem.start = parameters_at(problem.start, [gone], [float(found.point[n])])
    one_sided.append(bounds)


def _estimate(parameter: FitParameter, x: float, half: float) -> Estimate:
    """A parameter with its interval, within its own bounds."""
    least, most = parameter.bounds
    value = parameter.value
    if half == inf:
        return Estimate(parameter.name, parameter.unit, value(x), None, None)
    low, high = value(max(x - half, least)), value(min(x + half, most))
    return Estimate(parameter.name, parameter.unit, value(x), low, high)


def _too_wide(parameter: FitParameter, half: float) -> str:
    if parameter.logarithmic:
        if half > _NOTHING:
            return "the data do not depend on it"
        return f"its 95 % interval would span a factor {exp(2.0 * half):.2g}"
    if half == inf:
        return "the data do not depend on it"
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
