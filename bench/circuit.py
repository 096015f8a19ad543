"""The equivalent circuit, the day and the cycles that all three packages are given.

    V = U(s) + i R0 + sum v_k,    dv_k/dt = -v_k / (R_k C_k) + i / C_k

Two RC pairs behind a resistor on a table of open-circuit voltages, in the size of a film cell of
20 cm2: it has nothing of the film, it is the common ground on which the stepping is compared.
Plain numbers only: they go as JSON to the peers' own interpreter. Assumed throughout; what counts
is that all three get the same. Positive current charges.
"""

from bisect import bisect_right
from math import exp, expm1
from typing import Any

BURSTS = 288
PERIOD_S = 300.0
BURST_S = 1.0
_POINTS = 101
_SECONDS_PER_HOUR = 3600.0
_OHM_UA_V = 1e-6  # uA times ohm gives uV


def circuit() -> dict[str, Any]:
    """Capacity in uAh, resistances in ohm, capacitances in F, voltages in V."""
    charges = [k / (_POINTS - 1) for k in range(_POINTS)]
    return {
        "charges": charges,
        "voltages": [_open_circuit_v(charge) for charge in charges],
        "capacity_uah": 220.0,
        "start": 0.9,
        "series_ohm": 24.0,
        "pairs_ohm_f": [[30.0, 0.1], [300.0, 5.0]],
        "low_v": 1.0,
        "high_v": 4.0,
    }


def day(sample_s: list[float]) -> dict[str, Any]:
    """24 h of bursts, and the times at which voltages are wanted.

    stops: when the current changes or a voltage is wanted (s), the current until then (uA), and
    whether it is wanted.
    """
    starts = [k * PERIOD_S for k in range(BURSTS)]
    load = {"starts_s": starts, "burst_s": BURST_S, "period_s": PERIOD_S, "sample_s": sample_s}
    load |= {"burst_ua": -250.0, "sleep_ua": -3.0}
    edges = [(edge, False) for start in starts for edge in (start, start + BURST_S)]
    stops, now_s = [], 0.0
    for stop_s, sampled in sorted([*edges, *((time_s, True) for time_s in sample_s)]):
        current_ua = load["burst_ua"] if now_s % PERIOD_S < BURST_S else load["sleep_ua"]
        stops.append((stop_s, current_ua, sampled))
        now_s = stop_s
    return {**load, "stops": stops}


def cycling() -> dict[str, Any]:
    """Charge and discharge between both limits."""
    return {"current_ua": 60.0, "cycles": 300}


class EquivalentCircuit:
    """A circuit as `circuit` describes it; exact for constant current, whatever the duration.

    The table is a straight line between its points and beyond its ends.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.stoichiometry: float = spec["start"]
        self._capacity_uas = spec["capacity_uah"] * _SECONDS_PER_HOUR
        self._charges, self._voltages = spec["charges"], spec["voltages"]
        self._series_ohm = spec["series_ohm"]
        self._pairs = [
            (ohm * _OHM_UA_V, 1.0 / (ohm * farad)) for ohm, farad in spec["pairs_ohm_f"]
        ]
        self._overpotentials_v = [0.0] * len(self._pairs)

    def advance(self, current_ua: float, duration_s: float) -> None:
        """Let constant current act for duration_s."""
        self.stoichiometry += current_ua * duration_s / self._capacity_uas
        self._overpotentials_v = [
            volts + (volts - current_ua * ohm) * expm1(-rate * duration_s)
            for volts, (ohm, rate) in zip(self._overpotentials_v, self._pairs, strict=True)
        ]

    def voltage_v(self, current_ua: float) -> float:
        """Terminal voltage at this instant under the given current, volts."""
        charges, voltages = self._charges, self._voltages
        right = min(max(bisect_right(charges, self.stoichiometry), 1), len(charges) - 1)
        left = right - 1
        share = (self.stoichiometry - charges[left]) / (charges[right] - charges[left])
        resting_v = voltages[left] + share * (voltages[right] - voltages[left])
        ohmic_v = current_ua * self._series_ohm * _OHM_UA_V
        return resting_v + ohmic_v + sum(self._overpotentials_v)


def _open_circuit_v(charge: float) -> float:
    """A plateau between two ends, like that of the film but wider at the ends."""
    ends = exp((charge - 1.0) / 0.02) - exp(-charge / 0.02)
    return 2.15 + 0.2 * (charge - 0.5) + 1.8 * ends
