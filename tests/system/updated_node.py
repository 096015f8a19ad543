"""A virtual board with Wi-Fi whose versions are archives on its flash, started by the launcher as
on a real one."""

from pathlib import Path
from typing import Any

from launched_node import launch_from_flash, version

from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

COMMAND_KEY = "00112233445566778899aabbccddeeff"
OLD, NEW = "0.1.0", "0.2.0"


def updated_node(
    folder: Path, url: str, public: str, name: str = "rig", **more: Any
) -> VirtualNode:
    """Return a node that reports with each wake and takes versions of a key, new on its bench."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario_file = folder / "scenario.toml"
    intervals = "sample_s = 60\nreport_every = 1"
    scenario_file.write_text(
        f'name = "rig"\n[[node]]\nname = "{name}"\n[node.cell]\nsoc = 0.5\nsoc_sigma = 0.001\n'
        f"[node.intervals]\n{intervals}\n"
    )
    scenario = load_scenario(str(scenario_file))
    address = parse_address(url)
    broker = Broker(address.host, address.port)
    node = virtual_node(scenario, scenario.node[0], broker, folder, NodeOptions())
    app = version(OLD).data
    launch_from_flash(node, app, update_key=public, command_key=COMMAND_KEY, **more)
    return node
