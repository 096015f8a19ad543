"""An equivalent circuit: a table of open-circuit voltages, a resistor and RC pairs.

    V = U(s) + i R0 + sum v_k,    dv_k/dt = -v_k / (R_k C_k) + i / C_k

Exact for constant current, whatever the duration. It has nothing of the film; it is the common
ground on which the stepping is compared with other packages. Positive current charges.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import expm1, inf

_SECONDS_PER_HOUR = 3600.0
_OHM_UA_V = 1e-6  # uA times ohm gives uV


class EquivalentCircuit:
    """RC pairs (ohm, F) behind series_ohm on a table of voltages over the state of charge.

    The table is a straight line between its points and beyond its ends. Raises ValueError when
    the table has less than two points or does not rise in charge, or a size is not above 0.
    """

    def __init__(
        self,
        charges: Sequence[float],
        voltages: Sequence[float],
        capacity_uah: float,
        series_ohm: float,
        pairs_ohm_f: Sequence[tuple[float, float]],
        start: float = 1.0,
    ) -> None:
        if len(charges) < 2 or len(charges) != len(voltages):
            raise ValueError("charges and voltages must have the same length, two at least.")
        if any(not before < after for before, after in pairwise(charges)):
            raise ValueError("charges must rise.")
        sizes = [capacity_uah, *(size for pair in pairs_ohm_f for size in pair)]
        if not all(0.0 < size < inf for size in sizes) or not 0.0 <= series_ohm < inf:
            raise ValueError("capacity_uah and all of pairs_ohm_f must be above 0.")
        self.capacity_uah = capacity_uah
        self._charges, self._voltages = list(charges), list(voltages)
        self._series_ohm = series_ohm
        self._pairs = [(ohm * _OHM_UA_V, 1.0 / (ohm * farad)) for ohm, farad in pairs_ohm_f]
        self._overpotentials_v = [0.0] * len(self._pairs)
        self._charge = start

    @property
    def stoichiometry(self) -> float:
        """State of charge, 1 = charged."""
        return self._charge

    def advance(self, current_ua: float, temperature_c: float, duration_s: float) -> None:
        """Let constant current act for duration_s; the circuit knows no temperature."""
        del temperature_c
        self._charge += current_ua * duration_s / (self.capacity_uah * _SECONDS_PER_HOUR)
        self._overpotentials_v = [
            volts + (volts - current_ua * ohm) * expm1(-rate * duration_s)
            for volts, (ohm, rate) in zip(self._overpotentials_v, self._pairs, strict=True)
        ]

    def voltage_v(self, current_ua: float, temperature_c: float) -> float:
        """Terminal voltage at this instant under the given current, volts."""
        del temperature_c
        ohmic_v = current_ua * self._series_ohm * _OHM_UA_V
        return self._open_circuit_v() + ohmic_v + sum(self._overpotentials_v)

    def _open_circuit_v(self) -> float:
        last = len(self._charges) - 1
        right = min(max(bisect_right(self._charges, self._charge), 1), last)
        low, high = self._charges[right - 1], self._charges[right]
        share = (self._charge - low) / (high - low)
        return self._voltages[right - 1] + share * (
            self._voltages[right] - self._voltages[right - 1]
        )
