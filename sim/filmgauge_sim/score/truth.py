"""What the gauges are judged against, from the cell itself."""

from filmgauge_sim.cell import SteppedCell, deliverable_uah
from filmgauge_sim.cell.kinetics import REFERENCE_C, Polarisation
from filmgauge_sim.score.gauge import HOUR_S, RecentMean

LOAD_C = 1 / 20  # the stated load, in C of the profile, where a family states no other
LEAST_C = 1 / 500  # a smaller mean discharge is a rest: the voltage input draws some as well


def full_available_uah(cell: SteppedCell, load_ua: float) -> float:
    """What the same cell at its present age delivers from full at 25 degC: the reference."""
    return deliverable_uah(cell.full(), load_ua, REFERENCE_C)


def time_to_empty_h(cell: SteppedCell, mean_ua: float, temperature_c: float) -> float:
    """Hours to empty at a constant discharge of mean_ua (positive)."""
    return deliverable_uah(cell, mean_ua, temperature_c) / mean_ua


def resistance_ohm(cell: SteppedCell, capacity_uah: float) -> float:
    """Chord of the polarisation between C/10 and C/5 of capacity_uah, at 25 degC.

    One number for a polarisation that is a logarithm of the current; the part of it that a
    change of load shows at once.
    """
    polarisation = Polarisation(cell.parameters, REFERENCE_C)
    low_ua, high_ua = capacity_uah / 10.0, capacity_uah / 5.0
    rise_v = polarisation.voltage_v(high_ua / cell.area_cm2) - polarisation.voltage_v(
        low_ua / cell.area_cm2
    )
    return rise_v / (high_ua - low_ua) * 1e6


class RecentDischarge:
    """The mean of the true current, and whether the cell was discharged throughout the hour."""

    def __init__(self) -> None:
        self._mean = RecentMean()
        self._now_s = self._passed_uah = self._idle_s = 0.0

    def add(self, now_s: float, passed_uah: float, least_ua: float) -> None:
        """Add a sample; a discharge below least_ua is none."""
        duration_s = now_s - self._now_s
        current_ua = (passed_uah - self._passed_uah) / duration_s * HOUR_S
        self._mean.add(current_ua, duration_s)
        self._now_s, self._passed_uah = now_s, passed_uah
        if current_ua > -least_ua:
            self._idle_s = now_s

    def discharge_ua(self) -> float | None:
        """Mean discharge (positive); None unless it lasted throughout the last hour."""
        if self._mean.current >= 0.0 or self._now_s - self._idle_s < HOUR_S:
            return None
        return -self._mean.current
