"""The gauge behind one interface, with a profile and without."""

from cells import cell
from expect import close
from noise import Noise

from filmgauge.gauge.fuel_gauge import SIZE, FuelGauge, LedgerOnly
from filmgauge.gauge.ledger import BOOKED, CORRECTED, MEASURED, OPENING

SHUNT_MOHM = 1000000
# one count is 78.125 pC at 1 kohm; 13.212 uAh are 47563.2 uC
COUNTS_OF_FULL = 608808960


def opened(soc_ppm=500000, sigma_ppm=50000):
    """Return a gauge with its first state of charge."""
    gauge = FuelGauge(cell(), SHUNT_MOHM)
    gauge.open(soc_ppm, sigma_ppm)
    return gauge


def test_without_a_profile_nothing_is_judged():
    gauge = LedgerOnly(SHUNT_MOHM)
    gauge.open(500000, 1000)
    gauge.widen(1000)
    gauge.count(-3600, 60000, 2500)
    gauge.book(-100)
    gauge.observe(3000000, 1000, 0, 2500)
    assert gauge.soc_ppm() is None
    assert gauge.sigma_ppm() is None
    assert gauge.stored_nah() is None
    assert gauge.full_nah() is None
    assert gauge.ledger.line_pc(OPENING) == 0
    assert gauge.ledger.line_pc(MEASURED) == -3600 * 78125 // 1000
    assert gauge.ledger.line_pc(BOOKED) == -100


def test_numbers_of_a_known_cell():
    gauge = opened(500000)
    assert gauge.full_nah() == 13212
    assert gauge.stored_nah() == 6606
    assert gauge.soc_ppm() == 500000
    assert gauge.sigma_ppm() == 50000


def test_counting_moves_the_state_of_charge():
    gauge = opened(500000)
    gauge.count(-COUNTS_OF_FULL // 4, 3600000, 2500)
    assert close(gauge.soc_ppm(), 250000, absolute=1)
    assert gauge.stored_nah() == 3303
    assert gauge.sigma_ppm() > 50000


def test_booking_is_a_line_of_its_own():
    gauge = opened(500000)
    gauge.book(-3600000 * 606)
    assert gauge.stored_nah() == 6000
    assert gauge.ledger.line_pc(MEASURED) == gauge.ledger.line_pc(CORRECTED) == 0


def test_opens_once():
    gauge = opened(500000, 1000)
    gauge.open(900000, 5)
    assert gauge.soc_ppm() == 500000
    assert gauge.sigma_ppm() == 1000


def test_widening():
    gauge = opened(500000, 30000)
    gauge.widen(40000)
    assert close(gauge.sigma_ppm(), 50000, absolute=1)


def test_end_of_charge_corrects():
    gauge = opened(500000, 250000)
    gauge.observe(3000000, 1000, 0, 2500)
    assert gauge.soc_ppm() > 950000
    assert gauge.sigma_ppm() < 6000
    assert gauge.ledger.line_pc(CORRECTED) > 0


def test_a_lag_that_has_built_up_is_taken_off():
    fresh, tired = opened(500000, 250000), opened(500000, 250000)
    # 0.5 uA for an hour at 25 degC: 384 counts a minute are 30 nC; lag 0.62 * 1.58 %
    for _ in range(60):
        tired.count(384000, 60000, 2500)
    for gauge in (fresh, tired):
        gauge.observe(3000000, 1000, 0, 2500)
    assert 9000 < fresh.soc_ppm() - tired.soc_ppm() < 10500
    tired.rest()
    before = tired.ledger.line_pc(CORRECTED)
    tired.widen(250000)
    tired.observe(3000000, 1000, 0, 2500)
    assert tired.ledger.line_pc(CORRECTED) > before


def test_no_time_between_counts_is_survived():
    gauge = opened()
    gauge.count(1000, 0, 2500)
    assert gauge.ledger.line_pc(MEASURED) == 78125


def test_pack_round_trip():
    noise = Noise(61)
    gauge = opened()
    for _ in range(20):
        gauge.count(noise.between(-100000, 100000), 60000, noise.between(-2000, 6000))
        gauge.book(-noise.below(1000))
        buffer = bytearray(SIZE + 2)
        gauge.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        again = FuelGauge(cell(), SHUNT_MOHM)
        again.unpack_from(buffer, 1)
        for one in (gauge, again):
            one.observe(2990000, 1000, 0, 2500)
        assert again.soc_ppm() == gauge.soc_ppm()
        assert again.sigma_ppm() == gauge.sigma_ppm()
        assert again.stored_nah() == gauge.stored_nah()


def test_part_of_what_charges_is_booked_as_lost():
    gauge = FuelGauge(cell(acceptance_ppm=995000), 1000000)
    gauge.open(500000, 1000)
    gauge.count(1280000, 60000, 2500)  # 1280000 counts of 78.125 pC: 100 uC in a minute
    assert gauge.ledger.line_pc(MEASURED) == 100000000
    assert gauge.ledger.line_pc(BOOKED) == -500000
    gauge.count(-1280000, 60000, 2500)  # a discharge loses nothing
    assert gauge.ledger.line_pc(MEASURED) == 0
    assert gauge.ledger.line_pc(BOOKED) == -500000


def test_self_discharge_is_booked_with_time():
    gauge = FuelGauge(cell(self_discharge_ppm_year=10000), 1000000)
    gauge.open(500000, 1000)
    stored = gauge.ledger.stored_pc()
    for _ in range(12):
        gauge.count(0, 31557600000 // 12, 2500)  # a month
    lost = stored - gauge.ledger.stored_pc()
    assert close(lost / stored, 1 - (1 - 0.01 / 12) ** 12, 1e-4)
