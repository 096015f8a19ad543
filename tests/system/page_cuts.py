"""Nodes without Wi-Fi whose power goes at a page operation of their flash, wake after wake."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.flash import FlashCut, make_flash
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, journal_state
from filmgauge_sim.nodes.node_options import NodeOptions
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


def cut_node(
    folder: Path, board: str, runtime: RuntimeName = "cpython", whole: bool = False
) -> VirtualNode:
    """Return a node that lives from USB and saves its state with every wake; whole: its file
    system takes the whole storage."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.toml"
    path.write_text(_TEXT.format(board=board))
    scenario = load_scenario(str(path))
    node = scenario.node[0]
    if whole:
        kind = node.description.kind
        install(make_flash(folder / "cut.flash", kind.flash_pages, kind.flash), {"/kept": b""})
    options = NodeOptions(runtime, real_wait_ms=10)
    return virtual_node(scenario, node, _NOWHERE, folder, options)


@dataclass(frozen=True)
class Remembered:
    """What a node has in flash: wakes and boots of its state, and its newest record."""

    boot: int
    wakes: int
    newest: str

    @classmethod
    def of(cls, node: VirtualNode) -> "Remembered | None":
        """Return it, None where there is no state."""
        state, names = journal_state(node.flash), backlog(node.flash)
        return state and cls(state.boot, state.wakes, names[-1] if names else "")


@dataclass(frozen=True)
class AfterCut:
    """before: in flash before the wake with the cut; after: in flash after it, without power;
    lives: whether the node boots and wakes on from there."""

    before: Remembered | None
    after: Remembered | None
    lives: bool


def cut_at(make: Callable[[], VirtualNode], wakes: int, cut: FlashCut) -> AfterCut | None:
    """Let a node live so many wakes, and cut its power at an operation of the next one; return
    None where that wake has no such operation."""
    with closing(make()) as node:
        wake(node, wakes)
        before = Remembered.of(node)
        node.flash.cut = FlashCut(node.flash.operations + cut.operation, cut.part)
        until = node.wakes + 1
        while node.flash.cut is not None and node.wakes < until:
            node.step()
        if node.flash.cut is not None:
            return None
        node.cut_power()
        after = Remembered.of(node)
        try:
            wake(node, 3)
        except AssertionError:
            return AfterCut(before, after, False)
        return AfterCut(before, after, True)


def wake(node: VirtualNode, count: int) -> None:
    """Let a node sample so many times; it must stay alive."""
    until, steps = node.wakes + count, 20 * count
    while node.wakes < until and steps:
        steps -= 1
        node.step()
        assert node.dead is None, node.console.read_text()[-2000:]
    assert node.wakes == until
