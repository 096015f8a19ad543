"""The published cycles of a film, of which most are not run: it ages as if they were."""

from dataclasses import replace

from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycling import cycles
from filmgauge_sim.lab.paper_experiments import ROOM_C, SPECTRUM_CYCLES, CyclingRun, cycled
from filmgauge_sim.lab.paper_samples import PaperSample
from filmgauge_sim.lab.trace import Trace

FIRST = 100  # all of them are run, while a film is new and changes fast
LEAP = 50  # two in so many are run of the others: the first of them, and one for all between


def leaping(sample: PaperSample) -> CyclingRun:
    """Run the first cycles of a sample and two in `LEAP` of the others, of which the second ages
    the film for those between; what is drawn as profiles is short and run whole."""
    if sample.profiles or sample.cycles <= FIRST:
        return cycled(sample)
    cell, run = sample.make(), CyclingRun([], Trace(), {})
    while (done := len(run.cycles)) < sample.cycles:
        (cycle,) = cycles(Channel(cell, ROOM_C), sample.current_ua_cm2, 1)
        if done + 1 in SPECTRUM_CYCLES and cell.life is not None:
            run.lives[done + 1] = cell.life
        count = LEAP - 1 if done >= FIRST and done % LEAP == 0 else 1
        count = min(count, sample.cycles - done)
        # Booked at the next charge: no public way ages a film and leaves it as uneven as it is.
        cell._cycles *= count
        cell._strained_cycles *= count
        run.cycles.extend(replace(cycle, number=done + k) for k in range(1, count + 1))
    return run
