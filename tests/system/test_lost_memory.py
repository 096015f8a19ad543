"""A node that loses its memory or its counters, on each board: told, and never silent."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from bthome_receiver import Receiver, service_data
from saving_node import saving_node, wake

from filmgauge.record import FAULT_COUNTER, FAULT_LIFE
from filmgauge.record.record import Record
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.board.radio_port import Advertisement, RadioPort
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

BOARDS = pytest.mark.parametrize("board", ["esp32-c3", "pico-w", "stm32wb55"])
RUNTIMES = pytest.mark.parametrize("runtime", ["cpython", "micropython"])
KEY, OTHER = "231d39c1d7cc1ab1aee224cd096db932", "00112233445566778899aabbccddeeff"


def stored(node: VirtualNode) -> list[Record]:
    return [stored_record(node.flash, name) for name in backlog(node.flash)]


@RUNTIMES
@BOARDS
@pytest.mark.parametrize("lose", [VirtualNode.spoil_journal, VirtualNode.erase_flash])
def test_a_new_life_is_told_once_and_sure_of_nothing(
    board: str, runtime: RuntimeName, lose: Callable[[VirtualNode], None], tmp_path: Path
) -> None:
    with closing(saving_node(tmp_path, board, runtime)) as node:
        wake(node, 6)
        before = stored(node)
        assert len(before) == 3
        assert [record.faults for record in before] == [0, 0, 0]
        lose(node)
        wake(node, 5)
        after = [record for record in stored(node) if record.life != before[0].life]
        old = [record for record in stored(node) if record.life == before[0].life]
    assert old == (before if lose is VirtualNode.spoil_journal else [])
    assert [(record.boot, record.seq) for record in after][:3] == [(1, 0), (1, 1), (1, 2)]
    assert [bool(record.faults & FAULT_LIFE) for record in after][:3] == [True, False, False]
    assert after[0].soc_sigma_ppm > 250_000


@BOARDS
def test_power_that_goes_is_no_new_life(board: str, tmp_path: Path) -> None:
    with closing(saving_node(tmp_path, board)) as node:
        wake(node, 6)
        node.cut_power()
        wake(node, 3)
        records = stored(node)
    assert len({record.life for record in records}) == 1
    assert {record.boot for record in records} == {1, 2}
    assert not any(record.faults & FAULT_LIFE for record in records)


class Listener(RadioPort):
    def __init__(self) -> None:
        self.heard: list[Advertisement] = []

    def advertise(self, event: Advertisement) -> None:
        self.heard.append(event)


def live(node: VirtualNode, listener: Listener, hours: float) -> set[bytes]:
    """Let hours pass; return the different service data that were advertised."""
    del listener.heard[:]
    until_us = node.now_us + round(hours * 3.6e9)
    while node.now_us < until_us:
        node.step()
    return {service_data(event.data) for event in listener.heard}


def is_lost(node: VirtualNode) -> bool:
    return bool(stored(node)[-1].faults & FAULT_COUNTER)


@pytest.mark.parametrize("board", ["esp32-c3", "pico-w"])
def test_other_keys_that_come_by_cable_are_used_behind_its_reset(
    board: str, tmp_path: Path
) -> None:
    """Retained memory outlives what a flashing tool ends with."""
    with closing(saving_node(tmp_path, board)) as node:
        put_key(node, KEY)
        wake(node, 4)
        assert not is_lost(node)
        node.erase_flash()
        put_key(node, KEY)
        wake(node, 4)
        assert is_lost(node)
        node.reset()
        wake(node, 4)
        assert is_lost(node)
        put_key(node, OTHER)
        node.reset()
        wake(node, 4)
        assert not is_lost(node)


def put_key(node: VirtualNode, key: str) -> None:
    config = json.loads(fetch(node.flash, "/config.json")) | {"command_key": key}
    config.pop("crc", None)
    install(node.flash, {"/config.json": json.dumps(config).encode()})


@RUNTIMES
def test_a_lost_counter_is_used_under_new_keys_only(runtime: RuntimeName, tmp_path: Path) -> None:
    scenario, listener = load_scenario("window"), Listener()
    given = scenario.node[0]
    described = varied(given.description, {"bluetooth.encrypted": True})
    given = msgspec.structs.replace(given, description=described, secrets={"ble_key": KEY})
    options = NodeOptions(runtime, radio_port=listener)
    with closing(virtual_node(scenario, given, Broker("", 0), tmp_path, options)) as node:
        sealed = live(node, listener, 2.5)
        node.erase_flash()  # the configuration comes back as it was
        silent = live(node, listener, 2.5)
        first, last = listener.heard[0], stored(node)[-1]
        node.cut_power()
        still = live(node, listener, 2.5)
        records = stored(node)
        node.cut_power()
        config = json.loads(fetch(node.flash, "/config.json")) | {"ble_key": OTHER}
        install(node.flash, {"/config.json": json.dumps(config).encode()})
        mended = live(node, listener, 2.5)
        newest = stored(node)[-1]
        again = listener.heard[0]
    assert {data[0] for data in sealed} == {0x45}
    assert {data[:2] for data in silent | still} == {b"\x44\x00"}
    assert all(len(data) == 5 for data in silent | still)  # a packet number, and a problem
    assert Receiver().read(first) == {"packet_id": 0}  # the problem is no value
    assert last.faults & FAULT_COUNTER
    assert all(record.faults & FAULT_COUNTER for record in records)
    assert {data[0] for data in mended} == {0x45}
    assert not newest.faults & FAULT_COUNTER
    assert "voltage" in Receiver(OTHER).read(again)
