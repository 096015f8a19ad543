"""A parameter set fitted to cycler data: capacity, diffusion time and plateaus.

From every constant-current discharge that ends at the lower limit the charge is taken, and from
every constant current the voltage at half of its charge. Capacity and diffusion time are fitted
to the charges (Gauss-Newton on their logarithms), each discharge beginning full; the middle and
the gap of the plateaus are read at the smallest current. Everything else stays as in the set
begun with.
"""

import csv
import re
from dataclasses import dataclass, replace
from importlib.resources import files
from math import exp, log, sqrt
from pathlib import Path

from filmgauge_sim.cell import CellParameters, FilmCell, deliverable_uah
from filmgauge_sim.lab.profile import CURRENTS, TIMES, column, number
from filmgauge_sim.lab.specimen import EMPTY_V

_VOLTAGES = {"Voltage / V": 1.0, "voltage_v": 1.0, "voltage_mv": 1e-3}
_AT_LIMIT_V = 0.05
_SAME_CURRENT = 0.02
_LEAST_UA_CM2 = 1e-3
_NUDGE = 1e-4
_PLATEAU_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Flow:
    """One stretch of constant current in the data, areal."""

    current_ua_cm2: float
    charge_uah_cm2: float
    middle_v: float
    end_v: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted set and what it was fitted to: current, measured and fitted capacity."""

    parameters: CellParameters
    points: list[tuple[float, float, float]]

    @property
    def rms_uah_cm2(self) -> float:
        """Root mean square of the residuals."""
        squares = [(measured - fitted) ** 2 for _, measured, fitted in self.points]
        return sqrt(sum(squares) / len(squares))


def read_flows(path: Path, area_cm2: float) -> list[Flow]:
    """The stretches of constant current in a CSV or BDF file. Raises ValueError, OSError."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0]) if rows else []
    time = column(path, columns, TIMES, "a time")
    current = column(path, columns, CURRENTS, "a current")
    voltage = column(path, columns, _VOLTAGES, "a voltage")
    stretches: list[list[tuple[float, float, float]]] = []
    for line, row in enumerate(rows, 2):
        sample = (
            number(path, line, row, time) * TIMES[time] / 3600.0,
            number(path, line, row, current) * CURRENTS[current] / area_cm2,
            number(path, line, row, voltage) * _VOLTAGES[voltage],
        )
        if stretches and _same(stretches[-1][0][1], sample[1]):
            stretches[-1].append(sample)
        else:
            stretches.append([sample])
    return [
        _flow(stretch)
        for stretch in stretches
        if len(stretch) > 2 and abs(stretch[0][1]) >= _LEAST_UA_CM2
    ]


def fit(start: CellParameters, flows: list[Flow], temperature_c: float) -> Fit:
    """Fit a set to stretches of constant current. Raises ValueError when they cannot tell."""
    measured = [
        (-flow.current_ua_cm2, flow.charge_uah_cm2)
        for flow in flows
        if flow.current_ua_cm2 < 0.0 and flow.end_v <= EMPTY_V + _AT_LIMIT_V
    ]
    currents = {round(log(current), 1) for current, _ in measured}
    if len(currents) < 2:
        raise ValueError(
            "the data must have discharges to the lower limit at two currents or more, not"
            f" {len(currents)}."
        )
    point = [log(max(charge for _, charge in measured)), log(start.diffusion_time_h)]
    for _ in range(30):
        step = _gauss_newton(start, measured, temperature_c, point)
        point = [p + max(-0.5, min(0.5, s)) for p, s in zip(point, step, strict=True)]
        if max(map(abs, step)) < 1e-7:
            break
    fitted = _with_plateaus(_at(start, point), flows)
    points = [(i, q, _capacity(fitted, i, temperature_c)) for i, q in measured]
    return Fit(fitted, points)


def write_set(fitted: Fit, base: str, path: Path) -> None:
    """Write the set as TOML: the lines of the set begun with, the fitted ones replaced."""
    inside = files("filmgauge_sim.cell") / "sets" / f"{base}.toml"
    text = (inside if inside.is_file() else Path(base)).read_text(encoding="utf-8")
    changed = {
        "capacity_uah_cm2": f"{len(fitted.points)} discharges, RMS {fitted.rms_uah_cm2:.3f}",
        "diffusion_time_h": "the same discharges",
        "plateau_middle_v": "plateaus at the smallest current",
        "plateau_gap_v": "plateaus at the smallest current",
        "plateau_current_ua_cm2": "the smallest current of the data",
    }
    for name, reason in changed.items():
        line = f"{name} = {getattr(fitted.parameters, name):.6g}  # fitted: {reason}"
        text = re.sub(rf"(?m)^{name} *=.*$", line, text)
    path.write_text(text, encoding="utf-8")


def _same(one: float, other: float) -> bool:
    return one * other > 0.0 and abs(one - other) <= _SAME_CURRENT * abs(one)


def _flow(stretch: list[tuple[float, float, float]]) -> Flow:
    start_h, current, _ = stretch[0]
    end_h, _, end_v = stretch[-1]
    middle = min(stretch, key=lambda sample: abs(sample[0] - 0.5 * (start_h + end_h)))
    return Flow(current, abs(current) * (end_h - start_h), middle[2], end_v)


def _at(start: CellParameters, point: list[float]) -> CellParameters:
    return replace(start, capacity_uah_cm2=exp(point[0]), diffusion_time_h=exp(point[1]))


def _capacity(parameters: CellParameters, current_ua_cm2: float, temperature_c: float) -> float:
    return deliverable_uah(FilmCell(parameters, 1.0), current_ua_cm2, temperature_c)


def _gauss_newton(
    start: CellParameters,
    measured: list[tuple[float, float]],
    temperature_c: float,
    point: list[float],
) -> list[float]:
    """The step of two unknowns that the normal equations give."""
    a = b = d = u = v = 0.0
    for current, charge in measured:
        here = _capacity(_at(start, point), current, temperature_c)
        more = [point[0] + _NUDGE, point[1]]
        longer = [point[0], point[1] + _NUDGE]
        by_size = (_capacity(_at(start, more), current, temperature_c) - here) / _NUDGE
        by_time = (_capacity(_at(start, longer), current, temperature_c) - here) / _NUDGE
        error = charge - here
        a, b, d = a + by_size * by_size, b + by_size * by_time, d + by_time * by_time
        u, v = u + by_size * error, v + by_time * error
    determinant = a * d - b * b
    if determinant <= 1e-12 * a * d or not determinant:
        raise ValueError("the currents of the data are too alike or too small to tell diffusion.")
    return [(d * u - b * v) / determinant, (a * v - b * u) / determinant]


def _with_plateaus(parameters: CellParameters, flows: list[Flow]) -> CellParameters:
    """Middle and gap of the plateaus from the slowest charge and discharge, if both are there."""
    # A plateau passes a good part of the charge; the last currents of a hold do not.
    least = _PLATEAU_SHARE * max(flow.charge_uah_cm2 for flow in flows)
    long = [flow for flow in flows if flow.charge_uah_cm2 >= least]
    ways = [[f for f in long if f.current_ua_cm2 * sign > 0.0] for sign in (1.0, -1.0)]
    if not all(ways):
        return parameters
    up, down = (min(way, key=lambda flow: abs(flow.current_ua_cm2)) for way in ways)
    return replace(
        parameters,
        plateau_middle_v=0.5 * (up.middle_v + down.middle_v),
        plateau_gap_v=up.middle_v - down.middle_v,
        plateau_current_ua_cm2=abs(down.current_ua_cm2),
    )
