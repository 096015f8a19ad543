"""Gauges for the tests: opened, read line by line, put to sleep and woken."""

from cell_profiles import cell

from filmgauge.gauge import ledger
from filmgauge.gauge.available_charge import AvailableCharge
from filmgauge.gauge.fuel_gauge import SIZE, FuelGauge

SHUNT_MOHM = 1000000
FULL_PC = 13212 * 3600000
LINES = range(ledger.GAP + 1)


def opened(soc_ppm=500000, sigma_ppm=50000, new_cell=0, shunt_mohm=SHUNT_MOHM, **changes):
    """Return a gauge with its first state of charge."""
    gauge = FuelGauge(cell(**changes), shunt_mohm)
    gauge.open(soc_ppm, sigma_ppm, new_cell)
    return gauge


def lines(gauge):
    return [gauge.ledger.line_pc(n) for n in LINES]


def charge_pc(current_pa, elapsed_ms):
    """Return what a current moves in a time."""
    return current_pa * elapsed_ms // 1000


def copied(gauge, **changes):
    """Return another gauge that has woken from the sleep of this one."""
    buffer = bytearray(SIZE + 2)
    gauge.pack_into(buffer, 1)
    assert (buffer[0], buffer[-1]) == (0, 0)
    again = FuelGauge(cell(**changes), SHUNT_MOHM)
    again.unpack_from(buffer, 1)
    return again


def reported(gauge):
    """Return everything that a node reports of its gauge."""
    available = AvailableCharge(gauge)
    return lines(gauge) + [
        gauge.soc_ppm(),
        gauge.sigma_ppm(),
        gauge.shown_ppm(),
        gauge.full_nah(),
        gauge.full_sigma_nah(),
        available.charge_nah(1300000, 2500),
        available.sigma_nah(),
        available.full_charge_nah(1300000, 2500),
        gauge.recent_pa,
        available.time_to_empty_s(2500),
        available.time_to_full_s(),
        gauge.resistance_mohm(),
        gauge.health.mcycles(),
    ]


def plain_sum(gauge):
    """Return whether the lines add up to what is stored, to the last picocoulomb."""
    return sum(lines(gauge)) == gauge.ledger.stored_pc()
