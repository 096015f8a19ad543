"""The bench node looks at the zero of its sensor behind its disconnect switch."""

from pathlib import Path

import msgspec
import pytest

from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import MEASURED, ZERO
from filmgauge.state import State
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.node import Broker, RuntimeName, VirtualNode
from filmgauge_sim.scenario import load_scenario

NOWHERE = Broker("127.0.0.1", 1)
HOURS = 8
ZERO_EVERY = 90
# Of the datasheet's worst sensor: 1 uV of offset on 1 kohm and 2.5 nA of bias current.
WORST_PA = 3500


def lived(folder: Path, runtime: RuntimeName, zero_every: int) -> VirtualNode:
    """Return a bench node with the worst sensor that has lived for HOURS."""
    scenario = load_scenario("bench")
    section = scenario.node[0]
    firmware = msgspec.structs.replace(section.firmware, zero_every=zero_every)
    sensor = msgspec.structs.replace(section.sensor, errors="worst")
    section = msgspec.structs.replace(section, firmware=firmware, sensor=sensor)
    folder.mkdir()
    node = VirtualNode(section, scenario.network, NOWHERE, scenario.seed, folder, runtime)
    while node.now_us < HOURS * 3_600_000_000:
        node.step()
        assert node.dead is None
    node.close()
    return node


def gauge_of(node: VirtualNode) -> FuelGauge:
    """Return the gauge as the node remembers it."""
    state = State()
    state.buffer[:] = node.board.rtc_memory[: len(state.buffer)]
    profile = compile_profile(load_parameters("evp-li"), 1.0)
    gauge = FuelGauge(profile, shunt_mohm=1_000_000)
    assert state.unpack(gauge)
    return gauge


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_the_offset_is_found_and_taken_off(tmp_path: Path, runtime: RuntimeName) -> None:
    node = lived(tmp_path / "node", runtime, ZERO_EVERY)
    opened = [truth for truth in node.truth if truth.current_ua == 0.0 and truth.phase != "rest"]
    assert len(opened) >= 2  # samples behind the open switch
    gauge = gauge_of(node)
    per_hour_nah = -gauge.ledger.line_nah(ZERO) / HOURS
    begun = ZERO_EVERY / 60  # before, nothing is known of the offset
    expected = WORST_PA / 1000 * (HOURS - begun) / HOURS
    assert abs(per_hour_nah - expected) < 0.05 * WORST_PA / 1000
    assert gauge.ledger.line_nah(MEASURED) != 0


def test_a_node_that_zeroes_is_surer_and_nearer(tmp_path: Path) -> None:
    errors, sigmas = [], []
    for zero_every in (0, ZERO_EVERY):
        node = lived(tmp_path / str(zero_every), "cpython", zero_every)
        gauge = gauge_of(node)
        errors.append(abs(gauge.soc_ppm() / 1e6 - node.world.cell.stoichiometry))
        sigmas.append(gauge.sigma_ppm())
    assert errors[1] < errors[0]
    assert sigmas[1] <= sigmas[0]
