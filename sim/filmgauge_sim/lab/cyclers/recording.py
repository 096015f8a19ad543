"""What a file of a cycler says of one whole cell: arrays in SI and ampere-hours."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import copysign

from filmgauge_sim.lab.cyclers.matching import Column
from filmgauge_sim.lab.cyclers.quantities import Quantity, Values

# A count that moves so much more against a current than with it has no sign.
_AGAINST = 3.0


@dataclass(slots=True)
class CellRecording:
    """Arrays of one length, NaN where a cell says nothing; positive currents charge."""

    name: str
    # The format that it was read as.
    source: str
    time_s: Values
    current_a: Values | None = None
    power_w: Values | None = None
    voltage_v: Values | None = None
    temperature_c: Values | None = None
    cycle: Values | None = None
    step: Values | None = None
    # 1 where the cycler says that it charges, -1 where it discharges.
    state: Values | None = None
    # Counted by the cycler, positive charges, from any zero that stays within a step.
    charge_ah: Values | None = None
    # Quantity -> the column that it was read from.
    columns: dict[Quantity, Column] = field(default_factory=dict[Quantity, Column])
    # What was done to the numbers of the file, a sentence each.
    remarks: list[str] = field(default_factory=list[str])

    def __len__(self) -> int:
        return len(self.time_s)


def from_step_times(step_time_s: Values) -> Values:
    """Time since the test began, where a file has that of each step only."""
    found = array("d")
    base = before = 0.0
    for value in step_time_s:
        if value < before:
            base += before
        before = value
        found.append(base + value)
    return found


def from_dates(seconds: Values) -> Values:
    """Time since the first of some dates."""
    first = seconds[0]
    return array("d", [value - first for value in seconds])


def net_of_two(charged_ah: Values, discharged_ah: Values) -> Values:
    """A net count of two counts, whichever sign that of discharging has."""
    pairs = zip(charged_ah, discharged_ah, strict=True)
    return array("d", [charged - abs(discharged) for charged, discharged in pairs])


def net_of_one(count_ah: Values, current_a: Sequence[float]) -> tuple[Values, bool]:
    """A net count of one count, and whether the signs had to be taken from the current.

    Such a count rises while the cell discharges. Where it begins anew, what it shows has passed
    since.
    """
    with_current = against = 0.0
    before = count_ah[0]
    for count, current in zip(count_ah, current_a, strict=True):
        if current < 0.0:
            moved = count - before
            with_current += max(-moved, 0.0)
            against += max(moved, 0.0)
        before = count
    if against <= _AGAINST * with_current:
        return count_ah, False
    moves = array("d", [0.0])
    for k in range(1, len(count_ah)):
        moved = count_ah[k] - count_ah[k - 1]
        passed = abs(count_ah[k]) if moved < 0.0 else moved
        moves.append(copysign(passed, current_a[k]) if current_a[k] else 0.0)
    return array("d", accumulate(moves)), True


def filled(values: Values) -> Values | None:
    """A column where what is missing is as before, or None where all is missing."""
    known = next((value for value in values if value == value), None)
    if known is None:
        return None
    if sum(values) == sum(values):  # no NaN
        return values
    found = array("d")
    for value in values:
        known = value if value == value else known
        found.append(known)
    return found
