"""Whether measured data are of such a cell: before a fit by their shape, after it by what is left.

The film has one plateau each way, flat but for some tens of millivolts, and a fit knows of no
ageing. Two plateaus, a sloped curve or a hundred discharges that fade are of something else, and a
set that was fitted to them would be made of nonsense.
"""

from collections.abc import Iterator, Sequence
from math import sqrt

import numpy as np

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.residuals import Residual
from filmgauge_sim.lab.segments import Segment, SegmentKind

# Residuals, root mean square: charges over the capacity of the fitted cell, and voltages. A real
# film has departed from the model by a fiftieth and some tens of millivolts.
CHARGE_WITHIN, VOLTAGE_WITHIN_V = 0.05, 0.05
# Of a discharge between two shares of its charge.
_SHARES = (0.08, 0.85)
_POINTS = 60
_LEAST_ROWS = 12
# Of a film at any current tried it is below a tenth of a volt.
_MOST_FALL_V = 0.25
# Two levels so far apart, each within so much of itself over the distance (a slope has 0.29).
_LEVELS_APART_V, _FLAT = 0.12, 0.22
_LEAST_LEVEL = 0.15
# Discharges alike in current and temperature, and the change of their charge that is ageing.
_SAME_CURRENT, _SAME_C = 0.05, 2.0
_LEAST_ALIKE, _MOST_CHANGE = 6, 0.15


class UnfitDataError(ValueError):
    """Data that are not of such a cell; the text says why, and ``faults`` each reason.

    remarks: what was done to the data before, a sentence each, which may be why.
    """

    def __init__(self, faults: Sequence[str], remarks: Sequence[str] = ()) -> None:
        super().__init__("; ".join(faults) + ".")
        self.faults = tuple(faults)
        self.remarks = tuple(remarks)


def shape_faults(names: Sequence[str], files: Sequence[Sequence[Segment]]) -> list[str]:
    """What in the shape of the data is not of a film, a sentence each; one list a file."""
    found: list[str] = []
    for name, steps in zip(names, files, strict=True):
        full = [
            step
            for step in steps
            if step.kind is SegmentKind.FLOW and not step.charging and step.limit_v is not None
        ]
        if full:
            # The slowest shows the curve itself.
            slowest = min(full, key=lambda step: abs(step.current_ua_cm2))
            found += [f"{name}: {fault}" for fault in _curve_faults(slowest)]
            found += [f"{name}: {fault}" for fault in _fading(full)]
    return found


def _curve_faults(discharge: Segment) -> Iterator[str]:
    if len(discharge.voltage_v) < _LEAST_ROWS:
        return
    shares = np.linspace(*_SHARES, _POINTS)
    volts = np.interp(shares * discharge.duration_h, discharge.time_h, discharge.voltage_v)
    at = f"the discharge at {abs(discharge.current_ua_cm2):.3g} uA/cm2"
    levels = _two_levels(volts)
    if levels is not None:
        volts_said = f"at {levels[0]:.3g} and {levels[1]:.3g} V"
        yield f"{at} has two plateaus, {volts_said}, and a film has one"
        return
    fall = float(np.interp(0.2, shares, volts) - np.interp(0.8, shares, volts))
    if fall > _MOST_FALL_V:
        yield (
            f"{at} falls by {fall:.2f} V from 20 to 80 % of its charge, as an intercalation"
            f" electrode does; the plateau of a film falls by less than {_MOST_FALL_V:g} V"
        )


def _two_levels(volts: Numbers) -> tuple[float, float] | None:
    """Two plateaus of a curve at equal distances of charge, or None."""
    least = int(_LEAST_LEVEL * len(volts))
    best: tuple[float, float, float] | None = None
    for k in range(least, len(volts) - least):
        one, two = volts[:k], volts[k:]
        # The less flat of both: where the branch of a film turns it falls, and is no plateau.
        within = max(float(one.std()), float(two.std()))
        if best is None or within < best[0]:
            best = within, float(np.median(one)), float(np.median(two))
    if best is None:
        return None
    within, upper, lower = best
    apart = upper - lower
    return (upper, lower) if apart > _LEVELS_APART_V and within < _FLAT * apart else None


def _fading(discharges: Sequence[Segment]) -> Iterator[str]:
    """Discharges alike of which the last give another charge than the first."""
    groups: list[list[Segment]] = []
    for step in discharges:
        own = next((group for group in groups if _alike(group[0], step)), None)
        if own is None:
            groups.append([step])
        else:
            own.append(step)
    for alike in groups:
        if len(alike) < _LEAST_ALIKE:
            continue
        third = len(alike) // 3
        begin, end = (
            float(np.median([abs(step.charge_uah_cm2) for step in part]))
            for part in (alike[:third], alike[-third:])
        )
        if abs(end / begin - 1.0) > _MOST_CHANGE:
            yield (
                f"its {len(alike)} discharges at {abs(alike[0].current_ua_cm2):.3g} uA/cm2 go from"
                f" {begin:.4g} to {end:.4g} uAh/cm2, and ageing is not fitted: give a few cycles"
                " of a formed cell"
            )


def _alike(one: Segment, other: Segment) -> bool:
    same = abs(one.current_ua_cm2 / other.current_ua_cm2 - 1.0) <= _SAME_CURRENT
    return same and abs(one.temperature_c - other.temperature_c) <= _SAME_C


def misfits(
    names: Sequence[str], parameters: CellParameters, residuals: Sequence[Residual]
) -> list[str]:
    """What the fitted cell does not meet, a sentence each."""
    capacity = parameters.capacity_uah_cm2
    charges = [each for each in residuals if each.point.is_charge]
    volts = [each for each in residuals if not each.point.is_charge]
    found: list[str] = []
    if _rms(charges) > CHARGE_WITHIN * capacity:
        worst = max(charges, key=lambda each: abs(each.error))
        found.append(
            f"the charges of the fitted cell are off by {_rms(charges):.3g} uAh/cm2 (RMS), more"
            f" than {CHARGE_WITHIN:.0%} of its {capacity:.4g}: {_where(names, worst)} passed"
            f" {worst.point.measured:.4g} and would pass {worst.simulated:.4g} uAh/cm2"
        )
    if _rms(volts) > VOLTAGE_WITHIN_V:
        worst = max(volts, key=lambda each: abs(each.error))
        found.append(
            f"the voltages of the fitted cell are off by {1e3 * _rms(volts):.3g} mV (RMS), more"
            f" than {1e3 * VOLTAGE_WITHIN_V:g}: {_where(names, worst)} was at"
            f" {worst.point.measured:.3f} V after {worst.point.share:.0%} and would be at"
            f" {worst.simulated:.3f} V"
        )
    return found


def _rms(residuals: Sequence[Residual]) -> float:
    return sqrt(sum(e.error**2 for e in residuals) / len(residuals)) if residuals else 0.0


def _where(names: Sequence[str], residual: Residual) -> str:
    flows = f" at {residual.current_ua_cm2:.3g} uA/cm2" if residual.current_ua_cm2 else ""
    return f"step {residual.step_number}{flows} of {names[residual.file]}"
