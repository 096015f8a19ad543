"""What is done to the cells of each family, in C of the profile's capacity.

A programme is a generator function of a run, the capacity (uAh) and a generator of numbers. It
yields steps and may ask the run, after each of them, for its time, its cell and what ended the
step.

- laboratory: constant current, hold, rest; and bursts on a small load;
- an implant: a small load with pulses for days, then a charge through the skin;
- a cell that never comes to an end of its curve;
- a node that harvests light: charged while there is enough of it, discharged by its load. At
  1.0 V the load is shed until light comes; at 4.0 V the charge is held until its current has
  faded, and then the light only carries the load.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from filmgauge_sim.score.cell_run import CellRun, End, ProgrammeStep

FULL_V = 4.0
EMPTY_V = 1.0
HOUR_S = 3600.0
DAY_S = 24.0 * HOUR_S
REST_S = 1.5 * HOUR_S
CHARGE_C = 1 / 5
END_C = 1 / 50  # a hold is over when its current has faded to this
PULSE_C = 1 / 4
PULSE_S = 20.0
LOW_SOC = 0.30
HIGH_SOC = 0.80
SWING_C = 1 / 20
OUTDOOR_LOAD_C = 1 / 60
Programme = Callable[[CellRun, float, Random], Iterator[ProgrammeStep]]


def charged(capacity_uah: float, rate_c: float = CHARGE_C) -> Iterator[ProgrammeStep]:
    """A charge at constant current to 4.0 V and a hold until the end current."""
    current_ua = rate_c * capacity_uah
    yield ProgrammeStep(current_ua, high_v=FULL_V)
    yield ProgrammeStep(
        current_ua, hold_v=FULL_V, until_ua=min(END_C, 0.2 * rate_c) * capacity_uah
    )


def discharged(capacity_uah: float, rate_c: float) -> Iterator[ProgrammeStep]:
    """A discharge at constant current to 1.0 V."""
    yield ProgrammeStep(-rate_c * capacity_uah, low_v=EMPTY_V)


def rest(duration_s: float) -> ProgrammeStep:
    return ProgrammeStep(0.0, duration_s)


def cycles(cell_run: CellRun, capacity_uah: float, rng: Random) -> Iterator[ProgrammeStep]:
    """Charge, rest, discharge at C/5 and C/10 in turn, rest; begun anywhere in the cycle."""
    rates = [1 / 5, 1 / 10]
    rng.shuffle(rates)
    if rng.random() < 0.5:
        yield from discharged(capacity_uah, rates[1])
        yield rest(REST_S)
    while True:
        for rate_c in rates:
            yield from charged(capacity_uah)
            yield rest(REST_S)
            yield from discharged(capacity_uah, rate_c)
            yield rest(REST_S)


def first_cycles(
    cell_run: CellRun, capacity_uah: float, rng: Random, count: int, rate_c: float
) -> Iterator[ProgrammeStep]:
    """The first cycles of a film as built, without rests; nothing of them is drawn."""
    del cell_run, rng
    for _ in range(count):
        yield from charged(capacity_uah, rate_c)
        yield from discharged(capacity_uah, rate_c)


def bursts(
    cell_run: CellRun, capacity_uah: float, rng: Random, most_ua: float
) -> Iterator[ProgrammeStep]:
    """A base of C/20 with bursts of 1 s to 5 min up to most_ua, until empty; then a charge.

    A burst that the cell cannot give ends at 1.0 V, as a power manager ends it; the base is what
    runs it empty. Two charges in three come before that, after a drawn time.
    """
    base_ua = -capacity_uah / 20
    while True:
        charge_at_s = cell_run.now_s + rng.choice((6.0, 10.0, 1e3)) * HOUR_S
        while cell_run.now_s < charge_at_s:
            yield ProgrammeStep(base_ua, rng.uniform(5, 30) * 60.0, low_v=EMPTY_V)
            if cell_run.ended is End.LOW:
                break
            length_s = 300.0 ** rng.random()
            burst_ua = -rng.uniform(0.3, 1.0) * most_ua
            yield ProgrammeStep(burst_ua, length_s, low_v=EMPTY_V, is_pulse=True)
        yield rest(rng.uniform(0.2, 2.0) * HOUR_S)
        yield from charged(capacity_uah)
        yield rest(rng.uniform(0.2, 2.0) * HOUR_S)


def implant(cell_run: CellRun, capacity_uah: float, rng: Random) -> Iterator[ProgrammeStep]:
    """A load of C/200 to C/100 that changes every few hours, a pulse every hour.

    Charged after two to four days, but every fourth time only when it is empty.
    """
    charges = rng.randrange(4)
    while True:
        charges += 1
        days = 1e3 if charges % 4 == 0 else rng.uniform(2.0, 4.0)
        charge_at_s = cell_run.now_s + days * 24.0 * HOUR_S
        load_ua, changes_s = 0.0, 0.0
        while cell_run.now_s < charge_at_s:
            if cell_run.now_s >= changes_s:
                load_ua = -capacity_uah / rng.uniform(100.0, 200.0)
                changes_s = cell_run.now_s + rng.uniform(3.0, 12.0) * HOUR_S
            yield ProgrammeStep(load_ua, HOUR_S, low_v=EMPTY_V)
            if cell_run.ended is End.LOW:
                break
            yield ProgrammeStep(-PULSE_C * capacity_uah, PULSE_S, low_v=EMPTY_V, is_pulse=True)
        yield rest(HOUR_S * rng.uniform(0.5, 4.0))
        yield from charged(capacity_uah)


def swings(cell_run: CellRun, capacity_uah: float, rng: Random) -> Iterator[ProgrammeStep]:
    """One full charge, then one swing a day between 30 and 80 % of the true state of charge."""
    yield from charged(capacity_uah)
    current_ua = SWING_C * capacity_uah
    while True:
        yield ProgrammeStep(-current_ua, until_soc=LOW_SOC)
        yield rest(rng.uniform(1.0, 3.0) * HOUR_S)
        yield ProgrammeStep(current_ua, until_soc=HIGH_SOC)
        yield rest(rng.uniform(1.0, 3.0) * HOUR_S)


@dataclass(frozen=True, slots=True)
class Day:
    """One day from midnight: what the light gives above the load, and when."""

    net_c: float
    dawn_s: float = 8.0 * HOUR_S
    dusk_s: float = 17.0 * HOUR_S


def harvesting(
    cell_run: CellRun, capacity_uah: float, load_c: float, day_of: Callable[[int], Day | None]
) -> Iterator[ProgrammeStep]:
    """Days as day_of gives them by number, None for a dark one; the first begins at midnight."""
    number = 0
    while True:
        day, begins_s = day_of(number), number * DAY_S
        if day is not None:
            yield from _dark(cell_run, capacity_uah * load_c, begins_s + day.dawn_s)
            yield from _light(cell_run, capacity_uah, day.net_c, begins_s + day.dusk_s)
        yield from _dark(cell_run, capacity_uah * load_c, begins_s + DAY_S)
        number += 1


def outdoor(cell_run: CellRun, capacity_uah: float, rng: Random) -> Iterator[ProgrammeStep]:
    """Sun and clouds over a constant load."""
    return harvesting(cell_run, capacity_uah, OUTDOOR_LOAD_C, outdoor_days(rng))


def office_window(cell_run: CellRun, capacity_uah: float, rng: Random) -> Iterator[ProgrammeStep]:
    """Office light over a load that differs from node to node."""
    load_c = rng.uniform(1 / 80, 1 / 50)
    return harvesting(cell_run, capacity_uah, load_c, office_days(rng, 1 / 20, 1 / 10))


def outdoor_days(rng: Random) -> Callable[[int], Day | None]:
    """Sun on most days, with a cloudy spell of three to five days every week or so."""
    clouds: set[int] = set()
    day = rng.randrange(4, 8)
    while day < 1000:
        length = rng.randrange(3, 6)
        clouds.update(range(day, day + length))
        day += length + rng.randrange(5, 9)
    suns = [rng.uniform(1 / 16, 1 / 10) for _ in range(1000)]
    return lambda number: None if number in clouds else Day(suns[number])


def office_days(rng: Random, least_c: float, most_c: float) -> Callable[[int], Day | None]:
    """Light from 8 to 18 from Monday to Friday, of a strength that differs from day to day."""
    lights = [rng.uniform(least_c, most_c) for _ in range(1000)]
    first = rng.randrange(7)

    def day_of(number: int) -> Day | None:
        if (number + first) % 7 >= 5:
            return None
        return Day(lights[number], dusk_s=18.0 * HOUR_S)

    return day_of


def _dark(cell_run: CellRun, load_ua: float, until_s: float) -> Iterator[ProgrammeStep]:
    if cell_run.now_s < until_s:
        yield ProgrammeStep(-load_ua, until_s - cell_run.now_s, low_v=EMPTY_V)
    if cell_run.now_s < until_s:
        yield rest(until_s - cell_run.now_s)


def _light(
    cell_run: CellRun, capacity_uah: float, net_c: float, until_s: float
) -> Iterator[ProgrammeStep]:
    net_ua = net_c * capacity_uah
    if cell_run.now_s < until_s:
        yield ProgrammeStep(net_ua, until_s - cell_run.now_s, high_v=FULL_V)
    if cell_run.ended is End.HIGH and cell_run.now_s < until_s:
        end_ua = min(END_C, 0.2 * net_c) * capacity_uah
        yield ProgrammeStep(net_ua, until_s - cell_run.now_s, hold_v=FULL_V, until_ua=end_ua)
    if cell_run.now_s < until_s:
        yield rest(until_s - cell_run.now_s)
