"""A cell for the tests: the lithium-sulfur film with evaporated electrode, on 1.2 cm2."""

import binascii
import struct

from filmgauge.gauge.profile import Profile

# in the order of the file
NAMES = (
    "area_ucm2",
    "capacity_nah_cm2",
    "tau_ms",
    "tau_activation_j_mol",
    "middle_uv",
    "slope_uv",
    "hysteresis_uv",
    "plateau_pa_cm2",
    "exchange_pa_cm2",
    "interface_activation_j_mol",
    "lipon_mohm_cm2",
    "lipon_activation_j_mol",
    "contact_mohm_cm2",
    "high_end_uv",
    "high_end_width_ppm",
    "low_end_uv",
    "low_end_width_ppm",
    "acceptance_ppm",
    "self_discharge_ppm_year",
    "fresh_share_ppm",
    "activation_mcycles",
    "first_acceptance_ppm",
    "first_barrier_uv",
    "capacity_spread_ppm",
    "tau_spread_ppm",
    "energy_spread_ppm",
    "hysteresis_spread_uv",
    "loss_spread_ppm",
    "empty_uv",
    "full_uv",
)
NAME = "Evp-Li 1.2cm2"
VALUES = {
    "area_ucm2": 1200000,
    "capacity_nah_cm2": 11010,
    "tau_ms": 4510800,
    "tau_activation_j_mol": 53067,
    "middle_uv": 2150000,
    "slope_uv": 100000,
    "hysteresis_uv": 50000,
    "plateau_pa_cm2": 1120000,
    "exchange_pa_cm2": 1200,
    "interface_activation_j_mol": 48000,
    "lipon_mohm_cm2": 65000,
    "lipon_activation_j_mol": 53067,
    "contact_mohm_cm2": 412000,
    "high_end_uv": 1000000,
    "high_end_width_ppm": 20000,
    "low_end_uv": 1200000,
    "low_end_width_ppm": 30000,
    "acceptance_ppm": 1000000,
    "self_discharge_ppm_year": 0,
    "fresh_share_ppm": 300000,
    "activation_mcycles": 20000,
    "first_acceptance_ppm": 665000,
    "first_barrier_uv": 200000,
    "capacity_spread_ppm": 50000,
    "tau_spread_ppm": 200000,
    "energy_spread_ppm": 100000,
    "hysteresis_spread_uv": 30000,
    "loss_spread_ppm": 2000,
    "empty_uv": 1000000,
    "full_uv": 3000000,
}


def cell(**changes):
    """Return the profile with some fields changed."""
    return Profile.from_bytes(written(**changes))


def written(name=NAME, **changes):
    """Return the file of a profile with some fields changed: 148 bytes."""
    values = dict(VALUES)
    values.update(changes)
    assert len(values) == len(NAMES)
    head = struct.pack("<4sBBH16s", b"FGPR", 2, 30, 0, name.encode())
    body = head + struct.pack("<30i", *[values[field] for field in NAMES])
    return body + struct.pack("<I", binascii.crc32(body))
