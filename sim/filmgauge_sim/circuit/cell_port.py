"""The cell's side of the converter: constant currents, cut-offs, and the energy that passes.

The converter draws or drives a constant current. Until the cell's voltage has moved by `_BAND_V`,
and for four hours at most, the power on the capacitor's side is held at what the mean voltage of
that stretch makes of it; then a new stretch begins. Both the cut-offs and that band are met at
exact crossings. A cut-off path opens again when the resting cell has recovered.
"""

from copy import copy
from math import ceil

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.circuit.ambient import NEVER_US
from filmgauge_sim.circuit.bus_input import breaks_down, exhausted_ua
from filmgauge_sim.circuit.converter import CHARGED_V, DISCHARGED_V, Converter
from filmgauge_sim.circuit.truth import EnergyLedger

_BAND_V = 0.05
_LONGEST_US = 4 * 3_600_000_000  # on the plateau the voltage moves a few millivolts in it


class CellPort:
    """`cell` behind a shunt of `shunt_ohm`; `shunt_ua` flows through it, positive charges.

    `output_uw` is what the capacitor gets (negative: gives). While the gate is closed the cell
    also gives `drain_ua` to the bus input of the sensor, on its own side of the shunt.
    """

    def __init__(
        self, cell: FilmCell, converter: Converter, shunt_ohm: float, ledger: EnergyLedger
    ) -> None:
        self.shunt_ua = self.drain_ua = self.output_uw = 0.0
        self.next_event_us = 0
        self._cell = cell
        self._converter = converter
        self._shunt_ohm = shunt_ohm
        self._ledger = ledger
        self._now_us = 0
        self._temperature_c = 25.0
        self._shut_until_us: dict[int, int] = {}  # direction -> earliest return of its path
        self._plan: tuple[int, bool, float, float | None] | None = None

    def twin(self, ledger: EnergyLedger) -> "CellPort":
        """Return a port in the same state that goes on by itself and books in `ledger`."""
        other = copy(self)
        other._cell = self._cell.clone()
        other._ledger = ledger
        return other

    def cell_at(self, now_us: int) -> FilmCell:
        """Return what the cell will be at `now_us` under the present current."""
        cell = self._cell.clone()
        cell.advance(self.current_ua, self._temperature_c, (now_us - self._now_us) / 1e6)
        return cell

    def voltage_at_v(self, now_us: int) -> float:
        """Return its voltage at `now_us` under the present current."""
        return self.cell_at(now_us).voltage_v(self.current_ua, self._temperature_c)

    @property
    def current_ua(self) -> float:
        """Current of the cell itself, positive charges."""
        return self.shunt_ua - self.drain_ua

    def voltage_v(self) -> float:
        """Return the voltage of the cell at the time of the last `advance_to`."""
        return self._cell.voltage_v(self.current_ua, self._temperature_c)

    def advance_to(self, now_us: int) -> None:
        """Let the present current act until `now_us` and book its energy."""
        duration_s = (now_us - self._now_us) / 1e6
        if duration_s <= 0.0:
            return
        self._now_us = now_us
        current_ua = self.shunt_ua - self.drain_ua
        if current_ua or self.shunt_ua or self.drain_ua:
            self._book(duration_s)
        self._cell.advance(current_ua, self._temperature_c, duration_s)

    def drive(
        self,
        direction: int,
        running: bool,
        temperature_c: float,
        gate_ohm: float | None,
        now_us: int,
        until_us: int,
    ) -> bool:
        """Charge (1), discharge (-1) or rest (0) from `now_us` on, as far as allowed.

        `gate_ohm` is what the closed gate connects to the cell. Conditions hold until `until_us`.
        Returns whether the power to the capacitor changed.
        """
        plan = (direction, running, temperature_c, gate_ohm)
        if plan == self._plan and now_us < self.next_event_us:
            return False
        self.advance_to(now_us)
        self._plan = plan
        self._temperature_c = temperature_c
        self.drain_ua = self._drain_ua(gate_ohm) if gate_ohm else 0.0
        self.next_event_us = until_us
        before_uw = self.output_uw
        allowed = direction if self._allows(direction) else 0
        self._set(allowed)
        voltage_v = self.voltage_v()
        if (allowed > 0 and voltage_v >= CHARGED_V) or (allowed < 0 and voltage_v <= DISCHARGED_V):
            self._shut(allowed)
            self._set(0)
            voltage_v = self.voltage_v()
        if gate_ohm and breaks_down(self._cell, self.current_ua, temperature_c):
            self.drain_ua = exhausted_ua(
                self._cell, self.shunt_ua, temperature_c, gate_ohm, self.drain_ua
            )
            voltage_v = self.voltage_v()
        if self.current_ua:
            self.next_event_us = min(self.next_event_us, self._now_us + _LONGEST_US)
            self._watch_voltage(voltage_v)
        self.output_uw = self._output_uw(running)
        return self.output_uw != before_uw

    def _drain_ua(self, gate_ohm: float) -> float:
        """Return what a closed gate draws by the voltage of the present; by that at rest where a
        current has just exhausted the film."""
        voltage_v = self.voltage_v()
        if voltage_v <= 0.0:
            voltage_v = max(0.0, self._cell.voltage_v(0.0, self._temperature_c))
        return 1e6 * voltage_v / gate_ohm

    def _set(self, direction: int) -> None:
        converter = self._converter
        self.shunt_ua = {-1: -converter.discharge_ua, 0: 0.0, 1: converter.charge_ua}[direction]

    def _output_uw(self, running: bool) -> float:
        """Return what the capacitor gets from now until the next event, by the mean voltage."""
        if not self.shunt_ua:
            return 0.0
        stretch_s = (self.next_event_us - self._now_us) / 1e6
        cell_v = self._cell.mean_voltage_v(self.current_ua, self._temperature_c, stretch_s)
        power_uw = abs(self.shunt_ua) * max(0.0, cell_v + 1e-6 * self.shunt_ua * self._shunt_ohm)
        if self.shunt_ua > 0:
            return -self._converter.needed_uw(power_uw)
        return self._converter.discharged_uw(power_uw, running)

    def _shut(self, direction: int) -> None:
        retry_us = self._now_us + round(self._converter.retry_s * 1e6)
        self._shut_until_us[direction] = retry_us
        self.next_event_us = min(self.next_event_us, retry_us)

    def _allows(self, direction: int) -> bool:
        """Whether the path of a direction is open; opens it where the cell has recovered."""
        shut_until_us = self._shut_until_us.get(direction)
        if shut_until_us is None:
            return True
        if self._now_us < shut_until_us:
            self.next_event_us = min(self.next_event_us, shut_until_us)
            return False
        recovery_v = self._converter.recovery_v
        low_v = CHARGED_V - recovery_v if direction > 0 else None
        high_v = DISCHARGED_V + recovery_v if direction < 0 else None
        resting_s = (self.next_event_us - self._now_us) / 1e6
        crossing = self._cell.next_crossing(
            -self.drain_ua, self._temperature_c, resting_s, low_v, high_v
        )
        if crossing is None:
            return False
        if crossing.time_s > 0.0:
            self._wake_after(crossing.time_s)
            return False
        del self._shut_until_us[direction]
        return True

    def _watch_voltage(self, voltage_v: float) -> None:
        """Find the next event under current: a cut-off, or the edge of the band."""
        crossing = self._cell.next_crossing(
            self.current_ua,
            self._temperature_c,
            (self.next_event_us - self._now_us) / 1e6,
            max(DISCHARGED_V, voltage_v - _BAND_V) if self.shunt_ua < 0 else voltage_v - _BAND_V,
            min(CHARGED_V, voltage_v + _BAND_V) if self.shunt_ua > 0 else voltage_v + _BAND_V,
        )
        if crossing is not None:
            self._wake_after(crossing.time_s)

    def _wake_after(self, time_s: float) -> None:
        wait_us = max(1, ceil(time_s * 1e6))
        self.next_event_us = min(self.next_event_us, self._now_us + wait_us, NEVER_US)

    def _book(self, duration_s: float) -> None:
        """Book the energy of a stretch of constant current."""
        ledger = self._ledger
        mean_v = self._cell.mean_voltage_v(self.current_ua, self._temperature_c, duration_s)
        volt_seconds = mean_v * duration_s
        shunt_uj = 1e-6 * self.shunt_ua**2 * self._shunt_ohm * duration_s
        ledger.cell += self.current_ua * volt_seconds
        ledger.bus_input += self.drain_ua * volt_seconds
        ledger.shunt += shunt_uj
        passed_uj = self.output_uw * duration_s
        ledger.cell_loss -= self.shunt_ua * volt_seconds + shunt_uj + passed_uj
