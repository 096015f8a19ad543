"""Faults of sensors by the thousand: what a node makes of each.

    python tests/fault_campaign.py --cases 10000 --seed 1 > campaign.json

Each case is a virtual node that lives through a charge and a discharge, both ends of its curve and
two rests, with one fault: a register of one of its sensors, what is read instead, for how long,
from which moment of which wake on; or one that is none of a register. A case is bad when a record
of it is wrong by more than two sigma and 1 % and tells no fault.
"""

import argparse
import json
import random
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from typing import Any

import filmgauge_sim as fg
from filmgauge_sim.parts import ina228_registers, tmp117
from filmgauge_sim.scenario.loading import scenario_from

MINUTE_H = 1 / 60
# Always on and beside a cycler: every wake counts, and every second one reports.
BENCH = """
name = "campaign"
seed = {seed}
[[node]]
name = "bench"
[node.cell]
area_cm2 = 1.0
soc = 0.5
soc_sigma = 0.005
[node.intervals]
sample_s = 60
report_every = 3
journal_every = 20
[[node.world.cycler]]
action = "discharge"
rate_c = 0.5
until_v = 1.0
[[node.world.cycler]]
action = "rest"
hours = 0.3
[[node.world.cycler]]
action = "charge"
rate_c = 0.5
until_v = 4.0
[[node.world.cycler]]
action = "rest"
hours = 0.3
[node.world.ambient]
mean_c = 22.0
swing_c = 4.0
"""
BENCH_H = 3.2
REGISTERS = {
    "ina228": dict.fromkeys(ina228_registers.REGISTERS, 2)
    | {
        ina228_registers.VSHUNT: 3,
        ina228_registers.VBUS: 3,
        ina228_registers.CURRENT: 3,
        ina228_registers.CHARGE: 5,
    },
    "tmp117": dict.fromkeys(tmp117.REGISTERS, 2),
}
LASTING = (
    {"kind": "leads_swapped"},
    {"kind": "gate", "state": "open"},
    {"kind": "gate", "state": "closed"},
    {"kind": "bus_low"},
    *({"kind": "temperature_offset", "k": k} for k in (-80, -40, -20, 15, 25, 60, 100)),
)


@dataclass(frozen=True)
class Result:
    """What came of a case. bad: unexplained records; told: whether any record told a fault."""

    fault: dict[str, Any]
    records: int
    bad: int
    told: bool
    worst_pct: float


def values(size: int) -> list[str]:
    """Return what may be read instead of so many bytes: each bit alone set, and each turned."""
    bits = range(8 * size)
    alone = [f"{1 << bit:0{2 * size}x}" for bit in bits]
    return ["zeros", "ones", "stale", *alone, *(f"flip{bit}" for bit in bits)]


def durations(rng: random.Random) -> list[dict[str, Any]]:
    """Return one transfer, a few of them, a minute, and for good."""
    return [{"count": 1}, {"count": rng.randint(2, 4)}, {"for_h": MINUTE_H}, {}]


def faults(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Yield faults without end: all kinds once before any comes again."""
    while True:
        made: list[dict[str, Any]] = []
        for part, registers in REGISTERS.items():
            made += [{"kind": "nack", "part": part, **d} for d in durations(rng)]
            for register, size in registers.items():
                for value in values(size):
                    wrong = {"kind": "register", "part": part, "register": register}
                    made += [{**wrong, "value": value, **d} for d in durations(rng)]
        for fault in LASTING:
            made += [dict(fault), {**fault, "for_h": rng.choice((1, 5, 30)) * MINUTE_H}]
        rng.shuffle(made)
        for fault in made:
            wake_h = rng.randint(3, int(BENCH_H * 60) - 10) * MINUTE_H
            yield {**fault, "at_h": wake_h + rng.uniform(0.0, 0.7) / 3600.0}


def run(case: tuple[int, dict[str, Any]]) -> Result:
    """Let a node live with a fault; the case is its seed and the fault."""
    seed, fault = case
    table = tomllib.loads(BENCH.format(seed=seed))
    table["node"][0]["fault"] = [fault]
    scenario = fg.Scenario("bench")
    scenario.definition = scenario_from(table)
    (node,) = fg.run(scenario, f"{BENCH_H * 60:.0f}min").nodes.values()
    return Result(
        fault,
        len(node),
        node.errors.unexplained,
        any(record.faults for record in node.records),
        node.errors.figures.worst or 0.0,
    )


def cases(count: int, seed: int) -> list[tuple[int, dict[str, Any]]]:
    """Return so many cases."""
    rng = random.Random(seed)
    made = faults(rng)
    return [(rng.getrandbits(16), next(made)) for _ in range(count)]


def campaign(chosen: Iterable[tuple[int, dict[str, Any]]], jobs: int = 1) -> Iterator[Result]:
    """Run cases, on so many processors."""
    if jobs == 1:
        yield from map(run, chosen)
        return
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(run, chosen, chunksize=8)


def main() -> None:
    """Print the results, a line each; say on the way how many are bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    bad = done = 0
    for result in campaign(cases(options.cases, options.seed), options.jobs):
        print(json.dumps(asdict(result)), flush=True)
        done, bad = done + 1, bad + (result.bad > 0)
        if not done % 100:
            print(f"{done} cases, {bad} bad", file=sys.stderr)


if __name__ == "__main__":
    main()
