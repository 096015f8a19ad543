"""What a measured spectrum tells of a film: electrolyte, interface and diffusion, by a circuit.

    Z = R_LiPON || CPE + R_ct || CPE + W          (impedance.py: p(R0,CPE0)-p(R1,CPE1)-W0)

W is sigma (1 - i) / sqrt(w). Noise is taken for proportional to |Z|, and its size from what is
left; where neighbours err together, they count for less. A figure that the spectrum does not tell
is named; what it may be is in the intervals of the others.

Whether the spectrum can be one of a cell at rest is asked elsewhere (kramers_kronig.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, inf, log, pi, sqrt
from typing import Any

import numpy as np

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2
from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.intervals import ResidualKinds, errors_together
from filmgauge_sim.lab.kramers_kronig import KramersKronig, kramers_kronig
from filmgauge_sim.lab.spectrum import Complexes, Spectrum

# Beyond this root mean square over |Z| a circuit is not that of the spectrum.
RESIDUAL_WITHIN = 0.05
# It is that neither where it misses more than this and by far more than the points scatter.
_MISS_WITHIN, _FAR_BEYOND = 0.01, 3.0
# Half of an interval, on the scale of the logarithm: a factor e either way tells nothing.
_WIDEST = 1.0
# Exponents of a constant phase element; 1 is a capacitor.
_LEAST_PHASE = 0.5
_RESISTANCES = (1e-2, 1e8)  # ohm cm2
_ADMITTANCES = (1e-12, 1.0)  # s^a / (ohm cm2)
_TRIES = 2
_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
_CIRCUIT = "p(R0,CPE0)-p(R1,CPE1)-W0"
_WHY_NOT = {
    "r_lipon": "the spectrum ends below the frequencies of the electrolyte",
    "r_ct": "the spectrum ends above the frequencies of the interface",
    "warburg": "the spectrum ends before diffusion shows",
    "electrolyte_capacitance": "the arc of the electrolyte lies above the highest frequency",
    "interface_capacitance": "the arc of the interface does not show",
}
# Name, whose constant phase element, and beside which resistance.
_ARCS = (
    ("electrolyte_capacitance", "electrolyte", "r_lipon"),
    ("interface_capacitance", "interface", "r_ct"),
)


@dataclass(frozen=True, slots=True)
class SpectrumEstimate:
    """One figure of the circuit with its 95 % interval."""

    name: str
    unit: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SpectrumFit:
    """The figures of a spectrum; what it does not tell -> why; the circuit's own spectrum."""

    spectrum: Spectrum
    circuit: str
    estimates: tuple[SpectrumEstimate, ...]
    cannot_tell: dict[str, str]
    fitted_ohm_cm2: Complexes
    rms: float  # of the residuals over |Z|
    kramers_kronig: KramersKronig

    def estimate(self, name: str) -> SpectrumEstimate | None:
        """A figure by its name, None where the spectrum does not tell it."""
        return next((each for each in self.estimates if each.name == name), None)

    @property
    def faults(self) -> list[str]:
        """Why the figures are not to be trusted, a sentence each."""
        found: list[str] = []
        name, kronig = self.spectrum.name, self.kramers_kronig
        if self.rms > RESIDUAL_WITHIN:
            found.append(
                f"{name}: the circuit of a film misses the spectrum by {self.rms:.1%} of |Z|"
                f" (RMS), more than {RESIDUAL_WITHIN:.0%}"
            )
        elif kronig.holds and self.rms > max(_FAR_BEYOND * kronig.rms, _MISS_WITHIN):
            found.append(
                f"{name}: the circuit of a film misses the spectrum by {self.rms:.1%} of |Z|"
                f" (RMS), whose points scatter by {kronig.rms:.1%} only: something else is in it,"
                " such as the resistance or the inductance of leads, or diffusion that reached the"
                " end of the film"
            )
        if kronig.holds is False:
            found.append(
                f"{name}: the spectrum does not obey Kramers and Kronig, by {kronig.rms:.1%} of"
                f" |Z| (RMS) and {kronig.worst:.1%} at {kronig.worst_hz:.3g} Hz: the cell changed"
                " while it was measured, or not in its linear range"
            )
        return found

    @property
    def remarks(self) -> list[str]:
        """What was done to the spectrum, and what could not be asked of it, a sentence each."""
        kronig = self.kramers_kronig
        asked = kronig.holds is not None
        untold = [] if asked else [f"{self.spectrum.name}: {kronig.sentence}"]
        return [*self.spectrum.remarks, *untold]


def fit_spectrum(
    spectrum: Spectrum, parameters: CellParameters, temperature_c: float
) -> SpectrumFit:
    """Fit the circuit, begun with the film of a set at the temperature of the measurement."""
    circuit = _Circuit()
    found = _solved(circuit, spectrum, _starts(circuit, spectrum, parameters, temperature_c))
    fitted = circuit.impedance(spectrum.frequencies_hz, found.point)
    estimates, cannot_tell = circuit.estimates(found)
    return SpectrumFit(
        spectrum,
        _CIRCUIT,
        estimates,
        cannot_tell,
        fitted,
        float(np.sqrt(np.mean(np.abs(fitted / spectrum.impedance_ohm_cm2 - 1.0) ** 2))),
        kramers_kronig(spectrum),
    )


# Name -> unit; the order is that of the circuit. R and W are logarithms, and so is Q.
_UNITS = {
    "r_lipon": "ohm cm2",
    "q_electrolyte": "",
    "phase_electrolyte": "",
    "r_ct": "ohm cm2",
    "q_interface": "",
    "phase_interface": "",
    "warburg": "ohm cm2 s^-1/2",
}
_NAMES = tuple(_UNITS)


@dataclass(frozen=True, slots=True)
class _Solved:
    """The best point, half of each 95 % interval, and the matrix whose diagonal is its square."""

    point: Numbers
    half: Numbers
    squares: Numbers


class _Circuit:
    """The circuit on the scale of the fit."""

    def __init__(self) -> None:
        ends = {"q": _ADMITTANCES, "r": _RESISTANCES, "warburg": _RESISTANCES}
        pairs = [
            (_LEAST_PHASE, 1.0) if kind == "phase" else tuple(map(log, ends[kind]))
            for kind in (name.partition("_")[0] for name in _NAMES)
        ]
        self.low, self.high = np.array(pairs).T

    def impedance(self, frequencies_hz: Numbers, point: Numbers) -> Complexes:
        """Areal impedance at a point of the fit, ohm cm2."""
        values = [_value(name, x) for name, x in zip(_NAMES, point, strict=True)]
        resistor, phase_element, warburg, parallel, series = _elements()
        arcs = [
            parallel([resistor(r, frequencies_hz), phase_element(cpe, frequencies_hz)])
            for r, cpe in ((values[0:1], values[1:3]), (values[3:4], values[4:6]))
        ]
        whole = series([*arcs, warburg(values[6:], frequencies_hz)])
        return np.asarray(whole, dtype=np.complex128)

    def estimates(self, found: _Solved) -> tuple[tuple[SpectrumEstimate, ...], dict[str, str]]:
        """What the spectrum tells, and why it does not tell the rest."""
        shown: list[SpectrumEstimate] = []
        cannot_tell: dict[str, str] = {}
        for name, x, half in zip(_NAMES, found.point, found.half, strict=True):
            if not _UNITS[name]:
                continue
            if half > _WIDEST:
                cannot_tell[name] = _WHY_NOT[name]
                continue
            low, high = _value(name, x - half), _value(name, x + half)
            shown.append(SpectrumEstimate(name, _UNITS[name], _value(name, x), low, high))
        for name, of, resistance in _ARCS:
            x, half = _capacitance(found, of, resistance)
            if half > _WIDEST:
                cannot_tell[name] = _WHY_NOT[name]
            else:
                ends = (1e6 * exp(v) for v in (x, x - half, x + half))
                shown.append(SpectrumEstimate(name, "uF/cm2", *ends))
        return tuple(shown), cannot_tell


def _capacitance(found: _Solved, of: str, resistance: str) -> tuple[float, float]:
    """Logarithm of the capacitance of an arc at its own frequency, (Q R^(1-a))^(1/a), and half of
    its interval."""
    r, q, a = (_NAMES.index(name) for name in (resistance, f"q_{of}", f"phase_{of}"))
    x, slopes = found.point, np.zeros(len(_NAMES))
    log_c = float((x[q] + (1.0 - x[a]) * x[r]) / x[a])
    slopes[[r, q, a]] = (1.0 - x[a]) / x[a], 1.0 / x[a], -(x[r] + log_c) / x[a]
    if not np.isfinite(found.half[[r, q]]).all():
        return log_c, inf
    return log_c, float(np.sqrt(slopes @ found.squares @ slopes))


def _value(name: str, x: float) -> float:
    return float(x) if name.startswith("phase") else exp(float(x))


@cache
def _elements() -> list[Callable[..., Any]]:
    """The elements of the circuit and what joins them. Their own `wrapCircuit` writes them and
    every frequency into a text and has that compiled, for each point anew."""
    from impedance.models.circuits.elements import circuit_elements

    return [circuit_elements[name] for name in ("R", "CPE", "W", "p", "s")]


def _starts(
    circuit: _Circuit, spectrum: Spectrum, parameters: CellParameters, temperature_c: float
) -> list[Numbers]:
    """Points to begin at: the film of the set, and the data's own size in several shares."""
    lipon = lipon_resistance_ohm_cm2(parameters, temperature_c)
    transfer = charge_transfer_ohm_cm2(parameters, temperature_c)
    per_s = 1e6 / lipon / parameters.electrolyte_capacitance_uf_cm2
    interface_per_s = 1e6 / max(transfer, 1.0) / parameters.interface_capacitance_uf_cm2
    z, w = spectrum.impedance_ohm_cm2, 2.0 * pi * spectrum.frequencies_hz
    # Diffusion is what the last points have beyond the arcs, if they are anything of it.
    sigma = max(float(-z[-1].imag) * sqrt(float(w[-1])), 1e-2)
    size = max(float(z[-1].real - max(-z[-1].imag, 0.0)), 0.2 * float(z.real.max()))
    pairs = [(lipon, max(transfer, 1.0)), *((s * size, (1.0 - s) * size) for s in _SHARES)]
    tops = {interface_per_s, *_tops_per_s(spectrum)}
    found: list[Numbers] = []
    low, high = circuit.low, circuit.high
    for r_lipon, r_ct in pairs:
        for top in tops:
            values = {
                "r_lipon": log(r_lipon),
                "q_electrolyte": log(1.0 / (r_lipon * per_s)),
                "phase_electrolyte": 0.97,
                "r_ct": log(r_ct),
                "q_interface": log(1.0 / (r_ct * top)),
                "phase_interface": 0.95,
                "warburg": log(sigma),
            }
            point = np.array([values[name] for name in _NAMES])
            found.append(np.clip(point, low + 1e-6, high - 1e-6))
    return found


def _tops_per_s(spectrum: Spectrum) -> list[float]:
    """Where -Im Z has a top, 1/s, smoothed over five points."""
    heights = np.convolve(-spectrum.impedance_ohm_cm2.imag, np.ones(5) / 5.0, mode="same")
    inner = heights[3:-3]
    tops = np.flatnonzero((inner[1:-1] > inner[:-2]) & (inner[1:-1] >= inner[2:])) + 4
    return [float(2.0 * pi * spectrum.frequencies_hz[k]) for k in tops][:3]


def _solved(circuit: _Circuit, spectrum: Spectrum, starts: Sequence[Numbers]) -> _Solved:
    from scipy.optimize import least_squares
    from scipy.special import stdtrit

    least: Any = least_squares
    low, high = circuit.low, circuit.high

    def residuals(x: Numbers) -> Numbers:
        z = circuit.impedance(spectrum.frequencies_hz, x)
        off = (z - spectrum.impedance_ohm_cm2) / np.abs(spectrum.impedance_ohm_cm2)
        return np.concatenate([off.real, off.imag])

    # The most likely beginnings first.
    ordered = sorted(starts, key=lambda x: float((residuals(x) ** 2).sum()))[:_TRIES]
    tries = [least(residuals, x, bounds=(low, high), x_scale="jac") for x in ordered]
    best = min(tries, key=lambda found: found.cost)
    point, jac = best.x, best.jac
    free = (point - low > 1e-3) & (high - point > 1e-3)
    degrees = max(len(best.fun) - int(free.sum()), 1)
    variance = 2.0 * best.cost / degrees * _errors_together(best.fun)
    # An exponent that stands at 1 is that of a capacitor, and known.
    capacitor = np.array([name.startswith("phase") for name in _NAMES]) & ~free
    half, squares = np.where(capacitor, 0.0, inf), np.zeros((len(point), len(point)))
    covariance = variance * np.linalg.pinv(jac[:, free].T @ jac[:, free])
    squares[np.ix_(free, free)] = float(stdtrit(degrees, 0.975)) ** 2 * covariance
    half[free] = np.sqrt(np.diag(squares))[free]
    # The arc of the electrolyte is the faster one, whichever of both the fit began it as.
    slower = _time_s(point, 0) > _time_s(point, 3)
    order = [3, 4, 5, 0, 1, 2, 6] if slower else list(range(len(_NAMES)))
    return _Solved(point[order], half[order], squares[np.ix_(order, order)])


def _errors_together(residuals: Numbers) -> float:
    """By how much neighbouring frequencies that err together widen the intervals, squared."""
    count = len(residuals)
    # Real parts stand before imaginary ones.
    follows = np.arange(1, count) != count // 2
    return errors_together(ResidualKinds(np.zeros(count, dtype=np.bool_), follows), residuals)


def _time_s(point: Numbers, at: int) -> float:
    """The time constant of the arc whose resistance stands there, (R Q)^(1/a)."""
    resistance, admittance, phase = point[at : at + 3]
    return exp(float(resistance + admittance) / float(phase))
