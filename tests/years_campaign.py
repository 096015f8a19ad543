"""Ten years behind a window: restarts, wear, counters and charge of one virtual node.

    python tests/years_campaign.py --years 10 > build/years.jsonl

`make soak` runs that, and tools/reliability_page.py makes a table of docs/reliability.md of it.
It prints a line every so many days of the node's life, and the last one is what a run came to.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from filmgauge.record.record import Record
from filmgauge.record.record_text import fault_text
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.truth_log import TruthLog
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation

DAY_US = 86_400_000_000
REPORT_DAYS = 30
ENDURANCE = 10_000  # erases of a page: STM32WB55 datasheet, 10 kcycles at 105 degC


@dataclass
class Life:
    """What a life came to so far.

    incidents: why the board stopped, in words. boots, resets: the highest that a record tells.
    gaps: records of which a number is missing; doubled: those that came twice. with_charge: those
    that have a state of charge, worst_pct its largest error; unexplained: records beyond two sigma
    and 1 % that tell no fault. erases_worst: of the page with most.
    """

    days: float = 0.0
    wakes: int = 0
    records: int = 0
    boots: int = 0
    resets: int = 0
    gaps: int = 0
    doubled: int = 0
    with_charge: int = 0
    within_2_sigma: int = 0
    unexplained: int = 0
    worst_pct: float = 0.0
    erases: int = 0
    erases_worst: int = 0
    incidents: list[str] | None = None
    faults: dict[str, int] | None = None
    stopped: str | None = None


class _Watch:
    """Compares the records of a node with the truth as they come, and forgets both."""

    def __init__(self, node: VirtualNode) -> None:
        self._node = node
        self.life = Life()
        self._faults: Counter[str] = Counter()
        self._last: tuple[int, int, int] | None = None

    def follow(self) -> None:
        """Take in what the node has stored since the last call."""
        fresh = self._node.new_records()
        for record in fresh:
            self._count(record)
        if fresh:
            self._node.truth = TruthLog()  # ten years of it are not needed at once

    def now(self) -> Life:
        """Return the life so far."""
        node, life = self._node, self.life
        life.days = node.now_us / DAY_US
        life.wakes = node.wakes
        life.erases, life.erases_worst = node.flash.erases, max(node.flash.wear)
        life.incidents, life.faults = node.incidents, dict(self._faults)
        life.stopped = node.dead
        return life

    def _count(self, record: Record) -> None:
        life = self.life
        position = (record.life, record.boot, record.seq)
        if self._last is not None:
            follows = position == (*self._last[:2], self._last[2] + 1)
            begins = record.boot == self._last[1] + 1 and record.seq == 0
            life.doubled += position <= self._last
            life.gaps += not (follows or begins)
        self._last = position
        life.records += 1
        life.boots, life.resets = (
            max(life.boots, record.boot),
            max(life.resets, record.resets or 0),
        )
        if record.faults:
            self._faults.update(fault_text(record.faults).split("+"))
        self._compare(record)

    def _compare(self, record: Record) -> None:
        true = self._node.truth.at((record.life, record.boot), record.up_s)
        if true is None or record.soc_ppm is None or record.soc_sigma_ppm is None:
            return
        error = abs(record.soc_ppm / 1e6 - true.stoichiometry)
        sigma = record.soc_sigma_ppm / 1e6
        self.life.with_charge += 1
        self.life.within_2_sigma += error <= 2 * sigma
        self.life.unexplained += error > max(2 * sigma, 0.01) and not record.faults
        self.life.worst_pct = max(self.life.worst_pct, 100 * error)


def live(days: float, seed: int = 1, every_days: float = REPORT_DAYS) -> Iterator[Life]:
    """Yield a life of the scenario `window` every so many days, and at its end."""
    scenario = msgspec.structs.replace(load_scenario("window"), seed=seed)
    with tempfile.TemporaryDirectory(prefix="filmgauge-years-") as folder:
        simulation = Simulation(
            scenario, Broker("127.0.0.1", 1), Path(folder), "cpython", f"{days:g}d"
        )
        try:
            (node,) = simulation.nodes
            watch = _Watch(node)
            due_us = every_days * DAY_US
            while node.now_us < simulation.end_us and node.dead is None:
                node.step(simulation.end_us)
                watch.follow()
                if node.now_us >= due_us:
                    due_us += every_days * DAY_US
                    yield watch.now()
            yield watch.now()
        finally:
            simulation.close()


def main() -> int:
    """Print a line every thirty days. Return 1 where something is beyond its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    life = Life()
    for life in live(365.25 * options.years, options.seed):
        print(json.dumps(asdict(life)), flush=True)
    return int(bool(problems(life)))


def problems(life: Life) -> list[str]:
    """Return what is beyond its budget, in words."""
    brown_outs = sum("brown-out" in each for each in life.incidents or ())
    return [
        name
        for name, is_wrong in (
            ("stopped", life.stopped is not None),
            ("silent", life.with_charge < 0.9 * life.records or not life.records),
            ("restarts", len(life.incidents or ()) > brown_outs),
            ("boots", life.boots + life.resets > brown_outs + 1),
            ("gaps", life.gaps > 0),
            ("doubled", life.doubled > 0),
            ("unexplained", life.unexplained > 0),
            ("coverage", life.within_2_sigma < 0.95 * life.with_charge),
            ("wear", life.erases_worst * 3652.5 / max(life.days, 1.0) > ENDURANCE),
        )
        if is_wrong
    ]


if __name__ == "__main__":
    sys.exit(main())
