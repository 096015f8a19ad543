"""Cyclic voltammetry: the voltage is swept, the current is read.

A sweep shows what charges and discharges hide: the patches of a film do not all react at one
potential. Theirs are assumed to be normally distributed, with the standard deviation LOCAL_V, and
every patch under the same sweep does what the film would do at its own potential. The current of
the film is therefore that of one patch, averaged over the distribution:

    I(V) = sum w_k I_1(V - d_k)

Without it a peak would be a cusp where the surface of the film reaches its end all at once. A
patch that would meet an end of the window earlier or later than the film is not followed there,
where the currents are those of a film that is full or empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, erf, sqrt

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.lab.current_search import current_for_voltage
from filmgauge_sim.lab.specimen import Specimen, window_v

LOCAL_V = 0.02  # assumed: no width of a peak is published
# Potentials further away than this are not met.
_MOST_DEVIATIONS = 4.0
# A current this small is none: it flows where the voltage lies within a leap at zero current.
_NO_CURRENT_UA_CM2 = 1e-6


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One step of a sweep: cycle from 1, direction +1 upwards, -1 downwards."""

    cycle: int
    direction: int
    voltage_v: float
    current_ua_cm2: float


def sweep(
    cell: Specimen,
    temperature_c: float,
    *,
    rate_mv_s: float = 0.1,
    cycles: int = 3,
    step_mv: float = 5.0,
    local_v: float = LOCAL_V,
) -> Iterator[SweepPoint]:
    """Sweep between the ends of the window, upwards first, from the cell's own voltage.

    The current is constant over each step and such that the step ends at its voltage. ``local_v``:
    the standard deviation of local potentials of a film; the liquid cell has one potential.
    """
    shares = _shares(local_v / (1e-3 * step_mv)) if isinstance(cell, FilmCell) else [1.0]
    low, high = window_v(cell)
    voltage = min(max(cell.voltage_v(0.0, temperature_c), low), high)
    for cycle in range(1, cycles + 1):
        for direction, end in ((1, high), (-1, low)):
            patch: list[SweepPoint] = []
            current = 0.0
            while (end - voltage) * direction > 1e-9:
                voltage += direction * min(1e-3 * step_mv, abs(end - voltage))
                current = _step(cell, voltage, temperature_c, step_mv / rate_mv_s, current)
                patch.append(SweepPoint(cycle, direction, voltage, current))
            yield from _over_potentials(patch, shares)


def peaks(points: list[SweepPoint]) -> list[SweepPoint]:
    """The largest current of every half sweep, the ends of the window left out."""
    best: dict[tuple[int, int], SweepPoint] = {}
    highest = max(point.voltage_v for point in points) - 0.05
    lowest = min(point.voltage_v for point in points) + 0.05
    for point in points:
        if not lowest < point.voltage_v < highest:
            continue
        key = point.cycle, -point.direction
        size = point.current_ua_cm2 * point.direction
        if key not in best or size > best[key].current_ua_cm2 * point.direction:
            best[key] = point
    return [best[key] for key in sorted(best)]


def _step(
    cell: Specimen, voltage: float, temperature_c: float, step_s: float, near: float
) -> float:
    """Let the cell pass a step that ends at a voltage; return its current."""
    current = current_for_voltage(cell, voltage, temperature_c, step_s, near)
    if abs(current) < _NO_CURRENT_UA_CM2:
        # A film never charged before shows its barrier to charging currents only. Between the
        # voltages with and without it no current flows, and none may turn the film round.
        current = 0.0
    cell.advance(current * cell.area_cm2, temperature_c, step_s)
    return current


def _shares(deviation: float) -> list[float]:
    """How much of the film lies how many steps away: a normal distribution, symmetrical."""
    most = ceil(_MOST_DEVIATIONS * deviation)
    if not most:
        return [1.0]
    edges = [erf((k - 0.5) / deviation / sqrt(2.0)) for k in range(-most, most + 2)]
    return [(b - a) / (edges[-1] - edges[0]) for a, b in pairwise(edges)]


def _over_potentials(patch: Sequence[SweepPoint], shares: Sequence[float]) -> Iterator[SweepPoint]:
    """Yield the currents of the whole film in the place of those of one patch."""
    reach = len(shares) // 2
    currents = [point.current_ua_cm2 for point in patch]
    padded = currents[:1] * reach + currents + currents[-1:] * reach
    for k, point in enumerate(patch):
        near = padded[k : k + len(shares)]
        mean = sum(share * current for share, current in zip(shares, near, strict=True))
        yield replace(point, current_ua_cm2=mean)
