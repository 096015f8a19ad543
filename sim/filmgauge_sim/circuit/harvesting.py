"""The world of a node that lives from its film.

    cell - disconnect switch - shunt - converter - capacitor - regulator - board and sensors
                                        harvester -^

What the firmware does sets the board's current; the capacitor carries it; what the capacitor
needs, or has to spare, flows from or into the cell through the shunt, where the INA228 sees it.
When the capacitor falls below the board's brown-out voltage, the board loses its supply then and
there. Everything is advanced by events and exact between them (capacitor.py, cell_port.py);
asking for the state changes nothing.
"""

from copy import copy
from dataclasses import dataclass

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.circuit.cell_port import CellPort
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.harvester import NEVER_US, Harvester
from filmgauge_sim.circuit.rail import Rail
from filmgauge_sim.circuit.sensor_pair import SensorPair
from filmgauge_sim.circuit.truth import EnergyLedger, Occurrences, Truth

_INSTANT_US = 1
_MOST_ROUNDS = 6  # until switches that act on each other have come to rest
_PHASES = {-1: "discharge", 0: "rest", 1: "charge"}


@dataclass(frozen=True)
class Pins:
    """Outputs of the board that act on the circuit. All are low while the board is off.

    gate: high connects the bus input of the INA228. disconnect: high opens the switch between
    cell and shunt. sensors: high gives both sensors their supply; None: they have it whenever
    the board has.
    """

    gate: int
    disconnect: int
    sensors: int | None


@dataclass(frozen=True)
class BoardSupply:
    """What the board needs: it draws its current at `supply_v` from a regulator and loses power
    when the capacitor's terminals fall to `brown_out_v`. Its sensors draw theirs at `sensors_v`,
    at `supply_v` where that is None."""

    supply_v: float
    brown_out_v: float
    sensors_v: float | None = None


class HarvestingCircuit:
    """A world and the supply of a virtual board. It begins with `start_v` on the capacitor.

    `now_us` is the time that it has reached.

    Raises ValueError where the brown-out voltage does not suit the converter, or the capacitor's
    series resistance makes its switches chatter.
    """

    def __init__(
        self,
        cell: FilmCell,
        capacitor: Capacitor,
        converter: Converter,
        harvester: Harvester,
        ambient: Ambient,
        sensing: SensorPair,
        supply: BoardSupply,
        pins: Pins,
        start_v: float,
    ) -> None:
        check_series(capacitor.series_ohm, converter, harvester.peak_uw)
        self.bus = sensing.bus
        self._harvester = harvester
        self._ambient = ambient
        self.sensing = sensing
        self._supply = supply
        self._pins = pins
        self._ledger = EnergyLedger()
        self._port = CellPort(cell, converter, sensing.shunt_ohm, self._ledger)
        self._rail = Rail(capacitor, converter, supply.brown_out_v, start_v, self._ledger)
        self._high: set[int] = set()
        self._stuck: dict[int, int] = {}
        self._sensors_cut = False
        self._load_ua = 0.0
        self._drawn_us = 0  # how far a draw has held; the world follows when something happens
        self._sensors_ua = self._sensors_uw = 0.0
        self.now_us = 0
        self._next_event_us = 0
        # Until when temperature and harvester stay as they are.
        self._horizon_us = 0
        self._temperature_c = self._harvest_uw = 0.0
        # Until when neither they nor the cell make an event.
        self._calm_us = 0
        # Whether something may act on the cell that the rail's switches do not tell.
        self._cell_disturbed = True
        self._replan()

    # What it is asked

    @property
    def cell(self) -> FilmCell:
        """The cell as it is now."""
        return self._port.cell_at(self.now_us)

    @property
    def ledger(self) -> EnergyLedger:
        """Where energy came from and went until the present."""
        ledger = copy(self._ledger)
        self._port.twin(ledger).advance_to(self.now_us)
        self._rail.twin(ledger).advance_to(self.now_us)
        return ledger

    @property
    def capacitor_v(self) -> float:
        """Voltage at the capacitor's terminals now."""
        rail = self._rail.twin(EnergyLedger())
        rail.advance_to(self.now_us)
        return rail.terminal_v

    @property
    def board_on(self) -> bool:
        """Whether the board has its supply."""
        return self._rail.board_on

    @property
    def brown_outs(self) -> Occurrences:
        """How often the board has lost its supply, and the capacitor's voltage at the first."""
        return self._rail.brown_outs

    def truth(self) -> Truth:
        """Return the state of the cell at the time that the world has reached."""
        port, cell = self._port, self.cell
        flow = port.shunt_ua
        return Truth(
            now_us=self.now_us,
            stoichiometry=cell.stoichiometry,
            voltage_v=cell.voltage_v(port.current_ua, self._temperature_c),
            current_ua=port.current_ua,
            temperature_c=self._temperature_c,
            phase=_PHASES[(flow > 0) - (flow < 0)],
        )

    # The board's side

    def draw(self, current_ua: float, now_us: int, until_us: int) -> int | None:
        """Let the board draw a current from `now_us` to `until_us`.

        Returns None when its supply held so long, otherwise the time at which it failed.
        """
        if current_ua != self._load_ua:
            self._change_load(current_ua, now_us)
        elif self.sensing.powered:
            self._check_sensors()
        if until_us >= self._next_event_us and self._rail.board_on:
            self._run(until_us, while_board_is=True)
        if not self._rail.board_on:
            return self.now_us
        self._drawn_us = until_us
        return None

    def restore(self, until_us: int) -> bool:
        """Wait without load until the board has its supply again, at most until `until_us`.

        Returns whether it has; `now_us` tells since when. A board that has it goes on from where
        its last `draw` ended.
        """
        if self._rail.board_on:
            self._run(self._drawn_us)
        else:
            self._run(until_us, while_board_is=False)
        return self._rail.board_on

    def advance_to(self, now_us: int) -> None:
        """Let everything follow to `now_us`."""
        self._check_sensors()
        self._run(now_us)

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        """Let an output of the board act; other pins than `Pins` have nothing connected."""
        level = self._stuck.get(pin, level)
        if bool(level) == (pin in self._high):
            return
        self.advance_to(now_us)
        self._high ^= {pin}
        self._cell_disturbed = True
        self._replan()

    def stick(self, pin: int, level: int) -> None:
        """Let what a pin switches stay at a level for good."""
        self._stuck[pin] = level
        self.set_pin(pin, level, self.now_us)

    def stuck_level(self, pin: int) -> int | None:
        """Return the level at which it stays; None where it follows the board."""
        return self._stuck.get(pin)

    def release(self, pin: int) -> None:
        """Let what a pin switches follow the board again, from its next change on."""
        self._stuck.pop(pin, None)

    def power_sensors(self, on: bool) -> None:
        """Cut the supply of both sensors, or give it back."""
        self._sensors_cut = not on
        self._replan()

    # Time

    def _run(self, until_us: int, while_board_is: bool | None = None) -> None:
        """Go on to `until_us`, or until the board gets or loses its supply."""
        while self.now_us < until_us and while_board_is in (None, self.board_on):
            step_us = min(until_us, self._next_event_us)
            self._sense(step_us)
            if step_us == self._next_event_us:
                self._replan()

    def _sense(self, until_us: int) -> None:
        """Move on to `until_us` under constant conditions, showing the sensors what they see."""
        port = self._port
        if not self.sensing.powered:
            self.now_us = until_us
            return
        before_v = after_v = 0.0
        if port.drain_ua:
            before_v = port.voltage_at_v(self.now_us)
            after_v = port.voltage_at_v(until_us)
        self.now_us = until_us
        self.sensing.advance(until_us, port.shunt_ua, before_v, after_v, self._temperature_c)

    def _check_sensors(self) -> None:
        """The firmware may have started or stopped a sensor since the last plan."""
        if self.sensing.supply_ua != self._sensors_ua:
            self._replan()

    def _change_load(self, current_ua: float, now_us: int) -> None:
        """Let the board draw another current from `now_us` on."""
        capacitor_alone = not (self._cell_disturbed or self.sensing.powered)
        if capacitor_alone and now_us < self._next_event_us:
            # The usual case.
            if now_us > self.now_us:
                self.now_us = now_us
            self._load_ua = current_ua
            event_us = self._rail.change_load(current_ua * self._supply.supply_v, self.now_us)
            if event_us is not None:
                self._next_event_us = event_us if event_us < self._calm_us else self._calm_us
                return
        else:
            self.advance_to(now_us)
            self._load_ua = current_ua
        self._replan()

    def _replan(self) -> None:
        """Bring everything to the present, let switches act, and find the next event."""
        now_us, rail, port = self.now_us, self._rail, self._port
        rail.advance_to(now_us)
        if now_us >= self._horizon_us:
            self._update_surroundings()
        board_uw = self._load_ua * self._supply.supply_v
        for _ in range(_MOST_ROUNDS):
            self._supply_sensors()
            rail.carry(self._harvest_uw, port.output_uw, board_uw, self._sensors_uw)
            switched = rail.switch()
            moved = False
            if switched or self._cell_disturbed or now_us >= port.next_event_us:
                moved = self._drive_cell()
                if moved:
                    rail.carry(self._harvest_uw, port.output_uw, board_uw, self._sensors_uw)
            if not switched and not moved:
                break
        else:
            self._supply_sensors()
        if not rail.board_on:
            self._load_ua = 0.0
        self._calm_us = max(min(self._horizon_us, port.next_event_us), now_us + _INSTANT_US)
        event_us = min(self._calm_us, rail.next_event_us())
        if self.sensing.powered:
            event_us = min(event_us, self.sensing.next_change_us(NEVER_US))
        self._next_event_us = max(event_us, now_us + _INSTANT_US)

    def _update_surroundings(self) -> None:
        """Temperature and harvest of the present, and until when they hold."""
        now_us = self.now_us
        self._temperature_c = self._ambient.at_c(now_us)
        self._harvest_uw = self._harvester.power_uw(now_us)
        self._horizon_us = min(
            self._ambient.holds_until_us(now_us), self._harvester.holds_until_us(now_us)
        )
        self._cell_disturbed = True

    def _drive_cell(self) -> bool:
        """Give the cell the current that the capacitor asks for, if the switch is closed."""
        self._cell_disturbed = False
        connected = self._pins.disconnect not in self._high
        gated = connected and self._pins.gate in self._high
        return self._port.drive(
            self._rail.cell_direction if connected else 0,
            self._rail.running,
            self._temperature_c,
            self.sensing.bus_input_ohm if gated else None,
            self.now_us,
            self._horizon_us,
        )

    def _supply_sensors(self) -> None:
        pin, sensing = self._pins.sensors, self.sensing
        on = self._rail.board_on and not self._sensors_cut and (pin is None or pin in self._high)
        if on or sensing.powered:
            sensing.power(on, self.now_us)
            self._sensors_ua = sensing.supply_ua
            self._sensors_uw = self._sensors_ua * (self._supply.sensors_v or self._supply.supply_v)


def check_series(series_ohm: float, converter: Converter, peak_uw: float) -> None:
    """Raise ValueError, one sentence, where a path that switches moves the terminals of the
    capacitor by more than half of the hysteresis. peak_uw: the most that a harvester offers."""
    cell_uw = 5.0 * max(converter.discharge_ua, converter.charge_ua)  # no film reaches 5 V
    step_ua = max(cell_uw, peak_uw) / converter.stop_v
    most_ohm = 0.5e6 * converter.hysteresis_v / step_ua
    if series_ohm > most_ohm:
        raise ValueError(
            f"series_ohm of the capacitor must be at most {most_ohm:.3g} with these currents and"
            f" this hysteresis, not {series_ohm:g}"
        )
