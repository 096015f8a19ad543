"""Compiles a parameter set and an area into the profile that the firmware reads."""

import binascii
import struct

from filmgauge.gauge.profile import Profile
from filmgauge.gauge.profile_format import HEAD, MAGIC, VERSION, fields
from filmgauge_sim.cell.kinetics import exchange_current_ua_cm2, static_hysteresis_v
from filmgauge_sim.cell.parameters import CellParameters

_NAME_BYTES = 16
_LEAST_AREA_CM2, _LARGEST_AREA_CM2 = 0.01, 1000.0
_FARADAY = 96485.33212  # C / mol, turns eV into J / mol
GAUGE_PHYSICS = "linear"  # what the gauge has a model of
EMPTY_V = 1.0  # voltage window of every published test
FULL_V = 4.0
_ENERGY_SPREAD_PPM = 50000  # assumed: activation energies of one kind of film within +-10 %
_HYSTERESIS_SPREAD_UV = 15000  # assumed: half gaps of one kind of film within +-30 mV


class CompiledProfile(Profile):
    """A profile as its maker has it: fields by name, and written as the board reads it."""

    def __init__(self, name: str, **values: int) -> None:
        """Raises ValueError for what does not fit its field, KeyError for a missing value."""
        if not 1 <= len(name.encode()) <= _NAME_BYTES:
            raise ValueError(f"profile name must have 1 to {_NAME_BYTES} bytes in UTF-8")
        super().__init__(name, [values[field] for field, _, _ in fields()])

    def to_bytes(self) -> bytes:
        """Return what `Profile.from_bytes` reads: head, fields little-endian, CRC-32."""
        values = [getattr(self, field) for field, _, _ in fields()]
        head = struct.pack(HEAD, MAGIC, VERSION, len(values), 0, self.name.encode())
        body = head + struct.pack(f"<{len(values)}i", *values)
        return body + struct.pack("<I", binascii.crc32(body))


def check_profile_area(area_cm2: float, name: str = "--area") -> None:
    """Raise ValueError for an area that no profile can have; name: that of the option."""
    if not _LEAST_AREA_CM2 <= area_cm2 <= _LARGEST_AREA_CM2:
        raise ValueError(
            f"{name} must be {_LEAST_AREA_CM2:g} to {_LARGEST_AREA_CM2:g} cm2, the bounds of a"
            f" profile, not {area_cm2:g}"
        )


def check_gauge_physics(parameters: CellParameters) -> None:
    """Raise ValueError for a cell of which no profile can be compiled."""
    if parameters.physics != GAUGE_PHYSICS:
        raise ValueError(
            f"{parameters.name} is of physics {parameters.physics}, and a gauge's profile can be"
            f" of {GAUGE_PHYSICS} only; in a scenario it can be the node's true cell"
            " (world.cell_set)."
        )


def compile_profile(parameters: CellParameters, area_cm2: float) -> CompiledProfile:
    """Return the profile of a cell. Raises ValueError when a number does not fit its field, or
    the cell is of another physics than the gauge has a model of."""
    check_gauge_physics(parameters)
    return CompiledProfile(
        _short(parameters.name),
        area_ucm2=round(area_cm2 * 1e6),
        capacity_nah_cm2=round(parameters.capacity_uah_cm2 * 1e3),
        tau_ms=round(parameters.diffusion_time_h * 3.6e6),
        tau_activation_j_mol=_j_mol(parameters.diffusion_activation_energy_ev),
        middle_uv=_uv(parameters.plateau_middle_v),
        slope_uv=_uv(parameters.plateau_slope_v),
        hysteresis_uv=_uv(static_hysteresis_v(parameters)),
        plateau_pa_cm2=round(parameters.plateau_current_ua_cm2 * 1e6),
        exchange_pa_cm2=round(exchange_current_ua_cm2(parameters) * 1e6),
        interface_activation_j_mol=_j_mol(parameters.interface_activation_energy_ev),
        lipon_mohm_cm2=round(parameters.lipon_resistance_ohm_cm2 * 1e3),
        lipon_activation_j_mol=_j_mol(parameters.lipon_activation_energy_ev),
        contact_mohm_cm2=round(parameters.contact_resistance_ohm_cm2 * 1e3),
        high_end_uv=_uv(parameters.full_rise_v),
        high_end_width_ppm=round(parameters.full_width * 1e6),
        low_end_uv=_uv(parameters.empty_fall_v),
        low_end_width_ppm=round(parameters.empty_width * 1e6),
        acceptance_ppm=round(parameters.charge_acceptance * 1e6),
        self_discharge_ppm_year=round(parameters.self_discharge_per_year * 1e6),
        fresh_share_ppm=round(parameters.fresh_capacity_share * 1e6),
        activation_mcycles=round(parameters.activation_cycles * 1e3),
        first_acceptance_ppm=round(parameters.first_charge_acceptance * 1e6),
        first_barrier_uv=_uv(parameters.first_charge_barrier_v),
        capacity_spread_ppm=round(parameters.capacity_spread * 1e6),
        tau_spread_ppm=round(parameters.diffusion_spread * 1e6),
        energy_spread_ppm=_ENERGY_SPREAD_PPM,
        hysteresis_spread_uv=_HYSTERESIS_SPREAD_UV,
        loss_spread_ppm=round(parameters.loss_spread * (1.0 - parameters.charge_acceptance) * 1e6),
        empty_uv=_uv(EMPTY_V),
        full_uv=_uv(FULL_V),
    )


def _short(name: str) -> str:
    """As much of a name as a profile has room for, in whole letters."""
    return name.encode()[:_NAME_BYTES].decode(errors="ignore")


def _uv(volts: float) -> int:
    return round(volts * 1e6)


def _j_mol(energy_ev: float) -> int:
    return round(energy_ev * _FARADAY)
