"""One run: a programme on the cell and sensors of one seed, with every gauge listening."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from filmgauge_sim.cell import FilmCell, SteppedCell, deliverable_uah, load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.score import truth
from filmgauge_sim.score.baselines import (
    ChargeCount,
    CountingGauge,
    FullCounter,
    KalmanGauge,
    LearningCounter,
    ResettingGauge,
    RestTableGauge,
)
from filmgauge_sim.score.cell_run import CellRun, End, Faults, NodeSample
from filmgauge_sim.score.families import Family
from filmgauge_sim.score.firmware_gauge import FirmwareGauge, RuntimeName
from filmgauge_sim.score.gauge import Gauge, Sigmas
from filmgauge_sim.score.modifiers import Description
from filmgauge_sim.score.sensor_model import Reading, SensorModel

SHUNT_OHM = 1000.0
_SHUNT_MOHM = round(SHUNT_OHM * 1e3)
GAUGE = "gauge"
BASELINES: dict[str, type[CountingGauge]] = {
    "counter": CountingGauge,
    "reset-counter": ResettingGauge,
    "rest-table": RestTableGauge,
    "ekf": KalmanGauge,
}
# They begin with what the gauge is given, and know the cell by its ends alone.
PLAIN_BASELINES: dict[str, type[CountingGauge]] = {
    "full-counter": FullCounter,
    "ends-counter": ResettingGauge,
    "learning-counter": LearningCounter,
}
EVALUATIONS = 300  # how often a run asks the cell what it would deliver
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
    available_sigma_uah: "array[float]" = field(default_factory=_doubles)
    full_sigma_uah: "array[float]" = field(default_factory=_doubles)
    time_to_empty_sigma_h: "array[float]" = field(default_factory=_doubles)
    is_unlike: list[bool] = field(default_factory=list)
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
    made = _Run(family, seed, options or Options())
    try:
        made.record()
    finally:
        made.ours.close()
    for name, gauge in made.gauges.items():
        made.log.tracks[name].problems = gauge.problems()
    return made.log


class _Run:
    """The cell, the gauges and the log of one seed.

    All gauges are for the parameter set and not for the drawn cell.
    """

    def __init__(self, family: Family, seed: int, options: Options) -> None:
        def rng(subject: str) -> Random:
            return Random(f"{family.name}/{seed}/{subject}")

        modifier, different = family.modifier, rng("modifier")
        capacity_uah = load_parameters(family.cell_set).capacity_uah_cm2 * family.area_cm2
        self.cell = cell = _cell(family, rng)
        errors = modifier.sensors(family.draw_sensors(rng("sensors")), different)
        sensors = SensorModel(errors, modifier.shunt_ohm(SHUNT_OHM, different), rng("noise"))
        made_for = modifier.description(Description(family.cell_set, family.area_cm2), different)
        parameters, area_cm2 = load_parameters(made_for.cell_set), made_for.area_cm2
        stuck_from_s = rng("faults").uniform(0.3, 0.9) * family.days * 86400.0
        faults = Faults(family.lost_share, stuck_from_s, family.stuck_s)
        weather, losses = family.weather.at_c, rng("losses")
        self._cell_run = CellRun(cell, sensors, family.sampling, weather, faults, losses)
        self._steps = family.programme(self._cell_run, capacity_uah, rng("programme"))
        self._duration_s = family.days * 86400.0
        self.ours = FirmwareGauge(
            compile_profile(parameters, area_cm2),
            _SHUNT_MOHM,
            family.initial_soc,
            family.is_new,
            options.runtime,
            options.single,
        )
        given = family.initial_soc[0]
        start = cell.stoichiometry if family.baselines_know_start else given
        self._charge = ChargeCount(_SHUNT_MOHM)
        self._baselines = {
            name: kind(parameters, area_cm2, _SHUNT_MOHM, begun, self._charge)
            for kinds, begun in ((BASELINES, start), (PLAIN_BASELINES, given))
            for name, kind in kinds.items()
        }
        self.gauges: dict[str, Gauge] = {GAUGE: self.ours, **self._baselines}
        self.log = RunLog(family.title, seed, family.load_c * capacity_uah)
        self.log.tracks = {name: Track() for name in self.gauges}
        self.log.resistance_ohm = truth.resistance_ohm(cell, capacity_uah)
        self._recent = truth.RecentDischarge()

    def record(self) -> None:
        """Let every gauge follow the run, and log what each says beside the truth."""
        cell, log = self.cell, self.log
        own = log.tracks[GAUGE]
        follows = [baseline.follow for baseline in self._baselines.values()]
        said = self._said()
        least_ua = truth.LEAST_C * cell.capacity_uah
        next_evaluation_s = 0.0
        temperature_cdeg = 2500
        reference = (_NAN, _NAN)
        for sample in self._cell_run.samples(self._steps, self._duration_s):
            reading: Reading = sample.reading
            if reading.temperature_cdeg:
                temperature_cdeg = reading.temperature_cdeg
            self._recent.add(sample.now_s, sample.passed_uah, least_ua)
            log.time_s.append(sample.now_s)
            log.soc.append(cell.stoichiometry)
            if sample.end in _ENDS:
                log.ends.append((sample.now_s, sample.end))
            self.ours.update(reading)
            own.silent_jumps += self.ours.is_silent_jump()
            self._charge.add(reading)
            for follow in follows:
                follow(reading)
            for value, append in said:
                append(_or_nan(value()))
            if sample.now_s >= next_evaluation_s:
                next_evaluation_s += self._duration_s / EVALUATIONS
                if reference[0] != cell.capacity_uah:
                    reference = cell.capacity_uah, truth.full_available_uah(cell, log.load_ua)
                log.reference_uah.append(reference[1])
                self._evaluate(sample, temperature_cdeg)
        for name, gauge in self.gauges.items():
            if not gauge.tells_sigma:
                log.tracks[name].sigma = array("d", [_NAN]) * len(log.time_s)

    def _said(self) -> list[tuple[Callable[[], float | None], Callable[[float], None]]]:
        """What every gauge is asked at each sample, and where the answer goes."""
        tracks = self.log.tracks
        said: list[tuple[Callable[[], float | None], Callable[[float], None]]] = []
        for name, gauge in self.gauges.items():
            said.append((gauge.soc, tracks[name].soc.append))
            if gauge.tells_sigma:
                said.append((gauge.sigma, tracks[name].sigma.append))
        return said

    def _evaluate(self, sample: NodeSample, temperature_cdeg: int) -> None:
        """Ask the cell what it would deliver, and the gauges what they think of it."""
        cell, log = self.cell, self.log
        log.evaluated.append(len(log.time_s) - 1)
        log.available_uah.append(deliverable_uah(cell, log.load_ua, sample.temperature_c))
        log.full_uah.append(cell.capacity_uah)
        mean_ua = self._recent.discharge_ua()
        to_empty_h = _NAN
        if mean_ua is not None:
            to_empty_h = truth.time_to_empty_h(cell, mean_ua, sample.temperature_c)
        log.mean_ua.append(_or_nan(mean_ua))
        log.time_to_empty_h.append(to_empty_h)
        for name, gauge in self.gauges.items():
            track = log.tracks[name]
            track.available_uah.append(gauge.available_uah(log.load_ua, temperature_cdeg))
            track.full_uah.append(gauge.full_uah())
            track.time_to_empty_h.append(_or_nan(gauge.time_to_empty_h(temperature_cdeg)))
            track.resistance_ohm.append(_or_nan(gauge.resistance_ohm()))
            sigmas: Sigmas = gauge.sigmas()
            track.available_sigma_uah.append(_or_nan(sigmas.available_uah))
            track.full_sigma_uah.append(_or_nan(sigmas.full_uah))
            track.time_to_empty_sigma_h.append(_or_nan(sigmas.time_to_empty_h))
            track.is_unlike.append(gauge.is_unlike_profile())


def _cell(family: Family, rng: Callable[[str], Random]) -> SteppedCell:
    start = rng("start")
    stoichiometry = start.uniform(*family.stoichiometry)
    hysteresis = start.choice((-1.0, 1.0))
    if family.is_charged is not None:
        hysteresis = 1.0 if family.is_charged else -1.0
    drawn = family.draw_cell(load_parameters(family.true_set), rng("cell"))
    modifier = family.modifier
    parameters = modifier.parameters(drawn, rng("modified film"))
    film = FilmCell(
        parameters, family.area_cm2, stoichiometry, hysteresis=hysteresis, life=family.life
    )
    return modifier.cell(film, family.days * 86400.0, rng("modified cell"))


def _or_nan(value: float | None) -> float:
    return _NAN if value is None else value
