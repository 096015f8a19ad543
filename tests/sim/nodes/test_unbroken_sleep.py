"""A sleep that is one step of a node, or a step for each slice in which the firmware sleeps."""

from contextlib import closing
from pathlib import Path
from typing import Any

from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation

HOURS_US = 5 * 3_600_000_000


def lived(folder: Path, steps_to: Any) -> tuple[int, list[Any]]:
    """The steps of five hours behind a window, and everything that came of them."""
    folder.mkdir()
    broker = Broker("127.0.0.1", 1)
    simulation = Simulation(load_scenario("window"), broker, folder, "cpython", "5h")
    with closing(simulation):
        (node,) = simulation.nodes
        steps = 0
        while node.now_us < HOURS_US:
            node.step(*steps_to)
            steps += 1
        return steps, _came_of(node)


def _came_of(node: VirtualNode) -> list[Any]:
    return [
        node.new_records(),
        [(each.now_us, each.stoichiometry, each.voltage_v) for each in node.truth],
        node.wakes,
        node.now_us,
        node.board.requests,
        node.board.load.time_us,
        bytes(node.flash.image),
    ]


def test_a_sleep_in_one_step_is_the_same_sleep(tmp_path: Path) -> None:
    slices, by_slice = lived(tmp_path / "slices", ())
    steps, at_once = lived(tmp_path / "once", (HOURS_US,))
    assert steps < slices / 5
    assert len(by_slice[0]) >= 2
    assert at_once == by_slice
