"""Parameters of one film cell, read from TOML and checked.

Areal figures (per cm2 of film), temperatures in degC, stoichiometry 1 = charged. The sets that
come with the package stand in ``sets/``, where every number carries its source.
"""

from dataclasses import MISSING, dataclass, field, fields, replace
from importlib.resources import files
from math import exp
from pathlib import Path
from random import Random
from typing import Any

from filmgauge_sim.file_text import TomlError, parse_toml

PHYSICS = ("linear", "variable", "boundary")

_BASE = "base"  # a set may name another that has what it leaves out


class ParameterError(ValueError):
    """A parameter set is wrong; the text is one sentence with file, field and bound."""


def _bounded(low: float, high: float, default: float | None = None) -> Any:
    bounds = {"low": low, "high": high}
    return field(metadata=bounds) if default is None else field(metadata=bounds, default=default)


@dataclass(frozen=True, kw_only=True)
class CellParameters:
    """Everything that tells one kind of film cell from another.

    Raises ParameterError when a field has a wrong type, is not a number or is out of bounds.
    """

    name: str
    # How lithium moves through the film: film.py names the classes.
    physics: str = "linear"
    # Charge that the film holds between stoichiometry 0 and 1.
    capacity_uah_cm2: float = _bounded(0.1, 1e4)
    # Time constant (length squared over diffusivity) of the planar diffusion, at 25 degC.
    diffusion_time_h: float = _bounded(1e-3, 1e4)
    diffusion_activation_energy_ev: float = _bounded(0.0, 1.5)
    # Temperature (K) at which diffusion would freeze by Vogel's law; 0 is that of Arrhenius.
    diffusion_freezing_k: float = _bounded(0.0, 220.0, 0.0)
    # Physics "variable": diffusivity of the charged film over that of the discharged one.
    diffusivity_ratio: float = _bounded(1e-2, 1e2, 1.0)
    # Physics "boundary": patches are thicker and thinner by this share of the mean, and the shares
    # of the limiting current in which the voltage leaves its plateau by a factor e.
    patch_spread: float = _bounded(0.01, 1.0, 0.4)
    knee_width: float = _bounded(1e-3, 0.5, 0.05)
    # The solid electrolyte; its resistance is thickness / conductivity.
    lipon_thickness_um: float = _bounded(0.01, 100.0)
    lipon_conductivity_s_cm: float = _bounded(1e-9, 1e-2)
    lipon_activation_energy_ev: float = _bounded(0.0, 1.5)
    # The interface between film and electrolyte, at 25 degC; one energy for it and for i0.
    contact_resistance_ohm_cm2: float = _bounded(0.0, 1e5)
    interface_activation_energy_ev: float = _bounded(0.0, 1.5)
    # Charge plateau minus discharge plateau at the stated current and 25 degC, and the share of
    # that gap which vanishes at once when the current stops; the rest is static hysteresis.
    plateau_gap_v: float = _bounded(0.01, 2.0)
    plateau_current_ua_cm2: float = _bounded(1e-3, 1e3)
    kinetic_share: float = _bounded(0.05, 0.95)
    # The static part turns by 1 - 1/e after 1/rate of the capacity has passed in one direction.
    hysteresis_rate: float = _bounded(0.1, 1e4)
    # Open-circuit curve: middle, rise over the whole plateau, and two exponential ends, each with
    # its height at stoichiometry 0 or 1 and the stoichiometry in which it decays by a factor e.
    plateau_middle_v: float = _bounded(0.5, 5.0)
    plateau_slope_v: float = _bounded(1e-4, 1.0)
    empty_fall_v: float = _bounded(0.01, 5.0)
    empty_width: float = _bounded(1e-4, 0.1)
    full_rise_v: float = _bounded(0.01, 5.0)
    full_width: float = _bounded(1e-4, 0.1)
    # Share of the charging current that is stored, and what a charged film loses at 25 degC.
    charge_acceptance: float = _bounded(0.5, 1.0)
    self_discharge_per_year: float = _bounded(0.0, 100.0)
    self_discharge_activation_energy_ev: float = _bounded(0.0, 1.5)
    # The first charge of a film as built: extra voltage, and the share of its charge that stays.
    first_charge_barrier_v: float = _bounded(0.0, 2.0)
    first_charge_acceptance: float = _bounded(0.1, 1.0)
    # Ageing (ageing.py): capacity as built over formed, and the cycles in which it opens.
    fresh_capacity_share: float = _bounded(0.05, 1.0)
    activation_cycles: float = _bounded(0.1, 1e6)
    growth_share: float = _bounded(0.0, 2.0)
    growth_cycles: float = _bounded(0.1, 1e6)
    slowing_cycles: float = _bounded(0.1, 1e6)
    slowing_exponent: float = _bounded(0.0, 2.0)
    fade_per_cycle: float = _bounded(0.0, 0.1)
    strain_most: float = _bounded(0.0, 0.9)
    strain_current_ua_cm2: float = _bounded(0.1, 1e6)
    strain_cycles: float = _bounded(0.1, 1e6)
    adaptation_cycles: float = _bounded(0.1, 1e6)
    ageing_activation_energy_ev: float = _bounded(0.0, 1.5)
    # What only an impedance spectrum sees.
    electrolyte_capacitance_uf_cm2: float = _bounded(1e-6, 1e3)
    interface_capacitance_uf_cm2: float = _bounded(1e-6, 1e6)
    # From cell to cell: standard deviation of the logarithm of each figure (``drawn``).
    capacity_spread: float = _bounded(0.0, 1.0)
    diffusion_spread: float = _bounded(0.0, 1.0)
    resistance_spread: float = _bounded(0.0, 1.0)
    loss_spread: float = _bounded(0.0, 1.0)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ParameterError(f"name must be a text of at least one letter, not {self.name!r}.")
        if self.physics not in PHYSICS:
            raise ParameterError(
                f"physics must be one of {', '.join(PHYSICS)}, not {self.physics!r}."
            )
        for each in fields(self):
            if each.metadata:
                _check_number(each.name, getattr(self, each.name), **each.metadata)
        # Whatever vanishes with the current and is not ohmic must be left for the reaction.
        ohmic_v = self.plateau_current_ua_cm2 * 1e-6 * self.resistance_ohm_cm2
        if ohmic_v >= 0.5 * self.kinetic_share * self.plateau_gap_v:
            least = 2 * ohmic_v / self.plateau_gap_v
            raise ParameterError(
                f"kinetic_share must be above {least:.3g}, the share of plateau_gap_v that the"
                f" resistances alone take, not {self.kinetic_share:.3g}."
            )

    @property
    def lipon_resistance_ohm_cm2(self) -> float:
        """Resistance of the electrolyte at 25 degC, ohm cm2."""
        return self.lipon_thickness_um * 1e-4 / self.lipon_conductivity_s_cm

    @property
    def resistance_ohm_cm2(self) -> float:
        """Electrolyte and contact in series at 25 degC, ohm cm2."""
        return self.lipon_resistance_ohm_cm2 + self.contact_resistance_ohm_cm2

    def drawn(self, seed: int) -> "CellParameters":
        """One cell of this kind; the same seed gives the same cell on every machine.

        Every figure that varies is multiplied by exp(spread x) with x from a standard normal
        distribution, so that its median is the set's own value and it stays positive.
        """
        source = Random(seed)
        capacity, diffusion, resistance, contact, loss, leak = (
            source.gauss(0.0, 1.0) for _ in range(6)
        )
        lost = (1.0 - self.charge_acceptance) * exp(self.loss_spread * loss)
        factor = exp(self.resistance_spread * resistance)
        return replace(
            self,
            capacity_uah_cm2=self.capacity_uah_cm2 * exp(self.capacity_spread * capacity),
            diffusion_time_h=self.diffusion_time_h * exp(self.diffusion_spread * diffusion),
            lipon_conductivity_s_cm=self.lipon_conductivity_s_cm / factor,
            contact_resistance_ohm_cm2=self.contact_resistance_ohm_cm2
            * exp(self.resistance_spread * contact),
            charge_acceptance=1.0 - lost,
            self_discharge_per_year=self.self_discharge_per_year * exp(self.loss_spread * leak),
        )


def available_sets(physics: str | None = None) -> list[str]:
    """Names of the parameter sets that come with the package, or those of a physics, sorted."""
    names = (entry.name for entry in _sets_folder().iterdir())
    found = sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    if physics is None:
        return found
    return [name for name in found if load_parameters(name).physics == physics]


def load_parameters(name_or_path: str | Path) -> CellParameters:
    """Read a parameter set by the name of one in the package, or from a TOML file.

    Raises ParameterError (one sentence with file, field and bound) when there is no such set or
    file, it is not TOML, a key is unknown or missing, or a value is of the wrong type or size.
    """
    if name_or_path in available_sets():
        source, where = _sets_folder() / f"{name_or_path}.toml", f"{name_or_path}.toml"
    else:
        source, where = Path(name_or_path), str(name_or_path)
    try:
        text = source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        sets = ", ".join(available_sets())
        raise ParameterError(f"{where} is neither a file nor one of the sets {sets}.") from None
    except UnicodeDecodeError as error:
        raise _not_toml(where, error) from None
    except OSError as error:
        raise ParameterError(f"{where}: the file cannot be read: {error.strerror}.") from None
    return parse_parameters(text, where)


def parse_parameters(text: str, where: str) -> CellParameters:
    """A parameter set from the text of a TOML file; ``where`` begins a ParameterError."""
    try:
        return _from_table(parse_toml(text))
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
    except TomlError as error:
        raise _not_toml(where, error) from None


def _not_toml(where: str, error: Exception) -> ParameterError:
    reason = str(error).rstrip(".")
    return ParameterError(f"{where}: the file is not TOML in UTF-8: {reason}.")


def _sets_folder() -> Any:
    return files("filmgauge_sim.cell") / "sets"


def _from_table(table: dict[str, Any]) -> CellParameters:
    names = [each.name for each in fields(CellParameters)]
    for key in table:
        if key not in (*names, _BASE):
            raise ParameterError(f"{key} is not a field of a cell; known are {', '.join(names)}.")
    base = table.pop(_BASE, None)
    if base is not None:
        if base not in available_sets():
            sets = ", ".join(available_sets())
            raise ParameterError(f"{_BASE} must be one of the sets {sets}, not {base!r}.")
        return replace(load_parameters(base), **table)
    for each in fields(CellParameters):
        if each.name not in table and each.default is MISSING:
            expected = "a text" if each.name == "name" else _expected(**each.metadata)
            raise ParameterError(f"{each.name} is missing; it must be {expected}.")
    return CellParameters(**table)


def _check_number(name: str, value: object, low: float, high: float) -> None:
    # bool is an int in Python and never meant as a quantity; NaN fails the comparison.
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return
    raise ParameterError(f"{name} must be {_expected(low, high)}, not {value!r}.")


def _expected(low: float, high: float) -> str:
    return f"a number from {low:g} to {high:g}"
