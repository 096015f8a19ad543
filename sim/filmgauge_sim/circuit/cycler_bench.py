"""The bench: a film cell, a cycler, the shunt, and a node that is powered over USB.

The cycler's current flows through the shunt, where the INA228 sees it. The sensor's bus input is
connected to the cell itself by a switch (the gate), on the cell's side of the shunt: what it
draws is not measured, and the firmware has to book it. Another switch takes the cycler off, and a
resistor where one is: while it is open no current flows through the shunt, and the cycler's time
goes on.
"""

import math
from dataclasses import dataclass
from typing import Literal

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.cell.compiled import EMPTY_V, FULL_V
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.bus_input import breaks_down, exhausted_ua
from filmgauge_sim.circuit.sensor_pair import SensorPair
from filmgauge_sim.circuit.truth import Occurrences, Truth

Action = Literal["charge", "discharge", "rest"]

_INSTANT_US = 1  # a step that ends the moment it begins still takes this long
_LOAD_HOLDS_US = 60_000_000  # a resistor's current follows the voltage in such steps
_LOAD_ROUNDS = 3  # the voltage hangs on the current by some ohm per Mohm


@dataclass(frozen=True)
class CurrentStep:
    """Constant current `current_ua` (positive charges) for at most `duration_us`.

    `until_v` ends it earlier: from below when charging, from above when discharging. Without it
    the window of the cell does.
    """

    action: Action
    current_ua: float
    duration_us: int | None = None
    until_v: float | None = None

    @property
    def end_v(self) -> float | None:
        """The voltage that ends it, None for a rest."""
        if self.current_ua == 0.0:
            return None
        window_v = FULL_V if self.current_ua > 0.0 else EMPTY_V
        return window_v if self.until_v is None else self.until_v


# A round whose steps are all met at once would be done again and again in no time.
SHORTEST_ROUND_US = 1_000_000
PAUSE = CurrentStep("rest", 0.0, duration_us=60_000_000)


class Cycler:
    """Where the cycler is in its steps. An empty list rests for ever.

    After a round that took less than a second it rests for a minute.
    """

    def __init__(self, steps: list[CurrentStep]) -> None:
        self._steps = steps or [CurrentStep("rest", 0.0)]
        self._index = 0
        self._began_us = self._round_us = 0
        self._pauses = False

    @property
    def step(self) -> CurrentStep:
        """The present step."""
        return PAUSE if self._pauses else self._steps[self._index]

    @property
    def ends_us(self) -> int | None:
        """When the present step ends by time."""
        duration_us = self.step.duration_us
        return None if duration_us is None else self._began_us + duration_us

    @property
    def low_v(self) -> float | None:
        """The voltage that ends a discharge."""
        return self.step.end_v if self.step.current_ua < 0 else None

    @property
    def high_v(self) -> float | None:
        """The voltage that ends a charge."""
        return self.step.end_v if self.step.current_ua > 0 else None

    def next_step(self, now_us: int) -> None:
        """Go on to the next step, after the last one to the first."""
        self._began_us = now_us
        if self._pauses:
            self._pauses, self._round_us = False, now_us
            return
        self._index = (self._index + 1) % len(self._steps)
        if self._index == 0:
            self._pauses = now_us - self._round_us < SHORTEST_ROUND_US
            self._round_us = now_us


class CyclerBench:
    """A world for a virtual board: advanced by events, exact between them.

    The sensors follow every step; the cell is advanced only when its state is asked for or its
    current or temperature changes, which costs nothing in accuracy.
    """

    def __init__(
        self,
        cell: FilmCell,
        cycler: Cycler,
        ambient: Ambient,
        sensing: SensorPair,
        gate_pin: int,
        disconnect_pin: int | None = None,
        load_ohm: float | None = None,
    ) -> None:
        self.bus = sensing.bus
        self.window_ends = Occurrences()  # steps by time that the window of the cell ended
        self._cell = cell
        self._cycler = cycler
        self._ambient = ambient
        self.sensing = sensing
        self._gate_pin = gate_pin
        self._disconnect_pin = disconnect_pin
        self._disconnected = False
        self._stuck: dict[int, int] = {}
        self._gate_ua = 0.0
        self._load_ohm = load_ohm
        self._load_ua = 0.0
        self._shunt_ua = 0.0  # as `_plan` has found it
        self._now_us = 0
        self._cell_us = 0  # how far the cell itself has been advanced
        self._temperature_c = ambient.at_c(0)
        self._next_event_us = 0
        self._step_ends_us: int | None = None
        sensing.power(True, 0)
        self._plan()

    @property
    def cell(self) -> FilmCell:
        """The cell, advanced to the present."""
        self._advance_cell()
        return self._cell

    def advance_to(self, now_us: int) -> None:
        """Let the cycler, the sensors and the temperature follow to `now_us`."""
        while self._now_us < now_us:
            if now_us < self._next_event_us:
                self._sense(now_us)
            else:
                self._sense(self._next_event_us)
                self._handle_event()

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        """Switch the gate, or the cycler off and on; other pins have nothing connected."""
        level = self._stuck.get(pin, level)
        if pin == self._disconnect_pin and bool(level) != self._disconnected:
            self.advance_to(now_us)
            self._advance_cell()
            self._disconnected = bool(level)
            self._plan()
        if pin != self._gate_pin or bool(level) == (self._gate_ua != 0.0):
            return
        self.advance_to(now_us)
        self._advance_cell()
        self._gate_ua = self._drain_ua() if level else 0.0
        self._plan()

    def stick(self, pin: int, level: int) -> None:
        """Let what a pin switches stay at a level for good."""
        self._stuck[pin] = level
        self.set_pin(pin, level, self._now_us)

    def stuck_level(self, pin: int) -> int | None:
        """Return the level at which it stays; None where it follows the board."""
        return self._stuck.get(pin)

    def release(self, pin: int) -> None:
        """Let what a pin switches follow the board again, from its next change on."""
        self._stuck.pop(pin, None)

    def truth(self) -> Truth:
        """Return the state of the cell at the time that `advance_to` has reached."""
        current_ua = self._current_ua()
        cell = self.cell
        return Truth(
            now_us=self._now_us,
            stoichiometry=cell.stoichiometry,
            voltage_v=cell.voltage_v(current_ua, self._temperature_c),
            current_ua=current_ua,
            temperature_c=self._temperature_c,
            phase=self._cycler.step.action,
        )

    def power_sensors(self, on: bool) -> None:
        """Switch the supply of both sensors, as a lost USB plug does."""
        self.sensing.power(on, self._now_us)

    def _current_ua(self) -> float:
        return self._shunt_ua - self._gate_ua

    def _drain_ua(self) -> float:
        """Return what the closed gate draws beside the present current."""
        cell, shunt_ua, degc = self.cell, self._shunt_ua, self._temperature_c
        input_ohm = self.sensing.bus_input_ohm
        drain_ua = max(0.0, cell.voltage_v(shunt_ua, degc)) / input_ohm * 1e6
        if drain_ua and breaks_down(cell, shunt_ua - drain_ua, degc):
            return exhausted_ua(cell, shunt_ua, degc, input_ohm, drain_ua)
        return drain_ua

    def _connect(self) -> None:
        """Let the current of the step and of the resistor flow, unless they are off."""
        flowing_ua = self._cycler.step.current_ua - self._load_ua
        self._shunt_ua = 0.0 if self._disconnected else flowing_ua

    def _advance_cell(self) -> None:
        """Bring the cell to the present; its current and temperature were constant until now."""
        elapsed_us = self._now_us - self._cell_us
        if elapsed_us:
            self._cell.advance(self._current_ua(), self._temperature_c, elapsed_us / 1e6)
            self._cell_us = self._now_us

    def _sense(self, until_us: int) -> None:
        """Move on to `until_us` under constant conditions, showing the sensors what they see."""
        before_v = after_v = 0.0
        degc = self._temperature_c
        if self._gate_ua:
            cell, current_ua = self._cell, self._shunt_ua - self._gate_ua
            if self._cell_us != self._now_us:
                self._advance_cell()
            before_v = cell.voltage_v(current_ua, degc)
            self._now_us = until_us
            self._advance_cell()
            after_v = cell.voltage_v(current_ua, degc)
        self._now_us = until_us
        self.sensing.advance(until_us, self._shunt_ua, before_v, after_v, degc)

    def _handle_event(self) -> None:
        """Go on to the next step or temperature, whichever it was that made the event."""
        self._advance_cell()
        if self._step_ends_us is not None and self._now_us >= self._step_ends_us:
            cycler = self._cycler
            end_v = cycler.step.end_v
            by_voltage = self._step_ends_us != cycler.ends_us
            if by_voltage and cycler.step.until_v is None and cycler.ends_us is not None:
                assert end_v is not None  # of a step that a voltage has ended
                self.window_ends = self.window_ends.one_more(self._now_us, end_v)
            cycler.next_step(self._now_us)
        self._temperature_c = self._ambient.at_c(self._now_us)
        self._plan()

    def _set_load(self, load_ohm: float) -> None:
        """Let the resistor draw what the voltage under its own current makes it draw."""
        for _ in range(_LOAD_ROUNDS):
            voltage_v = self.cell.voltage_v(self._current_ua(), self._temperature_c)
            self._load_ua = max(0.0, voltage_v) / (load_ohm + self.sensing.shunt_ohm) * 1e6
            self._connect()

    def _plan(self) -> None:
        """Find the next event: a new temperature, or the end of the step by time or voltage."""
        cycler, now_us = self._cycler, self._now_us
        horizon_us = self._ambient.holds_until_us(now_us)
        self._connect()
        if self._load_ohm is not None:
            self._set_load(self._load_ohm)
            horizon_us = min(horizon_us, now_us + _LOAD_HOLDS_US)
        self._step_ends_us = cycler.ends_us
        if self._step_ends_us is not None:
            horizon_us = min(horizon_us, self._step_ends_us)
        if cycler.step.end_v is not None and not self._disconnected:
            crossing = self.cell.next_crossing(
                self._current_ua(),
                self._temperature_c,
                (horizon_us - now_us) / 1e6,
                cycler.low_v,
                cycler.high_v,
            )
            if crossing is not None:
                wait_us = max(_INSTANT_US, math.ceil(crossing.time_s * 1e6))
                horizon_us = self._step_ends_us = now_us + wait_us
        self._next_event_us = max(horizon_us, now_us + _INSTANT_US)
