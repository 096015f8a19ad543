"""Laboratory use: constant current, hold, rest; and bursts on a small load.

``capacity_uah`` is that of the profile, currents are in C of it.
"""

from collections.abc import Callable, Iterator
from random import Random

from filmgauge_sim.score.cell_run import Course
from filmgauge_sim.score.steps import End, Step

FULL_V = 4.0
EMPTY_V = 1.0
HOUR_S = 3600.0
REST_S = 1.5 * HOUR_S
CHARGE_C = 1 / 5
END_C = 1 / 50  # a hold is over when its current has faded to this
Programme = Callable[[Course], Iterator[Step]]


def charged(capacity_uah: float, rate_c: float = CHARGE_C) -> Iterator[Step]:
    """A charge at constant current to 4.0 V and a hold until the end current."""
    current_ua = rate_c * capacity_uah
    yield Step(current_ua, high_v=FULL_V)
    yield Step(current_ua, hold_v=FULL_V, until_ua=min(END_C, 0.2 * rate_c) * capacity_uah)


def discharged(capacity_uah: float, rate_c: float) -> Iterator[Step]:
    """A discharge at constant current to 1.0 V."""
    yield Step(-rate_c * capacity_uah, low_v=EMPTY_V)


def rest(duration_s: float) -> Step:
    return Step(0.0, duration_s)


def cycles(capacity_uah: float, luck: Random) -> Programme:
    """Charge, rest, discharge at C/5 and C/10 in turn, rest; begun anywhere in the cycle."""

    def programme(course: Course) -> Iterator[Step]:
        rates = [1 / 5, 1 / 10]
        luck.shuffle(rates)
        if luck.random() < 0.5:
            yield from discharged(capacity_uah, rates[1])
            yield rest(REST_S)
        while True:
            for rate_c in rates:
                yield from charged(capacity_uah)
                yield rest(REST_S)
                yield from discharged(capacity_uah, rate_c)
                yield rest(REST_S)

    return programme


def first_cycles(capacity_uah: float, count: int, rate_c: float) -> Programme:
    """The first cycles of a film as built, without rests."""

    def programme(course: Course) -> Iterator[Step]:
        for _ in range(count):
            yield from charged(capacity_uah, rate_c)
            yield from discharged(capacity_uah, rate_c)

    return programme


def bursts(capacity_uah: float, most_ua: float, luck: Random) -> Programme:
    """A base of C/20 with bursts of 1 s to 5 min up to most_ua, until empty; then a charge.

    A burst that the cell cannot give ends at 1.0 V, as a power manager ends it; the base is what
    runs it empty. Two charges in three come before that, after a drawn time.
    """

    def programme(course: Course) -> Iterator[Step]:
        base_ua = -capacity_uah / 20
        while True:
            charge_at_s = course.now_s + luck.choice((6.0, 10.0, 1e3)) * HOUR_S
            while course.now_s < charge_at_s:
                yield Step(base_ua, luck.uniform(5, 30) * 60.0, low_v=EMPTY_V)
                if course.ended is End.LOW:
                    break
                length_s = 300.0 ** luck.random()
                burst_ua = -luck.uniform(0.3, 1.0) * most_ua
                yield Step(burst_ua, length_s, low_v=EMPTY_V, is_pulse=True)
            yield rest(luck.uniform(0.2, 2.0) * HOUR_S)
            yield from charged(capacity_uah)
            yield rest(luck.uniform(0.2, 2.0) * HOUR_S)

    return programme
