"""Builds the virtual nodes of a scenario."""

from pathlib import Path

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.radio_port import RadioPort
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode


def virtual_node(
    scenario: Scenario,
    node: ScenarioNode,
    broker: Broker,
    folder: Path,
    runtime: RuntimeName = "micropython",
    heap: str | None = None,
    real_wait_ms: int = 5000,
    radio_port: RadioPort | None = None,
    single: bool = False,
) -> VirtualNode:
    """Return a node of a scenario as `VirtualNode` builds it; its files go into `folder`."""
    return VirtualNode(
        node.description,
        node.world,
        node.secrets,
        scenario.network.access_point(node),
        broker,
        scenario.seed,
        folder,
        runtime,
        heap,
        real_wait_ms,
        radio_port,
        single,
    )
