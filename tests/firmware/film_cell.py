"""A cell for the gauge to look at: planar diffusion by finite volumes and an end at either side.

cell = FilmCell(VALUES, capacity=0.78, tau=1.47)
cell.flow(current_pa, seconds, cdeg)
cell.voltage_uv(current_pa, cdeg), cell.stored, cell.capacity
"""

from planar_film import PlanarFilm, arrhenius, end_voltage_uv


class FilmCell:
    """`capacity`, `tau` and `loss` are those of the cell, the first two over the profile's. Its
    lags in discharge are `uneven` times those of its tau.

    Charges are shares of the design capacity.
    """

    def __init__(self, values, capacity=1.0, tau=1.0, loss=0.0, stored=0.5, cells=24, uneven=1.0):
        self._values = dict(values)
        self._full_pc = values["capacity_nah_cm2"] * values["area_ucm2"] * 36 // 10
        self._tau_s = tau * values["tau_ms"] / 1e3
        self._film = PlanarFilm(cells)
        self._film.step(0.0, 1.0, 1)
        self._loss = loss
        self._uneven = uneven
        self.capacity = capacity
        self.stored = stored

    def flow(self, current_pa, seconds, cdeg=2500):
        """Let a current flow."""
        tau_s = self._tau_s / arrhenius(self._values["tau_activation_j_mol"], cdeg)
        kept = 1.0 - self._loss if current_pa > 0 else 1.0
        rate = current_pa * kept / self._full_pc  # design capacities in a second
        self.stored += rate * seconds
        self._film.step(rate / self.capacity * tau_s, seconds / tau_s, 1)

    def voltage_uv(self, current_pa, cdeg=2500, drain_pa=0):
        lag = self._film.lag() * (self._uneven if current_pa < 0 else 1.0)
        surface = self.stored / self.capacity + lag
        surface = max(-0.2, min(1.2, surface))
        return end_voltage_uv(self._values, surface, current_pa, cdeg, drain_pa)

    def soc_ppm(self):
        return 1e6 * self.stored / self.capacity
