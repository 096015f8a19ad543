"""An estimator with its ledger, for tests."""

from cell_profiles import cell

from filmgauge.gauge.diffusion import DiffusionModel
from filmgauge.gauge.estimator import Estimator
from filmgauge.gauge.ledger import LOSS, MEASURED, Ledger

PROFILE = cell(acceptance_ppm=995000, loss_spread_ppm=3000)
FULL_PC = PROFILE.full_pc()
FULL_UV = 3000000
PLATEAU_UV = 2150000
CURRENT_PA = 1000000
LINES = range(11)


class Gauge:
    """An estimator with its ledger, on the film of the profile or on a line."""

    def __init__(self, soc_ppm=500000, sigma_ppm=250000, film=None, profile=PROFILE):
        self.ledger = Ledger()
        self.film = DiffusionModel(profile) if film is None else film
        self.estimator = Estimator(self.ledger, self.film, profile)
        self.estimator.start(soc_ppm, sigma_ppm)

    def flow(self, moved_pc, drift_pc=0):
        """Count charge as the gauge does."""
        self.ledger.add_pc(MEASURED, moved_pc)
        if moved_pc > 0:
            self.ledger.add_pc(LOSS, -(moved_pc * self.estimator.loss_ppm // 1000000))
        self.estimator.count(moved_pc, drift_pc)

    def lines(self):
        return [self.ledger.line_pc(n) for n in LINES]

    def sigmas(self):
        estimator = self.estimator
        return estimator.soc_sigma_ppm(), estimator.capacity_sigma(), estimator.loss_sigma()

    def observe(self, voltage_uv, current_pa, cdeg=2500):
        return self.estimator.observe(voltage_uv, current_pa, current_pa, 0, cdeg)
