"""What a gauge says in a record, with what the node itself has for it."""

from gauges import opened

from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.readings import add_readings
from filmgauge.record import FAULT_CONTRADICTION, FAULT_PROFILE, FAULT_SENSOR
from filmgauge.record.gauge_fields import gauge_fields
from filmgauge.record.record import Record
from filmgauge.state import State

LOAD_PA = 500000
UNLIKE_PPM = 300000  # of the capacity: no cell of the profile's kind lacks so much


class NoSample:
    voltage_uv = current_pa = temperature_cdeg = None


def record(gauge, load_pa=LOAD_PA, faults=0):
    """Return the record of a wake in which the sensors failed."""
    state, fields = State(), gauge_fields(gauge, load_pa, 2500)
    state.faults = FAULT_SENSOR
    add_readings(fields, state, NoSample, 60000, faults)
    return Record(backlog=0, **fields.__dict__)


def test_a_cell_unlike_its_profile_is_reported():
    for lacks_ppm, told in ((0, 0), (UNLIKE_PPM, FAULT_CONTRADICTION)):
        gauge = opened()
        gauge.estimator.capacity_ppm -= lacks_ppm
        found = record(gauge)
        assert found.faults == FAULT_SENSOR | told
        assert found.available_nah >= 0


def test_a_gauge_without_a_profile_reports_its_ledger():
    found = record(LedgerOnly(), None, FAULT_PROFILE)
    assert found.faults == FAULT_SENSOR | FAULT_PROFILE
    assert (found.measured_nah, found.available_nah) == (0, None)
