"""A node that harvests light: charged while there is enough of it, discharged by its load.

At 1.0 V the load is shed until light comes; at 4.0 V the charge is held until its current has
faded, and then the light only carries the load.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from filmgauge_sim.score.cell_run import Course
from filmgauge_sim.score.programmes.cycling import (
    EMPTY_V,
    END_C,
    FULL_V,
    HOUR_S,
    Programme,
    rest,
)
from filmgauge_sim.score.steps import End, Step

DAY_S = 24.0 * HOUR_S


@dataclass(frozen=True, slots=True)
class Day:
    """One day from midnight: what the light gives above the load, and when."""

    net_c: float
    dawn_s: float = 8.0 * HOUR_S
    dusk_s: float = 17.0 * HOUR_S


def harvesting(
    capacity_uah: float, load_c: float, day_of: Callable[[int], Day | None]
) -> Programme:
    """Days as day_of gives them by number, None for a dark one; the first begins at midnight."""

    def programme(course: Course) -> Iterator[Step]:
        number = 0
        while True:
            day, begins_s = day_of(number), number * DAY_S
            if day is not None:
                yield from _dark(course, capacity_uah * load_c, begins_s + day.dawn_s)
                yield from _light(course, capacity_uah, day.net_c, begins_s + day.dusk_s)
            yield from _dark(course, capacity_uah * load_c, begins_s + DAY_S)
            number += 1

    return programme


def outdoor_days(luck: Random) -> Callable[[int], Day | None]:
    """Sun on most days, with a cloudy spell of three to five days every week or so."""
    clouds: set[int] = set()
    day = luck.randrange(4, 8)
    while day < 1000:
        length = luck.randrange(3, 6)
        clouds.update(range(day, day + length))
        day += length + luck.randrange(5, 9)
    suns = [luck.uniform(1 / 16, 1 / 10) for _ in range(1000)]
    return lambda number: None if number in clouds else Day(suns[number])


def office_days(luck: Random, least_c: float, most_c: float) -> Callable[[int], Day | None]:
    """Light from 8 to 18 from Monday to Friday, of a strength that differs from day to day."""
    lights = [luck.uniform(least_c, most_c) for _ in range(1000)]
    first = luck.randrange(7)

    def day_of(number: int) -> Day | None:
        if (number + first) % 7 >= 5:
            return None
        return Day(lights[number], dusk_s=18.0 * HOUR_S)

    return day_of


def _dark(course: Course, load_ua: float, until_s: float) -> Iterator[Step]:
    if course.now_s < until_s:
        yield Step(-load_ua, until_s - course.now_s, low_v=EMPTY_V)
    if course.now_s < until_s:
        yield rest(until_s - course.now_s)


def _light(course: Course, capacity_uah: float, net_c: float, until_s: float) -> Iterator[Step]:
    net_ua = net_c * capacity_uah
    if course.now_s < until_s:
        yield Step(net_ua, until_s - course.now_s, high_v=FULL_V)
    if course.ended is End.HIGH and course.now_s < until_s:
        end_ua = min(END_C, 0.2 * net_c) * capacity_uah
        yield Step(net_ua, until_s - course.now_s, hold_v=FULL_V, until_ua=end_ua)
    if course.now_s < until_s:
        yield rest(until_s - course.now_s)
