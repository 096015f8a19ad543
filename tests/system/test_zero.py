"""The bench node looks at the zero of its sensor behind its disconnect switch."""

import json
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from commanded_node import OBEYING, command_key, listener
from mqtt_brokers import Broker as RealBroker
from patience import until
from reporting_node import wake

from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import ZERO
from filmgauge.state import State
from filmgauge.uplink.actions import ZERO as ZERO_NOW
from filmgauge_host.commands.frames import frame
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

NOWHERE = Broker("127.0.0.1", 1)
ZERO_EVERY = 90
# Of the datasheet's worst sensor: 1 uV of offset on 1 kohm and 2.5 nA of bias current.
WORST_PA = 3500


def made(folder: Path, runtime: RuntimeName, zero_every: int, **intervals: int) -> VirtualNode:
    """Return a bench node with the worst sensor."""
    changes = {f"intervals.{name}": value for name, value in intervals.items()}
    scenario = load_scenario("bench")
    node = scenario.node[0]
    node = msgspec.structs.replace(
        node,
        description=varied(node.description, {"intervals.offset_every": zero_every, **changes}),
        world=varied(node.world, {"sensor.errors": "worst"}),
    )
    folder.mkdir()
    return virtual_node(scenario, node, NOWHERE, folder, NodeOptions(runtime))


def live(node: VirtualNode, hours: float) -> FuelGauge:
    """Let a node live until `hours`; return its gauge as it remembers it."""
    while node.now_us < hours * 3_600_000_000:
        node.step()
        assert node.dead is None
    return gauge_of(node)


def gauge_of(node: VirtualNode) -> FuelGauge:
    """Return the gauge as the node remembers it."""
    state = state_of(node)
    profile = compile_profile(load_parameters("evp-li"), 1.0)
    gauge = FuelGauge(profile, shunt_mohm=1_000_000)
    assert state.unpack(gauge)
    return gauge


def state_of(node: VirtualNode) -> State:
    """Return what the node remembers."""
    state = State()
    state.buffer[:] = node.board.rtc_memory[: len(state.buffer)]
    assert state.unpack()
    return state


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_the_offset_is_found_and_taken_off(tmp_path: Path, runtime: RuntimeName) -> None:
    with closing(made(tmp_path / "node", runtime, ZERO_EVERY)) as node:
        before_pc = live(node, 3).ledger.line_pc(ZERO)  # the first charge may put it off
        after_pc = live(node, 7).ledger.line_pc(ZERO)
    assert abs((after_pc - before_pc) / (4 * 3600) + WORST_PA) < 0.03 * WORST_PA


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_node_that_reports_with_each_wake_puts_off_a_report(
    tmp_path: Path, runtime: RuntimeName
) -> None:
    """The record of the wake behind which the switch stays open is made by the next one."""
    with closing(made(tmp_path / "node", runtime, 3, sample_s=600, report_every=1)) as node:
        before, looks = 0, 0
        while node.now_us < 4 * 3_600_000_000:
            node.step()
            state = state_of(node)
            if state.wakes:
                assert (state.seq == before) == bool(state.offset_running)
            before, looks = state.seq, looks + state.offset_running
        assert looks >= 3
        found_pa = gauge_of(node).offset.pa(2500)
    assert abs(found_pa - WORST_PA) < 0.03 * WORST_PA


def test_a_node_that_zeroes_is_nearer_to_the_truth(tmp_path: Path) -> None:
    """Over two cycles, an error at each hour."""
    squares = []
    for zero_every in (0, ZERO_EVERY):
        with closing(made(tmp_path / str(zero_every), "cpython", zero_every)) as node:
            errors = [
                live(node, hours).soc_ppm() / 1e6 - node.world.cell.stoichiometry
                for hours in range(1, 19)
            ]
        squares.append(sum(error * error for error in errors))
    assert squares[1] < squares[0]


def test_a_command_waits_until_the_cell_can_be_spared(
    broker: RealBroker, node_on, tmp_path: Path
) -> None:
    """A board that boots anew remembers through the charge, an hour of it, that it was asked."""
    text = OBEYING.replace("report_every = 1\n", "report_every = 3\n")
    text = text.replace("commands = true\n", "commands = true\n[node.pins]\ndisconnect = 3\n")
    node: VirtualNode = node_on(broker, text, "cpython")
    key = bytes.fromhex(command_key(tmp_path))
    with listener(broker.url) as operator:
        wake(node, 4)  # it has listened
        operator.publish(frame("rig", key, 1, ZERO_NOW))
        wake(node, 4)
        until(lambda: bool(operator.answers))
    assert json.loads(operator.answers[0])["status"] == 0
    asked_h = node.now_us / 3.6e9
    assert asked_h < 0.9
    seen_h = []
    for _ in range(90):
        wake(node, 1)
        if state_of(node).sees_zero:
            seen_h.append(node.now_us / 3.6e9)
    assert len(seen_h) == 1  # once
    assert seen_h[0] > 1.0  # in the rest behind the charge
    assert not state_of(node).requests
