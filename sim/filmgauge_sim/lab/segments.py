"""CyclerData data cut into what the cycler did: flows of constant current, holds, rests."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from filmgauge_sim.lab.cycler_data import CyclerData, Numbers

# Below this share of the file's largest current it is noise around zero.
_REST_SHARE = 1e-3
_FADED_SHARE = 1e-5
# A current that departs from its mean by more is another one, or that of a hold.
_SAME_CURRENT = 0.03
# A voltage is held when it stays within this of the one at which the flow ended.
_HELD_V = 0.02
# A flow that ends this close to the data's extreme, this far from its plateau, met the limit.
_AT_LIMIT_V = 0.05
_KNEE_V = 0.3


class SegmentKind(Enum):
    """What the cycler kept constant."""

    FLOW = "flow"
    HOLD = "hold"
    REST = "rest"


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

    @property
    def charging(self) -> bool:
        """Whether the current charges."""
        return self.current_ua_cm2 > 0.0


def cut(data: CyclerData, temperature_c: float) -> list[Segment]:
    """The steps of a file in their order; ``temperature_c`` where the file states none."""
    groups = _groups(data)
    lowest, highest = float(data.voltage_v.min()), float(data.voltage_v.max())
    found: list[Segment] = []
    for k, (kind, first, last) in enumerate(groups):
        # A cycler that logs once a minute has no sample at the start of a step.
        start = first if not k else first - 1
        own = slice(first, last + 1)
        time = data.time_h[own] - data.time_h[start]
        volts = data.voltage_v[own]
        duration = float(time[-1])
        if duration <= 0.0:
            continue
        if kind is SegmentKind.HOLD and float(np.ptp(volts)) > 2.0 * _HELD_V:
            kind = SegmentKind.FLOW
        currents = data.current_ua_cm2[own]
        charge = _charge(data, own, time)
        if kind is SegmentKind.FLOW:
            current = float(currents.mean())
        else:
            current = 0.0 if kind is SegmentKind.REST else charge / duration
        limit = _limit(kind, volts, current, lowest, highest)
        degc = temperature_c
        if data.temperature_c is not None:
            degc = round(float(np.median(data.temperature_c[own])), 1)
        found.append(Segment(kind, duration, current, charge, time, volts, degc, limit))
    return found


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
    """What a step passed: by the cycler's count, or else by the currents it logged."""
    currents = data.current_ua_cm2[own]
    before = float(currents[0] * time_h[0])
    if data.charge_uah_cm2 is None:
        return before + float(np.trapezoid(currents, time_h))
    counted = data.charge_uah_cm2[own]
    return before + float(counted[-1] - counted[0])


def _groups(data: CyclerData) -> list[tuple[SegmentKind, int, int]]:
    """SegmentKind, first and last row of every step."""
    current, volts = data.current_ua_cm2, data.voltage_v
    largest = float(np.abs(current).max())
    groups: list[tuple[SegmentKind, int, int]] = []
    kind, first, total = SegmentKind.REST, 0, 0.0
    for k in range(len(current)):
        # The current of a hold may fade to very little.
        least = _FADED_SHARE if kind is SegmentKind.HOLD else _REST_SHARE
        flows = abs(current[k]) > least * largest
        if k:
            mean = total / (k - first)
            if not _goes_on(kind, flows, current[k], mean) or (
                kind is not SegmentKind.HOLD and data.step[k] != data.step[k - 1]
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
        else:
            kind = SegmentKind.FLOW if flows else SegmentKind.REST
        total += current[k]
    groups.append((kind, first, len(current) - 1))
    return groups


def _goes_on(kind: SegmentKind, flows: bool, current: float, mean: float) -> bool:
    if kind is SegmentKind.REST:
        return not flows
    if not flows or current * mean <= 0.0:
        return False
    return kind is SegmentKind.HOLD or abs(current - mean) <= _SAME_CURRENT * abs(mean)


def _limit(
    kind: SegmentKind, volts: Numbers, current: float, lowest: float, highest: float
) -> float | None:
    if kind is SegmentKind.HOLD:
        return float(np.median(volts))
    if kind is SegmentKind.REST:
        return None
    extreme = highest if current > 0.0 else lowest
    last, middle = float(volts[-1]), float(volts[len(volts) // 2])
    met = abs(last - extreme) <= _AT_LIMIT_V and abs(last - middle) >= _KNEE_V
    return extreme if met else None
