"""The rail: the buffer capacitor, what feeds and loads it, and what its voltage switches.

Between two events every power is constant, so that the capacitor's closed form holds. Powers in
uW, energies in uJ, `now_us` in true us; a path is switched by the voltage at the terminals.
"""

from copy import copy
from dataclasses import dataclass
from math import ceil, inf

from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.harvester import NEVER_US
from filmgauge_sim.circuit.truth import EnergyLedger, Occurrences

_RESTART_US = 1_000_000  # assumed: the board's supply stays off at least this long
# The board counts as browned out this far before its power cannot be taken any more.
_COLLAPSE_MARGIN = 1.05
_LONGEST_S = 1e11


@dataclass
class Comparator:
    """A switch with hysteresis, which moves a path of the converter or the board's supply.

    Goes on at or above `on_v`, off at or below `off_v`, and stays as it is between.

    Raises ValueError when `off_v` is not below `on_v`.
    """

    off_v: float
    on_v: float
    on: bool = False

    def __post_init__(self) -> None:
        if not self.off_v < self.on_v:
            raise ValueError(f"off_v must be below on_v, got {self.off_v:g} and {self.on_v:g}")

    def update(self, voltage_v: float) -> bool:
        """Follow a voltage; return whether that switched it."""
        before = self.on
        if voltage_v <= self.off_v:
            self.on = False
        elif voltage_v >= self.on_v:
            self.on = True
        return self.on != before

    @property
    def edge_v(self) -> float:
        """The voltage that would switch it next."""
        return self.off_v if self.on else self.on_v


class Rail:
    """The capacitor at `capacitance_v` with the paths of `converter`.

    Set `harvest_uw` (on offer), `cell_uw` (from the cell into the capacitor, negative the other
    way), `board_uw` and `sensors_uw` (at the regulator's output) by `carry`, after `advance_to`.

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
        self.brown_outs = Occurrences()  # losses of the board's supply, voltage at its terminals
        self._capacitance_v = capacitance_v
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
        self._lowest_v = brown_out_v
        # Above this power the capacitor collapses before it comes down to brown_out_v.
        collapse_ohm = _COLLAPSE_MARGIN**2 * capacitor.series_mohm
        self._most_uw = brown_out_v**2 / collapse_ohm if collapse_ohm else inf
        self._per_output = 1.0 / converter.output_efficiency
        self._rewire()

    def twin(self, ledger: EnergyLedger) -> "Rail":
        """Return a rail in the same state that goes on by itself, which books in `ledger`."""
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
        return 1 if self._surplus.on and self._runs.on else 0

    @property
    def terminal_v(self) -> float:
        """Voltage that board and converter see at the time of the last `advance_to`."""
        return self._capacitor.terminal_v(self._capacitance_v, self._taken_uw)

    def carry(self, harvest_uw: float, cell_uw: float, board_uw: float, sensors_uw: float) -> None:
        """Carry these powers from the last `advance_to` on."""
        self.cell_uw = cell_uw
        self.board_uw = board_uw
        self.sensors_uw = sensors_uw
        if harvest_uw != self.harvest_uw:
            self.harvest_uw = harvest_uw
            self._rewire()
        else:
            self._reload()

    def change_load(self, board_uw: float, now_us: int) -> int | None:
        """Let only the board's power change, at `now_us`; return the next event as
        `next_event_us`, None where the change moves a switch and `switch` has to be asked."""
        self.advance_to(now_us)
        self.board_uw = board_uw
        self._reload()
        if self._waits or not self._below_v < self._terminal_v < self._above_v:
            return None
        return self.next_event_us()

    def advance_to(self, now_us: int) -> None:
        """Let the present powers act until `now_us` and book them; then `carry` goes on."""
        duration_s = (now_us - self._now_us) / 1e6
        if duration_s <= 0.0:
            return
        self._now_us = now_us
        before_v = self._capacitance_v
        capacitor = self._capacitor
        after_v, leakage_uj, series_uj = capacitor.after(before_v, self._taken_uw, duration_s)
        self._capacitance_v = after_v
        ledger = self._ledger
        ledger.capacitor += (
            0.5 * capacitor.capacitance_uf * (after_v - before_v) * (after_v + before_v)
        )
        ledger.leakage += leakage_uj
        ledger.series += series_uj
        self._book(duration_s)

    def switch(self) -> bool:
        """Let every comparator follow the voltage now; return whether one has switched.

        The board comes first: with its load gone the voltage may well suffice for the rest.
        """
        if self._below_v < self._terminal_v < self._above_v and not self._waits:
            return False
        switched = self._switch_board()
        for comparator in (self._runs, self._enough, self._surplus, self._full):
            if comparator.update(self._terminal_v):
                self._rewire()
                switched = True
        if self.board_on and not self._runs.on:
            switched |= self._switch_board()
        if self._waits:
            self._rewire()
        return switched

    def next_event_us(self) -> int:
        """Return when the voltage reaches the next threshold, later than the last `advance_to`."""
        event_us = NEVER_US
        if self._waits and self._now_us < self._restart_us:
            event_us = self._restart_us
        # Under constant power the voltage moves one way.
        capacitor, voltage_v, taken_uw = self._capacitor, self._terminal_v, self._taken_uw
        falls = capacitor.falls(voltage_v, taken_uw)
        edge_v = self._below_v if falls else self._above_v
        if 0.0 <= edge_v < inf:
            wait_s = capacitor.time_to_s(voltage_v, taken_uw, edge_v)
            if wait_s is not None and wait_s < _LONGEST_S:
                edge_us = self._now_us + ceil(wait_s * 1e6)
                # Whatever the rounding, it is later.
                edge_us += edge_us == self._now_us
                return edge_us if edge_us < event_us else event_us
        return event_us

    def _switch_board(self) -> bool:
        before = self.board_on
        terminal_v = self._terminal_v
        if before:
            self.board_on = self._runs.on and terminal_v > self._lowest_v
            if not self.board_on:
                self.brown_outs = self.brown_outs.one_more(self._now_us, terminal_v)
                self._restart_us = self._now_us + _RESTART_US
        elif self._now_us >= self._restart_us:
            self.board_on = self._runs.on and terminal_v >= self._converter.restart_v
        if self.board_on == before:
            return False
        self._rewire()
        return True

    def _rewire(self) -> None:
        """Follow the switches and the harvester."""
        converter, running = self._converter, self._runs.on
        self._quiescent_uw = converter.quiescent_uw if running else 0.0
        self._arrived_uw = 0.0
        if not self._full.on:
            self._arrived_uw = converter.harvested_uw(self.harvest_uw, running)
        # Until the board may have its supply again, no voltage tells whether it switches.
        self._waits = not self.board_on and self._now_us < self._restart_us
        falls, rises = [-1.0], [inf]
        for each in (self._runs, self._enough, self._surplus, self._full):
            (falls if each.on else rises).append(each.edge_v)
        if not self.board_on:
            rises.append(converter.restart_v)
        self._falls_v, self._above_v = max(falls), min(rises)
        self._reload()

    def _reload(self) -> None:
        """Follow the powers."""
        taken_uw = self._quiescent_uw - self._arrived_uw - self.cell_uw
        self._below_v = self._falls_v
        if self.board_on:
            taken_uw += (self.board_uw + self.sensors_uw) * self._per_output
            self._lowest_v = self._brown_out_v
            if taken_uw > self._most_uw:
                self._lowest_v = _COLLAPSE_MARGIN * self._capacitor.collapse_v(taken_uw)
            if self._lowest_v > self._falls_v:
                self._below_v = self._lowest_v
        self._taken_uw = taken_uw
        self._terminal_v = self._capacitor.terminal_v(self._capacitance_v, taken_uw)

    def _book(self, duration_s: float) -> None:
        ledger = self._ledger
        if self.harvest_uw:
            ledger.harvested += self.harvest_uw * duration_s
            if self._arrived_uw:
                ledger.harvester_loss += (self.harvest_uw - self._arrived_uw) * duration_s
            else:
                ledger.turned_away += self.harvest_uw * duration_s
        ledger.quiescent += self._quiescent_uw * duration_s
        if self.board_on:
            board_uj, sensors_uj = self.board_uw * duration_s, self.sensors_uw * duration_s
            ledger.board += board_uj
            if sensors_uj:
                ledger.sensors += sensors_uj
            ledger.output_loss += (self._per_output - 1.0) * (board_uj + sensors_uj)
