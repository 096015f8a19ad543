"""The start of a radio: Wi-Fi that does not start costs no record and ends no wake, whatever the
port raises; Bluetooth takes any name of a node."""

from contextlib import closing
from pathlib import Path

import pytest
from reporting_node import said
from saving_node import saving_node, wake

from filmgauge_sim.board.board_faults import RadioFailure
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.flash_reader import backlog, stored_record


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
@pytest.mark.parametrize("fails", ["error", "no_memory"])
@pytest.mark.parametrize("board", ["esp32-c3", "pico-w"])
def test_records_wait_where_wifi_does_not_start(
    tmp_path: Path, board: str, fails: RadioFailure, runtime: RuntimeName
) -> None:
    with closing(saving_node(tmp_path, board, runtime)) as node:
        node.radio_fails = fails
        wake(node, 14)
        records = [stored_record(node.flash, name) for name in backlog(node.flash)]
        text = said(node)
    assert [(record.boot, record.seq) for record in records] == [(1, seq) for seq in range(7)]
    assert [record.faults for record in records] == [0] * 7
    assert {record.restarts for record in records} == {0}
    assert text.count("filmgauge: wifi: ") == 7
    assert "Traceback" not in text


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_node_with_the_longest_name_goes_on_the_air(
    tmp_path: Path, runtime: RuntimeName
) -> None:
    """One character more than what the stack takes for the name of a device."""
    changes = {"name": "n" * 32, "bluetooth.advertise_ms": 5000}
    with closing(saving_node(tmp_path, "stm32wb55", runtime, changes=changes)) as node:
        wake(node, 3)
        text = said(node)
        advertised_us = node.board.load.time_us["advertising asleep"]
    assert "filmgauge: bluetooth:" not in text
    assert advertised_us > 0
