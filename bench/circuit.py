"""The equivalent circuit, the day and the cycles that all three packages are given.

Two RC pairs behind a resistor on a table of open-circuit voltages, in the size of a film cell of
20 cm2. Plain numbers only: they go as JSON to the peers' own interpreter. Assumed throughout; what
counts is that all three get the same.
"""

from math import exp
from typing import Any

BURSTS = 288
PERIOD_S = 300.0
BURST_S = 1.0
_POINTS = 101


def _open_circuit_v(charge: float) -> float:
    """A plateau between two ends, like that of the film but wider at the ends."""
    ends = exp((charge - 1.0) / 0.02) - exp(-charge / 0.02)
    return 2.15 + 0.2 * (charge - 0.5) + 1.8 * ends


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


def day() -> dict[str, Any]:
    """24 h of bursts, and the times at which the voltages are compared."""
    starts = [k * PERIOD_S for k in range(BURSTS)]
    return {
        "starts_s": starts,
        "burst_s": BURST_S,
        "period_s": PERIOD_S,
        "burst_ua": -250.0,
        "sleep_ua": -3.0,
        "sample_s": [start + offset for start in starts for offset in (0.5, 0.99, 10.0, 299.0)],
    }


def cycling() -> dict[str, Any]:
    """Charge and discharge between both limits."""
    return {"current_ua": 60.0, "cycles": 300}
