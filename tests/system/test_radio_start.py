"""Wi-Fi that does not start costs no record and ends no wake, whatever the port raises."""

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
