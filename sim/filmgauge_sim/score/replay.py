"""A recording runs through the simulated cell and the gauge.

    result = run_replay(read_recording(path), ReplayCell("pre-li", area_cm2=1.0))
    result.voltage.rms          # of measured - simulated

The cell gets the recorded current and temperature, and nothing else; the gauge what a node would
have read: charge, temperature and the recorded voltage. What a node has recorded it has read with
its voltage input on the cell, which loads it; so is the simulated one.

A stretch begins at rest with the state of charge that was recorded; behind a gap a new one does,
and where no state was recorded there, what follows is not compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from math import sqrt
from random import Random

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.lab.recorded_interval import Interval, pieces
from filmgauge_sim.score.firmware_gauge import FirmwareGauge
from filmgauge_sim.score.random_cells import SensorErrors
from filmgauge_sim.score.recording import Instant, Recording, Stretch
from filmgauge_sim.score.sensor_model import (
    DIVIDER_OHM,
    RESULT_AFTER_S,
    Reading,
    ReadingKind,
    SensorModel,
)

_SHUNT_OHM = 1000.0
_ROUNDS = 12  # each halves what the voltage and its own load are apart
_SIGMA = 0.05  # assumed of a recorded state of charge that says nothing of its own


@dataclass(frozen=True, slots=True)
class ReplayCell:
    """What the recording is compared with. soc: at the start of the recording, None for the
    recorded one. temperature_c: where none was recorded."""

    parameter_set: str
    area_cm2: float = 1.0
    soc: float | None = None
    sigma: float = _SIGMA
    temperature_c: float = 25.0


@dataclass(frozen=True, slots=True)
class ReplayPoint:
    """One reading beside what was simulated; states of charge from 0 to 1, None: not known.

    begins: the first one behind a gap.
    """

    time_s: float
    measured_v: float | None
    simulated_v: float
    recorded_soc: float | None
    simulated_soc: float
    gauge_soc: float
    gauge_sigma: float
    begins: bool


@dataclass(slots=True)
class Deviation:
    """Differences of two quantities: how many, their root mean square, mean, and the one that is
    furthest from zero with its time."""

    count: int = 0
    worst: float = 0.0
    worst_s: float = 0.0
    _sum: float = 0.0
    _squares: float = 0.0

    def add(self, time_s: float, first: float | None, second: float | None) -> None:
        """Count first - second where both are known."""
        if first is None or second is None:
            return
        difference = first - second
        self.count += 1
        self._sum += difference
        self._squares += difference * difference
        if abs(difference) > abs(self.worst):
            self.worst, self.worst_s = difference, time_s

    @property
    def rms(self) -> float | None:
        """Root mean square, None of nothing."""
        return sqrt(self._squares / self.count) if self.count else None

    @property
    def mean(self) -> float | None:
        """Mean, None of nothing."""
        return self._sum / self.count if self.count else None


@dataclass(slots=True)
class ReplayResult:
    """What came of it. voltage: measured - simulated; charge: recorded - simulated state of
    charge; gauge: that of the gauge - simulated. capacity_uah: of the simulated cell.

    skipped: readings behind a gap of which no state of charge is known. cut: readings before
    which the simulated cell was at an end of its window, and no current flowed in it any more.
    within_two_sigma: of the readings, how often the gauge was, from 0 to 1.
    """

    capacity_uah: float
    points: list[ReplayPoint] = field(default_factory=list)
    voltage: Deviation = field(default_factory=Deviation)
    charge: Deviation = field(default_factory=Deviation)
    gauge: Deviation = field(default_factory=Deviation)
    skipped: int = 0
    cut: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def within_two_sigma(self) -> float | None:
        """How often the gauge's error was below two of its standard deviations."""
        inside = [abs(p.gauge_soc - p.simulated_soc) <= 2 * p.gauge_sigma for p in self.points]
        return sum(inside) / len(inside) if inside else None

    def add(self, point: ReplayPoint) -> None:
        """Count a reading."""
        self.points.append(point)
        self.voltage.add(point.time_s, point.measured_v, point.simulated_v)
        self.charge.add(point.time_s, point.recorded_soc, point.simulated_soc)
        self.gauge.add(point.time_s, point.gauge_soc, point.simulated_soc)


def run_replay(recording: Recording, cell: ReplayCell) -> ReplayResult:
    """Run a recording through a cell and a gauge made for it.

    Raises ParameterError for a set that is not there, ValueError where the state of charge at the
    start is not known, or a current or a temperature is beyond what a cell bears.
    """
    parameters = load_parameters(cell.parameter_set)
    result = ReplayResult(parameters.capacity_uah_cm2 * cell.area_cm2)
    for number, stretch in enumerate(recording.stretches):
        soc = stretch[0].soc if number or cell.soc is None else cell.soc
        if soc is None and not number:
            raise ValueError("the recording has no state of charge: say it with --soc.")
        if soc is None:
            result.skipped += len(stretch)
            continue
        run = _StretchRun(cell, stretch, soc)
        for point in run.points():
            result.add(point)
        result.cut += run.cut
        result.problems += run.problems
    return result


class _StretchRun:
    """One stretch without a gap, on a cell and a gauge of its own."""

    def __init__(self, replayed: ReplayCell, stretch: Stretch, soc: float) -> None:
        self.cut = 0
        self.problems: list[str] = []
        self._stretch = stretch
        self._temperature_c = replayed.temperature_c
        parameters = load_parameters(replayed.parameter_set)
        self._cell = self._nearest_branch(
            FilmCell(parameters, replayed.area_cm2, min(max(soc, 0.0), 1.0), hysteresis=branch)
            for branch in (1.0, -1.0)
        )
        self._sensors = SensorModel(SensorErrors(), _SHUNT_OHM, Random(0))
        profile = compile_profile(parameters, replayed.area_cm2)
        sigma = replayed.sigma if stretch[0].sigma is None else stretch[0].sigma
        shunt_mohm = round(_SHUNT_OHM * 1e3)
        self._gauge = FirmwareGauge(profile, shunt_mohm, (self._cell.stoichiometry, sigma))

    def points(self) -> Iterator[ReplayPoint]:
        """Yield each reading beside what was simulated."""
        before: Instant | None = None
        for instant in self._stretch:
            if before is not None:
                self._pass(before, instant)
            yield self._point(instant, begins=before is None)
            before = instant
        self.problems = self._gauge.problems()

    def _nearest_branch(self, cells: Iterator[FilmCell]) -> FilmCell:
        """Return the cell whose voltage is nearer to the first one of the stretch: on which
        branch of the hysteresis it begins, no state of charge says."""
        first = self._stretch[0]
        candidates = list(cells)
        if first.voltage_v is None:
            return candidates[0 if first.current_ua >= 0.0 else 1]
        measured_v = first.voltage_v
        return min(
            candidates,
            key=lambda cell: abs(
                _read_voltage_v(cell, first, self._temperature(first)) - measured_v
            ),
        )

    def _temperature(self, instant: Instant) -> float:
        known = instant.temperature_c
        return self._temperature_c if known is None else known

    def _pass(self, before: Instant, after: Instant) -> None:
        """Let the time between two readings act on cell and sensors."""
        duration_s = after.time_s - before.time_s
        if duration_s <= 0.0:
            return
        temperature_c = 0.5 * (self._temperature(before) + self._temperature(after))
        interval = Interval(
            duration_s,
            before.current_ua,
            after.current_ua,
            before.voltage_v,
            after.voltage_v,
            _counted_ua(before, after),
        )
        for piece in pieces(self._cell, interval, temperature_c):
            self._cell.advance(piece.mean_ua, temperature_c, piece.duration_s, piece.change_ua)
            self.cut += piece.is_cut
        self._sensors.pass_time(interval.mean_ua, temperature_c, duration_s)

    def _point(self, instant: Instant, begins: bool) -> ReplayPoint:
        temperature_c = self._temperature(instant)
        simulated_v = _read_voltage_v(self._cell, instant, temperature_c)
        measured_v = instant.voltage_v
        if not begins:
            seen_v = simulated_v if measured_v is None else measured_v
            self._gauge.update(self._reading(instant, seen_v, temperature_c))
        return ReplayPoint(
            instant.time_s,
            measured_v,
            simulated_v,
            instant.soc,
            self._cell.stoichiometry,
            self._gauge.soc(),
            self._gauge.sigma() or 0.0,
            begins,
        )

    def _reading(self, instant: Instant, voltage_v: float, temperature_c: float) -> Reading:
        kind, current_ua = ReadingKind.CONNECTED, instant.current_ua
        reading = self._sensors.read(kind, current_ua, voltage_v, temperature_c)
        if instant.number is None:
            return replaced(reading, drain_pa=0, drained_pc=0)
        if instant.charge_uah is not None:  # the ledger has it already
            return replaced(reading, drained_pc=0)
        return reading


def _read_voltage_v(cell: FilmCell, instant: Instant, temperature_c: float) -> float:
    """Return what a reading shows: of a node with its voltage input on the cell."""
    voltage_v = cell.voltage_v(instant.current_ua, temperature_c)
    if instant.number is None:
        return voltage_v
    for _ in range(_ROUNDS):
        net_ua = instant.current_ua - voltage_v / DIVIDER_OHM * 1e6
        twin = cell.clone()
        twin.advance(net_ua, temperature_c, RESULT_AFTER_S)
        voltage_v = 0.5 * (voltage_v + twin.voltage_v(net_ua, temperature_c))
    return voltage_v


def _counted_ua(before: Instant, after: Instant) -> float | None:
    """Return the mean current between two readings that was counted, if it was."""
    if before.charge_uah is None or after.charge_uah is None:
        return None
    duration_h = (after.time_s - before.time_s) / 3600.0
    return (after.charge_uah - before.charge_uah) / duration_h
