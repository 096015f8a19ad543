"""What a file of a cycler says of one whole cell: arrays in SI and ampere-hours."""

from array import array
from dataclasses import dataclass, field
from itertools import pairwise
from math import nan
from operator import and_, or_

from filmgauge_sim.lab.cyclers.matching import Column
from filmgauge_sim.lab.cyclers.quantities import Quantity, Values

# Below this share of the largest current it is noise around zero.
REST_SHARE = 1e-3
# A missing sensor is written as -9999 or the like.
_COLDEST_C, _HOTTEST_C = -200.0, 500.0


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


def from_step_times(step_time_s: Values, step: Values | None = None) -> Values:
    """Time since the test began, where a file has that of each step only.

    A time that falls begins anew. One that does not fall may too, where a longer step follows a
    shorter one: by the count of steps, if the time falls at half of its changes or more.
    """
    restarts = [False, *(now < before for before, now in pairwise(step_time_s))]
    if step is not None:
        changes = [False, *(now != before for before, now in pairwise(step))]
        if 2 * sum(map(and_, restarts, changes)) >= sum(changes):
            restarts = list(map(or_, restarts, changes))
    found = array("d")
    base = before = 0.0
    for value, restarted in zip(step_time_s, restarts, strict=True):
        if restarted:
            base += before
        before = value
        found.append(base + value)
    return found


def from_dates(seconds: Values) -> Values:
    """Time since the first of some dates."""
    first = seconds[0]
    return array("d", [value - first for value in seconds])


def measured_c(temperature_c: Values) -> Values:
    """Temperatures, NaN where a sensor is missing."""
    return array("d", [degc if _COLDEST_C < degc < _HOTTEST_C else nan for degc in temperature_c])


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
