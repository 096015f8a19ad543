"""What a measured spectrum tells of a film: electrolyte, interface and diffusion, by a circuit.

The circuit is that of film_circuit.py. A resistance and an inductance in series, those of the
leads, are in it only where the spectrum has them beyond doubt; a resistance that it might have
still widens the intervals of the film. Noise is taken for proportional to |Z|, and its size from
what is left; where neighbours err together, they count for less. A figure that the spectrum does
not tell is named; what it may be is in the intervals of the others.

Whether the spectrum can be one of a cell at rest is asked elsewhere (kramers_kronig.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, pi, sqrt
from typing import Any

import numpy as np

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2
from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.film_circuit import (
    FILM_NAMES,
    FILM_UNITS,
    LEAD_NAMES,
    LEAD_UNITS,
    faster_arc_first,
    film_bounds,
    film_impedance,
    in_words,
    lead_slopes,
    log_capacitance,
)
from filmgauge_sim.lab.intervals import ResidualKinds, errors_together
from filmgauge_sim.lab.kramers_kronig import KramersKronig, kramers_kronig
from filmgauge_sim.lab.spectrum import Complexes, Spectrum

# Beyond this root mean square over |Z| a circuit is not that of the spectrum.
RESIDUAL_WITHIN = 0.05
# It is that neither where it misses more than this and by far more than the points scatter.
_MISS_WITHIN, _FAR_BEYOND = 0.01, 3.0
# Half of an interval, on the scale of the logarithm: a factor e either way tells nothing.
_WIDEST = 1.0
# Leads are beyond doubt where they are so many halves of an interval, and so much of |Z|.
_HALVES, _SHARE_OF_Z = 2.0, 0.001
_TRIES = 2
_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
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
                " such as diffusion that reached the end of the film, or a third arc"
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
    """Fit the circuit, begun with the film of a set at the temperature of the measurement.

    Inductive points are left out where no inductance explains them.
    """
    found = _fitted(spectrum, parameters, temperature_c)
    inductive = spectrum.impedance_ohm_cm2.imag > 0.0
    if not inductive.any() or not found.faults:
        return found
    without = _fitted(spectrum.without(inductive), parameters, temperature_c)
    return found if without.faults else without


def _fitted(spectrum: Spectrum, parameters: CellParameters, temperature_c: float) -> SpectrumFit:
    found = _solved(spectrum, _starts(spectrum, parameters, temperature_c))
    estimates, cannot_tell = _estimates(found)
    off = found.fitted_ohm_cm2 / spectrum.impedance_ohm_cm2 - 1.0
    return SpectrumFit(
        spectrum,
        in_words(found.leads),
        estimates,
        cannot_tell,
        found.fitted_ohm_cm2,
        float(np.sqrt(np.mean(np.abs(off) ** 2))),
        kramers_kronig(spectrum),
    )


@dataclass(frozen=True, slots=True)
class _Solved:
    """The best point, half of each 95 % interval, and the matrix whose diagonal is its square.

    The film stands before the leads, of which only those in ``leads`` are believed.
    """

    point: Numbers
    half: Numbers
    squares: Numbers
    leads: tuple[str, ...]
    fitted_ohm_cm2: Complexes


def _estimates(found: _Solved) -> tuple[tuple[SpectrumEstimate, ...], dict[str, str]]:
    """What the spectrum tells, and why it does not tell the rest."""
    count = len(FILM_NAMES)
    film, half = found.point[:count], found.half[:count]
    logs = [
        (name, FILM_UNITS[name], float(x), float(h))
        for name, x, h in zip(FILM_NAMES, film, half, strict=True)
        if FILM_UNITS[name]
    ]
    for name, of, resistance in _ARCS:
        x, slopes = log_capacitance(film, of, resistance)
        square = slopes @ found.squares[:count, :count] @ slopes
        unbounded = not np.isfinite(half[slopes != 0.0]).all()
        logs.append((name, "uF/cm2", x + log(1e6), inf if unbounded else sqrt(square)))
    shown = [
        SpectrumEstimate(name, unit, *(exp(v) for v in (x, x - h, x + h)))
        for name, unit, x, h in logs
        if h <= _WIDEST
    ]
    for name, x, h in zip(LEAD_NAMES, found.point[count:], found.half[count:], strict=True):
        if name in found.leads:
            ends = (float(v) for v in (x, x - h, x + h))
            shown.append(SpectrumEstimate(name, LEAD_UNITS[name], *ends))
    return tuple(shown), {name: _WHY_NOT[name] for name, _, _, h in logs if h > _WIDEST}


def _starts(spectrum: Spectrum, parameters: CellParameters, temperature_c: float) -> list[Numbers]:
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
    low, high = film_bounds()
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
            point = np.array([values[name] for name in FILM_NAMES])
            found.append(np.clip(point, low + 1e-6, high - 1e-6))
    return found


def _tops_per_s(spectrum: Spectrum) -> list[float]:
    """Where -Im Z has a top, 1/s, smoothed over five points."""
    heights = np.convolve(-spectrum.impedance_ohm_cm2.imag, np.ones(5) / 5.0, mode="same")
    inner = heights[3:-3]
    tops = np.flatnonzero((inner[1:-1] > inner[:-2]) & (inner[1:-1] >= inner[2:])) + 4
    return [float(2.0 * pi * spectrum.frequencies_hz[k]) for k in tops][:3]


def _solved(spectrum: Spectrum, starts: Sequence[Numbers]) -> _Solved:
    """The film with what the leads have beyond doubt."""
    problem = _Problem(spectrum)
    found = problem.best(starts, LEAD_NAMES)
    while doubtful := problem.doubtful(found):
        # The less sure one first: without it the other may be beyond doubt.
        kept = tuple(name for name in found.leads if name != doubtful[0])
        found = problem.best([found.point[: len(FILM_NAMES)], *starts], kept)
    return found


class _Problem:
    """Least squares in proportion to |Z|, over the film and some elements of the leads."""

    def __init__(self, spectrum: Spectrum) -> None:
        self._hertz, self._z = spectrum.frequencies_hz, spectrum.impedance_ohm_cm2
        self._size = np.abs(self._z)
        slopes = lead_slopes(self._hertz) / self._size[:, None]
        self._lead_slopes = np.concatenate([slopes.real, slopes.imag])
        # The scale of R_s and L: what would be all of |Z| somewhere.
        self._units = 1.0 / np.abs(slopes).max(axis=0)

    def best(self, starts: Sequence[Numbers], leads: tuple[str, ...]) -> _Solved:
        """The best point with these elements of the leads, of a few tries."""
        from scipy.optimize import least_squares

        least: Any = least_squares
        low, high = film_bounds()
        own = [LEAD_NAMES.index(name) for name in leads]
        slopes = self._lead_slopes[:, own] * self._units[own]
        bounds = (
            np.concatenate([low, np.zeros(len(own))]),
            np.concatenate([high, np.full(len(own), inf)]),
        )

        def residuals(x: Numbers) -> Numbers:
            return self._film_residuals(x[: len(low)]) + slopes @ x[len(low) :]

        # The most likely beginnings first.
        begun = [
            np.concatenate([film, np.full(len(own), share)])
            for film in starts
            for share in ((1e-6, 0.3) if own else (0.0,))
        ]
        ordered = sorted(begun, key=lambda x: float((residuals(x) ** 2).sum()))[:_TRIES]
        tries = [least(residuals, x, bounds=bounds, x_scale="jac") for x in ordered]
        found = min(tries, key=lambda each: each.cost)
        point = np.zeros(len(FILM_NAMES) + len(LEAD_NAMES))
        point[: len(low)] = found.x[: len(low)]
        point[[len(low) + k for k in own]] = found.x[len(low) :] * self._units[own]
        return self._with_intervals(point, found.fun, found.jac[:, : len(low)], leads)

    def doubtful(self, found: _Solved) -> list[str]:
        """The elements of the leads that it has and need not have, the least sure one first."""
        count = len(FILM_NAMES)
        sure: list[tuple[float, str]] = []
        # Where the electrolyte does not show, nothing tells its resistance from that of leads.
        no_electrolyte = bool(found.half[FILM_NAMES.index("r_lipon")] > _WIDEST)
        for k, name in enumerate(LEAD_NAMES):
            if name not in found.leads:
                continue
            value, half = float(found.point[count + k]), float(found.half[count + k])
            halves = value / half if half > 0.0 else inf
            unknown = no_electrolyte and name == "r_series"
            if unknown or halves < _HALVES or value < _SHARE_OF_Z * self._units[k]:
                sure.append((halves, name))
        return [name for _, name in sorted(sure)]

    def _film_residuals(self, film: Numbers) -> Numbers:
        off = (film_impedance(self._hertz, film) - self._z) / self._size
        return np.concatenate([off.real, off.imag])

    def _with_intervals(
        self, point: Numbers, residuals: Numbers, film_jac: Numbers, leads: tuple[str, ...]
    ) -> _Solved:
        from scipy.special import stdtrit

        low, high = film_bounds()
        count = len(low)
        film = point[:count]
        inside = (film - low > 1e-3) & (high - film > 1e-3)
        # A resistance of the leads that does not show may be there all the same.
        free = np.concatenate([inside, [n == "r_series" or n in leads for n in LEAD_NAMES]])
        scale = np.concatenate([np.ones(count), self._units])
        jac = np.concatenate([film_jac, self._lead_slopes * self._units], axis=1)[:, free]
        degrees = max(len(residuals) - int(free.sum()), 1)
        variance = float((residuals**2).sum()) / degrees * _errors_together(residuals)
        squares = np.zeros((len(point), len(point)))
        covariance = variance * np.linalg.pinv(jac.T @ jac)
        squares[np.ix_(free, free)] = float(stdtrit(degrees, 0.975)) ** 2 * covariance
        squares *= scale * scale[:, None]
        # An exponent that stands at 1 is that of a capacitor, and known.
        phases = [name.startswith("phase") for name in FILM_NAMES]
        known = np.concatenate([phases & ~inside, np.zeros(len(LEAD_NAMES), dtype=np.bool_)])
        half = np.where(free, np.sqrt(np.diag(squares)), np.where(known, 0.0, inf))
        fitted = film_impedance(self._hertz, film) + lead_slopes(self._hertz) @ point[count:]
        order = [*faster_arc_first(film), *range(count, len(point))]
        return _Solved(point[order], half[order], squares[np.ix_(order, order)], leads, fitted)


def _errors_together(residuals: Numbers) -> float:
    """By how much neighbouring frequencies that err together widen the intervals, squared."""
    count = len(residuals)
    # Real parts stand before imaginary ones.
    follows = np.arange(1, count) != count // 2
    return errors_together(ResidualKinds(np.zeros(count, dtype=np.bool_), follows), residuals)
