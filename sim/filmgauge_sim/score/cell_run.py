"""What happens to one cell and what its node sees of it, sample by sample.

Between two changes the current is constant and the cell exact. The node samples on the grid of
its own clock, and whenever a step ends by its voltage while the current still flows, as the
interrupt of a power manager would wake it. While it measures, its voltage input loads the cell.
Now and then its disconnect switch is open from one sample to the next: the current is zero then,
the step waits and its time goes on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from math import inf
from random import Random

from filmgauge_sim.cell import SteppedCell
from filmgauge_sim.lab.current_search import current_for_voltage
from filmgauge_sim.score.sensor_model import (
    MEASURING_S,
    RESULT_AFTER_S,
    Interrupt,
    Reading,
    ReadingKind,
    SensorModel,
)

_HOLD_SLICE_S = 60.0  # a hold is held by currents of this length at most
_FIRST_HOLD_S = 1.0
_LEAST_LEFT = 0.5  # a drain that lowers its voltage by more is looked for
_HALVINGS = 20


class End(Enum):
    """What ended a step."""

    TIME = "time"
    LOW = "low"  # the voltage fell to low_v
    HIGH = "high"  # the voltage rose to high_v
    FADED = "faded"  # the current of a hold fell to until_ua
    STATE = "state"  # the true state of charge came to until_soc


@dataclass(frozen=True, slots=True)
class ProgrammeStep:
    """One thing that is done to a cell: a current for at most duration_s.

    current_ua: positive charges; with hold_v at most this current.
    low_v, high_v: voltages that end it. hold_v: charge with whatever current keeps this voltage,
    until it has faded to until_ua. until_soc: true state of charge that ends it, for a run
    that must stay within bounds. is_pulse: a burst, which does not end a discharge when it is cut
    off. A step that ends by its voltage wakes the node.
    """

    current_ua: float
    duration_s: float = inf
    low_v: float | None = None
    high_v: float | None = None
    hold_v: float | None = None
    until_ua: float = 0.0
    until_soc: float | None = None
    is_pulse: bool = False


_INTERRUPTS = {End.LOW: Interrupt.LOW, End.HIGH: Interrupt.HIGH, End.FADED: Interrupt.DONE}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong with the readings: a share of them lost, and a time with stuck ones."""

    lost_share: float = 0.0
    stuck_from_s: float = inf
    stuck_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """When the node samples, by its own clock; how often its switch is open, by the true one."""

    interval_s: float
    zero_every_s: float = inf


@dataclass(frozen=True, slots=True)
class NodeSample:
    """One sample: what the node read, and the truth that only the score sees."""

    now_s: float
    reading: Reading
    temperature_c: float
    passed_uah: float  # net charge into the cell's terminals since the start
    end: End | None = None  # what ended here by its voltage: a charge or a discharge


class CellRun:
    """One cell and its node from time 0 on. A programme of steps may read ``cell``, ``now_s``
    and, after each of its steps, ``ended``."""

    def __init__(
        self,
        cell: SteppedCell,
        sensors: SensorModel,
        sampling: Sampling,
        temperature_at: Callable[[float], float],
        faults: Faults,
        rng: Random,
    ) -> None:
        self.cell = cell
        self.now_s = 0.0
        self.ended = End.TIME
        self.passed_uah = 0.0
        self._sensors = sensors
        self._temperature_at = temperature_at
        self._faults = faults
        self._rng = rng
        self._interval_s = sampling.interval_s / (1.0 + sensors.errors.clock_error)
        self._zero_every_s = sampling.zero_every_s
        self._samples = 0
        self._next_sample_s = self._interval_s
        self._next_zero_s = sampling.zero_every_s
        self._is_open = False
        self._temperature_c = temperature_at(0.0)
        self._last: Reading | None = None
        self._lost = False

    def samples(self, steps: Iterable[ProgrammeStep], duration_s: float) -> Iterator[NodeSample]:
        """Every sample until the steps or duration_s end."""
        for step in steps:
            yield from self._perform(step, duration_s)
            if self.now_s >= duration_s:
                return

    def _perform(self, step: ProgrammeStep, finish_s: float) -> Iterator[NodeSample]:
        end_s = self.now_s + step.duration_s
        finish_s = min(finish_s, end_s)
        current_ua, slice_s = step.current_ua, _FIRST_HOLD_S
        ended: End | None = None
        while ended is None and self.now_s < finish_s:
            until_s = max(self.now_s, min(self._next_sample_s, finish_s))
            if self._is_open:
                flowing_ua = 0.0
            elif step.hold_v is None:
                flowing_ua = current_ua
                until_s, ended = self._limited(step, until_s)
            else:
                until_s = min(until_s, self.now_s + slice_s)
                slice_s = min(1.5 * slice_s, _HOLD_SLICE_S)
                current_ua = self._held(step, current_ua, until_s - self.now_s)
                if current_ua <= step.until_ua:
                    current_ua, until_s, ended = step.until_ua, self.now_s, End.FADED
                flowing_ua = current_ua
            self._advance(flowing_ua, until_s)
            if ended is None and self._reached(step):
                ended = End.STATE
            if ended in _INTERRUPTS:
                yield self._sample(flowing_ua, ended, step.is_pulse)
            elif self.now_s >= self._next_sample_s:
                yield self._sample(flowing_ua, None, step.is_pulse)
                self._plan()
        self.ended = End.TIME if ended is None else ended

    def _limited(self, step: ProgrammeStep, until_s: float) -> tuple[float, End | None]:
        """When this slice of a constant current ends, and whether by its voltage."""
        low_v, high_v = step.low_v, step.high_v
        if low_v is None and high_v is None:
            return until_s, None
        duration_s = until_s - self.now_s
        crossing = self.cell.next_crossing(
            step.current_ua, self._temperature_c, duration_s, low_v, high_v
        )
        if crossing is None:
            return until_s, None
        return self.now_s + crossing.time_s, End.LOW if crossing.bound == "low" else End.HIGH

    def _held(self, step: ProgrammeStep, near_ua: float, duration_s: float) -> float:
        """The current of a hold, never above that of the charge before it."""
        assert step.hold_v is not None
        area_cm2 = self.cell.area_cm2
        twin = self.cell.clone()
        twin.advance(step.current_ua, self._temperature_c, duration_s)
        if twin.voltage_v(step.current_ua, self._temperature_c) <= step.hold_v:
            return step.current_ua
        areal = current_for_voltage(
            self.cell, step.hold_v, self._temperature_c, duration_s, near_ua / area_cm2
        )
        return areal * area_cm2

    def _reached(self, step: ProgrammeStep) -> bool:
        if step.until_soc is None or self._is_open:
            return False
        beyond = self.cell.stoichiometry - step.until_soc
        return beyond * step.current_ua >= 0.0

    def _advance(self, current_ua: float, until_s: float) -> None:
        duration_s = until_s - self.now_s
        if duration_s <= 0.0:
            return
        self.cell.advance(current_ua, self._temperature_c, duration_s)
        self._sensors.pass_time(current_ua, self._temperature_c, duration_s)
        self.passed_uah += current_ua * duration_s / 3600.0
        self.now_s = until_s

    def _sample(self, current_ua: float, end: End | None, is_pulse: bool) -> NodeSample:
        """Measure, with the voltage input on the cell."""
        cell, sensors, temperature_c = self.cell, self._sensors, self._temperature_c
        net_ua = current_ua - self._drained_ua(current_ua)
        cell.advance(net_ua, temperature_c, RESULT_AFTER_S)
        voltage_v = cell.voltage_v(net_ua, temperature_c)
        cell.advance(net_ua, temperature_c, MEASURING_S - RESULT_AFTER_S)
        sensors.pass_time(current_ua, temperature_c, MEASURING_S)
        self.passed_uah += net_ua * MEASURING_S / 3600.0
        self.now_s += MEASURING_S
        interrupt = Interrupt.TIMER if end is None else _INTERRUPTS[end]
        kind = ReadingKind.OPEN if self._is_open else ReadingKind.CONNECTED
        reading = self._read(kind, current_ua, voltage_v, interrupt)
        end = None if is_pulse else end
        return NodeSample(self.now_s, reading, temperature_c, self.passed_uah, end)

    def _drained_ua(self, current_ua: float) -> float:
        """What the voltage input takes, which itself lowers the voltage that drives it."""
        cell, sensors, temperature_c = self.cell, self._sensors, self._temperature_c
        most_ua = sensors.drain_ua(cell.voltage_v(current_ua, temperature_c))
        drain_ua = sensors.drain_ua(cell.voltage_v(current_ua - most_ua, temperature_c))
        if drain_ua > _LEAST_LEFT * most_ua:  # the rest of that is below a tenth
            return drain_ua
        # Where a film is exhausted its voltage gives way, and the drain with it.
        least_ua = 0.0
        for _ in range(_HALVINGS):
            drain_ua = 0.5 * (least_ua + most_ua)
            if sensors.drain_ua(cell.voltage_v(current_ua - drain_ua, temperature_c)) > drain_ua:
                least_ua = drain_ua
            else:
                most_ua = drain_ua
        return drain_ua

    def _read(
        self, kind: ReadingKind, current_ua: float, voltage_v: float, interrupt: Interrupt
    ) -> Reading:
        faults, sensors = self._faults, self._sensors
        stuck_since_s = self.now_s - faults.stuck_from_s
        if self._last is not None and 0.0 <= stuck_since_s < faults.stuck_s:
            return sensors.repeat(self._last, kind)
        if faults.lost_share and self._rng.random() < faults.lost_share:
            self._lost = True
            return sensors.lose()
        if self._lost:  # the count reaches back to before the switch was opened
            self._lost, kind = False, ReadingKind.CONNECTED
        self._last = sensors.read(kind, current_ua, voltage_v, self._temperature_c, interrupt)
        return self._last

    def _plan(self) -> None:
        """After a regular sample: the next one, the switch and the temperature until then."""
        self._samples += 1
        self._next_sample_s = (self._samples + 1) * self._interval_s
        self._is_open = self.now_s >= self._next_zero_s
        if self._is_open:
            self._next_zero_s += self._zero_every_s
        self._temperature_c = self._temperature_at(self.now_s)
