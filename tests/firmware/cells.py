"""A cell for the tests: the lithium-sulfur film with evaporated electrode, on 1.2 cm2."""

from filmgauge.gauge.profile import Profile

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
    values = dict(VALUES)
    values.update(changes)
    return Profile("Evp-Li 1.2cm2", **values)
