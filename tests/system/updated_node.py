"""A virtual board with Wi-Fi whose versions are archives on its flash, started by the launcher as
on a real one."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from flashed_board import start_files, version

from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.launcher import heap_for
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

COMMAND_KEY = "00112233445566778899aabbccddeeff"
OLD, NEW = "0.1.0", "0.2.0"
# As a board that runs what is on its file system.
MAIN = "import sys\n\nsys.path.insert(0, '')\nimport launch\n\nlaunch.start()\n"


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
    config = json.loads(read(node, "/config.json") or b"")
    config |= {"update_key": public, "command_key": COMMAND_KEY, **more}
    app = version(OLD).data
    files = {**start_files(), "/app.bin": app, "/config.json": json.dumps(config).encode()}
    install(node.flash, {path: data for path, data in files.items() if path != "/main.py"})
    node.runtime.close()
    node.runtime = MicroPythonRuntime(
        node.flash.path, node.console, heap_for(node.kind.heap_kb), {"main.py": MAIN}
    )
    return node


def read(node: VirtualNode, path: str) -> bytes | None:
    """Return a file of the node, None where there is none."""
    with suppress(Exception):
        return fetch(node.flash, path)
    return None


def names(node: VirtualNode, path: str) -> set[str]:
    """Return the names in a directory of the node."""
    return set(listing(node.flash, path)) - {".", ".."}
