"""How a cell would have fared under the cycler's program: what a fit compares with the data.

The cell follows the program and not the measured charges: a flow that met a limit of the voltage
goes on until the cell's own voltage meets it, a hold lasts as long as it did. So a cell that is
somewhat too large stays comparable, and the knee of a voltage curve does not dominate. Compared
are the charges of those flows and of the holds, and voltages at equal shares of a step's charge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filmgauge_sim.cell import CellParameters, FilmCell
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.segments import Segment, SegmentKind, flow_before

# Shares of a flow at which its voltage is compared: dense where the branch turns, none at the
# knee, whose shape is not fitted.
_SHARES = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87)
_KNEE_SHARE, _KNEE_V = 0.9, 0.1
# By then the branch has turned.
_TURNED_SHARE = 0.3
# Shares of a rest.
_REST_SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
# A flow that does not meet its limit within this many times its measured time is given up.
_LONGEST = 4.0
_LEAST_HOLD_UA_CM2 = 1e-6


@dataclass(frozen=True, slots=True)
class ComparedPoint:
    """One comparison: which step, at which share of it, the measured value."""

    step: int
    share: float
    measured: float
    # Charge in uAh/cm2, or else volts.
    is_charge: bool


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """The steps of one file, and those of them that count."""

    segments: tuple[Segment, ...]
    begins_full: bool
    points: tuple[ComparedPoint, ...]


@dataclass(frozen=True, slots=True)
class Residual:
    """One residual: the point, its file, step of the file and current, and what the fitted cell
    has there."""

    file: int
    step_number: int
    current_ua_cm2: float
    temperature_c: float
    point: ComparedPoint
    simulated: float

    @property
    def error(self) -> float:
        """Simulated minus measured."""
        return self.simulated - self.point.measured


def compared_file(segments: Sequence[Segment], *, turning: bool = True) -> ComparedFile:
    """What is to be compared in one file; with ``turning`` also where the branch turns.

    A file that begins with a discharge begins with a full cell. One that begins with a charge
    begins at a charge that nobody knows, so its first charge is run and not compared.
    """
    first = next((k for k, s in enumerate(segments) if s.kind is SegmentKind.FLOW), None)
    begins_full = first is None or not segments[first].charging
    known = 0
    if not begins_full:
        known = next(
            (k for k, s in enumerate(segments) if s.kind is SegmentKind.FLOW and not s.charging),
            len(segments),
        )
    shares = _SHARES if turning else tuple(share for share in _SHARES if share >= _TURNED_SHARE)
    points = [p for k in range(known, len(segments)) for p in _points(segments, k, shares)]
    return ComparedFile(tuple(segments), begins_full, tuple(points))


def _points(steps: Sequence[Segment], k: int, shares: Sequence[float]) -> list[ComparedPoint]:
    step = steps[k]
    if step.kind is SegmentKind.PAUSE:
        return []
    if step.kind is SegmentKind.HOLD:
        return [ComparedPoint(k, 1.0, step.charge_uah_cm2, True)]
    if step.kind is SegmentKind.REST:
        before = flow_before(steps, k)
        return [] if before is None else _relaxing(step, k, before)
    way, plateau = 1.0 if step.charging else -1.0, _plateau_v(steps, step)
    # A sample at the very beginning may still belong to the step before.
    found = [
        point
        for point in _voltages(step, k, shares)
        if 0.0 < point.share < _KNEE_SHARE and (point.measured - plateau) * way < _KNEE_V
    ]
    if step.limit_v is not None:
        found.append(ComparedPoint(k, 1.0, step.charge_uah_cm2, True))
    return found


def _plateau_v(steps: Sequence[Segment], like: Segment) -> float:
    """The voltage that all flows like this one show for most of their time."""
    alike = [
        step.voltage_v
        for step in steps
        if step.kind is SegmentKind.FLOW
        and abs(step.current_ua_cm2 - like.current_ua_cm2) <= 0.1 * abs(like.current_ua_cm2)
        and abs(step.temperature_c - like.temperature_c) <= 2.0
    ]
    return float(np.median(np.concatenate(alike)))


def _relaxing(rest: Segment, k: int, before: Segment) -> list[ComparedPoint]:
    """The part of a rest on the plateau: after a full discharge it comes up to it at first."""
    found = [point for point in _voltages(rest, k, _REST_SHARES) if point.share > 0.0]
    if before.limit_v is None:
        return found
    plateau = float(before.voltage_v[len(before.voltage_v) // 2])
    return [point for point in found if point.measured > plateau]


def _voltages(step: Segment, k: int, shares: Sequence[float]) -> list[ComparedPoint]:
    """The samples next to the shares of a step."""
    own = step.time_h / step.duration_h
    rows = sorted({int(np.abs(own - share).argmin()) for share in shares})
    return [ComparedPoint(k, float(own[row]), float(step.voltage_v[row]), False) for row in rows]


def simulated(parameters: CellParameters, file: ComparedFile) -> Numbers:
    """The cell's own value for every point of a file, in their order."""
    cell = FilmCell(
        parameters,
        1.0,
        1.0 if file.begins_full else 0.0,
        hysteresis=1.0 if file.begins_full else -1.0,
    )
    values: list[float] = []
    for k, segment in enumerate(file.segments):
        own = [p for p in file.points if p.step == k]
        if segment.kind is SegmentKind.HOLD:
            values += [_hold(cell, segment)] * len(own)
        else:
            values += _pass(cell, segment, own)
    return np.array(values)


def _hold(cell: FilmCell, segment: Segment) -> float:
    assert segment.limit_v is not None
    return Channel(cell, segment.temperature_c).hold_voltage(
        segment.limit_v,
        until_ua_cm2=_LEAST_HOLD_UA_CM2,
        from_ua_cm2=segment.current_ua_cm2,
        longest_s=3600.0 * segment.duration_h,
    )


def _pass(cell: FilmCell, segment: Segment, points: Sequence[ComparedPoint]) -> list[float]:
    """Voltages at the shares of a flow or a rest; its whole charge where a limit was met."""
    current, degc = segment.current_ua_cm2, segment.temperature_c
    lasts_s = 3600.0 * segment.duration_h
    if segment.limit_v is not None:
        low, high = (None, segment.limit_v) if current > 0.0 else (segment.limit_v, None)
        met = cell.next_crossing(current, degc, _LONGEST * lasts_s, low, high)
        lasts_s = _LONGEST * lasts_s if met is None else met.time_s
    values: list[float] = []
    done_s = 0.0
    for point in points:
        if point.is_charge:
            values.append(current * lasts_s / 3600.0)
            continue
        at_s = point.share * lasts_s
        cell.advance(current, degc, at_s - done_s)
        done_s = at_s
        values.append(cell.voltage_v(current, degc))
    cell.advance(current, degc, lasts_s - done_s)
    return values
