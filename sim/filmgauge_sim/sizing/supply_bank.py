"""The circuits of many designs over a step of constant harvest and mean load.

    circuits = SupplyBank(films, circuit, capacitance_uf, leakage_mohm)
    flow = circuits.advance(harvest_uw, load_uw, temperature_c, duration_s)

The circuit is that of circuit/harvesting.py with its switches at rest: within a step the capacitor
goes from where it is to where the converter keeps it, and what it cannot hold or give is the
cell's. The node's bursts are summed to a mean load, because the capacitor carries them.
"""

from dataclasses import dataclass, fields

import numpy as np

from filmgauge_sim.circuit.converter import CHARGED_V, DISCHARGED_V, Converter
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.sizing.film_bank import FilmBank, Numbers, Reach, Switches, mean_hysteresis

START_V = WorldSection().capacitor_v
_CORRECTIONS = 1  # of the cell's mean voltage by what the step does to it


@dataclass(frozen=True)
class Circuit:
    """What all designs share: the converter, the shunt, when the board loses its supply, and what
    each uF gives to it at its highest power from where the converter begins to refill."""

    converter: Converter
    shunt_ohm: float
    brown_out_v: float
    burst_uj_uf: float

    @classmethod
    def of(cls, description: NodeDescription) -> "Circuit":
        """Return that of a node."""
        converter, kind = description.converter.converter, description.kind
        most_ua = max(kind.currents_ua().values())
        return cls(
            converter,
            description.sensor.shunt_ohm,
            kind.brown_out_v,
            description.buffer.usable_uj_uf(converter.refill_v, most_ua),
        )


@dataclass
class Flow:
    """Where the energy of a step went, uJ; the energy ledger of a circuit, for each design.

    `harvested` equals the sum of all others. cell: into the cell, negative out of it.
    current_ua: mean current of the cell. on: share of the step in which the board had its supply.
    short_ua: what the cell could not give for want of current or charge, mean.
    """

    harvested: Numbers
    cell: Numbers
    capacitor: Numbers
    board: Numbers
    turned_away: Numbers
    harvester_loss: Numbers
    cell_loss: Numbers
    output_loss: Numbers
    quiescent: Numbers
    leakage: Numbers
    shunt: Numbers
    current_ua: Numbers
    on: Numbers
    short_ua: Numbers

    @property
    def imbalance_uj(self) -> Numbers:
        """What is missing of `harvested`; rounding apart it is 0."""
        others = (
            each.name
            for each in fields(self)
            if each.name not in ("harvested", "current_ua", "on", "short_ua")
        )
        return self.harvested - sum(getattr(self, name) for name in others)


class SupplyBank:
    """Capacitor, converter and board of each design. on: whether the board has its supply."""

    def __init__(
        self, films: FilmBank, circuit: Circuit, capacitance_uf: Numbers, leakage_mohm: Numbers,
        start_v: float = START_V,
    ) -> None:  # fmt: skip
        converter = circuit.converter
        half_uf = 0.5 * capacitance_uf
        self._films = films
        self._circuit = circuit
        self._half_uf = half_uf
        self._leak_per_s = 1.0 / (half_uf * leakage_mohm)  # of the energy: V^2 / R
        swing_v = 0.5 * converter.hysteresis_v
        self._refill_uj = half_uf * (converter.refill_v + swing_v) ** 2
        self._charge_uj = half_uf * (converter.charge_v - swing_v) ** 2
        self._begin_uj = half_uf * converter.charge_v**2
        self._ceiling_uj = half_uf * (converter.ceiling_v - swing_v) ** 2
        self._brown_out_uj = half_uf * circuit.brown_out_v**2
        self._restart_uj = half_uf * converter.restart_v**2
        self._start_uj = half_uf * converter.start_v**2
        self._energy_uj = half_uf * start_v**2
        self.on = self._energy_uj >= self._restart_uj

    def burst_uj(self) -> Numbers:
        """Return the energy that the board gets out of the capacitor at its highest power between
        where the converter begins to refill it and the brown-out."""
        return 2.0 * self._half_uf * self._circuit.burst_uj_uf

    def _time_left(self, net_uj: Numbers) -> Numbers:
        """Return the share of a step that is left for charging, once the capacitor is where the
        converter begins to."""
        lift_uj = np.maximum(self._begin_uj - self._energy_uj, 0.0)
        lift_uj = np.where(self._energy_uj < self._charge_uj, lift_uj, 0.0)
        share = np.divide(lift_uj, net_uj, out=np.ones_like(lift_uj), where=net_uj > lift_uj)
        return 1.0 - share

    def _leakage_uw(self, gained_uj: Numbers) -> Numbers:
        """Return the mean leakage of a step: that of the mean energy, which ends where it would
        get to without the cell, or where the cell keeps it."""
        before_uj = self._energy_uj
        ends_uj = np.clip(before_uj + gained_uj, self._refill_uj, self._ceiling_uj)
        ends_uj = np.where(self.on, ends_uj, before_uj)
        return self._leak_per_s * 0.5 * (before_uj + ends_uj)

    def advance(
        self, harvest_uw: Numbers, load_uw: Numbers, temperature_c: float, duration_s: float
    ) -> Flow:
        """Let a step pass. harvest_uw: on offer; load_uw: mean, at the regulator's output."""
        converter, films = self._circuit.converter, self._films
        reach = films.reach(temperature_c, duration_s)
        before_uj = self._energy_uj
        runs = self.on | (before_uj >= self._start_uj)
        arriving_uw = _arriving(converter, harvest_uw, runs)
        quiescent_uw = np.where(runs, converter.quiescent_uw, 0.0)
        output_uw = np.where(self.on, load_uw / converter.output_efficiency, 0.0)
        leakage_uw = self._leakage_uw((arriving_uw - quiescent_uw - output_uw) * duration_s)
        leakage_uw = np.minimum(leakage_uw, before_uj / duration_s + arriving_uw)
        net_uj = (arriving_uw - quiescent_uw - output_uw - leakage_uw) * duration_s
        free_uj = before_uj + net_uj
        wanted_uj = np.maximum(self._refill_uj - free_uj, 0.0)
        spare_uj = np.where(runs, np.maximum(free_uj - self._charge_uj, 0.0), 0.0)
        cell = _CellSide(films, reach, self._circuit, runs, duration_s)
        given_uj, taken_uj = cell.exchange(wanted_uj, spare_uj, self._time_left(net_uj))
        after_uj = free_uj + given_uj - taken_uj
        turned_uj = np.maximum(after_uj - self._ceiling_uj, 0.0)
        after_uj -= turned_uj
        # A board that runs out of supply in the step has had its share of it.
        low = self.on & (after_uj < self._brown_out_uj)
        missing_uj = np.where(low, self._brown_out_uj - after_uj, 0.0)
        used_uj = output_uw * duration_s
        unused_uj = np.minimum(missing_uj, used_uj)
        share = np.where(self.on, 1.0, 0.0)
        share = np.where(low, 1.0 - unused_uj / np.maximum(used_uj, 1e-30), share)
        after_uj += unused_uj
        # What quiescent current and leakage took beyond what there was, they did not take.
        beyond_uj = np.maximum(-after_uj, 0.0)
        after_uj += beyond_uj
        self._energy_uj = after_uj
        self.on = np.where(low, False, self.on | (after_uj >= self._restart_uj))
        films.advance(reach, cell.current_ua, cell.pulse_ua)
        turned_offer_uj = _offered(turned_uj, arriving_uw * duration_s, harvest_uw * duration_s)
        board_uj = (used_uj - unused_uj) * converter.output_efficiency
        arrived_uj = arriving_uw * duration_s - turned_uj
        harvested_uj = harvest_uw * duration_s
        return Flow(
            harvested=harvested_uj,
            cell=cell.into_cell_uj,
            capacitor=after_uj - before_uj,
            board=board_uj,
            turned_away=turned_offer_uj,
            harvester_loss=harvested_uj - turned_offer_uj - arrived_uj,
            cell_loss=-cell.into_cell_uj - cell.shunt_uj - given_uj + taken_uj,
            output_loss=used_uj - unused_uj - board_uj,
            quiescent=quiescent_uw * duration_s - beyond_uj,
            leakage=leakage_uw * duration_s,
            shunt=cell.shunt_uj,
            current_ua=cell.current_ua,
            on=share,
            short_ua=cell.short_ua,
        )


class _CellSide:
    """What the cell gives and takes in one step.

    current_ua: mean, positive charges; pulse_ua: of the converter while it works.
    """

    def __init__(
        self, films: FilmBank, reach: Reach, circuit: Circuit, runs: Switches, duration_s: float
    ) -> None:
        self._films, self._reach, self._circuit = films, reach, circuit
        self._runs, self._duration_s = runs, duration_s
        count = len(films.area_cm2)
        self.current_ua = np.zeros(count)
        self.pulse_ua = np.zeros(count)
        self.into_cell_uj = np.zeros(count)
        self.shunt_uj = np.zeros(count)
        self.short_ua = np.zeros(count)

    def exchange(
        self, wanted_uj: Numbers, spare_uj: Numbers, time_left: Numbers
    ) -> tuple[Numbers, Numbers]:
        """Return what the capacitor gets from the cell and what it gives, uJ. time_left: share of
        the step in which it can give."""
        given, taken = np.zeros_like(wanted_uj), np.zeros_like(spare_uj)
        gives, takes = wanted_uj > 0.0, spare_uj > 0.0
        if gives.any():
            given = self._pass(wanted_uj, gives, -self._circuit.converter.discharge_ua, 1.0)
        if takes.any():
            taken = self._pass(spare_uj, takes, self._circuit.converter.charge_ua, time_left)
        return given, taken

    def _pass(
        self, energy_uj: Numbers, where: Switches, pulse_ua: float, time_left: Numbers | float
    ) -> Numbers:
        """Let the pulses of one direction bring this energy to or from the capacitor, as far as
        current, time and cut-offs allow; return the energy on the capacitor's side, uJ."""
        films, reach, duration_s = self._films, self._reach, self._duration_s
        law, circuit = reach.law, self._circuit
        pulses = np.full(len(where), pulse_ua)
        drop_v = films.polarisation_v(law, pulses)
        most = np.minimum(self._most_duty(pulses, drop_v), time_left)
        stored = films.accepted(law) if pulse_ua > 0.0 else 1.0
        rest_v = films.open_circuit_v(reach.resting)
        mean_v = rest_v + law.static_v * films.hysteresis + drop_v
        shunt_v = 1e-6 * pulse_ua * circuit.shunt_ohm
        least_v = max(-shunt_v, 0.0)  # the shunt loses no more than a cell gives

        def asked(mean_v: Numbers) -> tuple[Numbers, Numbers, Numbers]:
            """Return the power of the pulses at a voltage, the duty wanted, and the duty."""
            power_uw = self._capacitor_uw(abs(pulse_ua) * (mean_v + shunt_v), pulse_ua)
            wanted = energy_uj / (np.maximum(power_uw, 1e-30) * duration_s)
            return power_uw, wanted, np.where(where, np.minimum(wanted, most), 0.0)

        for _ in range(_CORRECTIONS + 1):
            _, _, duty = asked(np.maximum(mean_v, least_v))
            density = duty * pulses * stored / films.area_cm2
            surface = reach.resting + density * reach.per_ua_cm2
            passed = density * duration_s / (3600.0 * films.capacity_uah / films.area_cm2)
            branch = mean_hysteresis(films.hysteresis, passed, law.hysteresis_rate)
            shown_v = 0.5 * (rest_v + films.open_circuit_v(surface))
            mean_v = shown_v + law.static_v * branch + drop_v
        # What the capacitor gets is of the voltage by which the cell's energy is counted.
        mean_v = np.maximum(mean_v, least_v)
        power_uw, wanted, duty = asked(mean_v)
        current_ua = duty * pulses
        self.current_ua += current_ua
        self.pulse_ua = np.where(where, pulses, self.pulse_ua)
        self.into_cell_uj += current_ua * mean_v * duration_s
        self.shunt_uj += 1e-6 * pulse_ua**2 * circuit.shunt_ohm * duty * duration_s
        if pulse_ua < 0.0:
            short = np.where(where, np.minimum(wanted, 1e3) - duty, 0.0)
            self.short_ua += np.maximum(short, 0.0) * abs(pulse_ua)
        return duty * power_uw * duration_s

    def _capacitor_uw(self, cell_uw: Numbers, pulse_ua: float) -> Numbers:
        """Return what a pulse gives to the capacitor or takes from it."""
        converter = self._circuit.converter
        if pulse_ua > 0.0:
            return _needed(converter, cell_uw)
        passed = _passed(converter, cell_uw)
        return np.where(self._runs, passed, converter.cold_efficiency * cell_uw)

    def _most_duty(self, pulses: Numbers, drop_v: Numbers) -> Numbers:
        """Return the share of the step in which the cell can bear the pulses: until the surface
        is where they meet the cut-off. The surface is linear in the mean current."""
        films, reach = self._films, self._reach
        law = reach.law
        rising = bool(pulses[0] > 0.0)
        branch = law.static_v if rising else -law.static_v
        edge_v = (CHARGED_V if rising else DISCHARGED_V) - branch - drop_v
        edge = films.surface_at_v(edge_v, rising)
        stored = films.accepted(law) if rising else 1.0
        moved = reach.per_ua_cm2 * stored * pulses / films.area_cm2
        return np.clip((edge - reach.resting) / moved, 0.0, 1.0)


def _arriving(converter: Converter, offered_uw: Numbers, runs: Switches) -> Numbers:
    """Return what the capacitor gets of a harvester's offer (converter.harvested_uw)."""
    cold = np.where(
        offered_uw >= converter.cold_start_uw, converter.cold_efficiency * offered_uw, 0.0
    )
    return np.where(runs, _passed(converter, offered_uw), cold)


def _passed(converter: Converter, input_uw: Numbers) -> Numbers:
    """Return what arrives of an input power (converter.passed_uw)."""
    share = np.divide(  # half_uw may be 0, and nights are dark
        input_uw, input_uw + converter.half_uw, out=np.zeros_like(input_uw), where=input_uw > 0.0
    )
    return converter.peak_efficiency * share * input_uw


def _needed(converter: Converter, output_uw: Numbers) -> Numbers:
    """Return the input power of which `output_uw` arrives (converter.needed_uw)."""
    peak, half = converter.peak_efficiency, converter.half_uw
    root = np.sqrt(output_uw * (output_uw + 4.0 * peak * half))
    return 0.5 * (output_uw + root) / peak


def _offered(turned_uj: Numbers, arriving_uj: Numbers, offered_uj: Numbers) -> Numbers:
    """Return how much of the offer was turned away where `turned_uj` did not find room."""
    share = np.divide(turned_uj, arriving_uj, out=np.zeros_like(turned_uj), where=arriving_uj > 0)
    return np.minimum(share, 1.0) * offered_uj
