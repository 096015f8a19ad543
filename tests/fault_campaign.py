"""Faults of sensors by the thousand: what a node makes of each.

    python tests/fault_campaign.py --cases 10000 --seed 1 > build/campaign.jsonl

`make soak` runs that, and tools/reliability_page.py makes the table of docs/reliability.md of it.
`--first` goes on with a later case: what a case is depends on the seed and its number alone.

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
# Sensors switched for each sample, charge from samples: a charger comes and fills the film.
FILM = """
name = "campaign"
seed = {seed}
[[node]]
name = "film"
board = "stm32wb55"
supply = "film"
[node.cell]
set = "pre-li"
area_cm2 = 40.0
soc = 0.45
soc_sigma = 0.005
[node.sensor]
switched = true
shunt_ohm = 330.0
[node.capacitor]
capacitance_uf = 4700.0
leakage_mohm = 100.0
[node.converter]
quiescent_na = 100.0
discharge_ua = 14.0
charge_ua = 110.0
[node.harvester]
kind = "charger"
power_uw = 600.0
[node.intervals]
sample_s = 600
report_every = 3
journal_every = 6
[node.bluetooth]
advertise_ms = 5000
awake_ms = 100
[node.world.ambient]
mean_c = 37.0
swing_c = 0.5
[node.world.charger]
hours = 6.0
every_h = 14.0
first_h = 2.0
"""
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
_MODULES = {"ina228": ina228_registers, "tmp117": tmp117}
_NAMES = {  # of registers, by part and address
    part: {getattr(_MODULES[part], name): name for name in names}
    for part, names in {
        "ina228": (
            *("CONFIG", "ADC_CONFIG", "SHUNT_CAL", "VSHUNT", "VBUS", "DIETEMP", "CURRENT"),
            *("CHARGE", "DIAG_ALRT", "BOVL", "MANUFACTURER_ID", "DEVICE_ID"),
        ),
        "tmp117": ("TEMP_RESULT", "CONFIGURATION", "DEVICE_ID"),
    }.items()
}
LASTING = (
    {"kind": "leads_swapped"},
    {"kind": "gate", "state": "open"},
    {"kind": "gate", "state": "closed"},
    {"kind": "bus_low"},
    *({"kind": "temperature_offset", "k": k} for k in (-80, -40, -20, 15, 25, 60, 100)),
)


@dataclass(frozen=True)
class Life:
    """What a node lives through: a scenario, for so many wakes every so many minutes."""

    text: str
    wakes: int
    minutes: int


LIVES = {"bench": Life(BENCH, 192, 1), "film": Life(FILM, 84, 10)}


@dataclass(frozen=True)
class Case:
    """A node (of LIVES), its seed, and the fault."""

    node: str
    seed: int
    fault: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What came of a case. group: what the fault befell; bad: unexplained records; told: whether
    any record told a fault."""

    case: Case
    group: str
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
        yield from made


def sample(count: int, seed: int) -> list[Case]:
    """Return so many cases in which each register of each sensor, and each fault that is none of
    a register, has its turn."""
    pools: dict[str, list[Case]] = {}
    for case in cases(100 * count, seed):
        pools.setdefault(group(case.fault), []).append(case)
    chosen: list[Case] = []
    while len(chosen) < count:
        chosen += [pool.pop() for pool in pools.values() if pool]
    return chosen[:count]


def group(fault: dict[str, Any]) -> str:
    """Return what a fault befalls, as the table names it."""
    part = fault.get("part")
    if fault["kind"] != "register":
        return f"{part} {fault['kind']}" if part else fault["kind"]
    return f"{part} {_NAMES[part][fault['register']]}"


def run(case: Case) -> Result:
    """Let a node live with a fault."""
    life = LIVES[case.node]
    table = tomllib.loads(life.text.format(seed=case.seed))
    table["node"][0]["fault"] = [case.fault]
    scenario = fg.Scenario("bench")
    scenario.definition = scenario_from(table)
    (node,) = fg.run(scenario, f"{life.wakes * life.minutes}min").nodes.values()
    return Result(
        case,
        group(case.fault),
        len(node),
        node.errors.unexplained,
        any(record.faults for record in node.records),
        node.errors.figures.worst or 0.0,
    )


def cases(count: int, seed: int) -> list[Case]:
    """Return so many cases: one in ten on the film, each from some moment of some wake on."""
    rng = random.Random(seed)
    made, chosen = {name: faults(rng) for name in LIVES}, []
    for index in range(count):
        name = "bench" if index % 10 else "film"
        life, fault = LIVES[name], next(made[name])
        wake_h = rng.randint(3, life.wakes - 10) * life.minutes / 60
        at_h = wake_h + rng.uniform(0.0, 0.7 if name == "bench" else 0.05) / 3600.0
        if fault.get("for_h") == MINUTE_H:
            fault = {**fault, "for_h": life.minutes / 60}  # a wake falls into it
        chosen.append(Case(name, rng.getrandbits(16), {**fault, "at_h": at_h}))
    return chosen


def campaign(chosen: Iterable[Case], jobs: int = 1) -> Iterator[Result]:
    """Run cases, on so many processors."""
    if jobs == 1:
        yield from map(run, chosen)
        return
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(run, chosen, chunksize=8)


def main() -> int:
    """Print the results, a line each; say on the way how many are bad. Return 1 for any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    bad = done = 0
    chosen = cases(options.first + options.cases, options.seed)[options.first :]
    for result in campaign(chosen, options.jobs):
        print(json.dumps(asdict(result)), flush=True)
        done, bad = done + 1, bad + (result.bad > 0)
        if not done % 100:
            print(f"{done} cases, {bad} bad", file=sys.stderr)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
