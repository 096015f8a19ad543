"""What fitted spectra say of a parameter set: electrolyte and interface at 25 degC.

Cycles tell the sum of both resistances at best, and no capacitance. Several spectra are averaged,
each with the weight of its interval; where they differ by more than these say, the interval of the
mean is wider by as much.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log, sqrt

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.kinetics import arrhenius
from filmgauge_sim.lab.fit_parameters import Estimate
from filmgauge_sim.lab.impedance_fit import SpectrumFit

# Figure of a spectrum -> field of the set and its unit.
_FIELDS = {
    "r_lipon": ("lipon_conductivity_s_cm", "S/cm"),
    "r_ct": ("contact_resistance_ohm_cm2", "ohm cm2"),
    "electrolyte_capacitance": ("electrolyte_capacitance_uf_cm2", "uF/cm2"),
    "interface_capacitance": ("interface_capacitance_uf_cm2", "uF/cm2"),
}
# Half of a 95 % interval over the standard deviation.
_NORMAL = 1.96


def with_spectra(
    start: CellParameters, fits: Sequence[SpectrumFit], temperature_c: float
) -> tuple[CellParameters, list[Estimate]]:
    """A set with what spectra at one temperature tell, and these figures.

    Raises ParameterError where there is no such cell.
    """
    found: list[Estimate] = []
    for name, (field, unit) in _FIELDS.items():
        estimates = [each for fit in fits if (each := fit.estimate(name)) is not None]
        if not estimates:
            continue
        halves = [max(0.5 * log(each.high / each.low), 1e-6) for each in estimates]
        weights = [1.0 / (half * half) for half in halves]
        middle = sum(w * log(e.value) for w, e in zip(weights, estimates, strict=True)) / sum(
            weights
        )
        half = 1.0 / sqrt(sum(weights))
        half *= _disagreement([log(e.value) - middle for e in estimates], halves)
        values = [exp(middle + x) for x in (-half, 0.0, half)]
        ends = sorted(_at_reference(start, name, value, temperature_c) for value in values)
        found.append(Estimate(field, unit, ends[1], ends[0], ends[2]))
    return replace(start, **{each.name: each.value for each in found}), found


def _disagreement(departures: Sequence[float], halves: Sequence[float]) -> float:
    """By how much an interval widens whose spectra differ by more than their own intervals.

    The ratio of Birge, Phys. Rev. 40 (1932) 207, at least 1.
    """
    if len(departures) < 2:
        return 1.0
    squares = sum(
        (_NORMAL * off / half) ** 2 for off, half in zip(departures, halves, strict=True)
    )
    return max(1.0, sqrt(squares / (len(departures) - 1)))


def _at_reference(
    parameters: CellParameters, name: str, value: float, temperature_c: float
) -> float:
    """A figure of the circuit as its field of the set states it, at 25 degC."""
    if name == "r_lipon":
        at_25 = value / arrhenius(parameters.lipon_activation_energy_ev, temperature_c)
        return parameters.lipon_thickness_um * 1e-4 / at_25
    if name == "r_ct":
        return value / arrhenius(parameters.interface_activation_energy_ev, temperature_c)
    return value
