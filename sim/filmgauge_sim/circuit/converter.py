"""The converter between harvester, capacitor, cell and board: its figures and its efficiency.

It keeps the capacitor between two voltages: below `refill_v` it takes a constant current from
the cell, above `charge_v` it charges the cell with one, and at `ceiling_v` it turns the harvester
away. Below `stop_v` on the capacitor it does not run at all: until `start_v` only its cold-start
circuit works, which is inefficient and feeds nothing but the capacitor.
"""

from dataclasses import dataclass
from math import sqrt

CHARGED_V = 4.0  # cut-offs of every published test of the cell
DISCHARGED_V = 1.0


@dataclass(frozen=True, kw_only=True)
class Converter:
    """Figures of a converter. Raises ValueError naming what does not fit together."""

    quiescent_na: float = 488.0  # BQ25570, datasheet
    peak_efficiency: float = 0.90  # assumed
    half_uw: float = 0.5  # assumed: input power at which half of the peak efficiency is left
    output_efficiency: float = 0.90  # assumed: regulator from the capacitor to the board
    cold_efficiency: float = 0.05  # assumed
    cold_start_uw: float = 15.0  # assumed: the harvester has to give as much for a cold start
    stop_v: float = 1.8  # assumed, as all voltages on the capacitor
    start_v: float = 2.0
    restart_v: float = 3.0  # the board gets its supply back
    refill_v: float = 3.1
    charge_v: float = 3.6
    ceiling_v: float = 4.2
    hysteresis_v: float = 0.1  # on the three before
    discharge_ua: float = 20.0  # assumed: constant current from the cell
    charge_ua: float = 20.0  # assumed: constant current into the cell
    recovery_v: float = 0.4  # assumed: a cut-off path opens this far inside the cut-off
    retry_s: float = 60.0  # assumed: and not earlier than this

    def __post_init__(self) -> None:
        """Every voltage has its place above the one before."""
        if not self.stop_v < self.start_v:
            raise ValueError("start_v must be above stop_v")
        if not self.start_v <= self.restart_v:
            raise ValueError("restart_v must be at least start_v")
        if not self.restart_v < self.refill_v + self.hysteresis_v:
            raise ValueError("restart_v must be below refill_v + hysteresis_v")
        if not self.refill_v + 2 * self.hysteresis_v < self.charge_v:
            raise ValueError("charge_v must be above refill_v + 2 hysteresis_v")
        if not self.charge_v + self.hysteresis_v < self.ceiling_v:
            raise ValueError("ceiling_v must be above charge_v + hysteresis_v")
        if not self.discharge_ua > 0 or not self.charge_ua > 0:
            raise ValueError("discharge_ua and charge_ua must be above 0")

    @property
    def quiescent_uw(self) -> float:
        """What it takes from the capacitor while it runs, as if always at `restart_v` (assumed:
        in truth it varies with the voltage, by less than specimens differ)."""
        return 1e-3 * self.quiescent_na * self.restart_v

    def efficiency(self, input_uw: float) -> float:
        """Return the share of an input power that arrives."""
        return self.peak_efficiency * input_uw / (input_uw + self.half_uw) if input_uw else 0.0

    def passed_uw(self, input_uw: float) -> float:
        """Return what arrives of an input power."""
        return self.efficiency(input_uw) * input_uw

    def needed_uw(self, output_uw: float) -> float:
        """Return the input power of which `output_uw` arrives."""
        root = sqrt(output_uw * (output_uw + 4.0 * self.peak_efficiency * self.half_uw))
        return 0.5 * (output_uw + root) / self.peak_efficiency

    def harvested_uw(self, input_uw: float, running: bool) -> float:
        """Return what the capacitor gets from a harvester that offers `input_uw`."""
        if running:
            return self.passed_uw(input_uw)
        return self.cold_efficiency * input_uw if input_uw >= self.cold_start_uw else 0.0

    def discharged_uw(self, input_uw: float, running: bool) -> float:
        """Return what the capacitor gets from `input_uw` of the cell.

        A cold start from the cell needs no least power: its voltage is enough (assumed).
        """
        return self.passed_uw(input_uw) if running else self.cold_efficiency * input_uw
