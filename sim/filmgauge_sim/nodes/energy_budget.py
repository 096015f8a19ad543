"""What a node takes for itself, computed from its board's load states, its circuit and intervals.

    budget = energy_budget(description)
    budget.figures          # what the firmware books while no sensor sees it
    budget.lines            # where it goes: mean power and charge a day, line by line

All figures are out of the buffer capacitor of a node that lives from its cell: the board's
current at its supply voltage through the regulator, the capacitor where the converter keeps it
while it draws from the cell. A figure that somebody measured replaces the computed one, and lines
and sums follow it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import combinations
from math import ceil, lcm

from filmgauge.energy_budget import IDLE_EVERY
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.kinetics import resting_v
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.first_wake import (
    ALWAYS_ON_NAPS_MS,
    SAMPLE_NAPS_MS,
    adverts_a_report,
    report_states,
    sample_us,
)
from filmgauge_sim.parts import ina228, tmp117

# What a wake takes on a virtual board besides the interpreter's work (`check_work_us`): transfers
# at 400 kHz, pins, requests.
_FEED_US = 22  # of a watchdog, and to sleep again
_CHECK_US = 420
_REPORT_US = 350  # to set the radio up
_CHECK_NAPS_MS = (3,)  # of the firmware, in ms: switched_sampler.py
_SETUP_US = 830  # from the start-up of the sensors to the single conversions of the INA228
_ONCE_US = 1_052  # each of three: current and voltage together, and the voltage once more
_DIE_US = 50  # of the sensor's own temperature
# Awake for littlefs, which reads, programs and now and then erases blocks of 4 KiB. Both are means
# on a virtual board: of the first hundred records in a backlog (it is 27 ms in one of 256 that is
# full, and drops a record for each new one), and of hundreds of journals written anew.
_RECORD_US, _JOURNAL_US = 18_000, 26_000
_PAGE_WORK_US = 500  # to put a raw page together, besides erase and program: a mean as well
_DAY_H = 24.0


@dataclass(frozen=True)
class BudgetFigures:
    """What the firmware books; energies and powers out of the buffer capacitor."""

    own_uw: float  # asleep, and each time that it comes awake
    wake_uj: float  # a wake with a full sample, its flash included
    glance_uj: float  # a wake that only checks the current
    report_uj: float  # a report, besides what follows
    advert_uj: float  # one advertisement
    event_uj: float  # one connection event
    awake_uw: float  # the processor awake for the radio's sake
    waking_uj: float  # each time that it comes awake for it
    refill_efficiency: float  # from the cell to the capacitor


@dataclass(frozen=True)
class BudgetLine:
    """One use of energy: mean power out of the capacitor, and charge out of the cell a day (0
    with supply usb)."""

    name: str
    power_uw: float
    cell_uah_day: float


@dataclass(frozen=True)
class EnergyBudget:
    """figures: what the firmware books. measured: the names of those that somebody has measured.
    lines: where energy goes on a day of the described intervals without any harvest; where a
    measured figure stands for several they keep their proportions. harvest_uw: what a harvester
    must offer all the time so that the cell gives nothing; what comes now and then, and goes
    through the cell, has to be more."""

    figures: BudgetFigures
    measured: tuple[str, ...]
    lines: tuple[BudgetLine, ...]
    harvest_uw: float

    @property
    def power_uw(self) -> float:
        """Mean power out of the capacitor."""
        return sum(line.power_uw for line in self.lines)

    @property
    def cell_uah_day(self) -> float:
        """Charge that the cell gives for it, uAh a day."""
        return sum(line.cell_uah_day for line in self.lines)

    @property
    def cell_ua(self) -> float:
        """Mean current that the cell gives for it."""
        return self.cell_uah_day / _DAY_H


def energy_budget(description: NodeDescription) -> EnergyBudget:
    """Return the budget of a node."""
    deeds, circuit = _Deeds(description), _Circuit(description)
    computed = _figures(description, deeds, circuit)
    given = {each.name: getattr(description.budget, each.name) for each in fields(BudgetFigures)}
    measured = {name: value for name, value in given.items() if value is not None}
    figures = replace(computed, **measured)
    deeds.follow(computed, figures, circuit.own_uw)
    circuit.follow(figures)
    powers = dict(_powers(description, deeds, circuit))
    day_h = _DAY_H / (circuit.cell_v * circuit.refill_efficiency) if circuit.on_film else 0.0
    lines = tuple(BudgetLine(name, power, power * day_h) for name, power in powers.items())
    needed_uw = sum(powers.values())
    if circuit.on_film:
        needed_uw = description.converter.converter.needed_uw(needed_uw)
    return EnergyBudget(figures, tuple(measured), lines, needed_uw)


def leakage_uw(description: NodeDescription) -> float:
    """Return what the capacitor of a node on film leaks where the converter keeps it."""
    return _Circuit(description).leakage_uw


def _figures(description: NodeDescription, deeds: "_Deeds", circuit: "_Circuit") -> BudgetFigures:
    """Return what costs amount to, figure by figure."""
    awakening_uw = _awakening_uj(description, deeds) / description.intervals.sample_s
    flash_a_sample = _flash_a_wake_uj(description, deeds) / _sample_share(description)
    return BudgetFigures(
        own_uw=deeds.asleep_uw + awakening_uw + deeds.always_on_uw + circuit.own_uw,
        wake_uj=deeds.sample_uj + deeds.sample_sensors_uj + flash_a_sample,
        glance_uj=deeds.check_uj + deeds.check_sensors_uj,
        report_uj=deeds.report_uj,
        advert_uj=deeds.advert_uj,
        event_uj=deeds.event_uj,
        awake_uw=deeds.active_uw,
        waking_uj=deeds.waking_uj,
        refill_efficiency=circuit.refill_efficiency,
    )


class _Deeds:
    """What each thing that the board does costs once, uJ out of the capacitor."""

    def __init__(self, description: NodeDescription) -> None:
        kind = self._kind = description.kind
        on_film = description.supply == "film"
        efficiency = description.converter.output_efficiency if on_film else 1.0
        self._board_v = kind.supply_v / efficiency  # uW out of the capacitor for each uA
        self._sensors_v = kind.sensors_v / efficiency
        switched = description.sensor.switched
        naps_ms = SAMPLE_NAPS_MS if switched else ALWAYS_ON_NAPS_MS
        self.active_uw = kind.active_ua * self._board_v
        self.asleep_uw = self._board_v * (
            kind.light_sleep_ua if kind.keeps_ram else kind.deep_sleep_ua
        )
        self.boot_uj = self._state_uj(kind.boot_us, kind.boot_ua)
        self.waking_uj = self._state_uj(kind.wake_us, kind.waking_ua)
        self.feed_uj = self.waking_uj + self._active_uj(_FEED_US)
        self.sample_uj = self._active_uj(sample_us(kind)) + self._naps_uj(naps_ms)
        self.check_uj = self._active_uj(kind.check_work_us + _CHECK_US) + self._naps_uj(
            _CHECK_NAPS_MS
        )
        self.record_uj = self._active_uj(_RECORD_US)
        self.journal_uj = self._active_uj(_JOURNAL_US)
        self.page_uj = self._active_uj(kind.flash.page_us + _PAGE_WORK_US)
        self.advert_uj = self._state_uj(kind.advertisement_us, kind.advertisement_ua)
        self.event_uj = self._state_uj(kind.connection_event_us, kind.advertisement_ua)
        self.radio_setup_uj = self._active_uj(_REPORT_US) + self.waking_uj
        states = report_states(kind, description.wifi, description.broker)
        self.report_uj = sum((self._state_uj(*each) for each in states), 0.0)
        self.always_on_uw = 0.0
        if switched:
            converting_us = (
                1000 * SAMPLE_NAPS_MS[0] + kind.wake_us + _SETUP_US + 3 * _ONCE_US + _DIE_US
            )
            self.sample_sensors_uj = self._sensors_uj(converting_us, tmp117.CONVERSION_US)
            check_us = 1000 * _CHECK_NAPS_MS[0] + kind.wake_us + _CHECK_US
            self.check_sensors_uj = self._sensors_uj(check_us, 0)
        else:
            self.always_on_uw = self._sensors_v * (ina228.CONVERTING_UA + tmp117.SHUTDOWN_UA)
            self.sample_sensors_uj = self._sensors_uj(0, tmp117.CONVERSION_US)
            self.check_sensors_uj = 0.0

    def follow(self, computed: BudgetFigures, figures: BudgetFigures, circuit_uw: float) -> None:
        """Cost what the figures say. circuit_uw: the circuit's part of the node's own power."""
        board = max(figures.own_uw - circuit_uw, 0.0) / (computed.own_uw - circuit_uw)
        self.asleep_uw *= board
        self.always_on_uw *= board
        self.boot_uj *= board
        self.feed_uj *= board
        wake = figures.wake_uj / computed.wake_uj
        self.sample_uj *= wake
        self.sample_sensors_uj *= wake
        self.record_uj *= wake
        self.journal_uj *= wake
        self.page_uj *= wake
        check = figures.glance_uj / computed.glance_uj
        self.check_uj *= check
        self.check_sensors_uj *= check
        self.report_uj = figures.report_uj
        self.advert_uj = figures.advert_uj
        awake = figures.awake_uw / computed.awake_uw
        self.radio_setup_uj = awake * self._active_uj(_REPORT_US) + figures.waking_uj

    def _state_uj(self, duration_us: float, current_ua: float) -> float:
        return duration_us / 1e6 * current_ua * self._board_v

    def _active_uj(self, duration_us: float) -> float:
        return self._state_uj(duration_us, self._kind.active_ua)

    def _naps_uj(self, naps_ms: tuple[int, ...]) -> float:
        """Return what waiting for sensors costs beyond sleep."""
        if self._kind.naps_asleep:
            return len(naps_ms) * self.waking_uj
        return self._active_uj(1000 * sum(naps_ms))

    def _sensors_uj(self, ina228_us: float, tmp117_us: float) -> float:
        charge_uc = (ina228.CONVERTING_UA * ina228_us + tmp117.CONVERTING_UA * tmp117_us) / 1e6
        return charge_uc * self._sensors_v


class _Circuit:
    """What the circuit takes for itself, uW out of the capacitor; nothing with supply usb."""

    def __init__(self, description: NodeDescription) -> None:
        self.on_film = description.supply == "film"
        self.quiescent_uw = self.leakage_uw = 0.0
        self.refill_efficiency = 1.0
        # While the cell is discharged with little current, in the middle of its plateau.
        self.cell_v = resting_v(load_parameters(description.cell.set), -1)
        if not self.on_film:
            return
        converter = description.converter.converter
        # The converter draws from the cell between these two voltages of the capacitor.
        mean_v = converter.refill_v + 0.5 * converter.hysteresis_v
        self.quiescent_uw = converter.quiescent_uw
        self.leakage_uw = mean_v**2 / description.capacitor.leakage_mohm
        given_uw = converter.discharge_ua * self.cell_v
        shunt_uw = 1e-6 * converter.discharge_ua**2 * description.sensor.shunt_ohm
        self.refill_efficiency = converter.passed_uw(given_uw - shunt_uw) / given_uw

    @property
    def own_uw(self) -> float:
        """What it takes for itself in all."""
        return self.quiescent_uw + self.leakage_uw

    def follow(self, figures: BudgetFigures) -> None:
        """Take no more than the figures leave."""
        self.refill_efficiency = figures.refill_efficiency
        if self.own_uw > figures.own_uw:
            share = figures.own_uw / self.own_uw
            self.quiescent_uw *= share
            self.leakage_uw *= share


def _powers(
    description: NodeDescription, deeds: _Deeds, circuit: _Circuit
) -> Iterator[tuple[str, float]]:
    """Yield the mean power of each line, uW."""
    intervals, has_wifi = description.intervals, description.kind.has_wifi
    sample_s = intervals.sample_s
    samples, checks = _sample_share(description), _check_share(description)
    yield "asleep", deeds.asleep_uw
    yield "coming awake", _awakening_uj(description, deeds) / sample_s
    yield "full samples", samples * deeds.sample_uj / sample_s
    yield "current checks", checks * deeds.check_uj / sample_s
    sensors_uj = samples * deeds.sample_sensors_uj + checks * deeds.check_sensors_uj
    yield "sensors in samples", sensors_uj / sample_s
    yield "sensors always on", deeds.always_on_uw
    yield "flash", _flash_a_wake_uj(description, deeds) / sample_s
    reports = 1.0 / intervals.report_every / sample_s
    yield "Wi-Fi", reports * deeds.report_uj if has_wifi else 0.0
    adverts = adverts_a_report(description.bluetooth)
    setup_uj = deeds.radio_setup_uj + (0.0 if has_wifi else deeds.report_uj)
    yield "radio set-up", reports * setup_uj if adverts else 0.0
    yield "advertisements", reports * adverts * deeds.advert_uj
    yield "converter", circuit.quiescent_uw
    yield "leakage", circuit.leakage_uw


def _awakening_uj(description: NodeDescription, deeds: _Deeds) -> float:
    """Return what coming awake costs for a sample, watchdog included."""
    kind = description.kind
    if not kind.keeps_ram:
        return deeds.boot_uj
    slices = ceil(description.intervals.sample_s / kind.slice_s) if kind.slice_s else 1
    return slices * deeds.feed_uj


def _sample_share(description: NodeDescription) -> Fraction:
    """Return the share of wakes that take a full sample, in the dark."""
    return _share_of_multiples(_sample_every(description), 1)


def _check_share(description: NodeDescription) -> Fraction:
    """Return the share of wakes that only check the current, in the dark."""
    if not description.sensor.switched:
        return Fraction(0)
    return Fraction(1, IDLE_EVERY) - _share_of_multiples(_sample_every(description), IDLE_EVERY)


def _sample_every(description: NodeDescription) -> tuple[int, ...]:
    intervals = description.intervals
    if not description.sensor.switched:
        return (1,)
    return intervals.full_sample_every, intervals.journal_every, intervals.report_every


def _flash_a_wake_uj(description: NodeDescription, deeds: _Deeds) -> float:
    """Return what a wake writes to flash on the mean: the journal, and records that are kept."""
    intervals = description.intervals
    if description.kind.flash.page_in_ram:
        return deeds.page_uj * _pages_a_wake(description)
    kept_uj = 0.0 if description.kind.has_wifi else deeds.record_uj / intervals.report_every
    return deeds.journal_uj / intervals.journal_every + kept_uj


def _pages_a_wake(description: NodeDescription) -> float:
    """Return how many raw pages a wake writes on the mean: a record that is stored before it is
    advertised has the state with it."""
    every = description.intervals.journal_every, description.intervals.report_every
    if description.advertises:
        return float(_share_of_multiples(every, 1))
    return sum(1.0 / each for each in every)


def _share_of_multiples(every: tuple[int, ...], also_every: int) -> Fraction:
    """Return the share of whole numbers that are multiples of any of `every` and of
    `also_every`."""
    share = Fraction(0)
    for count in range(1, len(every) + 1):
        for some in combinations(every, count):
            share -= Fraction((-1) ** count, lcm(also_every, *some))
    return share
