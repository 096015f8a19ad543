"""An implant: a small load with pulses for days, then a charge through the skin."""

from collections.abc import Iterator
from random import Random

from filmgauge_sim.score.cell_run import Course
from filmgauge_sim.score.programmes.cycling import EMPTY_V, HOUR_S, Programme, charged, rest
from filmgauge_sim.score.steps import End, Step

PULSE_C = 1 / 4
PULSE_S = 20.0


def implant(capacity_uah: float, luck: Random) -> Programme:
    """A load of C/200 to C/100 that changes every few hours, a pulse every hour.

    Charged after two to four days, but every fourth time only when it is empty.
    """

    def programme(course: Course) -> Iterator[Step]:
        charges = luck.randrange(4)
        while True:
            charges += 1
            days = 1e3 if charges % 4 == 0 else luck.uniform(2.0, 4.0)
            charge_at_s = course.now_s + days * 24.0 * HOUR_S
            load_ua, changes_s = 0.0, 0.0
            while course.now_s < charge_at_s:
                if course.now_s >= changes_s:
                    load_ua = -capacity_uah / luck.uniform(100.0, 200.0)
                    changes_s = course.now_s + luck.uniform(3.0, 12.0) * HOUR_S
                yield Step(load_ua, HOUR_S, low_v=EMPTY_V)
                if course.ended is End.LOW:
                    break
                yield Step(-PULSE_C * capacity_uah, PULSE_S, low_v=EMPTY_V, is_pulse=True)
            yield rest(HOUR_S * luck.uniform(0.5, 4.0))
            yield from charged(capacity_uah)

    return programme
