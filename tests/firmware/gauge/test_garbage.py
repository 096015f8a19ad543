"""What the gauge leaves on the heap.

Figures are those of a board of 32 bits (see heap.py); on CPython nothing is measured.
"""

from cell_profiles import cell
from gauges import charge_pc, opened
from heap import MEASURED as ON_A_HEAP
from heap import garbage, locked_heap

from filmgauge.gauge.displayed_soc import DisplayedSoc
from filmgauge.gauge.ledger import CORRECTED, INPUT, MEASURED, Ledger
from filmgauge.gauge.sensor_offset import SensorOffset

BOUND = 2048  # of one update


def woken(sigma_ppm=50000):
    """Return a gauge that has counted a while on its plateau."""
    gauge = opened(500000, sigma_ppm)
    for minute in range(90):
        gauge.count(charge_pc(-500000 - minute, 60000), 60000, 2500)
        gauge.observe(1780000 + minute, -500000, 1000, 2500)
    return gauge


def test_the_measure_sees_what_is_left():
    if ON_A_HEAP:
        assert garbage(bytearray, 4000) >= 2000
        assert garbage(opened().soc_ppm) == 0


def test_ledger_zero_and_shown_leave_nothing():
    ledger, zero, shown = Ledger(), SensorOffset(1000000), DisplayedSoc()
    shown.update(500000, 0)
    ledger.add_pc(MEASURED, -30000000)
    with locked_heap():
        ledger.add_pc(MEASURED, -30000000)
        ledger.add_pc(INPUT, -270000)
        ledger.stored_pc()
        zero.pa(2600)
        shown.update(499000, -500)


def test_the_health_of_a_count_leaves_nothing():
    health = opened().health
    health.count(-30000000)
    with locked_heap():
        health.count(-30000000)
        health.mcycles()
        health.interrupt()


def update(gauge, some, voltage_uv, current_pa):
    """Do what a wake does."""
    gauge.count(some, 60000, 2500)
    gauge.observe(voltage_uv, current_pa, 1000, 2500)


def test_an_update_leaves_at_most_2_kb():
    gauge = woken()
    for minute in range(5):
        some = charge_pc(-510000 - minute, 60000)
        assert garbage(update, gauge, some, 1780000, -510000) <= BOUND


def test_an_update_that_learns_leaves_at_most_2_kb():
    # On a plateau that teaches and at an end, where it frees what it needed on the way.
    gauge = woken(250000)  # which an end does not surprise
    learned = gauge.ledger.line_pc(CORRECTED)
    for minute in range(40):
        some = charge_pc(-510000 - minute, 60000)
        left = garbage(update, gauge, some, 1780000, -510000)
        assert left <= BOUND, left
    for minute in range(5):
        some = charge_pc(-510000 - minute, 60000)
        assert garbage(update, gauge, some, 1000000 - minute, -510000) <= BOUND
    assert gauge.ledger.line_pc(CORRECTED) != learned


def test_reading_the_state_of_charge_leaves_little():
    gauge = woken()
    assert garbage(gauge.soc_ppm) == 0
    assert garbage(gauge.sigma_ppm) <= BOUND
    assert garbage(cell().full_pc) <= 64
