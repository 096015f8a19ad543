"""What a save of the state and a record cost in flash on each board, and ten years of them."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from bench.figures import Figure
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

_NOWHERE = Broker("127.0.0.1", 1)
_NEVER = 1000  # wakes
_WAKES = 100
_TEN_YEARS = 3652
_DAYS = 120
_DAY_US = 86_400_000_000
_CYCLES = 10_000  # that flash endures: datasheets


def report() -> Iterator[Figure]:
    """Yield page erases, time and energy on each board, and the hottest page after ten years."""
    for board in BOARDS:
        yield _a_save(board, "a save of the state", {"journal_every": 1, "report_every": _NEVER})
        yield _a_save(board, "a record that waits", {"journal_every": _NEVER, "report_every": 1})
    for scenario in ("window", "implant"):
        yield _ten_years(scenario)


def _a_save(board: str, what: str, intervals: dict[str, int]) -> Figure:
    changes = {f"intervals.{name}": value for name, value in intervals.items()}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(_node("bench", folder, changes | {"board": board})) as node,
    ):
        _wake(node, 1)
        node.flash.reset_wear()
        _wake(node, _WAKES)
        flash, kind = node.flash, node.kind
        energy_uj = flash.busy_us / 1e6 * kind.active_ua * kind.supply_v / _WAKES
        value = (
            f"{flash.erases / _WAKES:.2f} erases, {flash.busy_us / 1000 / _WAKES:.0f} ms, "
            f"{energy_uj / 1000:.2f} mJ"
        )
    return Figure(f"flash of {board}, {what}", value)


def _ten_years(scenario: str) -> Figure:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(_node(scenario, folder, {"supply": "usb"})) as node,
    ):
        while node.now_us < _DAYS * _DAY_US:
            node.step()
        hottest = max(node.flash.wear) / _DAYS * _TEN_YEARS
    what = f"erases of the hottest page, ten years of `{scenario}`"
    return Figure(what, f"{hottest:.0f}", f"{_CYCLES}")


def _node(name: str, folder: str, changes: dict[str, Any]) -> VirtualNode:
    scenario = load_scenario(name)
    given = scenario.node[0]
    node = msgspec.structs.replace(
        given, description=varied(given.description, changes), world=WorldSection()
    )
    options = NodeOptions("cpython", real_wait_ms=10)
    return virtual_node(scenario, node, _NOWHERE, Path(folder), options)


def _wake(node: VirtualNode, count: int) -> None:
    until = node.wakes + count
    while node.wakes < until and node.dead is None:
        node.step()
