"""The circuit of a film and of the leads to it, on the scale of a fit.

    Z = [i w L] + [R_s] + R_LiPON || CPE + R_ct || CPE + W
    impedance.py: L0-R0-p(R1,CPE1)-p(R2,CPE2)-W0

W is sigma (1 - i) / sqrt(w). R and W are logarithms there, and so are the admittances of the
constant phase elements; R_s and L stand as they are, since either may be nothing.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import exp, log, pi
from typing import Any

import numpy as np

from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.spectrum import Complexes

# Exponents of a constant phase element; 1 is a capacitor.
_LEAST_PHASE = 0.5
_RESISTANCES = (1e-2, 1e8)  # ohm cm2
_ADMITTANCES = (1e-12, 1.0)  # s^a / (ohm cm2)

# Name -> unit; the order is that of the point. What has no unit is no figure by itself.
FILM_UNITS = {
    "r_lipon": "ohm cm2",
    "q_electrolyte": "",
    "phase_electrolyte": "",
    "r_ct": "ohm cm2",
    "q_interface": "",
    "phase_interface": "",
    "warburg": "ohm cm2 s^-1/2",
}
LEAD_UNITS = {"r_series": "ohm cm2", "l_series": "H cm2"}
FILM_NAMES, LEAD_NAMES = tuple(FILM_UNITS), tuple(LEAD_UNITS)
# Arcs changed about.
_OTHER_ORDER = [3, 4, 5, 0, 1, 2, 6]
_WORDS = {"r_series": "R0", "l_series": "L0"}


def in_words(leads: Sequence[str]) -> str:
    """The circuit as impedance.py writes it, with the elements of the leads that it has."""
    own = [_WORDS[name] for name in reversed(LEAD_NAMES) if name in leads]
    return "-".join([*own, "p(R1,CPE1)", "p(R2,CPE2)", "W0"])


def film_bounds() -> tuple[Numbers, Numbers]:
    """Lowest and highest point of the film."""
    ends = {"q": _ADMITTANCES, "r": _RESISTANCES, "warburg": _RESISTANCES}
    pairs = [
        (_LEAST_PHASE, 1.0) if kind == "phase" else tuple(map(log, ends[kind]))
        for kind in (name.partition("_")[0] for name in FILM_NAMES)
    ]
    low, high = np.array(pairs).T
    return low, high


def film_impedance(frequencies_hz: Numbers, film: Numbers) -> Complexes:
    """Areal impedance of the film at a point of the fit, ohm cm2."""
    values = [film_value(name, x) for name, x in zip(FILM_NAMES, film, strict=True)]
    resistor, phase_element, warburg, parallel, series = _elements()
    arcs = [
        parallel([resistor(r, frequencies_hz), phase_element(cpe, frequencies_hz)])
        for r, cpe in ((values[0:1], values[1:3]), (values[3:4], values[4:6]))
    ]
    whole = series([*arcs, warburg(values[6:], frequencies_hz)])
    return np.asarray(whole, dtype=np.complex128)


def lead_slopes(frequencies_hz: Numbers) -> Complexes:
    """What one ohm cm2 and one H cm2 of the leads add, a column each."""
    slopes = [np.ones_like(frequencies_hz), 2j * pi * frequencies_hz]
    return np.stack(slopes, axis=1, dtype=np.complex128)


def film_value(name: str, x: float) -> float:
    """A coordinate of the film in its unit."""
    return float(x) if name.startswith("phase") else exp(float(x))


def log_capacitance(film: Numbers, of: str, resistance: str) -> tuple[float, Numbers]:
    """Logarithm of the capacitance of an arc at its own frequency, (Q R^(1-a))^(1/a), in F/cm2,
    and its slopes along the point of the film."""
    r, q, a = (FILM_NAMES.index(name) for name in (resistance, f"q_{of}", f"phase_{of}"))
    slopes = np.zeros(len(FILM_NAMES))
    log_c = float((film[q] + (1.0 - film[a]) * film[r]) / film[a])
    slopes[[r, q, a]] = (
        (1.0 - film[a]) / film[a],
        1.0 / film[a],
        -(film[r] + log_c) / film[a],
    )
    return log_c, slopes


def faster_arc_first(film: Numbers) -> list[int]:
    """The order in which the faster arc is that of the electrolyte."""
    straight = list(range(len(FILM_NAMES)))
    return _OTHER_ORDER if _time_s(film[:3]) > _time_s(film[3:6]) else straight


def _time_s(arc: Numbers) -> float:
    """The time constant of an arc, (R Q)^(1/a)."""
    resistance, admittance, phase = arc
    return exp(float(resistance + admittance) / float(phase))


@cache
def _elements() -> list[Callable[..., Any]]:
    """The elements of the circuit and what joins them. Their own `wrapCircuit` writes them and
    every frequency into a text and has that compiled, for each point anew."""
    from impedance.models.circuits.elements import circuit_elements

    return [circuit_elements[name] for name in ("R", "CPE", "W", "p", "s")]
