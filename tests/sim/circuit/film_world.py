"""A film-powered world with round numbers, and random lives to put it through."""

import random
from dataclasses import replace

from filmgauge_sim.cell import CellParameters, FilmCell, load_parameters
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.harvester import ConstantHarvester, Harvester, TraceHarvester
from filmgauge_sim.circuit.harvesting import BoardSupply, HarvestingCircuit, Pins
from filmgauge_sim.circuit.sensor_pair import SensorPair
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.tmp117 import Tmp117

PINS = Pins(gate=10, disconnect=12, sensors=11)
SUPPLY_V, BROWN_OUT_V = 3.0, 2.5
SECOND_US = 1_000_000
EVP_LI = load_parameters("evp-li")


def film_world(
    *,
    parameters: CellParameters = EVP_LI,
    area_cm2: float = 1.0,
    stoichiometry: float = 0.5,
    capacitor: Capacitor | None = None,
    converter: Converter | None = None,
    harvester: Harvester | None = None,
    ambient: Ambient | None = None,
    start_v: float = 3.3,
    pins: Pins = PINS,
) -> HarvestingCircuit:
    """Return a world; what is not given is plain: no harvester, 25 degC, 100 uF."""
    return HarvestingCircuit(
        cell=FilmCell(parameters, area_cm2, stoichiometry),
        capacitor=capacitor or Capacitor(100.0, 100.0, 0.1),
        converter=converter or Converter(),
        harvester=harvester or ConstantHarvester(0.0),
        ambient=ambient or Ambient(25.0),
        sensing=SensorPair(Ina228(1000.0), Tmp117(offset_c=0.0), I2CBus()),
        supply=BoardSupply(SUPPLY_V, BROWN_OUT_V),
        pins=pins,
        start_v=start_v,
    )


def random_world(rng: random.Random) -> HarvestingCircuit:
    """Return a world with everything in it, drawn from `rng`."""
    times_s = sorted(rng.sample(range(1, 20_000), 5))
    trace = [(float(time_s), rng.choice([0.0, rng.uniform(0, 400)])) for time_s in times_s]
    return film_world(
        area_cm2=rng.uniform(0.3, 3.0),
        stoichiometry=rng.choice([0.01, 0.5, 0.99, rng.random()]),
        capacitor=Capacitor(
            10 ** rng.uniform(1.5, 3.5), 10 ** rng.uniform(-0.5, 2), rng.uniform(0, 10)
        ),
        converter=replace(
            Converter(), discharge_ua=rng.uniform(5, 60), charge_ua=rng.uniform(5, 60)
        ),
        harvester=TraceHarvester(trace),
        ambient=Ambient(25.0, rng.choice([0.0, 10.0]), 2.0),
        start_v=rng.uniform(0.0, 4.0),
    )


def random_life(rng: random.Random, acts: int = 60) -> list[tuple[int, str, float]]:
    """Return (time in us, what, how much) in the order of time."""
    life, now_us = [], 0
    for _ in range(acts):
        now_us += round(10 ** rng.uniform(2, 9))
        what = rng.choice(["load", "load", "gate", "sensors", "disconnect"])
        much = rng.choice([5.0, 300.0, 8000.0]) if what == "load" else rng.randrange(2)
        life.append((now_us, what, float(much)))
    return life


def live(world: HarvestingCircuit, life: list[tuple[int, str, float]], splits: int = 1) -> None:
    """Put a world through a life; each wait in `splits` parts with its state asked for."""
    pins = {"gate": PINS.gate, "sensors": 11, "disconnect": PINS.disconnect}
    load_ua = 0.0
    for until_us, what, much in life:
        begin_us = world.now_us
        for part in range(1, splits + 1):
            part_us = begin_us + (until_us - begin_us) * part // splits
            while world.now_us < part_us:
                if world.board_on or world.restore(part_us):
                    world.draw(load_ua, world.now_us, part_us)
                    if world.board_on:
                        world.advance_to(part_us)
            if splits > 1:
                world.truth()
                assert world.ledger.throughput_uj >= 0.0
        if what == "load":
            load_ua = much
        else:
            world.set_pin(pins[what], int(much), world.now_us)
