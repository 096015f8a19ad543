"""The rail: the buffer capacitor, what feeds and loads it, and what its voltage switches.

Between two events every power is constant, so that the capacitor's closed form holds. Powers in
uW, energies in uJ, `now_us` in true us; a path is switched by the voltage at the terminals.
"""

from copy import copy
from math import ceil

from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.circuit.comparator import Comparator
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.energy import EnergyLedger
from filmgauge_sim.circuit.harvester import NEVER_US

_RESTART_US = 1_000_000  # assumed: the board's supply stays off at least this long
# The board counts as browned out this far before its power cannot be taken any more.
_COLLAPSE_MARGIN = 1.05
_LONGEST_S = 1e11


class Rail:
    """The capacitor at `capacitance_v` with the paths of `converter`.

    Set `harvest_uw` (on offer), `cell_uw` (from the cell into the capacitor, negative the other
    way), `board_uw` and `sensors_uw` (at the regulator's output) only after `settle`.

    Raises ValueError where `brown_out_v` does not lie between the converter's stop_v and
    restart_v.
    """

    def __init__(
        self,
        capacitor: Capacitor,
        converter: Converter,
        brown_out_v: float,
        capacitance_v: float,
        ledger: EnergyLedger,
    ) -> None:
        if not converter.stop_v <= brown_out_v < converter.restart_v:
            raise ValueError(f"brown-out at {brown_out_v:g} V must lie from stop_v to restart_v")
        self.harvest_uw = self.cell_uw = self.board_uw = self.sensors_uw = 0.0
        self.board_on = False
        self.capacitance_v = capacitance_v
        self._capacitor = capacitor
        self._converter = converter
        self._brown_out_v = brown_out_v
        self._ledger = ledger
        self._now_us = 0
        self._restart_us = 0
        swing_v = converter.hysteresis_v
        self._runs = Comparator(converter.stop_v, converter.start_v)
        self._enough = Comparator(converter.refill_v, converter.refill_v + swing_v)
        self._surplus = Comparator(converter.charge_v - swing_v, converter.charge_v)
        self._full = Comparator(converter.ceiling_v - swing_v, converter.ceiling_v)

    def twin(self, ledger: EnergyLedger) -> "Rail":
        """Return a rail in the same state to be settled by itself, which books in `ledger`."""
        other = copy(self)
        other._ledger = ledger
        return other

    @property
    def running(self) -> bool:
        """Whether the converter runs; otherwise only its cold-start circuit does."""
        return self._runs.on

    @property
    def cell_direction(self) -> int:
        """What is wanted of the cell: 1 to charge it, -1 to discharge it, 0 neither."""
        if not self._enough.on:
            return -1
        return 1 if self._surplus.on and self.running else 0

    @property
    def terminal_v(self) -> float:
        """Voltage that board and converter see at the time of the last `settle`."""
        return self._capacitor.terminal_v(self.capacitance_v, self._taken_uw())

    def settle(self, now_us: int) -> None:
        """Let the present powers act until `now_us` and book them."""
        duration_s = (now_us - self._now_us) / 1e6
        if duration_s <= 0.0:
            return
        self._now_us = now_us
        taken_uw = self._taken_uw()
        before_uj = self._capacitor.energy_uj(self.capacitance_v)
        stretch = self._capacitor.after(self.capacitance_v, taken_uw, duration_s)
        self.capacitance_v = stretch.capacitance_v
        ledger = self._ledger
        ledger.capacitor += self._capacitor.energy_uj(self.capacitance_v) - before_uj
        ledger.leakage += stretch.leakage_uj
        ledger.series += stretch.series_uj
        self._book(duration_s)

    def switch(self) -> bool:
        """Let every comparator see the voltage now; return whether one has switched.

        The board comes first: with its load gone the voltage may well suffice for the rest.
        """
        switched = self._switch_board()
        for comparator in (self._runs, self._enough, self._surplus, self._full):
            switched |= comparator.see(self.terminal_v)
        if self.board_on and not self.running:
            switched |= self._switch_board()
        return switched

    def next_event_us(self) -> int:
        """Return when the voltage reaches the next threshold, later than the last `settle`."""
        waits = self._now_us < self._restart_us and not self.board_on
        event_us = self._restart_us if waits else NEVER_US
        taken_uw = self._taken_uw()
        voltage_v = self.terminal_v
        edges = [each.edge_v for each in (self._runs, self._enough, self._surplus, self._full)]
        edges.append(self._lowest_v() if self.board_on else self._converter.restart_v)
        below = [edge for edge in edges if edge < voltage_v]
        above = [edge for edge in edges if edge > voltage_v]
        for edge_v in (max(below, default=None), min(above, default=None)):
            if edge_v is None:
                continue
            wait_s = self._capacitor.time_to_s(self.capacitance_v, taken_uw, edge_v)
            if wait_s is not None and wait_s < _LONGEST_S:
                event_us = min(event_us, self._now_us + max(1, ceil(wait_s * 1e6)))
        return event_us

    def _switch_board(self) -> bool:
        before = self.board_on
        if self.board_on:
            self.board_on = self.running and self.terminal_v > self._lowest_v()
            if not self.board_on:
                self._restart_us = self._now_us + _RESTART_US
        elif self._now_us >= self._restart_us:
            self.board_on = self.running and self.terminal_v >= self._converter.restart_v
        return self.board_on != before

    def _lowest_v(self) -> float:
        collapse_v = self._capacitor.collapse_v(self._taken_uw())
        return max(self._brown_out_v, _COLLAPSE_MARGIN * collapse_v)

    def _harvested_uw(self) -> float:
        if self._full.on:
            return 0.0
        return self._converter.harvested_uw(self.harvest_uw, self.running)

    def _output_uw(self) -> float:
        return self.board_uw + self.sensors_uw if self.board_on else 0.0

    def _taken_uw(self) -> float:
        """Return the power that leaves the capacitor at its terminals, all paths together."""
        quiescent_uw = self._converter.quiescent_uw if self.running else 0.0
        drawn_uw = self._output_uw() / self._converter.output_efficiency + quiescent_uw
        return drawn_uw - self._harvested_uw() - self.cell_uw

    def _book(self, duration_s: float) -> None:
        ledger, converter = self._ledger, self._converter
        ledger.harvested += self.harvest_uw * duration_s
        arrived_uw = self._harvested_uw()
        if arrived_uw:
            ledger.harvester_loss += (self.harvest_uw - arrived_uw) * duration_s
        else:
            ledger.turned_away += self.harvest_uw * duration_s
        if self.running:
            ledger.quiescent += converter.quiescent_uw * duration_s
        if self.board_on:
            ledger.board += self.board_uw * duration_s
            ledger.sensors += self.sensors_uw * duration_s
            wasted = 1.0 / converter.output_efficiency - 1.0
            ledger.output_loss += wasted * self._output_uw() * duration_s
