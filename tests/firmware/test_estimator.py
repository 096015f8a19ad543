"""The estimator: what moves the state of charge, and how honest its uncertainty is."""

from cells import cell
from expect import close
from noise import Noise

from filmgauge.gauge.estimator import SIZE, Estimator
from filmgauge.gauge.film import Film
from filmgauge.gauge.ledger import BOOKED, CORRECTED, MEASURED, OPENING, Ledger

SHUNT_MOHM = 1000000
PROFILE = cell(slow_share_ppm=0)
FULL_PC = PROFILE.full_pc()
NEARLY_FULL_UV = 2150000 + 50000 + 50000 + 800000
PLATEAU_UV = 2150000
CURRENT_PA = 1000


class Gauge:
    """An estimator with its ledger and film."""

    def __init__(self, soc_ppm=500000, sigma_ppm=250000):
        self.ledger = Ledger()
        self.film = Film(PROFILE)
        self.estimator = Estimator(self.ledger, self.film, FULL_PC, SHUNT_MOHM)
        self.estimator.start(soc_ppm, sigma_ppm)

    def lines(self):
        return [self.ledger.line_pc(n) for n in (OPENING, MEASURED, BOOKED, CORRECTED)]

    def told_ppm(self, uv, current_pa):
        """Return the mean stoichiometry that a voltage tells."""
        surface = self.film.surface_ppm(uv, current_pa, 0, 2500)
        return surface - self.film.lag_ppm(current_pa, 2500)


def test_start_is_a_line_of_its_own():
    for soc in (0, 1, 333333, 500000, 999999, 1000000):
        gauge = Gauge(soc, 12345)
        assert close(gauge.estimator.soc_ppm(), soc, absolute=1)
        assert gauge.estimator.sigma_ppm() == 12345
        assert gauge.lines() == [soc * FULL_PC // 1000000, 0, 0, 0]


def test_soc_follows_the_ledger():
    gauge = Gauge(500000)
    gauge.ledger.add_pc(MEASURED, FULL_PC // 4)
    assert close(gauge.estimator.soc_ppm(), 750000, absolute=1)
    gauge.ledger.add_pc(BOOKED, -FULL_PC // 2)
    assert close(gauge.estimator.soc_ppm(), 250000, absolute=1)


def test_soc_stays_between_empty_and_full():
    noise = Noise(21)
    gauge = Gauge(500000)
    for _ in range(300):
        moved = noise.between(-FULL_PC, FULL_PC)
        gauge.ledger.add_pc(MEASURED, moved)
        gauge.estimator.count(moved, noise.between(0, 100000000))
        current = noise.between(-5000000, 5000000)
        gauge.estimator.observe(noise.between(0, 5000000), current, 0, noise.between(-4000, 8500))
        assert 0 <= gauge.estimator.soc_ppm() <= 1000000
        assert 0 <= gauge.estimator.sigma_ppm() <= 1000000


def test_sigma_grows_with_time():
    # 0.58 uV over 1 kohm and 1443 pA: 2023 pA, in a day 174.79 uC of 47563.2 uC: 3675 ppm
    gauge = Gauge(500000, 4000)
    gauge.estimator.count(0, 86400000)
    assert close(gauge.estimator.sigma_ppm(), (4000**2 + 3675**2) ** 0.5, absolute=3)
    last = gauge.estimator.sigma_ppm()
    for _ in range(50):
        gauge.estimator.count(0, 3600000)
        assert gauge.estimator.sigma_ppm() > last
        last = gauge.estimator.sigma_ppm()


def test_sigma_grows_with_throughput_in_both_directions():
    # 0.29 % of the charge that went through, wherever it went
    gauge = Gauge(500000, 0)
    for sign in (1, -1, 1, -1):
        gauge.estimator.count(sign * FULL_PC, 0)
    assert close(gauge.estimator.sigma_ppm(), 4 * 2900, absolute=3)


def test_small_steps_count_like_one_large():
    steps, one = Gauge(500000, 1000), Gauge(500000, 1000)
    for _ in range(1440):
        steps.estimator.count(-60000000, 60000)
    one.estimator.count(-60000000 * 1440, 86400000)
    assert close(steps.estimator.sigma_ppm(), one.estimator.sigma_ppm(), absolute=1)


def test_a_smaller_shunt_is_less_certain():
    sigmas = []
    for shunt_mohm in (100000000, 1000000, 100000):
        estimator = Estimator(Ledger(), Film(PROFILE), FULL_PC, shunt_mohm)
        estimator.start(500000, 0)
        estimator.count(0, 86400000)
        sigmas.append(estimator.sigma_ppm())
    assert sigmas[0] < sigmas[1] < sigmas[2]


def test_widening_adds_in_squares():
    gauge = Gauge(500000, 30000)
    gauge.estimator.widen(40000)
    assert close(gauge.estimator.sigma_ppm(), 50000, absolute=1)


def test_anchor_moves_the_corrected_line_only():
    gauge = Gauge(500000, 250000)
    gauge.ledger.add_pc(MEASURED, 1234567890)
    gauge.ledger.add_pc(BOOKED, -987654)
    before = gauge.lines()
    assert gauge.estimator.observe(NEARLY_FULL_UV, CURRENT_PA, 0, 2500)
    after = gauge.lines()
    assert after[:3] == before[:3]
    assert after[3] > 0
    assert close(gauge.ledger.stored_pc(), sum(after), absolute=0)


def test_ignorant_ledger_follows_the_anchor():
    gauge = Gauge(300000, 250000)
    told = gauge.told_ppm(NEARLY_FULL_UV, CURRENT_PA)
    assert gauge.estimator.observe(NEARLY_FULL_UV, CURRENT_PA, 0, 2500)
    assert close(gauge.estimator.soc_ppm(), told, absolute=1000)
    # the anchor is trusted to 5000 ppm
    assert close(gauge.estimator.sigma_ppm(), 5000, absolute=50)


def test_certain_ledger_is_barely_moved():
    gauge = Gauge(300000, 50)
    assert gauge.estimator.observe(NEARLY_FULL_UV, CURRENT_PA, 0, 2500)
    assert 300000 <= gauge.estimator.soc_ppm() <= 300100
    assert gauge.estimator.sigma_ppm() <= 50


def test_weight_is_that_of_the_variances():
    for sigma in (1000, 5000, 20000):
        gauge = Gauge(900000, sigma)
        told = gauge.told_ppm(NEARLY_FULL_UV, CURRENT_PA)
        lag = gauge.film.lag_ppm(CURRENT_PA, 2500)
        theirs = 5000**2 + (0.1 * lag) ** 2
        weight = sigma**2 / (sigma**2 + theirs) if sigma**2 > theirs else 0
        gauge.estimator.observe(NEARLY_FULL_UV, CURRENT_PA, 0, 2500)
        assert close(gauge.estimator.soc_ppm(), 900000 + weight * (told - 900000), absolute=5)
        sigma_after = min(sigma, theirs**0.5)  # an anchor's error is not random
        assert close(gauge.estimator.sigma_ppm(), sigma_after, absolute=2)


def test_a_large_lag_is_trusted_less():
    slow, fast = Gauge(500000, 250000), Gauge(500000, 250000)
    slow.estimator.observe(NEARLY_FULL_UV, CURRENT_PA, 0, 2500)
    fast.estimator.observe(NEARLY_FULL_UV + 500000, 2000 * CURRENT_PA, 0, 2500)
    assert fast.estimator.sigma_ppm() > slow.estimator.sigma_ppm()


def test_anchor_never_makes_less_certain():
    noise = Noise(22)
    anchored = 0
    for _ in range(400):
        gauge = Gauge(noise.between(0, 1000000), noise.between(0, 500000))
        gauge.estimator.count(noise.between(-FULL_PC, FULL_PC), noise.between(0, 10**9))
        before = gauge.estimator.sigma_ppm()
        current = noise.between(-3000000, 3000000)
        anchored += gauge.estimator.observe(noise.between(0, 5000000), current, 0, 2500)
        assert gauge.estimator.sigma_ppm() <= before
    assert 100 < anchored < 400


def test_plateau_moves_nothing():
    for current in (CURRENT_PA, -CURRENT_PA, 0):
        gauge = Gauge(700000, 250000)
        gauge.estimator.count(-5000000, 60000)
        before = gauge.lines(), gauge.estimator.sigma_ppm()
        for offset in range(-100000, 100001, 10000):
            assert not gauge.estimator.observe(PLATEAU_UV + offset, current, 0, 2500)
        assert (gauge.lines(), gauge.estimator.sigma_ppm()) == before


def test_rest_moves_nothing_even_at_the_ends():
    gauge = Gauge(700000, 250000)
    before = gauge.lines()
    for uv in (0, 1000000, 3000000, 5000000):
        assert not gauge.estimator.observe(uv, 0, 0, 2500)
    assert gauge.lines() == before


def test_empty_end_pulls_down():
    gauge = Gauge(500000, 250000)
    assert gauge.estimator.observe(1000000, -CURRENT_PA, 0, 2500)
    assert gauge.estimator.soc_ppm() < 20000


def test_repeated_anchors_settle():
    gauge = Gauge(300000, 250000)
    told = gauge.told_ppm(NEARLY_FULL_UV, CURRENT_PA)
    for _ in range(30):
        gauge.estimator.observe(NEARLY_FULL_UV, CURRENT_PA, 0, 2500)
    # looking again adds nothing: what one look leaves, thirty leave too
    left = (1 - 250000**2 / (250000**2 + 5000**2)) * abs(told - 300000)
    assert close(gauge.estimator.soc_ppm(), told, absolute=left + 5)
    assert close(gauge.estimator.sigma_ppm(), 5000, absolute=50)


def test_pack_keeps_the_uncertainty():
    noise = Noise(23)
    for _ in range(30):
        gauge, again = Gauge(500000, noise.between(0, 300000)), Gauge(500000, 7)
        gauge.estimator.count(noise.between(-FULL_PC, FULL_PC), noise.between(0, 10**10))
        buffer = bytearray(SIZE + 4)
        gauge.estimator.pack_into(buffer, 2)
        assert (buffer[:2], buffer[-2:]) == (bytes(2), bytes(2))
        again.estimator.unpack_from(buffer, 2)
        assert again.estimator.sigma_ppm() == gauge.estimator.sigma_ppm()
        gauge.estimator.count(FULL_PC, 10**7)
        again.estimator.count(FULL_PC, 10**7)
        assert again.estimator.sigma_ppm() == gauge.estimator.sigma_ppm()
