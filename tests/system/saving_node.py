"""A node on USB that has no broker and saves its state with every wake."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.flash import make_flash
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.power_cuts import PowerCuts
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

_TEXT = """
name = "cut"
[[node]]
name = "cut"
board = "{board}"
[node.cell]
soc = 0.5
soc_sigma = 0.001
[node.intervals]
sample_s = 60
report_every = 2
journal_every = 1
[node.bluetooth]
advertise_ms = 0
[node.world]
clock_error_ppm = 20
"""
_NOWHERE = Broker("127.0.0.1", 1)


def saving_node(
    folder: Path,
    board: str,
    runtime: RuntimeName = "cpython",
    whole: bool = False,
    cuts: PowerCuts | None = None,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> VirtualNode:
    """Return such a node; whole: its file system takes the whole storage; changes: of its
    description, by dotted keys."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.toml"
    path.write_text(_TEXT.format(board=board))
    scenario = load_scenario(str(path))
    node = scenario.node[0]
    if changes:
        node = replace(node, description=varied(node.description, changes))
    if whole:
        kind = node.description.kind
        install(make_flash(folder / "cut.flash", kind.flash_pages, kind.flash), {"/kept": b""})
    options = NodeOptions(runtime, real_wait_ms=10, cuts=cuts)
    return virtual_node(scenario, node, _NOWHERE, folder, options)


def wake(node: VirtualNode, count: int) -> None:
    """Let a node sample so many times; it must stay alive."""
    until, steps = node.wakes + count, 20 * count
    while node.wakes < until and steps:
        steps -= 1
        node.step()
        assert node.dead is None, node.console.read_text()[-2000:]
    assert node.wakes == until
