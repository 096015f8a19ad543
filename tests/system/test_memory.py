"""What a node does when its heap is too small: for a moment, or for good."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from filmgauge.record import FAULT_MEMORY
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes import virtual_node as nodes
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.cut_witness import CutWitness
from filmgauge_sim.nodes.flash_reader import journal_state
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario, scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

NODE = "filmgauge/node.py"
SAMPLE = "        self._charge.sample(elapsed_ms)\n"
# Takes the whole heap and gives it back with the exception: once, or never leaves enough where a
# file says so.
HOG = """\
        from filmgauge.compat import exists
        if self._state.wakes >= 3 and (exists("/always") or not hasattr(self._board, "hogged")):
            self._board.hogged, all_of_it = True, []
            while True:
                all_of_it.append(bytearray(256))
"""
MakeNode = Callable[[str, bool], VirtualNode]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeNode:
    """Return a function that makes the node of a scenario that is short of memory as it samples,
    once or always."""

    def made(name: str, always: bool) -> VirtualNode:
        sources = dict(firmware_sources())
        assert sources[NODE].count(SAMPLE) == 1
        sources[NODE] = sources[NODE].replace(SAMPLE, HOG + SAMPLE)

        def runtime(
            image: Path, console: Path, heap: str, _: None, runtime: RuntimeName
        ) -> MicroPythonRuntime:
            return MicroPythonRuntime(image, console, heap, sources, runtime=runtime)

        monkeypatch.setattr(nodes, "MicroPythonRuntime", runtime)
        scenario = load_scenario(name)
        node = virtual_node(scenario, scenario.node[0], Broker("127.0.0.1", 1), tmp_path)
        if always:
            install(node.flash, {"/always": b""})
        return node

    return made


def test_a_shortage_that_passes_costs_one_wake_and_no_boot(make: MakeNode) -> None:
    with closing(make("window", False)) as node:
        while not node.waiting or node.wakes < 60:
            node.step()
            assert node.dead is None
        records = node.new_records()
        console = node.console.read_text()
    assert console.count("MemoryError") == 1
    assert "out of memory" not in console
    assert {record.boot for record in records} == {1}
    faults = [record.faults & FAULT_MEMORY for record in records]
    assert faults[:2] == [0, FAULT_MEMORY]  # told once, by the first record after it
    assert not any(faults[2:])


@pytest.mark.parametrize(("name", "most"), [("bench", 3), ("window", 4)])
def test_a_shortage_that_stays_boots_the_board_and_is_counted(
    make: MakeNode, name: str, most: int
) -> None:
    """The fifth failure in a row ends in the safe mode; a film node makes a record in between."""
    with closing(make(name, True)) as node:
        resets: list[int] = []
        faults = 0
        while len(resets) < most:
            before_us = node.now_us
            node.step()
            assert node.now_us - before_us < 3_600_000_000
            state = journal_state(node.flash)
            count = state.memory_resets if state else 0
            faults |= state.faults if state else 0
            if count and count not in resets:
                resets.append(count)
            assert node.wakes < 100
        assert state is not None
        assert faults & FAULT_MEMORY
        node.step()
        console = node.console.read_text()
    assert resets == list(range(1, most + 1))
    assert f"filmgauge: out of memory, reset {most}" in console
    assert ("safe: " in console) == (name == "bench")
    # Between two boots it tried twice, and then slept: nothing spins.
    assert console.count("MemoryError") == 2 * resets[-1]
    assert node.now_us > resets[-1] * 60_000_000


def test_a_film_node_reports_where_not_all_of_it_fits(tmp_path: Path) -> None:
    """Its gauge makes room for the record where it must, and goes on as if it had not."""
    ledgers = []
    for heap_kb in (101, 128):
        scenario, folder = load_scenario("window"), tmp_path / str(heap_kb)
        folder.mkdir()
        options = NodeOptions("micropython32", heap_kb)
        made = virtual_node(scenario, scenario.node[0], Broker("127.0.0.1", 1), folder, options)
        with closing(made) as node:
            while node.waiting < 4:
                node.step()
                assert node.wakes < 100
            records = node.new_records()
            assert "MemoryError" not in node.console.read_text()
        assert [record.faults for record in records] == [0] * 4
        ledgers.append([record.stored_nah for record in records])
    for small, large in zip(*ledgers, strict=True):
        assert abs(small - large) <= 1  # the moments of a wake differ, and with them what it draws


# Fails once in the wake after a loss of power, behind the sample that has set the sensor up anew.
FAILS = """\
        if self._state.boot > 1 and not self._state.wakes:
            raise ValueError("planted")
"""


@pytest.mark.parametrize("board", ["esp32-c3", "pico-w"])
def test_a_count_that_begins_anew_is_remembered_by_a_wake_that_fails(
    tmp_path: Path, board: str
) -> None:
    sources = dict(firmware_sources())
    sources[NODE] = sources[NODE].replace(SAMPLE, SAMPLE + FAILS)
    charging = [{"action": "charge", "rate_c": 0.2, "hours": 4.0}]
    table = {
        "name": "count",
        "board": board,
        "cell": {"soc": 0.3, "soc_sigma": 0.001},
        "intervals": {"sample_s": 60, "journal_every": 1},
        "world": {"cycler": charging},
    }
    scenario = scenario_from({"name": "count", "node": [table]})
    options = NodeOptions("cpython", real_wait_ms=10, sources=sources)
    nowhere = Broker("127.0.0.1", 1)
    with closing(virtual_node(scenario, scenario.node[0], nowhere, tmp_path, options)) as node:
        witness = CutWitness(node, list)
        for cut in (False, True):
            if cut:
                node.cut_power()
                witness.power_went()
            until = node.wakes + 4
            while node.wakes < until:
                node.step()
                witness.follow()
        assert node.console.read_text().count("planted") == 1
        assert [each for each in witness.problems() if "nAh" in each] == []
