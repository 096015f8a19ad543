"""The gauge behind one interface, with a profile and without."""

from cells import VALUES, cell
from expect import close
from film_cell import FilmCell
from noise import Noise

from filmgauge.gauge import ledger
from filmgauge.gauge.fuel_gauge import SIZE, FuelGauge, LedgerOnly
from filmgauge.gauge.ledger import CORRECTED, GAP, INPUT, LEAK, LOSS, MEASURED, OPENING

SHUNT_MOHM = 1000000
# one count is 78.125 pC at 1 kohm; 13.212 uAh are 47563.2 uC
COUNTS_OF_FULL = 608808960
FULL_PC = 13212 * 3600000
LINES = range(ledger.GAP + 1)


def opened(soc_ppm=500000, sigma_ppm=50000, new_cell=0, shunt_mohm=SHUNT_MOHM, **changes):
    """Return a gauge with its first state of charge."""
    gauge = FuelGauge(cell(**changes), shunt_mohm)
    gauge.open(soc_ppm, sigma_ppm, new_cell)
    return gauge


def lines(gauge):
    return [gauge.ledger.line_pc(n) for n in LINES]


def counts(current_pa, elapsed_ms):
    """Return what the accumulator counts: pA in ms, 78.125 pC each."""
    return current_pa * elapsed_ms // 78125


def copied(gauge, **changes):
    """Return another gauge that has woken from the sleep of this one."""
    buffer = bytearray(SIZE + 2)
    gauge.pack_into(buffer, 1)
    assert (buffer[0], buffer[-1]) == (0, 0)
    again = FuelGauge(cell(**changes), SHUNT_MOHM)
    again.unpack_from(buffer, 1)
    return again


def told(gauge):
    """Return everything that a node reports of its gauge."""
    return [
        *lines(gauge),
        gauge.soc_ppm(),
        gauge.sigma_ppm(),
        gauge.shown_ppm(),
        gauge.full_nah(),
        gauge.full_sigma_nah(),
        gauge.available_nah(1300000, 2500),
        gauge.available_sigma_nah(),
        gauge.full_available_nah(1300000, 2500),
        gauge.recent_pa(),
        gauge.time_to_empty_s(2500),
        gauge.time_to_full_s(),
        gauge.resistance_mohm(),
        gauge.health.mcycles(),
    ]


def test_without_a_profile_nothing_is_judged():
    gauge = LedgerOnly(SHUNT_MOHM)
    gauge.open(500000, 1000)
    gauge.widen(1000)
    gauge.count(-3600, 60000, 2500)
    gauge.book(-100)
    gauge.observe(3000000, 1000, 0, 2500)
    gauge.lost()
    assert gauge.soc_ppm() is None
    assert gauge.sigma_ppm() is None
    assert gauge.shown_ppm() is None
    assert gauge.stored_nah() is None
    assert gauge.full_nah() is None
    expected = {MEASURED: -3600 * 78125 // 1000, INPUT: -100}
    assert lines(gauge) == [expected.get(line, 0) for line in LINES]


def test_numbers_of_a_known_cell():
    gauge = opened(500000)
    assert gauge.full_nah() == 13212
    assert gauge.stored_nah() == 6606
    assert gauge.soc_ppm() == 500000
    assert gauge.full_sigma_nah() in (660, 661)  # 5 % of it
    # 5 % of the charge and 5 % of the capacity at one half
    assert close(gauge.sigma_ppm(), (50000**2 + 25000**2) ** 0.5, 0.01)


def test_counting_moves_the_state_of_charge():
    gauge = opened(500000)
    gauge.count(-COUNTS_OF_FULL // 4, 3600000, 2500)
    assert close(gauge.soc_ppm(), 250000, absolute=1)
    assert gauge.stored_nah() == 3303


def test_booking_is_a_line_of_its_own():
    for line in (INPUT, ledger.SLEEP, ledger.SENSOR, ledger.RADIO):
        gauge = opened(500000)
        before = lines(gauge)
        gauge.book(-3600000 * 606, line)
        assert gauge.stored_nah() == 6000
        before[line] -= 3600000 * 606
        assert lines(gauge) == before


def test_opens_once():
    gauge = opened(500000, 1000)
    sigma = gauge.sigma_ppm()
    gauge.open(900000, 5)
    assert gauge.soc_ppm() == 500000
    assert gauge.sigma_ppm() == sigma
    again = copied(gauge)
    again.open(900000, 5)
    assert again.soc_ppm() == 500000


def test_widening():
    gauge = opened(0, 30000)
    before = gauge.sigma_ppm()
    gauge.widen(40000)
    assert close(gauge.sigma_ppm(), (before**2 + 40000**2) ** 0.5, absolute=2)


def plain_sum(gauge):
    """Return whether the lines add up to what is stored, to the last picocoulomb."""
    return sum(lines(gauge)) == gauge.ledger.stored_pc()


def test_lines_add_up_in_every_sequence():
    for seed in range(1, 5):
        noise = Noise(seed)
        shunt_mohm = (1000000, 999983, 470000, 99999989)[seed - 1]
        gauge = opened(
            noise.between(0, 1000000),
            noise.between(1000, 300000),
            noise.below(2),
            shunt_mohm,
            acceptance_ppm=995000,
            self_discharge_ppm_year=20000,
        )
        counted = booked = 0
        for _ in range(150):
            elapsed_ms, cdeg = noise.between(1000, 600000), noise.between(0, 5000)
            current_pa = noise.between(-1, 1) * noise.between(1000, 3000000)
            some = current_pa * elapsed_ms // 1000 * shunt_mohm // 78125000
            choice = noise.below(6)
            if choice == 0:
                some = noise.between(-2000, 2000)
                gauge.zero(some, elapsed_ms, cdeg)
            elif choice == 1:
                gauge.count(0, elapsed_ms, cdeg)
                some = 0
            else:
                gauge.count(some, elapsed_ms, cdeg)
                gauge.observe(noise.between(1000000, 3100000), current_pa, 1000, cdeg)
            counted += some
            gauge.book(-elapsed_ms // 7)
            booked += -elapsed_ms // 7
            assert plain_sum(gauge)
            # Nothing is counted twice: the sensor's line is the sensor's count, to the pC.
            assert gauge.ledger.line_pc(MEASURED) == counted * 78125000 // shunt_mohm
            assert gauge.ledger.line_pc(INPUT) == booked
            assert 0 <= gauge.soc_ppm() <= 1000000
            assert 0 <= gauge.sigma_ppm() <= 1000000
            assert 0 <= gauge.shown_ppm() <= 1000000 if gauge.shown_ppm() is not None else True
        assert gauge.ledger.line_pc(LOSS) < 0
        assert gauge.ledger.line_pc(LEAK) <= 0


def test_an_open_switch_shows_the_sensors_zero_and_moves_nothing():
    gauge = opened(500000)
    stored, soc = gauge.ledger.stored_pc(), gauge.soc_ppm()
    for _ in range(20):
        gauge.zero(counts(1400, 60000), 60000, 2500)
    # each look leaves less than a picocoulomb, by rounding
    assert 0 <= gauge.ledger.stored_pc() - stored < 20
    assert gauge.soc_ppm() == soc
    assert gauge.ledger.line_pc(MEASURED) > 1000000
    assert plain_sum(gauge)


def test_the_zero_is_taken_off_what_is_counted_later():
    gauge = opened(500000)
    for _ in range(20):
        gauge.zero(counts(1400, 60000), 60000, 2500)
    before = gauge.ledger.stored_pc()
    for _ in range(60):
        gauge.count(counts(-100000 + 1400, 60000), 60000, 2500)
    # 100 nA for an hour, the 1.4 nA of the sensor left out
    assert close(gauge.ledger.stored_pc() - before, -100000 * 3600, 5e-4)


def test_sigma_of_the_zero_becomes_sigma_of_the_charge():
    known, unknown = opened(0, 1000), opened(0, 1000)
    for _ in range(20):
        known.zero(counts(1400, 60000), 60000, 2500)
    for gauge in (known, unknown):
        before = gauge.sigma_ppm()
        for _ in range(24):
            gauge.count(counts(-1000, 3600000), 3600000, 2500)
        assert gauge.sigma_ppm() >= before
    assert known.sigma_ppm() < unknown.sigma_ppm()


def test_part_of_what_charges_is_booked_as_lost():
    gauge = opened(500000, 1000, acceptance_ppm=995000)
    gauge.count(1280000, 60000, 2500)  # 1280000 counts of 78.125 pC: 100 uC in a minute
    assert gauge.ledger.line_pc(MEASURED) == 100000000
    assert gauge.ledger.line_pc(LOSS) == -500000
    gauge.count(-1280000, 60000, 2500)  # a discharge loses nothing
    assert gauge.ledger.line_pc(LOSS) == -500000


def test_the_first_charge_of_a_new_cell_loses_more():
    gauge = opened(0, 1000, new_cell=1)
    gauge.count(1280000, 60000, 2500)
    assert gauge.ledger.line_pc(LOSS) == -33500000  # 1 - 0.665 of 100 uC
    assert close(gauge.full_nah(), 0.3 * 13212, absolute=1)


def test_self_discharge_is_booked_with_time():
    gauge = opened(500000, 1000, self_discharge_ppm_year=10000)
    stored = gauge.ledger.stored_pc()
    for _ in range(12):
        gauge.count(1, 31557600000 // 12, 2500)  # a month
    assert close(-gauge.ledger.line_pc(LEAK) / stored, 1 - (1 - 0.01 / 12) ** 12, 1e-3)


def test_end_of_charge_corrects():
    gauge = opened(500000, 250000)
    gauge.observe(3000000, 50000, 0, 2500)
    assert gauge.soc_ppm() > 900000
    assert gauge.sigma_ppm() < 60000
    assert gauge.ledger.line_pc(CORRECTED) > 0
    assert plain_sum(gauge)


def test_a_lag_that_has_built_up_is_taken_off():
    fresh, tired = opened(500000, 250000), opened(500000, 250000)
    for _ in range(60):
        tired.count(counts(500000, 60000), 60000, 2500)  # 0.5 uA for an hour at 25 degC
    before = tired.ledger.stored_pc()
    for gauge in (fresh, tired):
        gauge.observe(3000000, 500000, 0, 2500)
    # The surface of both is full; in one of them the middle of the film is not there yet.
    assert tired.ledger.stored_pc() > before
    assert tired.ledger.stored_pc() < fresh.ledger.stored_pc()


def test_no_time_between_counts_is_survived():
    gauge = opened()
    gauge.count(1000, 0, 2500)
    gauge.count(0, 0, 2500)
    gauge.zero(1000, 0, 2500)
    assert gauge.ledger.line_pc(MEASURED) == 156250
    assert plain_sum(gauge)


def test_shown_waits_for_full_to_be_confirmed():
    gauge = opened(900000, 1000)
    for _ in range(200):
        gauge.count(counts(700000, 60000), 60000, 2500)
    assert gauge.soc_ppm() == 1000000
    for _ in range(24):
        gauge.count(counts(50000, 3600000), 3600000, 2500)  # a hold in which the film settles
    assert gauge.shown_ppm() == 990000
    gauge.observe(3450000, 50000, 0, 2500)  # 50 nA of 13 uAh: the hold has ended
    for _ in range(60):
        gauge.count(counts(50000, 600000), 600000, 2500)
    assert gauge.shown_ppm() > 990000


def test_recent_current_and_times():
    gauge = opened(500000, 1000)
    assert gauge.time_to_empty_s(2500) is None
    assert gauge.time_to_full_s() is None
    for _ in range(600):
        gauge.count(counts(-100000, 60000), 60000, 2500)
    assert close(gauge.recent_pa(), -100000, 0.01)
    assert gauge.time_to_full_s() is None
    given_nah = gauge.available_nah(100000, 2500)
    assert close(gauge.time_to_empty_s(2500), given_nah * 36.0, 0.02)  # nAh at 100 nA
    for _ in range(600):
        gauge.count(counts(200000, 60000), 60000, 2500)
    assert close(gauge.recent_pa(), 200000, 0.01)
    assert gauge.time_to_empty_s(2500) is None
    missing_nah = gauge.full_nah() - gauge.stored_nah()
    assert close(gauge.time_to_full_s(), missing_nah * 18.0, 0.02)


def test_available_charge():
    gauge = opened(800000, 1000)
    stored = gauge.stored_nah()
    small = gauge.available_nah(13000, 2500)
    large = gauge.available_nah(13000000, 2500)
    assert large < small <= stored
    assert gauge.available_nah(13000000, 6000) > large
    assert gauge.full_available_nah(13000, 2500) > small
    assert gauge.full_available_nah(13000, 2500) <= gauge.full_nah()
    gauge.available_nah(13000, 2500)
    low = gauge.available_sigma_nah()
    gauge.available_nah(5000000, 2500)
    assert 0 < low < gauge.available_sigma_nah()


def swung(gauge, film_cell, current_pa, minutes=5):
    """Let a current flow until its end; return the worst error in ppm and the time in s."""
    worst, seconds = 0, 0
    for _ in range(2000):
        film_cell.flow(current_pa, 60 * minutes)
        gauge.count(counts(current_pa, 60000 * minutes), 60000 * minutes, 2500)
        uv = film_cell.voltage_uv(current_pa)
        gauge.observe(uv, current_pa, 0, 2500)
        seconds += 60 * minutes
        worst = max(worst, abs(gauge.soc_ppm() - film_cell.soc_ppm()))
        if not VALUES["empty_uv"] < uv < VALUES["full_uv"]:
            return worst, seconds
    raise AssertionError("no end was reached")


def test_a_cell_is_followed_through_full_swings():
    film_cell = FilmCell(dict(VALUES), capacity=0.96, tau=1.1)
    gauge = opened(700000, 250000)
    moved_pc = 0
    for turn, current_pa in enumerate((2600000, -2600000, 1300000, -1300000, 2600000, -1300000)):
        worst, seconds = swung(gauge, film_cell, current_pa)
        moved_pc += abs(current_pa) * seconds
        assert worst < 20000 or turn < 4
    assert close(gauge.full_nah(), 0.96 * 13212, 0.02)
    assert close(gauge.health.mcycles(), 500 * moved_pc / FULL_PC, 1e-3, 2)
    assert plain_sum(gauge)


def test_pack_round_trip():
    noise = Noise(61)
    gauge = opened(500000, 100000, acceptance_ppm=995000)
    for _ in range(30):
        again = copied(gauge, acceptance_ppm=995000)
        assert told(again) == told(gauge)
        some, cdeg = noise.between(-40000000, 40000000), noise.between(1000, 4000)
        uv, current_pa = noise.between(1000000, 3000000), noise.between(-2000000, 2000000)
        for one in (gauge, again):
            one.count(some, 60000, cdeg)
            one.book(-1234)
            one.observe(uv, current_pa, 0, cdeg)
        assert told(again) == told(gauge)


def test_a_wake_without_profile_leaves_the_judgement_alone():
    gauge = opened(700000, 20000)
    gauge.count(12345, 60000, 2500)
    buffer = bytearray(SIZE)
    gauge.pack_into(buffer, 0)
    blind = LedgerOnly(SHUNT_MOHM)
    blind.unpack_from(buffer, 0)
    blind.book(-5000)
    blind.pack_into(buffer, 0)
    again = FuelGauge(cell(), SHUNT_MOHM)
    again.unpack_from(buffer, 0)
    assert again.ledger.stored_pc() == gauge.ledger.stored_pc() - 5000
    assert again.sigma_ppm() == gauge.sigma_ppm()
    assert again.ledger.line_pc(OPENING) == gauge.ledger.line_pc(OPENING)
    assert again.ledger.line_pc(GAP) == 0
