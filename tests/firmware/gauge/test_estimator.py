"""The estimator against a textbook filter, and what it must never do."""

from cell_profiles import cell
from estimators import CURRENT_PA, FULL_PC, FULL_UV, PLATEAU_UV, Gauge
from expect import close
from kalman import Kalman, LineFilm
from noise import Noise

from filmgauge.gauge.estimator import SIZE
from filmgauge.gauge.ledger import CORRECTED, LOSS, MEASURED, OPENING
from filmgauge.gauge.model_proof import ModelProof


def test_start_is_a_line_of_its_own():
    for soc in (0, 1, 333333, 500000, 999999, 1000000):
        gauge = Gauge(soc, 12345)
        assert close(gauge.estimator.soc_ppm(), soc, absolute=1)
        assert gauge.lines()[OPENING] == soc * FULL_PC // 1000000
        assert sum(gauge.lines()) == gauge.lines()[OPENING]


def test_before_anything_is_seen_the_uncertainty_is_that_of_the_profile():
    # stored +- 1.2345 %, the capacity +- 5 % of what stands in the denominator
    for soc in (0, 250000, 1000000):
        gauge = Gauge(soc, 12345)
        expected = (12345**2 + (0.05 * soc) ** 2) ** 0.5
        assert close(gauge.estimator.soc_sigma_ppm(), expected, 5e-3)
        assert close(gauge.estimator.capacity_sigma(), 0.05, 1e-5)
        assert close(gauge.estimator.loss_sigma(), 0.003, 1e-5)


def test_soc_follows_the_ledger():
    gauge = Gauge(500000)
    gauge.ledger.add_pc(MEASURED, FULL_PC // 4)
    assert close(gauge.estimator.soc_ppm(), 750000, absolute=1)
    gauge.ledger.add_pc(LOSS, -FULL_PC // 2)
    assert close(gauge.estimator.soc_ppm(), 250000, absolute=1)


def test_widening_adds_in_squares():
    gauge = Gauge(0, 30000)
    gauge.estimator.widen(40000)
    assert close(gauge.estimator.soc_sigma_ppm(), 50000, 5e-3)


def test_sigma_grows_with_what_is_counted():
    for sign in (1, -1):
        gauge = Gauge(500000, 4000)
        last = gauge.estimator.soc_sigma_ppm()
        for _ in range(40):
            gauge.estimator.count(sign * FULL_PC // 2, FULL_PC // 1000)
            assert gauge.estimator.soc_sigma_ppm() > last
            last = gauge.estimator.soc_sigma_ppm()


def test_what_a_short_wake_adds_is_not_rounded_off():
    """300 wakes of less than a nanocoulomb, with a sleep behind each, are as one of all of it."""
    tiny = cell(area_ucm2=1000, capacity_nah_cm2=1000)
    for add in (
        lambda estimator, times: estimator.count(0, 400 * times),
        lambda estimator, times: estimator.count(1490 * times, 0),  # may be lost in part
        lambda estimator, times: estimator.add_input_drain(1000 * times),
    ):
        often, once = Gauge(0, 100, profile=tiny), Gauge(0, 100, profile=tiny)
        before = once.estimator.soc_sigma_ppm()
        buffer = bytearray(SIZE)
        for _ in range(300):
            add(often.estimator, 1)
            often.estimator.pack_into(buffer, 0)
            often.estimator.unpack_from(buffer, 0)
        add(once.estimator, 300)
        assert often.sigmas() == once.sigmas()
        assert once.estimator.soc_sigma_ppm() > before + 100


def test_an_unknown_zero_of_the_sensor_adds_up_linearly():
    # 0.2 % of the capacity in each of 25 stretches: it is the same zero, so 5 % in all
    gauge = Gauge(0, 10000)
    for _ in range(25):
        gauge.estimator.count(0, FULL_PC // 500)
    assert close(gauge.estimator.soc_sigma_ppm(), (10000**2 + 50000**2) ** 0.5, 5e-3)


def test_an_unknown_loss_adds_up_with_the_charge():
    # 0.3 % of ten capacities of charge: 3 %, however it came in
    for parts in (1, 10, 100):
        gauge = Gauge(0, 10000)
        for _ in range(parts):
            gauge.estimator.count(10 * FULL_PC // parts, 0)
        assert close(gauge.estimator.soc_sigma_ppm(), (10000**2 + 30000**2) ** 0.5, 0.02)


def drawn(noise, sigma):
    """Return a random number of about that standard deviation, never beyond three."""
    return sigma * (sum([noise.between(-1000, 1000) for _ in range(3)]) / 1000.0)


def believed():
    proof = ModelProof(LineFilm())
    proof.restore((1, 1, 224, 0, 0, 0))  # 0.00006 of a lag; 224 is 1
    return proof


class Problem:
    """One linear problem for the estimator and for the textbook, with a truth behind it."""

    def __init__(self, seed):
        self.noise = Noise(seed)
        self.film = LineFilm()
        self.gauge = Gauge(600000, 100000, film=self.film)
        sigmas = (0.1, 0.05, 0.2, 0.1, 0.003)
        start = (0.6, 1.0, 0.0, 0.0, 0.005)
        # The textbook believes its model: it is proved on another film, which has no lag.
        self.gauge.estimator.proof = believed()
        self.kalman = Kalman(start, [sigma * sigma for sigma in sigmas])
        self.truth = [mean + drawn(self.noise, s) for mean, s in zip(start, sigmas)]

    def flow(self, share):
        """Move a share of the design capacity."""
        self.gauge.flow(int(share * FULL_PC))
        charged = max(0.0, share)
        step = [[1.0 if i == j else 0.0 for j in range(5)] for i in range(5)]
        step[0][4] = -charged
        self.kalman.predict(step, (share, 0.0, 0.0, 0.0, 0.0))
        self.truth[0] += share - charged * self.truth[4]

    def observe(self, full, sigma=0.02):
        """Look at an end whose voltage leaves `sigma` of the surface open."""
        film, noise = self.film, self.noise
        film.by = (noise.between(-40, 40) / 1000.0, noise.between(-20, 20) / 1000.0)
        film.base = film.by[0]
        stored, capacity, tau, ea, _ = self.truth
        lag = film.base + film.by[0] * tau + film.by[1] * ea
        film.surface_share = (stored + lag) / capacity + drawn(noise, sigma / 2)
        film.surface_sigma = sigma
        film.informative = False  # in between the voltage was on the plateau
        self.gauge.observe(0, 1)
        film.informative = True
        assert self.gauge.observe(0, CURRENT_PA if full else -CURRENT_PA)
        x, surface = self.kalman.x, film.surface_share
        lag = film.base + film.by[0] * x[2] + film.by[1] * x[3]
        # how deep the end lies is a matter of its shape and says nothing of the capacity
        row = (1.0, -1.0 if surface > 0.5 else 0.0, film.by[0], film.by[1], 0.0)
        self.kalman.update(row, surface * x[1] - x[0] - lag, sigma * sigma)

    def compare(self):
        """Both must say the same, but for the small noise that the estimator adds itself."""
        estimator, kalman = self.gauge.estimator, self.kalman
        got = (
            self.gauge.ledger.stored_pc() / FULL_PC,
            estimator.capacity_ppm / 1e6,
            self.film.tau,
            self.film.ea,
            estimator.loss_ppm / 1e6,
        )
        for index in range(5):
            sigma = kalman.p[index][index] ** 0.5
            assert close(got[index], kalman.x[index], absolute=0.15 * sigma + 2e-6)
        for surface, by_tau, by_ea in ((0.0, 0.0, 0.0), (1.0, 0.05, 0.0), (0.5, -0.2, 0.3)):
            row = (1.0, -surface, -by_tau, -by_ea, 0.0)
            expected = kalman.variance(row) ** 0.5
            assert close(estimator.sigma_of(surface, by_tau, by_ea), expected, 0.06)
        assert close(estimator.capacity_sigma(), kalman.p[1][1] ** 0.5, 0.06)
        assert close(estimator.loss_sigma(), kalman.p[4][4] ** 0.5, 0.06)


def test_it_is_the_textbook_filter():
    for seed in range(30, 36):
        problem = Problem(seed)
        problem.compare()
        for turn in range(4):
            problem.flow(0.5 if turn else 0.4)
            problem.observe(full=True)
            problem.compare()
            problem.flow(-0.9)
            problem.observe(full=False)
            problem.compare()
            problem.flow(0.4)
            problem.compare()


def test_anchor_moves_the_corrected_line_only():
    gauge = Gauge(500000, 250000)
    gauge.flow(1234567890)
    gauge.flow(-987654)
    before = gauge.lines()
    assert gauge.observe(FULL_UV, CURRENT_PA)
    after = gauge.lines()
    assert after[CORRECTED] > 0
    after[CORRECTED] = before[CORRECTED] = 0
    assert after == before


def test_a_current_that_turns_within_a_sample_is_no_end_and_one_that_fades_in_a_hold_is():
    gauge = Gauge(800000, 100000, film=LineFilm())
    film, estimator = gauge.film, gauge.estimator
    film.by = (0.03, 0.0)
    film.surface_sigma = 0.003

    def look(base_pa, current_pa):
        return estimator.observe(FULL_UV, base_pa, current_pa, 0, 2500)

    assert not look(CURRENT_PA, CURRENT_PA * 49 // 100)  # the plateau of a charge lay before it
    assert not look(-CURRENT_PA, CURRENT_PA * 49 // 100)
    assert gauge.ledger.line_pc(CORRECTED) == 0
    assert look(CURRENT_PA, CURRENT_PA)
    film.by = (0.01, 0.0)  # held: less current, less lag
    gauge.flow(FULL_PC // 50)
    assert look(CURRENT_PA, CURRENT_PA // 4)


def test_ignorant_ledger_follows_the_end():
    for current_pa, told in ((20000, 1000000), (-20000, 0)):
        gauge = Gauge(500000, 400000)
        assert gauge.observe(FULL_UV if told else 1000000, current_pa)
        assert close(gauge.estimator.soc_ppm(), told, absolute=40000)
        assert gauge.estimator.soc_sigma_ppm() < 60000


def test_certain_ledger_is_barely_moved():
    gauge = Gauge(980000, 50)
    gauge.film.informative = True
    assert gauge.observe(FULL_UV, 20000)
    assert close(gauge.ledger.stored_pc() / FULL_PC, 0.98, absolute=0.001)


def test_an_end_that_fits_makes_nothing_less_certain():
    noise = Noise(22)
    for _ in range(60):
        film = LineFilm()
        gauge = Gauge(950000, noise.between(1000, 300000), film=film)
        gauge.flow(noise.between(-FULL_PC // 20, FULL_PC // 20))
        before = gauge.sigmas()
        film.surface_share = gauge.estimator.soc_ppm() / 1e6
        film.surface_sigma = noise.between(1, 50) / 1000.0
        film.by = (0.01, 0.005)
        assert gauge.observe(FULL_UV, CURRENT_PA)
        # what wanders with throughput is let in when an end is weighed, and that the end itself
        # may be another one stays
        lasting = film.surface_sigma * 1e6
        for now, was in zip(gauge.sigmas(), before):
            assert now <= (was * was + lasting * lasting) ** 0.5 * 1.01


def test_plateau_moves_nothing():
    for current in (CURRENT_PA, -CURRENT_PA, 0):
        gauge = Gauge(700000, 250000)
        gauge.flow(-5000000)
        before = gauge.lines(), gauge.sigmas(), gauge.film.tau_ppm, gauge.film.ea_ppm
        for offset in range(-100000, 100001, 10000):
            assert not gauge.observe(PLATEAU_UV + offset, current)
        assert (gauge.lines(), gauge.sigmas(), gauge.film.tau_ppm, gauge.film.ea_ppm) == before


def test_rest_moves_nothing_even_at_the_ends():
    gauge = Gauge(700000, 250000)
    before = gauge.lines(), gauge.sigmas()
    for uv in (0, 1000000, 3000000, 5000000):
        assert not gauge.observe(uv, 0)
    assert (gauge.lines(), gauge.sigmas()) == before


def test_looking_again_adds_nothing():
    once, often = Gauge(300000, 250000), Gauge(300000, 250000)
    once.observe(FULL_UV, CURRENT_PA)
    for _ in range(30):
        often.observe(FULL_UV, CURRENT_PA)
    assert often.lines() == once.lines()
    assert often.sigmas() == once.sigmas()


def second_look(gauge, film, moved=0.004, seen=0.004):
    """Return a gauge that has looked at an end which contradicts it, and looks again when charge
    has moved and the surface with it."""
    assert not gauge.observe(FULL_UV, CURRENT_PA)
    gauge.flow(int(moved * FULL_PC))
    film.surface_share += seen
    return gauge


def test_an_end_that_contradicts_all_that_is_known_waits_for_a_second_look():
    for moved, seen, believed in (
        (0.004, 0.004, True),
        (0.004, 0.003, True),
        (0.1, 0.09, True),
        (0.004, 0.008, True),  # a surface that runs ahead: a cell smaller than its profile
        (0.001, 0.001, True),
        (0.0005, 0.0005, False),  # too early
        (0.004, 0.0, False),  # a voltage that stands still while charge flows
        (0.1, 0.0, False),
        (0.004, -0.2, False),  # two looks that have nothing to do with each other
    ):
        film = LineFilm()
        gauge = Gauge(900000, 1000, film=film, profile=cell(capacity_spread_ppm=1000))
        film.surface_share, film.surface_sigma = 0.6, 0.003
        before = gauge.ledger.line_pc(CORRECTED)
        second_look(gauge, film, moved, seen)
        assert gauge.observe(FULL_UV, CURRENT_PA) == believed
        assert (gauge.ledger.line_pc(CORRECTED) != before) == believed


def test_an_end_that_is_there_again_at_the_next_visit_is_believed():
    for again, believed in ((0.6, True), (0.55, True), (0.3, False)):
        film = LineFilm()
        gauge = Gauge(900000, 1000, film=film, profile=cell(capacity_spread_ppm=1000))
        film.surface_share, film.surface_sigma = 0.6, 0.003
        assert not gauge.observe(FULL_UV, CURRENT_PA)
        film.informative = False
        assert not gauge.observe(PLATEAU_UV, CURRENT_PA)
        film.informative, film.surface_share = True, again
        assert gauge.observe(FULL_UV, CURRENT_PA) == believed


def test_a_held_charge_that_contradicts_is_believed_once_its_lag_has_faded():
    """In a hold charge flows, and the surface stands at its limit."""
    for faded, moved, believed in (
        (0.001, 0.001, True),  # the lag has fallen by more than has flowed
        (0.006, 0.001, False),  # to more than half
        (0.01, 0.001, False),  # a voltage that stands still under one current
        (0.001, 0.2, False),  # what it says has changed
    ):
        film = LineFilm()
        gauge = Gauge(700000, 1000, film=film, profile=cell(capacity_spread_ppm=1000))
        film.surface_sigma, film.base = 0.0005, 0.01
        assert not gauge.observe(FULL_UV, CURRENT_PA)
        gauge.flow(int(moved * FULL_PC))
        film.base = faded
        assert gauge.observe(FULL_UV, CURRENT_PA) == believed


def looks_until_believed(fallen, energy, most=40):
    """Return at which look an empty end is believed, if it is, whose surface falls by a share of
    the charge that flows."""
    film = LineFilm()
    gauge = Gauge(400000, 1000, film=film, profile=cell(capacity_spread_ppm=1000))
    film.surface_share, film.surface_sigma, film.energy = 0.03, 0.0005, energy
    for look in range(most):
        if gauge.observe(0, -CURRENT_PA):
            return look
        gauge.flow(-3 * FULL_PC // 1000)
        film.surface_share -= 0.003 * fallen
    return None


def test_a_wide_end_is_believed_when_its_surface_has_come_far_enough():
    assert looks_until_believed(1.0, 0.0) == 1
    assert looks_until_believed(0.2, 0.0) == 4  # 0.06 % a look, 0.2 % in all
    assert looks_until_believed(0.03, 0.0) is None  # a plateau that slopes
    assert looks_until_believed(0.2, 1.5) is None  # in the cold the lag may be larger


def test_a_surprise_in_the_cold_waits_for_the_next_visit():
    for energy, believed in ((0.0, True), (1.5, False)):
        film = LineFilm()
        gauge = Gauge(400000, 50000, film=film, profile=cell(capacity_spread_ppm=1000))
        film.surface_share, film.surface_sigma, film.energy = 0.2, 0.001, energy
        assert gauge.observe(0, -CURRENT_PA) == believed  # four sigma off
        film.informative = False
        assert not gauge.observe(PLATEAU_UV, -CURRENT_PA)
        film.informative = True
        if not believed:
            assert gauge.observe(0, -CURRENT_PA)


def test_what_a_law_of_the_lag_can_be_off_by_confirms_nothing_at_the_next_visit():
    for lag, believed in ((0.05, True), (0.1, False)):
        film = LineFilm()
        gauge = Gauge(400000 + int(lag * 1e6), 1000, film=film, profile=cell())
        film.surface_share, film.surface_sigma, film.base = 0.1, 0.0005, -lag
        gauge.estimator.proof.restore((1, 1, 224, 0, 0, 0))
        assert not gauge.observe(0, -CURRENT_PA)  # 0.3 below what is known, and more than the lag
        film.informative = False
        assert not gauge.observe(PLATEAU_UV, -CURRENT_PA)
        film.informative = True
        assert gauge.observe(0, -CURRENT_PA) == believed


def test_the_capacity_is_less_sure_far_from_the_temperature_of_its_ends():
    film = LineFilm()
    gauge = Gauge(500000, 250000, film=film)
    film.surface_share, film.energy = 0.0, -1.0
    assert gauge.observe(0, -CURRENT_PA)
    gauge.flow(FULL_PC)
    film.surface_share = 1.0
    assert gauge.observe(FULL_UV, CURRENT_PA)
    gauge.flow(-FULL_PC // 2)
    warm = gauge.sigmas()
    told = []
    for energy in (0.0, 1.0, 2.0):
        film.energy = energy
        told.append(gauge.sigmas())
    assert warm < told[0] < told[1] < told[2]
    # 0.7 % a degree, of which an exponent of 1 is 16 to 18; what is proved by now is less.
    apart = (told[2][1] ** 2 - warm[1] ** 2) ** 0.5
    assert 0.1 * 3 < apart / (2.0 * gauge.estimator.proof._unproven) ** 0.5 < 0.3 * 3
    kept = Gauge(0, 0, film=film)
    kept.estimator.proof.restore(gauge.estimator.proof.numbers())
    before = gauge.estimator.proof.temperature_doubt()
    assert kept.estimator.proof.temperature_doubt() == before > 0.0


def test_a_full_end_after_a_full_end_says_nothing_of_the_capacity_at_its_temperature():
    film = LineFilm()
    gauge = Gauge(500000, 250000, film=film)
    film.surface_share = 0.0
    assert gauge.observe(0, -CURRENT_PA)
    gauge.flow(FULL_PC)
    film.surface_share, film.energy = 1.0, -1.0
    assert gauge.observe(FULL_UV, CURRENT_PA)
    film.energy = 1.0
    before = gauge.sigmas()[1]
    film.informative = False
    gauge.flow(-FULL_PC // 10)
    gauge.observe(PLATEAU_UV, CURRENT_PA)
    film.informative = True
    gauge.flow(FULL_PC // 10)
    assert gauge.observe(FULL_UV, CURRENT_PA)  # cold: charged as before
    assert gauge.sigmas()[1] > 0.95 * before


def test_a_surprise_at_the_other_end_makes_the_capacity_less_sure():
    # Ten sigma off: the capacity is the first that is not believed as before.
    told = []
    for off in (0.0, 0.5, 10.0):
        film = LineFilm()
        gauge = Gauge(0, 10000, film=film, profile=cell(capacity_spread_ppm=1000))
        film.surface_share, film.surface_sigma = 0.0, 0.003
        assert gauge.observe(0, -CURRENT_PA)
        gauge.flow(9 * FULL_PC // 10)
        before = gauge.estimator.capacity_sigma()
        film.surface_share = gauge.estimator.soc_ppm() / 1e6 - 0.011 * off
        if off == 10.0:
            gauge = second_look(gauge, film)
        assert gauge.observe(FULL_UV, CURRENT_PA)
        told.append(gauge.estimator.capacity_sigma() / before)
    assert told[0] <= 1.0
    assert told[1] <= 1.0
    assert told[2] > 1.5


def test_a_surprise_at_one_end_alone_says_nothing_of_the_capacity():
    film = LineFilm()
    gauge = Gauge(900000, 10000, film=film, profile=cell(capacity_spread_ppm=1000))
    before = gauge.estimator.capacity_sigma()
    film.surface_share, film.surface_sigma = 0.79, 0.003
    gauge = second_look(gauge, film)
    assert gauge.observe(FULL_UV, CURRENT_PA)
    assert gauge.estimator.capacity_sigma() <= before
    # and what was told is now nearly believed
    assert close(gauge.estimator.soc_ppm() / 1e6, film.surface_share, absolute=0.2 * 0.11)


def test_an_empty_cell_that_gives_on_has_held_no_more_than_it_gave_but_in_the_cold():
    for energy, least, most in ((0.0, 0.00599, 0.00601), (1.5, 0.02, 0.03)):
        film = LineFilm()
        film.energy = energy
        gauge = Gauge(100000, 1000, film=film, profile=cell())
        # Its lag says that more must be left than was counted, its voltage that this is unsure.
        film.surface_share, film.surface_sigma, film.base = 0.0, 0.02, -0.12
        assert gauge.observe(0, -CURRENT_PA)
        before, capacity_ppm = gauge.lines()[CORRECTED], gauge.estimator.capacity_ppm
        gauge.flow(-6 * FULL_PC // 1000)
        assert gauge.observe(0, -CURRENT_PA)
        assert least < (gauge.lines()[CORRECTED] - before) / FULL_PC < most
        assert abs(gauge.estimator.capacity_ppm - capacity_ppm) <= 1e6 * most


def test_a_surprise_at_another_current_waits_for_the_bottom_of_the_end_or_the_next_visit():
    for is_bottom in (True, False):
        film = LineFilm()
        gauge = Gauge(1000000, 1000, film=film, profile=cell(capacity_spread_ppm=1000))
        film.surface_sigma = 0.001
        assert gauge.observe(FULL_UV, CURRENT_PA)
        gauge.estimator.proof.restore((182, 1, 224, 171, 0, 0))  # 0.16, and a lag of 0.1 at empty
        gauge.flow(-920 * FULL_PC // 1000)
        film.surface_share, film.base, film.is_bottom = 0.0, -0.05, is_bottom
        assert gauge.observe(0, -CURRENT_PA) == is_bottom  # 3 % less is left than was counted
        capacity_ppm = gauge.estimator.capacity_ppm
        if is_bottom:  # the end at the other current was off by twice as much
            assert capacity_ppm < 960000
        else:
            assert capacity_ppm > 995000
            film.informative = False
            assert not gauge.observe(PLATEAU_UV, -CURRENT_PA)
            film.informative = True
            assert gauge.observe(0, -CURRENT_PA)


def sound(gauge):
    """Return whether everything that is told lies where it can."""
    estimator = gauge.estimator
    sigmas = gauge.sigmas() + (estimator.sigma_of(0.5, 0.1, 0.1),)
    return (
        0 <= estimator.soc_ppm() <= 1000000
        and 0 <= estimator.soc_sigma_ppm() <= 1000000
        and max(sigmas) < 1e7
        and min(sigmas) >= 0.0
        and estimator.full_pc() > 0
        and 0 <= estimator.loss_ppm <= 1000000
    )


def test_nothing_makes_it_unsound():
    noise = Noise(21)
    film = LineFilm()
    gauge = Gauge(500000, film=film)
    corrected = 0
    for _ in range(400):
        gauge.flow(noise.between(-FULL_PC, FULL_PC), noise.between(0, 100000000))
        film.informative = noise.below(4) > 0
        film.surface_share = noise.between(-200, 1200) / 1000.0
        film.surface_sigma = noise.between(0, 100) / 1000.0
        film.base = noise.between(-500, 500) / 1000.0
        film.by = (film.base, noise.between(-300, 300) / 1000.0)
        corrected += gauge.observe(0, noise.between(-5000000, 5000000))
        assert sound(gauge)
    assert corrected > 100


def test_no_reading_makes_film_and_estimator_unsound():
    noise = Noise(22)
    gauge = Gauge(500000)
    for _ in range(250):
        gauge.flow(noise.between(-FULL_PC, FULL_PC), noise.between(0, 100000000))
        current, base = noise.between(-5000000, 5000000), noise.between(-5000000, 5000000)
        cdeg = noise.between(-4000, 8500)
        gauge.film.step(base, cdeg, noise.between(0, 86400000))
        drain = noise.between(0, 100000)
        gauge.estimator.observe(noise.between(0, 5000000), base, current, drain, cdeg)
        assert sound(gauge)
    assert gauge.lines()[CORRECTED] != 0


def test_small_counts_add_up_like_large_ones():
    # A minute of 1.3 nA that the zero may have, and of a sleeping node's 30 nA.
    small, large = Gauge(0, 10000), Gauge(0, 10000)
    for _ in range(1440):
        small.estimator.count(1800000, 78000)
    large.estimator.count(1440 * 1800000, 1440 * 78000)
    assert close(small.sigmas()[0], large.sigmas()[0], 2e-3)
    assert large.sigmas()[0] > 10100


def test_opening_scales_the_capacity_and_leaves_the_stored_charge():
    gauge = Gauge(500000, 10000)
    stored = gauge.ledger.stored_pc()
    unsure = gauge.estimator.capacity_sigma()
    gauge.estimator.capacity_grew(300000, 330000)
    assert gauge.ledger.stored_pc() == stored
    assert close(gauge.estimator.full_pc(), 1.1 * FULL_PC, 1e-5)
    assert gauge.estimator.capacity_sigma() > unsure


def test_pack_round_trip():
    for seed in range(40, 46):
        problem = Problem(seed)
        problem.flow(0.4)
        problem.observe(full=True)
        problem.flow(-0.3)
        buffer = bytearray(SIZE + 4)
        problem.gauge.estimator.pack_into(buffer, 2)
        assert (buffer[:2], buffer[-2:]) == (bytes(2), bytes(2))
        again = Gauge(film=problem.film)
        again.estimator.unpack_from(buffer, 2)
        again.estimator.proof = believed()
        copied = bytearray(SIZE + 4)
        again.estimator.pack_into(copied, 2)
        assert copied == buffer
        assert again.sigmas()[1:] == problem.gauge.sigmas()[1:]
        assert again.estimator.full_pc() == problem.gauge.estimator.full_pc()
        for row in ((1.0, 0.1, 0.0), (0.2, -0.1, 0.3)):
            assert again.estimator.sigma_of(*row) == problem.gauge.estimator.sigma_of(*row)


def test_what_was_learned_of_the_lags_at_empty_is_packed_beside_the_end_that_told_last():
    for code in (0, 1, 20, 63):
        gauge, again = Gauge(), Gauge()
        assert gauge.observe(FULL_UV, CURRENT_PA)
        gauge.film.set_uneven(code)
        buffer, copied = bytearray(SIZE), bytearray(SIZE)
        gauge.estimator.pack_into(buffer, 0)
        again.estimator.unpack_from(buffer, 0)
        again.estimator.pack_into(copied, 0)
        assert copied == buffer
        assert (again.film.uneven_code, again.film.uneven) == (code, gauge.film.uneven)
        assert again.estimator.known_share() == gauge.estimator.known_share() == 1


class BurstFilm(LineFilm):
    """Empty in a burst, with 5 % left by the film's law and 40 % where there is no reserve."""

    def __init__(self):
        super().__init__()
        self.base, self.surface_share = -0.05, 0.0

    def lag(self, drain_pa, temperature_cdeg):
        super().lag(drain_pa, temperature_cdeg)
        self.steady = 0.4


def after_a_burst(soc_ppm):
    """Return state of charge and sigma, of which 3 % were given."""
    gauge = Gauge(soc_ppm, 30000, film=BurstFilm())
    assert gauge.observe(0, -CURRENT_PA)
    return gauge.estimator.soc_ppm(), gauge.estimator.soc_sigma_ppm()


def test_a_burst_says_how_much_is_left_at_least():
    # Unproven, the reserve may be off by 0.4 of 35 %, the lag by 0.4 of 2.5 %.
    for counted, expected in (
        (10000, 10000 + 40000 * 9 / (9 + 1.0)),
        (90000, 90000 - 40000 * 0.044),
    ):
        soc, sigma = after_a_burst(counted)
        assert close(soc, expected, absolute=1000)
        assert sigma > 29000  # what it does not say
