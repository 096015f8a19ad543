"""Builds the world of a node from its description and what surrounds it."""

import random
from collections.abc import Sequence
from pathlib import Path

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.capacitor import Capacitor
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
from filmgauge_sim.circuit.sensor_pair import SensorPair
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.sections import HarvesterSection
from filmgauge_sim.nodes.surroundings import CyclerStep, WorldSection
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.faulty_bus import FaultyBus, TransferFault
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.ina228_errors import Ina228Errors
from filmgauge_sim.parts.tmp117 import ACCURACY_C, Tmp117


def build_world(
    description: NodeDescription,
    surroundings: WorldSection,
    rng: random.Random,
    faults: Sequence[TransferFault] = (),
) -> CyclerBench | HarvestingCircuit:
    """Return a bench for a node on USB, otherwise the circuit that feeds it from its film.

    faults: of transfers on its bus.

    Raises ValueError, one sentence with the node's name, for what the sections cannot check.
    """
    stoichiometry = surroundings.stoichiometry
    try:
        cell = FilmCell(
            load_parameters(surroundings.cell_set or description.cell.set),
            description.cell.area_cm2,
            description.soc if stoichiometry is None else stoichiometry,
        )
        sensing = _sensing(description, surroundings, rng, faults)
        build = _bench if description.supply == "usb" else _film_powered
        world = build(description, surroundings, cell, sensing)
        pins = description.kind.pins
        for pin, level in surroundings.wiring.stuck(pins.gate, pins.disconnect).items():
            world.stick(pin, level)
        return world
    except ValueError as error:
        raise ValueError(f"node {description.name}: {error}") from None


def _bench(
    description: NodeDescription, surroundings: WorldSection, cell: FilmCell, sensing: SensorPair
) -> CyclerBench:
    pins, described = description.kind.pins, description.cell
    capacity_uah = load_parameters(described.set).capacity_uah_cm2 * described.area_cm2
    return CyclerBench(
        cell=cell,
        cycler=Cycler([_step(step, capacity_uah) for step in surroundings.cycler]),
        ambient=_ambient(surroundings),
        sensing=sensing,
        gate_pin=pins.gate,
        disconnect_pin=pins.disconnect,
        load_ohm=surroundings.wiring.load_ohm,
    )


def _film_powered(
    description: NodeDescription, surroundings: WorldSection, cell: FilmCell, sensing: SensorPair
) -> HarvestingCircuit:
    buffer, kind = description.capacitor, description.kind
    if surroundings.wiring.load_ohm is not None:
        raise ValueError("world.wiring.load_ohm needs supply usb: of a film the board is the load")
    return HarvestingCircuit(
        cell=cell,
        capacitor=Capacitor(buffer.capacitance_uf, buffer.leakage_mohm, buffer.series_ohm),
        converter=description.converter.converter,
        harvester=_harvester(description.harvester, surroundings),
        ambient=_ambient(surroundings),
        sensing=sensing,
        supply=BoardSupply(kind.supply_v, kind.brown_out_v, kind.sensors_v),
        pins=Pins(
            gate=kind.pins.gate,
            disconnect=kind.pins.disconnect,
            sensors=kind.pins.sensors if description.sensor.switched else None,
        ),
        start_v=surroundings.capacitor_v,
    )


def _ambient(surroundings: WorldSection) -> Ambient:
    ambient = surroundings.ambient
    touches = surroundings.touch.touches if surroundings.touch else None
    return Ambient(ambient.mean_c, ambient.swing_c, ambient.period_h, touches)


def _sensing(
    description: NodeDescription,
    surroundings: WorldSection,
    rng: random.Random,
    faults: Sequence[TransferFault],
) -> SensorPair:
    truth, wiring, described = surroundings.sensor, surroundings.wiring, description.sensor
    errors = {
        "ideal": Ina228Errors.ideal,
        "worst": Ina228Errors.worst,
        "drawn": lambda: Ina228Errors.draw(rng),
    }[truth.errors]()
    shunt_ohm = described.shunt_ohm if truth.shunt_ohm is None else truth.shunt_ohm
    ina228_address = wiring.ina228_address or described.ina228_address
    tmp117_address = wiring.tmp117_address or described.tmp117_address
    offset_c = {"ideal": 0.0, "worst": ACCURACY_C, "drawn": None}[truth.errors]
    bus = I2CBus(described.i2c_hz, wiring.pull_ups)
    if faults:
        bus = FaultyBus(described.i2c_hz, wiring.pull_ups, list(faults))
    return SensorPair(
        Ina228(shunt_ohm, errors, ina228_address, rng.getrandbits(32)),
        Tmp117(tmp117_address, rng.getrandbits(32), offset_c),
        bus,
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


def _harvester(harvester: HarvesterSection, surroundings: WorldSection) -> Harvester:
    if surroundings.trace:
        return TraceHarvester.read(Path(surroundings.trace))
    if harvester.kind == "photovoltaic":
        lights = [
            Light(each.begin_h, each.end_h, each.lux, each.days) for each in surroundings.light
        ]
        return Photovoltaic(harvester.area_cm2, lights)
    if harvester.kind == "thermoelectric":
        ambient = _ambient(surroundings)
        return Thermoelectric(surroundings.source_c, harvester.uw_per_k2, ambient)
    if harvester.kind == "charger" and surroundings.charger is not None:
        visits = surroundings.charger
        return Charger(harvester.power_uw, visits.hours, visits.every_h, visits.first_h)
    return ConstantHarvester(harvester.power_uw if harvester.kind == "constant" else 0.0)
