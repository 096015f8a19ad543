"""The day of the film node that is timed: cell, capacitor and harvester under 576 loads."""

import random

from bench.circuit import BURST_S, BURSTS, PERIOD_S
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.description import description_from
from filmgauge_sim.nodes.surroundings import LightSection, WorldSection
from filmgauge_sim.nodes.world import build_world

_BURST_UA, _SLEEP_UA = 500.0, 2.0
_NODE = {
    "name": "film",
    "supply": "film",
    "cell": {"set": "evp-li", "area_cm2": 20.0, "soc": 0.8},
    "sensor": {"switched": True},
    "capacitor": {"capacitance_uf": 47_000.0, "leakage_mohm": 10.0},
    "harvester": {"kind": "photovoltaic", "area_cm2": 3.0},
}
_LIGHT = LightSection(lux=300.0, begin_h=8.0, end_h=18.0)


def film_node() -> HarvestingCircuit:
    """The world before the day."""
    world = build_world(description_from(_NODE), WorldSection(light=[_LIGHT]), random.Random(1))
    assert isinstance(world, HarvestingCircuit)
    return world


def pass_day(world: HarvestingCircuit) -> None:
    """Let the board draw its bursts. Raises RuntimeError when it loses its supply."""
    period_us, burst_us = round(PERIOD_S * 1e6), round(BURST_S * 1e6)
    for start_us in range(0, BURSTS * period_us, period_us):
        end_us = start_us + burst_us
        if world.draw(_BURST_UA, start_us, end_us) is not None:
            raise RuntimeError("the board lost its supply in a burst")
        if world.draw(_SLEEP_UA, end_us, start_us + period_us) is not None:
            raise RuntimeError("the board lost its supply asleep")
    world.advance_to(BURSTS * period_us)
