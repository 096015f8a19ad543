"""The currents that act on a cell between two rows of a recording.

The current moves evenly from one row to the next. Near the ends of the window the voltage is so
steep that a millivolt is a hundred-thousandth of the capacity, and no rows give a charge so well:
where a cycler held the recorded cell at a voltage, the simulated one is held there too. Where the
simulated cell meets an end of its window and the recorded one did not, the current is cut off, as
a protection would.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from filmgauge_sim.cell.crossing import Crossing
from filmgauge_sim.lab.constant_voltage import ConstantVoltage
from filmgauge_sim.lab.specimen import Specimen, window_v

# How close to an end of the window a cycler holds a cell.
_HELD_V = 5e-3
# What an even current may miss the held voltage by.
_EVEN_V = 1e-3
_LEAST_S = 1e-9


class Piece(NamedTuple):
    """A current (uA of the whole cell) that moves evenly by change_ua about mean_ua.

    is_cut: nothing flows, though the recording says so, as the cell is at an end of its window.
    """

    duration_s: float
    mean_ua: float
    change_ua: float = 0.0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """What was recorded of a time: currents in uA, positive charges; voltages, None: not known.

    counted_ua: the mean current where its charge was counted.
    """

    duration_s: float
    first_ua: float
    last_ua: float
    first_v: float | None = None
    last_v: float | None = None
    counted_ua: float | None = None

    @property
    def mean_ua(self) -> float:
        """The mean current: what was counted, else the mean of both."""
        even_ua = 0.5 * (self.first_ua + self.last_ua)
        return even_ua if self.counted_ua is None else self.counted_ua

    @property
    def change_ua(self) -> float:
        """By how much the current moves, if evenly and without turning; else 0."""
        change_ua = self.last_ua - self.first_ua
        return change_ua if abs(change_ua) <= 2.0 * abs(self.mean_ua) * (1.0 + 1e-9) else 0.0

    @property
    def fades(self) -> bool:
        """Whether the current becomes smaller and keeps its direction."""
        return 0.0 < self.last_ua / self.first_ua < 1.0 if self.first_ua else False

    @property
    def is_held(self) -> bool:
        """Whether a cycler held a voltage: it stands while the current fades."""
        if self.first_v is None or self.last_v is None:
            return False
        return self.fades and abs(self.last_v - self.first_v) <= _HELD_V


def pieces(cell: Specimen, interval: Interval, temperature_c: float) -> list[Piece]:
    """What acts on a cell in an interval, one after the other; the cell stays as it is.

    Raises ValueError when a current or the temperature is not within the bounds of the cell.
    """
    even = Piece(interval.duration_s, interval.mean_ua, interval.change_ua)
    if not even.mean_ua:
        return [even]
    held_v = _held_v(cell, interval, temperature_c)
    if held_v is not None:
        found = _held(cell, interval, temperature_c, held_v)
        if found is not None:
            return found
    limit_v = _end_v(cell, even.mean_ua)
    if even.change_ua and _beyond_v(cell, interval, temperature_c, limit_v) <= 0.0:
        return [even]
    met = _crossing(cell, even.mean_ua, temperature_c, even.duration_s, limit_v)
    if met is None:
        return [even]
    left_s = even.duration_s - met.time_s
    return [Piece(met.time_s, even.mean_ua), Piece(left_s, 0.0, is_cut=True)]


def _end_v(cell: Specimen, current_ua: float) -> float:
    """The end of the window to which a current brings a cell."""
    empty_v, full_v = window_v(cell)
    return full_v if current_ua > 0.0 else empty_v


def _held_v(cell: Specimen, interval: Interval, temperature_c: float) -> float | None:
    """The voltage at which a cycler held the recorded cell, None where none shows.

    Another than an end of the window is one only where the simulated cell shows it too, and no
    count says what flowed.
    """
    end_v = _end_v(cell, interval.mean_ua)
    known = [v for v in (interval.first_v, interval.last_v) if v is not None]
    if any(abs(v - end_v) <= _HELD_V for v in known):
        return end_v
    if interval.counted_ua is not None or not interval.is_held:
        return None
    known.append(cell.voltage_v(interval.first_ua, temperature_c))
    return known[1] if max(known) - min(known) <= _HELD_V else None


def _held(
    cell: Specimen, interval: Interval, temperature_c: float, held_v: float
) -> list[Piece] | None:
    """The currents that bring a cell to a voltage and hold it there, None if it does not come
    there, or the recorded currents do not allow it."""
    beyond_v = _beyond_v(cell, interval, temperature_c, held_v)
    duration_s, mean_ua, change_ua = interval.duration_s, interval.mean_ua, interval.change_ua
    if change_ua and abs(beyond_v) <= _EVEN_V:
        return [Piece(duration_s, mean_ua, change_ua)]
    is_held_then = interval.last_v is not None and abs(interval.last_v - held_v) <= _HELD_V
    if beyond_v < 0.0 and not is_held_then:
        return None
    # Where a hold begins, the current before it flows until then.
    current_ua = max(mean_ua, interval.first_ua, key=lambda ua: ua if mean_ua > 0.0 else -ua)
    met = _crossing(cell, current_ua, temperature_c, duration_s, held_v)
    if met is None:
        return None
    there = cell.clone()
    there.advance(current_ua, temperature_c, met.time_s)
    held = _hold(there, held_v, temperature_c, current_ua, duration_s - met.time_s)
    found = [Piece(met.time_s, current_ua), *held]
    if held_v != _end_v(cell, mean_ua):
        passed = sum(piece.mean_ua * piece.duration_s for piece in found) / duration_s
        if not abs(interval.last_ua) <= abs(passed) <= abs(interval.first_ua):
            return None
    return found


def _crossing(
    cell: Specimen, current_ua: float, temperature_c: float, duration_s: float, limit_v: float
) -> Crossing | None:
    """When a current brings a cell to a voltage, None where it does not."""
    low_v, high_v = (None, limit_v) if current_ua > 0.0 else (limit_v, None)
    return cell.next_crossing(current_ua, temperature_c, duration_s, low_v, high_v)


def _beyond_v(cell: Specimen, interval: Interval, temperature_c: float, limit_v: float) -> float:
    """By how much an even current ends beyond a limit, negative within it."""
    twin = cell.clone()
    twin.advance(interval.mean_ua, temperature_c, interval.duration_s, interval.change_ua)
    beyond_v = twin.voltage_v(interval.last_ua, temperature_c) - limit_v
    return beyond_v if interval.mean_ua > 0.0 else -beyond_v


def _hold(
    cell: Specimen, voltage_v: float, temperature_c: float, from_ua: float, duration_s: float
) -> Iterator[Piece]:
    """Hold a voltage for a time."""
    area_cm2 = cell.area_cm2
    hold = ConstantVoltage(cell, voltage_v, temperature_c, from_ua / area_cm2)
    while duration_s > _LEAST_S:
        began_ua, goes_on = hold.current_ua_cm2 * area_cm2, hold.goes_on
        step_s, mean_ua_cm2 = hold.advance(duration_s, -inf)
        change_ua = hold.current_ua_cm2 * area_cm2 - began_ua if goes_on else 0.0
        yield Piece(step_s, mean_ua_cm2 * area_cm2, change_ua)
        duration_s -= step_s
