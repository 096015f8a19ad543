"""The estimator on a cell that is charged and discharged."""

from cell_profiles import VALUES
from estimators import FULL_UV, PROFILE, Gauge
from expect import close
from film_cell import FilmCell


class Swings:
    """Full swings of a cell under a gauge that is sampled every few minutes."""

    def __init__(self, profile=PROFILE, **differs):
        values = dict(VALUES)
        self.cell = FilmCell(values, **differs)
        self.gauge = Gauge(500000, 200000, profile=profile)
        self.seen = self.within = 0  # samples, and those whose truth lies within two sigma

    def run(self, current_pa, minutes=5):
        """Let a current flow until its end voltage, looking at every sample."""
        seconds = 60 * minutes
        gauge = self.gauge
        for _ in range(2000):
            self.cell.flow(current_pa, seconds)
            gauge.flow(current_pa * seconds)
            gauge.film.step(current_pa, 2500, 1000 * seconds)
            uv = self.cell.voltage_uv(current_pa)
            gauge.observe(uv, current_pa)
            self.seen += 1
            self.within += self.error_ppm() < 2 * gauge.estimator.soc_sigma_ppm()
            if not 1000000 < uv < FULL_UV:
                return
        raise AssertionError("no end was reached")

    def error_ppm(self):
        return abs(self.gauge.estimator.soc_ppm() - self.cell.soc_ppm())


def learned(capacity, tau, turns=5, **differs):
    """Return the swings of a cell at C/5, C/20 and rests between them."""
    swings = Swings(capacity=capacity, tau=tau, loss=0.005, **differs)
    for turn in range(turns):
        for current_pa in ((2642000, 660000), (660000, 2642000))[turn % 2]:
            swings.run(current_pa)
            swings.run(-current_pa)
    return swings


def test_both_ends_at_two_currents_separate_capacity_and_tau():
    for capacity, tau in ((1.03, 1.15), (0.96, 0.8)):
        swings = learned(capacity, tau, 4)
        assert close(swings.gauge.estimator.capacity_ppm / 1e6, capacity, 0.015)
        assert close(swings.gauge.film.tau_ppm / 1e6, tau - 1, absolute=0.1)


def test_a_cell_unlike_its_profile_is_learned():
    swings = learned(0.78, 1.47)
    estimator = swings.gauge.estimator
    assert close(estimator.capacity_ppm / 1e6, 0.78, 0.02)
    assert close(2.718281828 ** (swings.gauge.film.tau_ppm / 1e6), 1.47, 0.1)
    assert swings.error_ppm() < 20000
    swings.seen = swings.within = 0
    for current_pa in (2642000, -660000, 660000, -2642000):
        swings.run(current_pa)
    assert swings.within > 0.9 * swings.seen


def test_lags_that_differ_between_both_ends_are_not_laid_to_the_capacity():
    for uneven in (0.4, 1.8):
        swings = learned(0.97, 1.3, uneven=uneven)
        film = swings.gauge.film
        assert close(film.uneven, uneven, 0.25)
        assert close(swings.gauge.estimator.capacity_ppm / 1e6, 0.97, 0.02)
    assert learned(0.97, 1.3).gauge.film.uneven == 1.0


def test_sigma_widens_when_the_cell_is_noticed_to_be_another():
    like, unlike = Swings(), Swings(capacity=0.78, tau=1.47)
    for swings in (like, unlike):
        swings.run(2642000)
        swings.run(-2642000)
    wide, narrow = unlike.gauge.estimator.capacity_sigma(), like.gauge.estimator.capacity_sigma()
    assert wide > 1.2 * narrow
    assert unlike.gauge.sigmas()[0] > like.gauge.sigmas()[0]
