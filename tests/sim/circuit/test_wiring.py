"""Mistakes in the wiring of a bench: what the sensors and switches then do."""

import random

import pytest

from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.sections import IntervalsSection
from filmgauge_sim.nodes.surroundings import CyclerStep, SensorTruthSection, WorldSection
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.parts.bus import Nack

KIND = board_kind("esp32-c3")
STEP = CyclerStep(action="discharge", rate_c=0.2, hours=100.0)
SETTLED_US = 60_000  # the INA228's first conversions take 3 x 1.05 ms


def bench(**wiring: object) -> CyclerBench:
    surroundings = WorldSection(
        cycler=[STEP],
        sensor=SensorTruthSection(errors="ideal"),
        wiring=WiringSection(**wiring),
    )
    description = NodeDescription(name="n", intervals=IntervalsSection(offset_every=360))
    world = build_world(description, surroundings, random.Random(1))
    assert isinstance(world, CyclerBench)
    return world


def shunt_uv(world: CyclerBench, now_us: int) -> float:
    world.advance_to(now_us)
    raw = int.from_bytes(world.bus.read(0x40, 0x04, 3, now_us), "big") >> 4
    return (raw - (1 << 20 if raw & 0x80000 else 0)) * 0.3125


def bus_v(world: CyclerBench, now_us: int) -> float:
    world.advance_to(now_us)
    return (int.from_bytes(world.bus.read(0x40, 0x05, 3, now_us), "big") >> 4) * 195.3125e-6


def test_swapped_leads_turn_the_sign() -> None:
    right, wrong = bench(), bench(swapped_leads=True)
    assert shunt_uv(right, SETTLED_US) == pytest.approx(-2202.0, abs=0.4)
    assert shunt_uv(wrong, SETTLED_US) == pytest.approx(2202.0, abs=0.4)
    assert right.truth().current_ua == wrong.truth().current_ua  # the cell does not mind


def test_without_pull_ups_nobody_answers() -> None:
    world = bench(pull_ups=False)
    assert world.bus.scan(0) == []
    with pytest.raises(Nack):
        world.bus.read(0x40, 0x3E, 2, 0)
    with pytest.raises(Nack):
        world.bus.write(0x48, 0x01, b"\0\0", 0)


def test_addresses() -> None:
    assert bench().bus.scan(0) == [0x40, 0x48]
    assert bench(ina228_address=0x45, tmp117_address=0x4A).bus.scan(0) == [0x45, 0x4A]
    assert bench(ina228_address=0).bus.scan(0) == [0x48]
    assert bench(tmp117_address=0).bus.scan(0) == [0x40]
    with pytest.raises(ValueError, match="node n: address must be 0x40 to 0x4f, got 0x30"):
        bench(ina228_address=0x30)


@pytest.mark.parametrize(("gate", "low", "high"), [("works", 0, 1), ("open", 0, 0)])
def test_the_gate(gate: str, low: int, high: int) -> None:
    world = bench(gate=gate)
    for level, connected, at_us in ((0, low, SETTLED_US), (1, high, 3 * SETTLED_US)):
        world.set_pin(KIND.pins.gate, level, at_us - SETTLED_US // 2)
        assert (bus_v(world, at_us) > 1.0) == bool(connected)


def test_a_gate_that_is_stuck_drains_the_cell() -> None:
    world = bench(gate="closed")
    world.set_pin(KIND.pins.gate, 0, 0)
    assert bus_v(world, SETTLED_US) > 1.0
    assert world.truth().current_ua < bench().truth().current_ua - 1.0


@pytest.mark.parametrize(
    ("disconnect", "flows"), [("works", [1, 0]), ("open", [0, 0]), ("closed", [1, 1])]
)
def test_the_disconnect_switch(disconnect: str, flows: list[int]) -> None:
    world = bench(disconnect=disconnect)
    for level in (0, 1):
        world.set_pin(KIND.pins.disconnect, level, level * SETTLED_US)
        assert (world.truth().current_ua != 0.0) == bool(flows[level])


@pytest.mark.parametrize(("errors", "warmer"), [("ideal", 0.0), ("worst", 0.1)])
def test_errors_of_the_temperature_are_none_or_at_their_bound(errors: str, warmer: float) -> None:
    description = NodeDescription(name="n")
    surroundings = WorldSection(sensor=SensorTruthSection(errors=errors))
    for seed in range(3):
        world = build_world(description, surroundings, random.Random(seed))
        now_us = 3_000_000
        world.advance_to(now_us)
        shown_c = int.from_bytes(world.bus.read(0x48, 0x00, 2, now_us), "big", signed=True) / 128
        assert shown_c == pytest.approx(world.truth().temperature_c + warmer, abs=0.008)
