"""Another cell: the ledger of the old one is closed, and nothing of it is believed."""

from cell_profiles import cell

from filmgauge.cell_change import close_ledger
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import CORRECTED, INPUT, MEASURED, OPENING
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.state import State

SHUNT_MOHM = 1000000
NAH = 3600000  # pC
HOUR_MS = 3600000


def used_gauge():
    """Return a gauge that has counted 20 nAh in, booked 5 out, and learned its sensor's offset."""
    gauge = FuelGauge(cell(), SHUNT_MOHM)
    gauge.open(500000, 50000)
    for _ in range(20):
        gauge.zero(1400 * 60, 60000, 2500)
    gauge.ledger.add_pc(MEASURED, 20 * NAH - gauge.ledger.line_pc(MEASURED))
    gauge.ledger.add_pc(INPUT, -5 * NAH - gauge.ledger.stored_pc(3))
    gauge.ledger.add_pc(CORRECTED, -2 * NAH)
    return gauge


def state_of(gauge):
    state = State()
    state.boot, state.seq, state.profile_crc, state.cell_number = 3, 70, 12345, 1
    state.info_sent = state.offset_running = 1
    state.pack(gauge)
    return state


def test_the_lines_of_the_old_ledger_wait_for_a_record():
    state = state_of(used_gauge())
    close_ledger(state, FuelGauge(cell(), SHUNT_MOHM).offset)
    assert (state.cell_changed, state.closed_nah) == (1, (20, -5, -2))
    assert (state.boot, state.seq) == (3, 70)
    assert state.info_sent == state.offset_running == 0  # who it is, is told anew
    assert state.reported_change()
    assert (state.cell_changed, state.closed_nah) == (0, (0, 0, 0))
    assert not state.reported_change()


def test_a_second_change_before_that_adds_its_lines():
    state = state_of(used_gauge())
    for _ in range(2):
        close_ledger(state, FuelGauge(cell(), SHUNT_MOHM).offset)
        state.pack(used_gauge())
    assert state.closed_nah == (40, -10, -4)


def test_the_new_gauge_knows_the_sensor_and_not_the_cell():
    old, new = used_gauge(), FuelGauge(cell(area_ucm2=2400000), SHUNT_MOHM)
    sigma_pa = new.offset.sigma_pa(2500)
    state = state_of(old)
    close_ledger(state, new.offset)
    assert abs(new.offset.pa(2500) - 1400) <= 50
    assert new.offset.sigma_pa(2500) < sigma_pa // 5
    again = FuelGauge(cell(area_ucm2=2400000), SHUNT_MOHM)
    state.unpack(again)  # nothing is left of the old one that would count as known
    new.open(400000, 10000)
    again.open(400000, 10000)
    for gauge in (new, again):
        assert gauge.soc_ppm() == 400000
        assert gauge.health.mcycles() == 0
        assert gauge.ledger.line_pc(MEASURED) == gauge.ledger.line_pc(CORRECTED) == 0
        assert gauge.ledger.stored_pc() == gauge.ledger.line_pc(OPENING)


def test_without_a_profile_only_the_ledger_is_closed():
    state = state_of(LedgerOnly())
    close_ledger(state, None)
    assert (state.cell_changed, state.closed_nah) == (1, (0, 0, 0))
    assert state.profile_crc == 0


def test_a_ledger_without_a_profile_knows_no_offset_of_its_sensor():
    new = FuelGauge(cell(), SHUNT_MOHM)
    sigma_pa = new.offset.sigma_pa(2500)
    close_ledger(state_of(LedgerOnly()), new.offset)
    assert new.offset.sigma_pa(2500) == sigma_pa > 0


def test_what_was_closed_outlives_a_sleep():
    state, again = state_of(used_gauge()), State()
    close_ledger(state, None)
    state.cell_number = 7
    state.pack(LedgerOnly())
    again.buffer[:] = state.buffer
    assert again.unpack(LedgerOnly())
    assert (again.cell_changed, again.closed_nah) == (1, (20, -5, -2))
    assert (again.profile_crc, again.cell_number) == (0, 7)
