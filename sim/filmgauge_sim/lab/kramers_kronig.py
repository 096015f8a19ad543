"""Whether a spectrum can be one of a cell at rest that answers linearly.

Asked of Kramers and Kronig, by the linear test of Schoenleber et al., Electrochim. Acta 131 (2014)
20. What is left of a sound spectrum is noise, or what the elements of the test cannot follow, and
has another sign from point to point; that of a cell that changed is alike in neighbours.
"""

from dataclasses import dataclass
from math import log10, pi, sqrt
from typing import Any

import numpy as np

from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.spectrum import Complexes, Spectrum

# Residuals over |Z|, root mean square: as good as nothing, and more than any noise.
_ROUNDING, _MOST_NOISE = 0.003, 0.05
_ELEMENTS_A_DECADE = 5
# With fewer the elements of the test miss a sound spectrum by per cents.
_LEAST_POINTS_A_DECADE = 4.0


@dataclass(frozen=True, slots=True)
class KramersKronig:
    """What is left of a spectrum by circuits that obey Kramers and Kronig, over |Z|.

    holds: None where the spectrum has too few points for the test to say.
    """

    rms: float
    worst: float
    worst_hz: float
    points_a_decade: float
    holds: bool | None

    @property
    def sentence(self) -> str:
        """What the test says."""
        if self.holds is None:
            return (
                f"too few points for the test of Kramers and Kronig: {self.points_a_decade:.2g} a"
                f" decade, and it needs {_LEAST_POINTS_A_DECADE:g}"
            )
        return (
            f"Kramers and Kronig are {'obeyed' if self.holds else 'not obeyed'}:"
            f" {self.rms:.2%} of |Z| (RMS), {self.worst:.2%} at {self.worst_hz:.3g} Hz"
        )


def kramers_kronig(spectrum: Spectrum) -> KramersKronig:
    """The linear test: resistors and RC elements fitted to all of it, which always obey."""
    f, z = spectrum.frequencies_hz, spectrum.impedance_ohm_cm2
    off = (_obedient(f, z) - z) / np.abs(z)
    sizes = np.abs(off)
    rms, worst = float(np.sqrt(np.mean(sizes**2))), int(np.argmax(sizes))
    density = (len(f) - 1) / _decades(f)
    holds = _holds(rms, _alike(off), density)
    return KramersKronig(rms, float(sizes[worst]), float(f[worst]), density, holds)


def _holds(rms: float, alike: bool, density: float) -> bool | None:
    if rms <= _ROUNDING:
        return True
    if alike:
        return False
    if density < _LEAST_POINTS_A_DECADE - 0.1:
        return None
    return rms <= _MOST_NOISE


def _alike(off: Complexes) -> bool:
    """Whether neighbours correlate significantly, by both parts of each."""
    r = float(np.real(off[:-1] * np.conj(off[1:])).sum() / max((np.abs(off) ** 2).sum(), 1e-300))
    return r > 2.0 / sqrt(2.0 * len(off))


def _decades(f: Numbers) -> float:
    return max(log10(float(f.max() / f.min())), 1e-9)


def _obedient(f: Numbers, z: Complexes) -> Complexes:
    """The nearest spectrum of a resistor, RC elements, a capacitor and an inductance in series."""
    from impedance.validation import fit_linKK, get_tc_distribution

    fitted: Any = fit_linKK
    times: Any = get_tc_distribution
    count = max(3, min(round(_ELEMENTS_A_DECADE * _decades(f)), len(f) // 2))
    tau_s = times(f, count)
    elements, _ = fitted(f, tau_s, count, z, "complex", add_cap=True)
    resistor, *resistances, elastance, inductance = (float(each) for each in elements)
    s = 2j * pi * f
    found = resistor + inductance * s + elastance / s
    for r, tau in zip(resistances, tau_s, strict=True):
        found = found + r / (1.0 + s * tau)
    return found
