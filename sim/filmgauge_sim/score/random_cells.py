"""Cells and sensors of one seed: drawn around a parameter set and within the datasheets.

The bounds of a cell are those within which a gauge has to work. Every drawn figure is uniform
within its bounds, except loss, self-discharge and resistances, which follow the spreads that the
set states. The same seed gives the same cell and the same sensors on every machine.
"""

from dataclasses import dataclass, replace
from math import exp
from random import Random

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.parts.ina228_errors import BOUNDS, TYPICAL_NOISE_UV
from filmgauge_sim.parts.tmp117 import ACCURACY_C

CAPACITY = 0.05  # relative
DIFFUSION_TIME = 0.20  # relative
HALF_GAP_V = 0.030
# The shape of the ends is assumed in the set, so no cell may be trusted to have it.
END_WIDTH = 0.3
END_HEIGHT = 0.1
ACTIVATION_ENERGY = 0.10  # relative, of the diffusion
KINETIC_SHARE = (0.2, 0.8)  # not published: a gauge must work over all of it
CLOCK = 0.02  # relative
# Of the voltage input, typical 1 Mohm: INA228 datasheet SLYS021A, section 6.5.
BUS_INPUT_OHM = (0.8e6, 1.2e6)


@dataclass(frozen=True, slots=True)
class SensorErrors:
    """Errors of one node's sensors and clock; zero by default.

    Fields as in ``parts.ina228_errors``, without their bounds, for a sensor that is worse than
    its datasheet. temperature_offset_c: of the TMP117. clock_error: how fast the node's clock
    runs. bus_input_ohm: what the voltage input loads the cell with.
    """

    offset_uv: float = 0.0
    offset_drift_uv_per_c: float = 0.0
    gain_error: float = 0.0
    bus_gain_error: float = 0.0
    bus_offset_uv: float = 0.0
    bias_current_na: float = 0.0
    oscillator_error: float = 0.0
    noise_uv: float = 0.0
    temperature_offset_c: float = 0.0
    clock_error: float = 0.0
    bus_input_ohm: float = 1e6


def drawn_cell(parameters: CellParameters, source: Random) -> CellParameters:
    """One cell around a set."""

    def around(name: str, share: float) -> float:
        return getattr(parameters, name) * (1.0 + source.uniform(-share, share))

    drawn = {
        "capacity_uah_cm2": around("capacity_uah_cm2", CAPACITY),
        "diffusion_time_h": around("diffusion_time_h", DIFFUSION_TIME),
        "diffusion_activation_energy_ev": around(
            "diffusion_activation_energy_ev", ACTIVATION_ENERGY
        ),
        "plateau_gap_v": parameters.plateau_gap_v + 2.0 * source.uniform(-HALF_GAP_V, HALF_GAP_V),
        "kinetic_share": source.uniform(*KINETIC_SHARE),
    }
    resistance, contact, loss, leak = (source.gauss(0.0, 1.0) for _ in range(4))
    ends = {name: around(name, END_WIDTH) for name in ("empty_width", "full_width")}
    ends |= {name: around(name, END_HEIGHT) for name in ("empty_fall_v", "full_rise_v")}
    lost = (1.0 - parameters.charge_acceptance) * exp(parameters.loss_spread * loss)
    return replace(
        parameters,
        **drawn,
        **ends,
        lipon_conductivity_s_cm=parameters.lipon_conductivity_s_cm
        * exp(-parameters.resistance_spread * resistance),
        contact_resistance_ohm_cm2=parameters.contact_resistance_ohm_cm2
        * exp(parameters.resistance_spread * contact),
        charge_acceptance=1.0 - lost,
        self_discharge_per_year=parameters.self_discharge_per_year
        * exp(parameters.loss_spread * leak),
    )


def drawn_sensors(
    source: Random, times_datasheet: float = 1.0, clock_error: float | None = None
) -> SensorErrors:
    """Sensors within their datasheets' worst case, times a factor, and a clock."""
    errors = {
        name: times_datasheet * source.uniform(-bound, bound) for name, bound in BOUNDS.items()
    }
    return SensorErrors(
        noise_uv=times_datasheet * TYPICAL_NOISE_UV,
        temperature_offset_c=times_datasheet * source.uniform(-ACCURACY_C, ACCURACY_C),
        clock_error=source.uniform(-CLOCK, CLOCK) if clock_error is None else clock_error,
        bus_input_ohm=source.uniform(*BUS_INPUT_OHM),
        **errors,
    )
