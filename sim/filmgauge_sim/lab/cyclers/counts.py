"""A net count of charge from what cyclers count: with a sign, without one, or each way by itself.

A count without a sign may go on through the whole test or begin anew with a step or a cycle. Where
it begins anew, what it shows has passed since.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise, repeat
from math import copysign

from filmgauge_sim.lab.cyclers.quantities import Values
from filmgauge_sim.lab.cyclers.recording import REST_SHARE

# A count goes one way that moves so many times as much that way as the other.
_ONE_WAY = 3.0
# A count without a sign that falls by a smaller share of itself was rounded.
_ROUNDED = 0.01


def net_of_two(charged_ah: Values, discharged_ah: Values) -> Values:
    """A net count of two counts, whichever sign that of discharging has.

    It goes on where they begin anew, with a step or with a cycle.
    """
    charged, discharged = (accumulate(_passed(count)) for count in (charged_ah, discharged_ah))
    return array("d", [up - down for up, down in zip(charged, discharged, strict=True)])


def net_of_one(
    count_ah: Values,
    current_a: Sequence[float],
    step: Sequence[float] | None = None,
    *,
    rises_with_discharge: bool = False,
) -> tuple[Values, bool]:
    """A net count of one count, and whether the signs had to be taken from the current.

    A count without a sign rises while the cell discharges and does not fall while it charges.
    rises_with_discharge: the convention of the file, which a count with a sign follows too.
    """
    charging, discharging = _ways(count_ah, current_a, step)
    if charging < 0:
        if rises_with_discharge:
            return array("d", [-count for count in count_ah]), False
        return count_ah, False
    if discharging <= 0:
        return count_ah, False
    _, *moves = _passed(count_ah)
    signed = [
        moved * copysign(1.0, current) if current else 0.0
        for moved, current in zip(moves, current_a[1:], strict=True)
    ]
    return array("d", accumulate(signed, initial=0.0)), True


def _passed(count_ah: Values) -> Iterator[float]:
    """What has passed before each row by a count without a sign, from zero before the first."""
    before = 0.0
    for count in map(abs, count_ah):
        yield count if before - count > _ROUNDED * before else count - before
        before = count


def _ways(
    count_ah: Values, current_a: Sequence[float], step: Sequence[float] | None
) -> tuple[int, int]:
    """Which way a count goes while the cell charges, and while it discharges.

    1 where it rises, -1 where it falls, 0 where that is unclear. A fall with a change of step or
    of current, and any move to less than half, may be a new beginning.
    """
    least = REST_SHARE * max(map(abs, current_a))
    steps = repeat((0.0, 0.0)) if step is None else pairwise(step)
    rises, falls = [0.0, 0.0], [0.0, 0.0]
    for (before, now), (was, flows), (last, own) in zip(
        pairwise(count_ah), pairwise(current_a), steps, strict=False
    ):
        if -least <= flows <= least or 2.0 * abs(now) <= abs(before):
            continue
        discharging = flows < 0.0
        if now > before:
            rises[discharging] += now - before
        elif last == own and (was < -least if discharging else was > least):
            falls[discharging] += before - now
    charging, discharging = (
        (up > _ONE_WAY * down) - (down > _ONE_WAY * up)
        for up, down in zip(rises, falls, strict=True)
    )
    return charging, discharging
