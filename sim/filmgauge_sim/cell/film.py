"""The film cell: its state, how it moves and what voltage it shows.

    s       mean stoichiometry, 1 = charged (self_discharge.py)
    h       hysteresis state in [-1, 1] (open_circuit.py)
    V       what the transport in the film shows + M h + polarisation(j) + first-charge barrier
            (kinetics.py, isothermal.py)
    life    how old the film is (ageing.py); without one the film is formed and stays so

How lithium moves through the film is its physics, a subclass each: diffusion_film.py,
variable_film.py and boundary_film.py. The published data do not tell them apart.

Positive current charges the cell. Currents are those of the whole cell in uA, temperatures in
degC, times in seconds. Cost grows with the number of load changes and not with their length.

Ageing is booked with the charge and takes effect where a charge follows a discharge, so that
between two turns of the current the film is one film and the stepping exact. The stored charge
stays what it was; the stoichiometry is that charge over the new capacity.
"""

from collections.abc import Callable
from math import inf, isfinite
from typing import ClassVar

from filmgauge_sim.cell.ageing import LifeState, aged, strain_share
from filmgauge_sim.cell.crossing import Crossing, VoltageLimits
from filmgauge_sim.cell.isothermal import Isothermal
from filmgauge_sim.cell.open_circuit import hysteresis_after
from filmgauge_sim.cell.parameters import CellParameters
from filmgauge_sim.cell.self_discharge import leaked

# Far beyond any use; within them nothing overflows.
MOST_UA_CM2 = 1e6
LONGEST_S = 1e15
# Turns after less than this share of a cycle wait for more, so that bursts cost little.
_LEAST_CYCLES = 0.005
_SECONDS_PER_HOUR = 3600.0
_LEAST_CM2, _MOST_CM2 = 1e-6, 1e6


class FilmCell:
    """A film cell of area_cm2, at rest and uniform at the given mean stoichiometry.

    It is one of the class that belongs to the physics of its parameters.
    ``stoichiometry`` is the charge that is stored, over the capacity. ``hysteresis`` is the branch
    on which the last current left it: 1 charging, -1 discharging. ``life`` is the age that took
    effect last, from which cycling ages it further; None is a formed film that stays so. All are
    attributes, to be read only.
    Raises ValueError when area_cm2 is not from 1e-6 to 1e6, the stoichiometry not from 0 to 1 or
    the hysteresis not from -1 to 1.
    """

    _PHYSICS: ClassVar[dict[str, type["FilmCell"]]] = {}

    def __init_subclass__(cls, physics: str) -> None:
        FilmCell._PHYSICS[physics] = cls

    def __new__(cls, parameters: CellParameters, *_state: object, **_more: object) -> "FilmCell":
        return object.__new__(FilmCell._PHYSICS[parameters.physics])

    def __init__(
        self,
        parameters: CellParameters,
        area_cm2: float,
        stoichiometry: float = 1.0,
        *,
        hysteresis: float = 1.0,
        life: LifeState | None = None,
    ) -> None:
        _check("area_cm2", area_cm2, _LEAST_CM2, _MOST_CM2)
        _check("stoichiometry", stoichiometry, 0.0, 1.0)
        _check("hysteresis", hysteresis, -1.0, 1.0)
        self.parameters = parameters
        self.area_cm2 = float(area_cm2)
        self._law = Isothermal(parameters, 25.0, life)
        self.stoichiometry = float(stoichiometry)
        self.hysteresis = float(hysteresis)
        self.life = life
        self._lost_uas_cm2 = 0.0
        # Direction of the last current, and the ageing booked since it last took effect.
        self._charging = True
        self._cycles = self._strained_cycles = 0.0
        # This cell as it will be when the current turns, while nothing else happens.
        self._turned_twin: FilmCell | None = None
        # Current, law and voltage that were asked for last, while nothing changes.
        self._asked: tuple[float, Isothermal, float] | None = None
        self._begin()

    @property
    def capacity_uah(self) -> float:
        """Charge between stoichiometry 0 and 1 at the film's present age, uAh."""
        if self.life is None:
            return self.parameters.capacity_uah_cm2 * self.area_cm2
        return self._law.capacity_uas_cm2 / _SECONDS_PER_HOUR * self.area_cm2

    @property
    def lost_uah(self) -> float:
        """Charge lost to side reactions and self-discharge since the cell was made, uAh."""
        return self._lost_uas_cm2 / _SECONDS_PER_HOUR * self.area_cm2

    @property
    def surface_stoichiometry(self) -> float:
        """Stoichiometry at the electrolyte, the one that the voltage follows."""
        raise NotImplementedError

    def clone(self) -> "FilmCell":
        """A cell in the same state that lives its own life from now on."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)  # what moves is replaced at every step
        twin._turned_twin = twin._asked = None
        twin._forget()
        return twin

    def __getnewargs__(self) -> tuple[CellParameters]:
        return (self.parameters,)

    def __getstate__(self) -> dict[str, object]:
        return self.clone().__dict__  # without what was asked for

    def full(self) -> "FilmCell":
        """This film at its present age, full and at rest."""
        return FilmCell(self.parameters, self.area_cm2, 1.0, life=self.life)

    def shift(self, change: float) -> None:
        """Change the mean stoichiometry at once and deep in the film, as where material in another
        state joins it: what the electrolyte sees stays."""
        self._forget()
        self._turned_twin = self._asked = None
        self._shift(change)
        self.stoichiometry += change

    def advance(
        self, current_ua: float, temperature_c: float, duration_s: float, change_ua: float = 0.0
    ) -> None:
        """Let constant current and temperature act for duration_s; exact for any duration >= 0.

        With change_ua a current of one direction that changes evenly by so much about current_ua:
        exact but for its leakage, which is that of the mean.
        Raises ValueError, changing nothing, when an argument is not a number within its bounds:
        +-1e6 uA/cm2, -40 to 85 degC, 0 to 1e15 s.
        """
        law, current = self._law_at(temperature_c), self._areal(current_ua)
        if not 0.0 <= duration_s <= LONGEST_S:
            _check("duration_s", duration_s, 0.0, LONGEST_S)
        change = self._areal(change_ua) if change_ua else 0.0
        if self.life is not None and duration_s:
            if current:
                law = self._age(law, current, duration_s)
            self._turned_twin = None
        self._asked = None
        self._forget()
        inflow = law.stored_ua_cm2(current)
        if current > 0.0:
            change *= law.acceptance
        passed = inflow * duration_s * law.per_uas_cm2
        leak = leaked(self.stoichiometry, passed, law.leak_per_s * duration_s)
        self._move(law, inflow, duration_s, passed - leak, change)
        self.stoichiometry += passed - leak
        self._lost_uas_cm2 += (current - inflow) * duration_s + leak * law.capacity_uas_cm2
        if passed:
            self.hysteresis = hysteresis_after(self.hysteresis, passed, law.hysteresis_rate)

    def voltage_v(self, current_ua: float, temperature_c: float) -> float:
        """Terminal voltage at this instant under the given current, volts.

        Raises ValueError when an argument is not a number within the bounds of ``advance``.
        """
        law, asked = self._law_at(temperature_c), self._asked
        if asked is not None and asked[0] == current_ua and asked[1] is law:
            return asked[2]
        current = self._areal(current_ua)
        if self._turns(current):
            return self._turned(current, temperature_c).voltage_v(current_ua, temperature_c)
        rest = self._shown_v(law, current) + law.static_v * self.hysteresis
        volts = rest + self._offset_v(law, current)
        self._asked = current_ua, law, volts
        return volts

    def mean_voltage_v(self, current_ua: float, temperature_c: float, duration_s: float) -> float:
        """The mean of the terminal voltage over the next duration_s > 0 of constant current.

        In closed form where the surface stays on the plateau, otherwise by a quadrature that is
        right to 10 uV for a voltage that moves by less than 0.1 V. Changes nothing.
        Raises ValueError when an argument is not a number within the bounds of ``advance``, or
        duration_s is 0.
        """
        law, current = self._law_at(temperature_c), self._areal(current_ua)
        if not 0.0 < duration_s <= LONGEST_S:
            raise ValueError(
                f"duration_s must be above 0 and at most {LONGEST_S:g}, not {duration_s!r}."
            )
        if self._turns(current):
            twin = self._turned(current, temperature_c)
            return twin.mean_voltage_v(current_ua, temperature_c, duration_s)
        return self._mean_v(law, current, duration_s)

    def voltage_after_v(
        self, temperature_c: float, duration_s: float, from_ua: float | None = None
    ) -> Callable[[float], float]:
        """A function of a current (uA): the terminal voltage under it once it has acted for
        duration_s, or has been reached evenly from from_ua in that time. It holds until this cell
        changes, and raises as ``advance`` does."""

        def after_v(current_ua: float) -> float:
            twin = self.clone()
            if from_ua is None:
                twin.advance(current_ua, temperature_c, duration_s)
            else:
                mean_ua = 0.5 * (from_ua + current_ua)
                twin.advance(mean_ua, temperature_c, duration_s, current_ua - from_ua)
            return twin.voltage_v(current_ua, temperature_c)

        return after_v

    def next_crossing(
        self,
        current_ua: float,
        temperature_c: float,
        duration_s: float,
        low_v: float | None = None,
        high_v: float | None = None,
    ) -> Crossing | None:
        """When the voltage first leaves (low_v, high_v) under constant current, if it does.

        Looks at the next duration_s (ends included) and changes nothing; the time is 0 when the
        voltage lies at or beyond a limit already. No excursion is too short to be found.
        Raises ValueError when an argument is not a number within the bounds of ``advance``, or
        low_v is not below high_v.
        """
        law, current = self._law_at(temperature_c), self._areal(current_ua)
        if not 0.0 <= duration_s <= LONGEST_S:
            _check("duration_s", duration_s, 0.0, LONGEST_S)
        limits = _limits(low_v, high_v)
        if self._turns(current):
            twin = self._turned(current, temperature_c)
            return twin.next_crossing(current_ua, temperature_c, duration_s, low_v, high_v)
        return self._crossing(law, current, duration_s, limits)

    # What a physics provides.

    def _begin(self) -> None:
        """Be uniform."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Drop what was computed of the state that is left now."""

    def _move(
        self, law: Isothermal, inflow: float, duration_s: float, net: float, change: float
    ) -> None:
        """Let inflow uA/cm2 pass for duration_s, and with it the stoichiometry change by net; the
        inflow changes evenly by ``change`` about its mean."""
        raise NotImplementedError

    def _shown_v(self, law: Isothermal, current: float) -> float:
        """The voltage but for hysteresis and polarisation."""
        raise NotImplementedError

    def _offset_v(self, law: Isothermal, current: float) -> float:
        return law.offset_v(current)

    def _mean_v(self, law: Isothermal, current: float, duration_s: float) -> float:
        """As ``mean_voltage_v``, of checked arguments."""
        raise NotImplementedError

    def _crossing(
        self, law: Isothermal, current: float, duration_s: float, limits: VoltageLimits
    ) -> Crossing | None:
        """As ``next_crossing``, of checked arguments."""
        raise NotImplementedError

    def _rescale(self, scale: float) -> None:
        """Let the capacity change: the same charge is ``scale`` times the stoichiometry."""
        raise NotImplementedError

    def _shift(self, change: float) -> None:
        """Let the mean change at the back, before it is booked."""

    def _become(self, twin: "FilmCell") -> None:
        """Be as uneven as a twin."""
        raise NotImplementedError

    def _law_at(self, temperature_c: float) -> Isothermal:
        law = self._law
        if law.temperature_c != temperature_c:
            law = self._law = Isothermal(self.parameters, temperature_c, self.life)
        return law

    def _age(self, law: Isothermal, current: float, duration_s: float) -> Isothermal:
        """Let ageing take effect if the current turns, and book that of this step."""
        if self._turns(current):
            self._turn(current)
            law = self._law
        self._charging = current > 0.0
        # A cycle is a charge and a discharge of the capacity when formed.
        share = abs(current) * duration_s / (7200.0 * self.parameters.capacity_uah_cm2)
        cycles = share * law.ageing
        self._cycles += cycles
        self._strained_cycles += cycles * strain_share(self.parameters, current)
        return law

    def _turns(self, current: float) -> bool:
        """Whether this current turns the last one round, so that ageing takes effect."""
        life = self.life
        if life is None or not current or (current > 0.0) == self._charging:
            return False
        return life.virgin > 0.0 if self._charging else self._cycles > _LEAST_CYCLES

    def _turned(self, current: float, temperature_c: float) -> "FilmCell":
        """This cell with the ageing that the turn to a current brings; not to be changed."""
        twin = self._turned_twin
        if twin is None:
            twin = self._turned_twin = self.clone()
            twin._turn(current)
            twin._charging = current > 0.0
        twin._law_at(temperature_c)
        return twin

    def _turn(self, current: float) -> None:
        twin, life = self._turned_twin, self.life
        assert life is not None
        if twin is not None and twin._law.temperature_c == self._law.temperature_c:
            # Asked for before: the same state once more.
            self.life, self._law = twin.life, twin._law
            self.stoichiometry = twin.stoichiometry
            self._become(twin)
            self._cycles, self._strained_cycles = twin._cycles, twin._strained_cycles
            return
        if current > 0.0:
            life = aged(self.parameters, life, self._cycles, self._strained_cycles)
            self._cycles = self._strained_cycles = 0.0
        else:
            life = life.charged_to(self.stoichiometry)
        before = self._law.capacity_uas_cm2
        self.life = life
        self._law = self._law.aged(self.parameters, life)
        scale = before / self._law.capacity_uas_cm2
        self.stoichiometry *= scale
        self._rescale(scale)

    def _areal(self, current_ua: float) -> float:
        current = current_ua / self.area_cm2
        if not -MOST_UA_CM2 <= current <= MOST_UA_CM2:
            most = MOST_UA_CM2 * self.area_cm2
            _check("current_ua", current_ua, -most, most)
        return current


def _limits(low_v: float | None, high_v: float | None) -> VoltageLimits:
    for name, value in (("low_v", low_v), ("high_v", high_v)):
        if value is not None and not isfinite(value):
            raise ValueError(f"{name} must be a finite number of volts, not {value!r}.")
    limits = VoltageLimits(-inf if low_v is None else low_v, inf if high_v is None else high_v)
    if limits.low_v >= limits.high_v:
        raise ValueError(f"low_v must be below high_v ({high_v!r}), not {low_v!r}.")
    return limits


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value!r}.")
