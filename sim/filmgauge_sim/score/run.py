"""One run: a programme on the cell and sensors of one seed, with every gauge listening."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from filmgauge_sim.cell import CellParameters, FilmCell, load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.score import truth
from filmgauge_sim.score.baselines.counter import Counter, ResetCounter
from filmgauge_sim.score.baselines.kalman import Kalman
from filmgauge_sim.score.baselines.rest_table import RestTable
from filmgauge_sim.score.cell_run import Course, Faults, Moment
from filmgauge_sim.score.families import Family
from filmgauge_sim.score.firmware_gauge import RUNTIMES, GaugeMaker, Ours, RuntimeName, gauge_maker
from filmgauge_sim.score.gauge_protocol import Estimator
from filmgauge_sim.score.programmes.cycling import Programme
from filmgauge_sim.score.recent_discharge import RecentTruth
from filmgauge_sim.score.sensor_model import Reading, Sensors
from filmgauge_sim.score.steps import End

SHUNT_OHM = 1000.0
_SHUNT_MOHM = round(SHUNT_OHM * 1e3)
GAUGE = "gauge"
BASELINES = {
    "counter": Counter,
    "reset-counter": ResetCounter,
    "rest-table": RestTable,
    "ekf": Kalman,
}
LOOKS = 300  # how often a run asks the cell what it would deliver
_NAN = float("nan")
_ENDS = (End.LOW, End.FADED)


def _doubles() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Track:
    """What one gauge said: at every sample, and at every evaluation (NaN: it does not know)."""

    soc: "array[float]" = field(default_factory=_doubles)
    sigma: "array[float]" = field(default_factory=_doubles)
    available_uah: "array[float]" = field(default_factory=_doubles)
    full_uah: "array[float]" = field(default_factory=_doubles)
    time_to_empty_h: "array[float]" = field(default_factory=_doubles)
    resistance_ohm: "array[float]" = field(default_factory=_doubles)
    silent_jumps: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RunLog:
    """Truth and what every gauge said of it. ``evaluated`` holds the samples at which
    the gauges were evaluated.

    Times in s, charge in uAh; mean_ua and time_to_empty_h are NaN unless the cell was discharged
    throughout the last hour. ends: time and kind of every end of charge or discharge.
    """

    family: str
    seed: int
    load_ua: float
    time_s: "array[float]" = field(default_factory=_doubles)
    soc: "array[float]" = field(default_factory=_doubles)
    evaluated: list[int] = field(default_factory=list)
    available_uah: "array[float]" = field(default_factory=_doubles)
    reference_uah: "array[float]" = field(default_factory=_doubles)
    full_uah: "array[float]" = field(default_factory=_doubles)
    mean_ua: "array[float]" = field(default_factory=_doubles)
    time_to_empty_h: "array[float]" = field(default_factory=_doubles)
    resistance_ohm: float = _NAN
    ends: list[tuple[float, End]] = field(default_factory=list)
    tracks: dict[str, Track] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What a score is made with: the arithmetic of the gauge, and what it runs on.

    Raises ValueError for single precision on an interpreter that computes in double.
    """

    single: bool = False
    runtime: RuntimeName = "gauge"

    def __post_init__(self) -> None:
        if self.single and self.runtime == "micropython":
            raise ValueError(
                "--float32 needs --runtime gauge or cpython, because the interpreter here computes"
                " in double precision and cannot be told otherwise"
            )


def run(family: Family, seed: int, options: Options | None = None) -> RunLog:
    """Run one seed of a family. The same seed gives the same log on every machine."""
    parameters = load_parameters(family.cell_set)
    capacity_uah = parameters.capacity_uah_cm2 * family.area_cm2

    def luck(subject: str) -> Random:
        return Random(f"{family.name}/{seed}/{subject}")

    cell = _cell(family, parameters, luck)
    sensors = Sensors(family.draw_sensors(luck("sensors")), SHUNT_OHM, luck("noise"))
    stuck_from_s = luck("faults").uniform(0.3, 0.9) * family.days * 86400.0
    faults = Faults(family.lost_share, stuck_from_s, family.stuck_s)
    course = Course(cell, sensors, family.sampling, family.weather.at_c, faults, luck("losses"))
    ours = _ours(family, parameters, options or Options())
    gauges: dict[str, Estimator] = {GAUGE: ours}
    gauges |= _baselines(family, parameters, cell.stoichiometry)
    log = RunLog(family.name, seed, family.load_c * capacity_uah)
    log.tracks = {name: Track() for name in gauges}
    log.resistance_ohm = truth.resistance_ohm(cell, capacity_uah)
    programme = family.programme(capacity_uah, family.area_cm2, luck("programme"))
    try:
        _listen(course, programme, family, gauges, log)
    finally:
        ours.close()
    for name, gauge in gauges.items():
        log.tracks[name].problems = gauge.problems()
    return log


def _cell(family: Family, parameters: CellParameters, luck: Callable[[str], Random]) -> FilmCell:
    start = luck("start")
    stoichiometry = start.uniform(*family.stoichiometry)
    hysteresis = start.choice((-1.0, 1.0))
    if family.is_charged is not None:
        hysteresis = 1.0 if family.is_charged else -1.0
    return FilmCell(
        family.draw_cell(parameters, luck("cell")),
        family.area_cm2,
        stoichiometry,
        hysteresis=hysteresis,
        life=family.life,
    )


def _ours(family: Family, parameters: CellParameters, options: Options) -> Ours:
    """Our gauge, for the parameter set and not for the drawn cell, as the baselines are."""
    profile = compile_profile(parameters, family.area_cm2)
    kind = RUNTIMES[options.runtime]
    return kind(_maker(options.single), profile, _SHUNT_MOHM, family.known, family.is_new)


def _baselines(
    family: Family, parameters: CellParameters, true_soc: float
) -> dict[str, Estimator]:
    told = true_soc if family.is_told else family.known[0]
    return {
        name: kind(parameters, family.area_cm2, _SHUNT_MOHM, told)
        for name, kind in BASELINES.items()
    }


_makers: dict[bool, GaugeMaker] = {}


def _maker(single: bool) -> GaugeMaker:
    if single not in _makers:
        _makers[single] = gauge_maker(single)
    return _makers[single]


def _listen(
    course: Course,
    programme: Programme,
    family: Family,
    gauges: dict[str, Estimator],
    log: RunLog,
) -> None:
    recent = RecentTruth()
    least_ua = truth.LEAST_C * course.cell.capacity_uah
    duration_s = family.days * 86400.0
    look_every_s = duration_s / LOOKS
    next_look_s = 0.0
    temperature_cdeg = 2500
    reference = (_NAN, _NAN)
    for moment in course.run(programme, duration_s):
        reading: Reading = moment.reading
        if reading.temperature_cdeg:
            temperature_cdeg = reading.temperature_cdeg
        recent.add(moment.now_s, moment.passed_uah, least_ua)
        log.time_s.append(moment.now_s)
        log.soc.append(course.cell.stoichiometry)
        if moment.end in _ENDS:
            log.ends.append((moment.now_s, moment.end))
        for name, gauge in gauges.items():
            gauge.take(reading)
            track = log.tracks[name]
            track.soc.append(gauge.soc())
            sigma = gauge.sigma()
            track.sigma.append(_NAN if sigma is None else sigma)
            track.silent_jumps += gauge.is_silent_jump()
        if moment.now_s >= next_look_s:
            next_look_s += look_every_s
            cell = course.cell
            if reference[0] != cell.capacity_uah:
                reference = cell.capacity_uah, truth.full_available_uah(cell, log.load_ua)
            log.reference_uah.append(reference[1])
            _look(cell, moment, recent, temperature_cdeg, gauges, log)


def _look(
    cell: FilmCell,
    moment: Moment,
    recent: RecentTruth,
    temperature_cdeg: int,
    gauges: dict[str, Estimator],
    log: RunLog,
) -> None:
    """Ask the cell what it would deliver, and the gauges what they think of it."""
    log.evaluated.append(len(log.time_s) - 1)
    log.available_uah.append(truth.available_uah(cell, log.load_ua, moment.temperature_c))
    log.full_uah.append(cell.capacity_uah)
    mean_ua = recent.discharge_ua()
    to_empty_h = _NAN
    if mean_ua is not None:
        to_empty_h = truth.time_to_empty_h(cell, mean_ua, moment.temperature_c)
    log.mean_ua.append(_known(mean_ua))
    log.time_to_empty_h.append(to_empty_h)
    for name, gauge in gauges.items():
        track = log.tracks[name]
        track.available_uah.append(gauge.available_uah(log.load_ua, temperature_cdeg))
        track.full_uah.append(gauge.full_uah())
        track.time_to_empty_h.append(_known(gauge.time_to_empty_h(temperature_cdeg)))
        track.resistance_ohm.append(_known(gauge.resistance_ohm()))


def _known(value: float | None) -> float:
    return _NAN if value is None else value
