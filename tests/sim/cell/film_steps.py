"""Drawn histories of a film, and its voltage within a step by brute force."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypothesis import assume
from hypothesis import strategies as st

from filmgauge_sim.cell import Crossing, FilmCell

currents = st.floats(-30.0, 30.0) | st.just(0.0)
temperatures = st.floats(-10.0, 70.0)
durations = st.floats(-3.0, 4.3).map(lambda x: 10**x)
histories = st.lists(st.tuples(currents, temperatures, durations), max_size=4)


def after(cell: FilmCell, current: float, temperature: float, time_s: float) -> float:
    twin = cell.clone()
    twin.advance(current, temperature, time_s)
    return twin.voltage_v(current, temperature)


@dataclass(frozen=True)
class Within:
    """Limits within what a voltage does in a step, and what `next_crossing` finds of them."""

    samples: list[tuple[float, float]]  # time in s, voltage in V
    low_v: float
    high_v: float
    found: Crossing | None

    @classmethod
    def step(
        cls,
        cell: FilmCell,
        step: tuple[float, float, float],
        shares: tuple[float, float],
        points: int,
    ) -> Within:
        """step: current in uA, temperature in degC, duration in s; shares: where between the
        least and the most voltage the limits lie; points: how many samples are dense at the
        beginning, where the voltage is quick, and as many over the rest."""
        current, temperature, duration_s = step
        quick = [duration_s * 10 ** (-7 + 7 * k / points) for k in range(points)]
        even = [duration_s * k / points for k in range(1, points + 1)]
        times = sorted([0.0, *quick, *even])
        samples = [(t, after(cell, current, temperature, t)) for t in times]
        least, most = min(v for _, v in samples), max(v for _, v in samples)
        span = max(most - least, 1e-3)
        low_v, high_v = (least + share * span for share in shares)
        assume(low_v < high_v - 1e-6)
        found = cell.next_crossing(current, temperature, duration_s, low_v, high_v)
        return cls(samples, low_v, high_v, found)

    def check_none_before(self, beyond_v: float) -> None:
        """Assert that no sample before the crossing lies further than that beyond a limit."""
        end = math.inf if self.found is None else self.found.time_s
        for time_s, voltage in self.samples:
            if time_s < end - 1e-6:
                assert self.low_v - beyond_v <= voltage <= self.high_v + beyond_v
