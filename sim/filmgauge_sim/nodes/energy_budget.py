"""What a node takes for itself, computed from its board's load states, its circuit and intervals.

    budget = energy_budget(description)
    budget.figures          # what the firmware books while no sensor sees it
    budget.lines            # where it goes: mean power and charge a day, line by line

All figures are out of the buffer capacitor of a node that lives from its cell: the board's
current at its supply voltage through the regulator, the capacitor where the converter keeps it
while it draws from the cell. A figure that somebody measured replaces the computed one.
"""

from dataclasses import dataclass, fields
from itertools import combinations
from math import ceil, lcm

from filmgauge_sim.board.flash import ERASE_US, PROGRAM_US_PER_PAGE
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.parts import ina228, tmp117

_FEED_US = 50  # awake between two slices of a sleep (assumed)
_NAPS = 3  # of a full sample: start-up, conversion of both, voltage
_SAMPLE_NAPS_US = 21_000
_SAMPLE_BUS_US = 1_600
_GLANCE_NAP_US = 3_000
_GLANCE_BUS_US = 200
_SAVE_PAGES, _SAVE_ERASES = 7.0, 0.2  # of littlefs for a save of the journal, or for a record
_MEAN_DELAY_MS = 5  # 0 to 10 ms besides the advertising interval; Core, vol 6 part B, 4.4.2.2.1
_DARK_EVERY = 2  # while the cell feeds the node, every other wake checks the current
_DAY_H = 24.0


@dataclass(frozen=True)
class BudgetFigures:
    """What the firmware books; energies and powers out of the buffer capacitor."""

    own_uw: float  # asleep
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
    """One use of energy: mean power out of the capacitor, and charge out of the cell a day."""

    name: str
    power_uw: float
    cell_uah_day: float


@dataclass(frozen=True)
class EnergyBudget:
    """figures: what the firmware books. lines: the same over a day of the described intervals,
    while the cell feeds the node."""

    figures: BudgetFigures
    lines: tuple[BudgetLine, ...]

    @property
    def power_uw(self) -> float:
        """Mean power out of the capacitor."""
        return sum(line.power_uw for line in self.lines)

    @property
    def cell_uah_day(self) -> float:
        """Charge that the cell gives for it, uAh a day."""
        return sum(line.cell_uah_day for line in self.lines)


def energy_budget(description: NodeDescription) -> EnergyBudget:
    """Return the budget of a node."""
    return _Budget(description).made()


class _Budget:
    """Works a budget out; energies in uJ and powers in uW, out of the capacitor."""

    def __init__(self, description: NodeDescription) -> None:
        self._description = description
        self._kind = description.kind
        self._film = description.supply == "film"
        efficiency = description.converter.output_efficiency if self._film else 1.0
        self._board_v = self._kind.supply_v / efficiency
        self._sensors_v = self._kind.sensors_v / efficiency

    def made(self) -> EnergyBudget:
        """Return all of it."""
        figures = self._figures()
        lines = tuple(self._lines(figures))
        return EnergyBudget(figures, lines)

    # Energies of single deeds

    def _active_uj(self, duration_us: float) -> float:
        return duration_us / 1e6 * self._kind.active_ua * self._board_v

    def _waking_uj(self) -> float:
        kind = self._kind
        return kind.wake_us / 1e6 * kind.waking_ua * self._board_v

    def _nap_uj(self, naps: int, duration_us: float) -> float:
        """Return what waiting for a sensor costs."""
        if self._kind.naps_asleep:
            return naps * self._waking_uj()
        return self._active_uj(duration_us)

    def _sample_uj(self) -> float:
        """Return what a full sample costs the board."""
        kind = self._kind
        return self._active_uj(kind.look_us + _SAMPLE_BUS_US) + self._nap_uj(
            _NAPS, _SAMPLE_NAPS_US
        )

    def _check_uj(self) -> float:
        """Return what a check of the current costs the board."""
        return self._active_uj(self._kind.glance_us + _GLANCE_BUS_US) + self._nap_uj(
            1, _GLANCE_NAP_US
        )

    def _sensors_uj(self, ina228_us: float, tmp117_us: float) -> float:
        charge_uc = (ina228.CONVERTING_UA * ina228_us + tmp117.CONVERTING_UA * tmp117_us) / 1e6
        return charge_uc * self._sensors_v

    def _save_uj(self) -> float:
        """Return what it costs to write a journal or a record to flash."""
        return self._active_uj(_SAVE_PAGES * PROGRAM_US_PER_PAGE + _SAVE_ERASES * ERASE_US)

    # How often

    def _full_share(self, also_every: int = 1) -> float:
        """Return the share of wakes with a full sample, of those that are multiples too."""
        intervals = self._description.intervals
        if not self._description.sensor.switched:
            return 1.0 / also_every
        every = (intervals.full_sample_every, intervals.journal_every, intervals.report_every)
        return _share_of_multiples(every, also_every)

    def _saves_a_wake(self) -> float:
        """Return how often a wake writes to flash: the journal, and records that are kept."""
        intervals = self._description.intervals
        kept = 0.0 if self._kind.has_wifi else 1.0 / intervals.report_every
        return 1.0 / intervals.journal_every + kept

    # Sums

    def _asleep_uw(self) -> float:
        kind = self._kind
        asleep_ua = kind.light_sleep_ua if kind.keeps_ram else kind.deep_sleep_ua
        return asleep_ua * self._board_v

    def _wakeups_uw(self) -> float:
        """Return what it takes to come awake: by itself, or to feed a watchdog."""
        kind, sample_s = self._kind, self._description.intervals.sample_s
        if not kind.keeps_ram:
            return kind.boot_us / 1e6 * kind.boot_ua * self._board_v / sample_s
        slices = ceil(sample_s / kind.slice_s) if kind.slice_s else 1
        return slices * (self._waking_uj() + self._active_uj(_FEED_US)) / sample_s

    def _quiescent_uw(self) -> float:
        converter = self._converter()
        return converter.quiescent_uw if self._film else 0.0

    def _leakage_uw(self) -> float:
        converter = self._converter()
        mean_v = converter.refill_v + 0.5 * converter.hysteresis_v
        return mean_v**2 / self._description.capacitor.leakage_mohm if self._film else 0.0

    def _converter(self) -> Converter:
        section = self._description.converter
        return Converter(**{each.name: getattr(section, each.name) for each in fields(Converter)})

    def _cell_v(self) -> float:
        """Return the voltage of the cell while it is discharged, in the middle of its plateau."""
        parameters = load_parameters(self._description.cell.set)
        return parameters.plateau_middle_v - 0.5 * parameters.plateau_gap_v

    def _refill_efficiency(self) -> float:
        """Return what arrives in the capacitor of what the cell gives, shunt included."""
        converter = self._converter()
        given_uw = converter.discharge_ua * self._cell_v()
        shunt_uw = 1e-6 * converter.discharge_ua**2 * self._description.sensor.shunt_ohm
        return converter.passed_uw(given_uw - shunt_uw) / given_uw

    def _figures(self) -> BudgetFigures:
        kind = self._kind
        full = self._full_share()
        sample_uj = self._sample_uj() + self._sensors_uj(3_300, 16_000)
        advert_uj = kind.advertisement_us / 1e6 * kind.advertisement_ua * self._board_v
        event_uj = kind.connection_event_us / 1e6 * kind.advertisement_ua * self._board_v
        own_uw = self._asleep_uw() + self._wakeups_uw() + self._quiescent_uw() + self._leakage_uw()
        computed = BudgetFigures(
            own_uw=own_uw,
            wake_uj=sample_uj + self._saves_a_wake() / full * self._save_uj(),
            glance_uj=self._check_uj() + self._sensors_uj(3_200, 1_700),
            report_uj=0.0,
            advert_uj=advert_uj,
            event_uj=event_uj,
            awake_uw=kind.active_ua * self._board_v,
            waking_uj=self._waking_uj(),
            refill_efficiency=self._refill_efficiency() if self._film else 1.0,
        )
        measured = {
            each.name: value
            for each in fields(BudgetFigures)
            if (value := getattr(self._description.budget, each.name)) is not None
        }
        return BudgetFigures(**{**computed.__dict__, **measured})

    def _lines(self, figures: BudgetFigures) -> list[BudgetLine]:
        description, sample_s = self._description, self._description.intervals.sample_s
        checks = 1.0 / _DARK_EVERY - self._full_share(_DARK_EVERY)
        bluetooth = description.bluetooth
        adverts = 0.0
        if self._kind.has_bluetooth and bluetooth.advertise_ms:
            each_ms = bluetooth.interval_ms + _MEAN_DELAY_MS
            adverts = (bluetooth.advertise_ms // each_ms + 1) / description.intervals.report_every
        powers = {
            "asleep": self._asleep_uw(),
            "coming awake": self._wakeups_uw(),
            "converter": self._quiescent_uw(),
            "leakage": self._leakage_uw(),
            "full samples": self._full_share() * figures.wake_uj / sample_s,
            "current checks": checks * figures.glance_uj / sample_s,
            "advertisements": adverts * figures.advert_uj / sample_s,
        }
        cell_v = self._cell_v() * figures.refill_efficiency
        per_day = _DAY_H / cell_v if self._film else 0.0
        return [BudgetLine(name, power, power * per_day) for name, power in powers.items()]


def _share_of_multiples(every: tuple[int, ...], also_every: int) -> float:
    """Return the share of whole numbers that are multiples of any of `every` and of
    `also_every`."""
    share = 0.0
    for count in range(1, len(every) + 1):
        for some in combinations(every, count):
            share -= (-1) ** count / lcm(also_every, *some)
    return share
