"""CyclerData data cut into what the cycler did: flows of constant current, holds, rests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np

from filmgauge_sim.lab.cycler_data import CyclerData, Numbers
from filmgauge_sim.lab.cyclers.recording import REST_SHARE
from filmgauge_sim.lab.row_checks import CheckedData
from filmgauge_sim.lab.step_starts import flowed_before_h, logs_first_rows

# The same for the current of a hold.
_FADED_SHARE = 1e-5
# A current that departs from its mean by more is another one, or that of a hold.
_SAME_CURRENT = 0.03
# A voltage is held when it stays within this of the one at which the flow ended.
_HELD_V = 0.02
# Flows that end this close to one another, this far from their plateau, met the same limit.
_AT_LIMIT_V = 0.05
_KNEE_V = 0.3


class SegmentKind(Enum):
    """What the cycler kept constant."""

    FLOW = "flow"
    HOLD = "hold"
    REST = "rest"
    # Nothing flowed, and nothing was logged, within a step or between two.
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of the cycler; time from its beginning, areal, positive charges."""

    kind: SegmentKind
    duration_h: float
    current_ua_cm2: float  # mean
    charge_uah_cm2: float
    time_h: Numbers
    voltage_v: Numbers
    temperature_c: float
    # A flow that ended at a limit of the voltage, and that limit; a hold's own voltage.
    limit_v: float | None
    # Of a pause: a rest of which no row was logged.
    between_steps: bool = False
    # Of the step of the file, from 1; what a pause of the logger leaves of it shares it.
    number: int = 0

    @property
    def charging(self) -> bool:
        """Whether the current charges."""
        return self.current_ua_cm2 > 0.0


def cut(checked: CheckedData, temperature_c: float) -> list[Segment]:
    """The steps of a file in their order; ``temperature_c`` where the file states none."""
    data = checked.data
    parts = list(_parts(checked))
    limits = _limits([part for part in parts if part.kind is SegmentKind.FLOW])
    found: list[Segment] = []
    for part in parts:
        kind, own = part.kind, part.rows
        current = part.charge_uah_cm2 / part.duration_h
        if kind is SegmentKind.FLOW:
            current = float(data.current_ua_cm2[own].mean())
        elif kind is not SegmentKind.HOLD:
            current = 0.0
        degc = temperature_c
        if data.temperature_c is not None:
            degc = round(float(np.median(data.temperature_c[own])), 1)
        limit = float(np.median(part.voltage_v)) if kind is SegmentKind.HOLD else None
        if kind is SegmentKind.FLOW:
            limit = _limit(part, limits)
        found.append(
            Segment(
                kind,
                part.duration_h,
                current,
                part.charge_uah_cm2,
                part.time_h,
                part.voltage_v,
                degc,
                limit,
                part.between_steps,
                part.number,
            )
        )
    return found


# Kind, first and last row.
_Group: TypeAlias = tuple[SegmentKind, int, int]


@dataclass(frozen=True, slots=True)
class _Part:
    """A step, or what a pause of the logger leaves of it."""

    kind: SegmentKind
    rows: slice
    duration_h: float
    charge_uah_cm2: float
    time_h: Numbers
    voltage_v: Numbers
    # Whether it went on when the logger paused.
    interrupted: bool = False
    between_steps: bool = False
    number: int = 0


def _parts(checked: CheckedData) -> Iterator[_Part]:
    """Every group of rows, and before it the pause that it begins with."""
    data, pause_h = checked.data, checked.pause_h
    groups = _groups(checked)
    flowed_h = list(_flowed_h(checked, groups))
    numbers = _step_numbers(checked, groups)
    for n, (kind, first, last) in enumerate(groups):
        rested = n > 0 and groups[n - 1][0] is SegmentKind.REST
        idle_h = _interval_h(data, first) - flowed_h[n]
        resumed = float(pause_h[first])
        if resumed or (idle_h > 0.0 and not rested):
            still, nothing = slice(first, first + 1), np.zeros(0)
            yield _Part(
                *(SegmentKind.PAUSE, still, resumed or idle_h, 0.0, nothing, nothing),
                between_steps=not resumed,
                number=numbers[n],
            )
        # Until the logger paused the current flowed on, and a rest goes on until a current flows.
        after = last + 1
        paused = after < len(pause_h) and pause_h[after] > 0.0
        goes_on_h = 0.0
        if paused:
            goes_on_h = _interval_h(data, after) - float(pause_h[after])
        elif kind is SegmentKind.REST and n + 1 < len(groups):
            goes_on_h = _interval_h(data, after) - flowed_h[n + 1]
        own = slice(first, last + 1)
        time = data.time_h[own] - data.time_h[first] + flowed_h[n]
        volts = data.voltage_v[own]
        duration = float(time[-1]) + goes_on_h
        if duration <= 0.0:
            continue
        if kind is SegmentKind.HOLD and float(np.ptp(volts)) > 2.0 * _HELD_V:
            kind = SegmentKind.FLOW
        fades = kind is SegmentKind.HOLD and idle_h <= 0.0
        charge = _charge_before(data, first, flowed_h[n], fades=fades)
        charge += _charge(data, own, time) + goes_on_h * float(data.current_ua_cm2[last])
        yield _Part(
            *(kind, own, duration, charge, time, volts), interrupted=paused, number=numbers[n]
        )


def _step_numbers(checked: CheckedData, groups: Sequence[_Group]) -> list[int]:
    """The step of the file of each group, from 1; a pause begins none."""
    step = checked.data.step
    if step.any():
        begun = np.cumsum(np.diff(step, prepend=step[0]) != 0.0) + 1
        return [int(begun[first]) for _, first, _ in groups]
    begins = np.cumsum([checked.pause_h[first] == 0.0 for _, first, _ in groups])
    return [int(number) for number in begins]


def _interval_h(data: CyclerData, row: int) -> float:
    """The time before a row."""
    return float(data.time_h[row] - data.time_h[row - 1]) if row else 0.0


def _flowed_h(checked: CheckedData, groups: Sequence[_Group]) -> Iterator[float]:
    """How much of the time before its first row belongs to each step."""
    data = checked.data
    begun = [bool(group[1]) and not checked.pause_h[group[1]] for group in groups]
    flows = [
        (first, last)
        for (kind, first, last), begins in zip(groups, begun, strict=True)
        if begins and kind is SegmentKind.FLOW
    ]
    first_rows = logs_first_rows(data, flows)
    for (kind, first, last), begins in zip(groups, begun, strict=True):
        if not begins:
            yield 0.0
        elif kind is SegmentKind.REST:
            yield _interval_h(data, first)
        else:
            held = kind is SegmentKind.HOLD
            yield flowed_before_h(data, first, last, held=held, first_rows=first_rows)


def unlogged_rests(name: str, steps: Sequence[Segment]) -> Iterator[str]:
    """A sentence where nothing was logged of rests between the steps of a file."""
    hours = [step.duration_h for step in steps if step.between_steps]
    if hours:
        yield (
            f"{name}: {len(hours)} rest{'s' if len(hours) > 1 else ''} between two steps without a"
            f" row, of {max(hours):.3g} h at most"
        )


def _limits(flows: Sequence[_Part]) -> dict[bool, list[float]]:
    """Voltages at which flows end by a limit: whether they charge -> the voltages.

    The outermost of the ends is one, and so is where two flows or more end.
    """
    found: dict[bool, list[float]] = {}
    for charging in (False, True):
        ends = sorted(_ends(flows, charging), reverse=charging)
        found[charging] = []
        while ends:
            near = [end for end in ends if abs(end - ends[0]) <= _AT_LIMIT_V]
            if len(near) > 1 or not found[charging]:
                found[charging].append(float(np.median(near)))
            ends = ends[len(near) :]
    return found


def _ends(flows: Sequence[_Part], charging: bool) -> Iterator[float]:
    for flow in flows:
        way = 1.0 if charging else -1.0
        last, middle = float(flow.voltage_v[-1]), float(flow.voltage_v[len(flow.voltage_v) // 2])
        ends = flow.charge_uah_cm2 * way > 0.0 and not flow.interrupted
        if ends and (last - middle) * way >= _KNEE_V:
            yield last


def _limit(flow: _Part, limits: dict[bool, list[float]]) -> float | None:
    """The limit that a flow met, or None."""
    charging = flow.charge_uah_cm2 > 0.0
    for last in _ends([flow], charging):
        for limit in limits[charging]:
            if abs(last - limit) <= _AT_LIMIT_V:
                return limit
    return None


def largest_run(steps: Sequence[Segment]) -> float:
    """The most charge that passed in one direction, rests between or not, uAh/cm2."""
    run = most = 0.0
    for step in steps:
        passed = step.charge_uah_cm2 if step.kind is not SegmentKind.REST else 0.0
        run = run + passed if run * passed >= 0.0 else passed
        most = max(most, abs(run))
    return most


def flow_before(steps: Sequence[Segment], k: int) -> Segment | None:
    """The flow from which the rest at ``k`` relaxes on the plateau.

    None for the rest of a full film: what shows there is the knee of the curve.
    """
    if not k or steps[k].kind is not SegmentKind.REST or steps[k - 1].kind is not SegmentKind.FLOW:
        return None
    before = steps[k - 1]
    return None if before.charging and before.limit_v is not None else before


def _charge(data: CyclerData, own: slice, time_h: Numbers) -> float:
    """What a step passed from its first row on: by the cycler's count, or else by the currents it
    logged."""
    if data.charge_uah_cm2 is None:
        return float(np.trapezoid(data.current_ua_cm2[own], time_h))
    counted = data.charge_uah_cm2[own]
    return float(counted[-1] - counted[0])


def _charge_before(data: CyclerData, first: int, flowed_h: float, *, fades: bool) -> float:
    """What a step had passed at its first row; fades: a hold that goes on from the row before."""
    own = float(data.current_ua_cm2[first])
    before = float(data.current_ua_cm2[first - 1]) if fades and first else own
    if before * own <= own * own:
        return own * flowed_h
    if data.charge_uah_cm2 is None:
        return 0.5 * (before + own) * flowed_h
    # Which may have begun anew.
    counted = float(data.charge_uah_cm2[first] - data.charge_uah_cm2[first - 1])
    least, most = sorted((own * flowed_h, before * flowed_h))
    return min(max(counted, least), most)


def _groups(checked: CheckedData) -> list[_Group]:
    """SegmentKind, first and last row of every step."""
    data = checked.data
    # Plain numbers: a file has a hundred thousand rows, and an array is slow one by one.
    current, volts = data.current_ua_cm2.tolist(), data.voltage_v.tolist()
    begins = (np.diff(data.step, prepend=data.step[0]) != 0.0).tolist()
    pauses = (checked.pause_h > 0.0).tolist()
    largest = float(np.abs(data.current_ua_cm2).max())
    groups: list[_Group] = []
    kind, first, total = SegmentKind.REST, 0, 0.0
    for k in range(len(current)):
        # The current of a hold may fade to very little.
        least = _FADED_SHARE if kind is SegmentKind.HOLD else REST_SHARE
        flows = abs(current[k]) > least * largest
        if not k:
            kind = SegmentKind.FLOW if flows else SegmentKind.REST
        elif pauses[k]:
            groups.append((kind, first, k - 1))
            first, total = k, 0.0
        else:
            mean = total / (k - first)
            if not _goes_on(kind, flows, current[k], mean) or (
                kind is not SegmentKind.HOLD and begins[k]
            ):
                groups.append((kind, first, k - 1))
                held = (
                    flows
                    and kind is SegmentKind.FLOW
                    and current[k] * mean > 0.0
                    and abs(current[k]) < abs(mean)
                    and abs(volts[k] - volts[k - 1]) < _HELD_V
                )
                first, total = k, 0.0
                kind = (
                    SegmentKind.HOLD if held else SegmentKind.FLOW if flows else SegmentKind.REST
                )
        total += current[k]
    groups.append((kind, first, len(current) - 1))
    return groups


def _goes_on(kind: SegmentKind, flows: bool, current: float, mean: float) -> bool:
    if kind is SegmentKind.REST:
        return not flows
    if not flows or current * mean <= 0.0:
        return False
    return kind is SegmentKind.HOLD or abs(current - mean) <= _SAME_CURRENT * abs(mean)
