"""How far one INA228 may be from ideal: errors of a specimen and the datasheet's bounds.

Source: INA228 datasheet SLYS021A (Rev. A), section 6.5 and table 8-2.
"""

import random
from dataclasses import dataclass, fields

# Largest magnitude of each error at 25 degC (section 6.5).
BOUNDS: dict[str, float] = {
    "offset_uv": 1.0,
    "offset_drift_uv_per_c": 0.01,
    "gain_error": 0.0005,
    "bus_gain_error": 0.0005,
    "bus_offset_uv": 2500.0,
    "bias_current_na": 2.5,  # at 85 V common mode; 0.1 typical
    "oscillator_error": 0.005,
}

# RMS of one 4.12 ms conversion: table 8-2 gives 13.8 noise-free bits of 81.92 mV, which is
# 5.7 uV peak to peak; divided by 6.6 (assumed, as is usual) that is 0.87 uV.
TYPICAL_NOISE_UV = 0.87
MAX_NOISE_UV = 10.0  # assumed: beyond this the value is a mistake


@dataclass(frozen=True)
class Ina228Errors:
    """Errors of one specimen, all zero by default.

    offset_uv: shunt offset at 25 degC, uV. offset_drift_uv_per_c: its drift, uV/degC.
    gain_error, bus_gain_error: fraction of reading. bus_offset_uv: offset of VBUS, uV.
    bias_current_na: current into an input, nA, that flows through the shunt in the direction
    of charging. oscillator_error: fraction by which the true conversion time is longer than the
    nominal one. noise_uv: RMS of one 4.12 ms shunt conversion; a shorter one has more, by the
    square root of the ratio (assumed; table 8-2 agrees within 20 %).

    Raises ValueError naming the field that is outside the datasheet's bounds.
    """

    offset_uv: float = 0.0
    offset_drift_uv_per_c: float = 0.0
    gain_error: float = 0.0
    bus_gain_error: float = 0.0
    bias_current_na: float = 0.0
    noise_uv: float = 0.0
    oscillator_error: float = 0.0
    bus_offset_uv: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value: float = getattr(self, field.name)
            high = BOUNDS.get(field.name, MAX_NOISE_UV)
            low = 0.0 if field.name == "noise_uv" else -high
            if not low <= value <= high:
                raise ValueError(f"{field.name} must be {low} to {high}, got {value}")

    @classmethod
    def ideal(cls) -> "Ina228Errors":
        """No error at all."""
        return cls()

    @classmethod
    def worst(cls, sign: int = 1) -> "Ina228Errors":
        """Every error at its bound, with one sign (+1 or -1); typical noise.

        Raises ValueError for another sign.
        """
        if sign not in (-1, 1):
            raise ValueError(f"sign must be 1 or -1, got {sign}")
        errors = {name: sign * bound for name, bound in BOUNDS.items()}
        return cls(noise_uv=TYPICAL_NOISE_UV, **errors)

    @classmethod
    def draw(cls, rng: random.Random) -> "Ina228Errors":
        """One specimen: each error uniform within its bound (assumed), typical noise."""
        errors = {name: rng.uniform(-bound, bound) for name, bound in BOUNDS.items()}
        return cls(noise_uv=TYPICAL_NOISE_UV, **errors)
