"""Builds the world of a node from its section of a scenario."""

import random
from pathlib import Path

import msgspec

from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.cycler_bench import CurrentStep, Cycler, CyclerBench
from filmgauge_sim.circuit.harvester import (
    Charger,
    ConstantHarvester,
    Harvester,
    Light,
    Photovoltaic,
    Thermoelectric,
    TraceHarvester,
)
from filmgauge_sim.circuit.harvesting import BoardSupply, HarvestingCircuit, Pins
from filmgauge_sim.circuit.sections import HarvesterSection
from filmgauge_sim.circuit.sensor_pair import SensorPair
from filmgauge_sim.circuit.wiring import AS_DRAWN
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.ina228_errors import Ina228Errors
from filmgauge_sim.parts.tmp117 import Tmp117
from filmgauge_sim.scenario.scenario import CyclerStep, NodeSection


def build_world(
    section: NodeSection, kind: BoardKind, rng: random.Random
) -> CyclerBench | HarvestingCircuit:
    """Return a bench for a node on USB, otherwise the circuit that feeds it from its film.

    Raises ValueError, one sentence with the node's name, for what the sections cannot check.
    """
    try:
        cell = FilmCell(
            load_parameters(section.cell.set), section.cell.area_cm2, section.cell.stoichiometry
        )
        sensing = _sensing(section, rng)
        build = _bench if section.supply == "usb" else _film_powered
        world = build(section, kind, cell, sensing)
        stuck = section.wiring.stuck(kind.pins.gate, kind.pins.disconnect)
        for pin, level in stuck.items():
            world.stick(pin, level)
        return world
    except ValueError as error:
        raise ValueError(f"node {section.name}: {error}") from None


def _bench(
    section: NodeSection, kind: BoardKind, cell: FilmCell, sensing: SensorPair
) -> CyclerBench:
    return CyclerBench(
        cell=cell,
        cycler=Cycler([_step(step, cell.capacity_uah) for step in section.cycler]),
        ambient=_ambient(section),
        sensing=sensing,
        gate_pin=kind.pins.gate,
        disconnect_pin=kind.pins.disconnect,
    )


def _film_powered(
    section: NodeSection, kind: BoardKind, cell: FilmCell, sensing: SensorPair
) -> HarvestingCircuit:
    buffer = section.capacitor
    ambient = _ambient(section)
    return HarvestingCircuit(
        cell=cell,
        capacitor=Capacitor(buffer.capacitance_uf, buffer.leakage_mohm, buffer.series_ohm),
        converter=Converter(**msgspec.structs.asdict(section.converter)),
        harvester=_harvester(section.harvester, ambient),
        ambient=ambient,
        sensing=sensing,
        supply=BoardSupply(kind.supply_v, kind.brown_out_v, kind.sensors_v),
        pins=Pins(
            gate=kind.pins.gate,
            disconnect=kind.pins.disconnect,
            sensors=kind.pins.sensors if section.sensor.switched else None,
        ),
        start_v=buffer.start_v,
    )


def _ambient(section: NodeSection) -> Ambient:
    return Ambient(section.ambient.mean_c, section.ambient.swing_c, section.ambient.period_h)


def _sensing(section: NodeSection, rng: random.Random) -> SensorPair:
    errors = {
        "ideal": Ina228Errors.ideal,
        "worst": Ina228Errors.worst,
        "drawn": lambda: Ina228Errors.draw(rng),
    }[section.sensor.errors]()
    ideal = section.sensor.errors == "ideal"
    wiring = section.wiring
    ina228_address = wiring.ina228_address or AS_DRAWN.ina228_address
    tmp117_address = wiring.tmp117_address or AS_DRAWN.tmp117_address
    return SensorPair(
        Ina228(section.sensor.shunt_ohm, errors, ina228_address, rng.getrandbits(32)),
        Tmp117(tmp117_address, rng.getrandbits(32), 0.0 if ideal else None),
        I2CBus(pulled_up=wiring.pull_ups),
        wiring,
    )


def _step(step: CyclerStep, capacity_uah: float) -> CurrentStep:
    sign = {"charge": 1.0, "discharge": -1.0, "rest": 0.0}[step.action]
    return CurrentStep(
        action=step.action,
        current_ua=sign * step.rate_c * capacity_uah,
        duration_us=None if step.hours is None else round(step.hours * 3.6e9),
        until_v=step.until_v,
    )


def _harvester(section: HarvesterSection, ambient: Ambient) -> Harvester:
    if section.kind == "photovoltaic":
        lights = [Light(each.begin_h, each.end_h, each.lux, each.days) for each in section.light]
        return Photovoltaic(section.area_cm2, lights)
    if section.kind == "thermoelectric":
        return Thermoelectric(section.source_c, section.uw_per_k2, ambient)
    if section.kind == "trace":
        return TraceHarvester.read(Path(section.file))
    if section.kind == "charger":
        return Charger(section.charger_uw, section.charger_h, section.every_h, section.first_h)
    return ConstantHarvester(section.power_uw)
