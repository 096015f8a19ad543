"""What a cycler logs of a cell that it charges and then holds at a voltage.

The hold is solved every ten seconds and every current between is even, so that each logged row is
the cell's own. A row comes every so often, and at both ends of each step.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from filmgauge_sim.lab.constant_voltage import ConstantVoltage
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.specimen import specimen

CELL, BEGIN, DEGC = "pre-li", 0.9, 25.0
_SOLVED_S, _REST_S = 10.0, 1800.0


class Logged(NamedTuple):
    """An instant of the whole cell of 1 cm2; the charge since the beginning."""

    time_s: float
    current_ua: float
    voltage_v: float
    charge_uah: float
    step: int


class HeldCharge:
    """A charge at C/5 to a voltage, a hold there to C/100, half an hour of rest."""

    def __init__(self, held_v: float) -> None:
        self._cell = specimen(CELL, 1.0, BEGIN)
        self._rows: list[Logged] = []
        self._time_s = self._charge_uah = 0.0
        rate_ua = self._cell.capacity_uah / 5.0
        channel = Channel(self._cell, DEGC)
        self._add(rate_ua, 1)
        self._pass(rate_ua, channel.run_current(rate_ua, until_v=held_v))
        self._add(rate_ua, 1)
        hold = ConstantVoltage(self._cell, held_v, DEGC, rate_ua)
        self._add(rate_ua, 2)
        while not hold.has_faded:
            seconds, mean_ua = hold.advance(_SOLVED_S, rate_ua / 20.0)
            self._pass(mean_ua, seconds)
            self._add(hold.current_ua_cm2, 2)
        self._add(0.0, 3)
        self._pass(0.0, channel.run_current(0.0, longest_s=_REST_S))
        self._add(0.0, 3)
        self.stoichiometry = self._cell.stoichiometry
        self.charged_uah = self._charge_uah

    def _pass(self, mean_ua: float, seconds: float) -> None:
        self._time_s += seconds
        self._charge_uah += mean_ua * seconds / 3600.0

    def _add(self, current_ua: float, step: int) -> None:
        volts = self._cell.voltage_v(current_ua, DEGC)
        self._rows.append(Logged(self._time_s, current_ua, volts, self._charge_uah, step))

    def logged(self, every_s: float) -> Iterator[Logged]:
        """Yield the rows of a cycler that logs so often, and where a step begins and ends."""
        cell, next_s = specimen(CELL, 1.0, BEGIN), 0.0
        yield self._rows[0]
        for before, after in pairwise(self._rows):
            while next_s < after.time_s:
                if next_s > before.time_s:
                    yield _between(cell.clone(), before, after, next_s)
                next_s += every_s
            change_ua, seconds = after.current_ua - before.current_ua, after.time_s - before.time_s
            cell.advance(before.current_ua + 0.5 * change_ua, DEGC, seconds, change_ua)
            if after.step != before.step:
                yield before
            if after.step != before.step or after is self._rows[-1] or after.time_s == next_s:
                yield after


def _between(twin, before: Logged, after: Logged, time_s: float) -> Logged:
    passed_s, whole_s = time_s - before.time_s, after.time_s - before.time_s
    change_ua = (after.current_ua - before.current_ua) * passed_s / whole_s
    mean_ua = before.current_ua + 0.5 * change_ua
    twin.advance(mean_ua, DEGC, passed_s, change_ua)
    current_ua = before.current_ua + change_ua
    charge_uah = before.charge_uah + mean_ua * passed_s / 3600.0
    return Logged(time_s, current_ua, twin.voltage_v(current_ua, DEGC), charge_uah, before.step)
