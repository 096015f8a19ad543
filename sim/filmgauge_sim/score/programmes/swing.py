"""A cell that never comes to an end of its curve."""

from collections.abc import Iterator
from random import Random

from filmgauge_sim.score.cell_run import Course
from filmgauge_sim.score.programmes.cycling import HOUR_S, Programme, charged, rest
from filmgauge_sim.score.steps import Step

LOW_SOC = 0.30
HIGH_SOC = 0.80
SWING_C = 1 / 20


def swings(capacity_uah: float, luck: Random) -> Programme:
    """One full charge, then one swing a day between 30 and 80 % of the true state of charge."""

    def programme(course: Course) -> Iterator[Step]:
        yield from charged(capacity_uah)
        current_ua = SWING_C * capacity_uah
        while True:
            yield Step(-current_ua, until_soc=LOW_SOC)
            yield rest(luck.uniform(1.0, 3.0) * HOUR_S)
            yield Step(current_ua, until_soc=HIGH_SOC)
            yield rest(luck.uniform(1.0, 3.0) * HOUR_S)

    return programme
