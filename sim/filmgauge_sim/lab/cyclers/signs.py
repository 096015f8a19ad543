"""The sign of a current that has none: by the state of the cycler, or by the voltage."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import copysign
from statistics import median

from filmgauge_sim.lab.cyclers.quantities import Values
from filmgauge_sim.lab.cyclers.recording import REST_SHARE

# A step is one in which the current stays within this of what it was, where none is counted.
_SAME_CURRENT = 0.1
# A voltage that moves less says nothing of the way of the current: it is held.
_LEAST_V = 0.01


def signed_by_state(current_a: Values, state: Values) -> Values | None:
    """Currents with the sign that the state says, or None where they have signs already.

    Noise below zero, as of a cell at rest, is no sign.
    """
    if min(current_a) < -REST_SHARE * max(map(abs, current_a)) or -1.0 not in state:
        return None
    return array("d", [copysign(i, s) if s else i for i, s in zip(current_a, state, strict=True)])


def signed_by_voltage(
    current_a: Values, voltage_v: Sequence[float], step: Sequence[float] | None
) -> Values:
    """Currents that charge where the voltage of their step rises.

    A step in which it is held goes the way of the one before.
    """
    found = array("d", current_a)
    way = 1.0
    for first, last in _steps(current_a, step):
        moved = _moved(voltage_v[first:last])
        if abs(moved) >= _LEAST_V:
            way = copysign(1.0, moved)
        for k in range(first, last):
            found[k] = copysign(current_a[k], way) if current_a[k] else 0.0
    return found


def _steps(current_a: Sequence[float], step: Sequence[float] | None) -> Iterator[tuple[int, int]]:
    """First row of every step, and the row behind its last."""
    limit = _SAME_CURRENT * max(map(abs, current_a))
    starts = [0]
    for k, (before, now) in enumerate(pairwise(current_a), 1):
        if step is not None:
            begins = step[k] != step[k - 1]
        else:
            begins = abs(abs(now) - abs(before)) > limit or (not now) != (not before)
        if begins:
            starts.append(k)
    yield from pairwise([*starts, len(current_a)])


def _moved(voltage_v: Sequence[float]) -> float:
    """By how much a voltage changed from the beginning to the end."""
    part = max(1, len(voltage_v) // 10)
    return median(voltage_v[-part:]) - median(voltage_v[:part])
