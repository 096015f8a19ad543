"""The bench: a film cell, a cycler, the shunt, and a node that is powered over USB.

The cycler's current flows through the shunt, where the INA228 sees it. The sensor's bus input is
connected to the cell itself by a switch (the gate), on the cell's side of the shunt: what it
draws is not measured, and the firmware has to book it.
"""

from dataclasses import dataclass

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.cycler import Cycler
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.tmp117 import Tmp117

_INSTANT_US = 1  # a step that ends the moment it begins still takes this long


@dataclass(frozen=True)
class Truth:
    """What the cell really is at `now_us`. Positive current charges."""

    now_us: int
    stoichiometry: float
    voltage_v: float
    current_ua: float
    temperature_c: float
    phase: str


class Bench:
    """A world for a virtual board: advanced by events, exact between them."""

    def __init__(
        self,
        cell: FilmCell,
        cycler: Cycler,
        ambient: Ambient,
        ina228: Ina228,
        tmp117: Tmp117,
        bus: I2CBus,
        gate_pin: int,
    ) -> None:
        self.bus = bus
        self.cell = cell
        self._cycler = cycler
        self._ambient = ambient
        self._ina228 = ina228
        self._tmp117 = tmp117
        self._gate_pin = gate_pin
        self._gate_ua = 0.0
        self._now_us = 0
        self._temperature_c = ambient.at_c(0)
        bus.attach(ina228)
        bus.attach(tmp117)
        ina228.power(True, 0)
        tmp117.power(True, 0)

    def advance_to(self, now_us: int) -> None:
        """Let the cell, the cycler and the sensors follow to `now_us`."""
        while self._now_us < now_us:
            until_us = min(now_us, self._ambient.holds_until_us(self._now_us))
            ends_us = self._cycler.ends_us
            if ends_us is not None:
                until_us = min(until_us, ends_us)
            crossed = self._advance_constant(until_us)
            if crossed or self._now_us == ends_us:
                self._cycler.next_step(self._now_us)
            self._temperature_c = self._ambient.at_c(self._now_us)

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        """Open or close the gate; other pins have nothing connected."""
        if pin == self._gate_pin:
            closed = bool(level)
            voltage_v = self.cell.voltage_v(self._cycler.step.current_ua, self._temperature_c)
            self._gate_ua = voltage_v / self._ina228.bus_input_ohm * 1e6 if closed else 0.0

    def truth(self) -> Truth:
        """Return the state of the cell at the time that `advance_to` has reached."""
        current_ua = self._current_ua()
        return Truth(
            now_us=self._now_us,
            stoichiometry=self.cell.stoichiometry,
            voltage_v=self.cell.voltage_v(current_ua, self._temperature_c),
            current_ua=current_ua,
            temperature_c=self._temperature_c,
            phase=self._cycler.step.action,
        )

    def power_sensors(self, on: bool) -> None:
        """Switch the supply of both sensors, as a lost USB plug does."""
        self._ina228.power(on, self._now_us)
        self._tmp117.power(on, self._now_us)

    def _current_ua(self) -> float:
        return self._cycler.step.current_ua - self._gate_ua

    def _advance_constant(self, until_us: int) -> bool:
        """Advance under constant current to `until_us` or to a voltage limit; tell whether."""
        cell, temperature_c = self.cell, self._temperature_c
        current_ua = self._current_ua()
        duration_us = until_us - self._now_us
        crossing = None
        cycler = self._cycler
        if cycler.step.until_v is not None:
            crossing = cell.next_crossing(
                current_ua, temperature_c, duration_us / 1e6, cycler.low_v, cycler.high_v
            )
        if crossing is not None:
            duration_us = min(duration_us, max(_INSTANT_US, round(crossing.time_s * 1e6)))
        gated = self._gate_ua != 0.0
        before_v = cell.voltage_v(current_ua, temperature_c) if gated else 0.0
        cell.advance(current_ua, temperature_c, duration_us / 1e6)
        after_v = cell.voltage_v(current_ua, temperature_c) if gated else 0.0
        self._now_us += duration_us
        through_shunt_ua = cycler.step.current_ua
        self._ina228.advance(self._now_us, through_shunt_ua, before_v, after_v, temperature_c)
        self._tmp117.advance(self._now_us, temperature_c)
        return crossing is not None
