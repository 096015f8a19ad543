"""A node that is told to count in another way: what the way before has left says nothing to it."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from reporting_node import make_node, scenario_text, wake

from filmgauge.record import FAULT_GAP
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.virtual_node import VirtualNode

COUNTS, SAMPLES = -1, 3  # the pin that switches the sensors
TEXT = scenario_text(intervals="report_every = 1").replace(
    'name = "rig"\n[node.cell]', 'name = "rig"\n[node.pins]\nsensors = 3\n[node.cell]'
)


def bring(node: VirtualNode, pin: int) -> None:
    """Let a host bring a configuration with another pin."""
    config = json.loads(fetch(node.flash, "/config.json")) | {"pin_sensors": pin}
    install(node.flash, {"/config.json": json.dumps(config).encode()})


@pytest.mark.parametrize(("before", "after"), [(COUNTS, SAMPLES), (SAMPLES, COUNTS)])
def test_it_begins_anew_and_says_that_there_is_a_gap(
    before: int, after: int, tmp_path: Path
) -> None:
    with closing(make_node(tmp_path, "mqtt://127.0.0.1:1", "cpython", TEXT, 50)) as node:
        bring(node, before)
        wake(node, 20)
        bring(node, after)
        node.reset()
        wake(node, 10)
        records = [stored_record(node.flash, name) for name in backlog(node.flash)]
    at = [record.seq for record in records if record.faults & FAULT_GAP]
    assert at == [20]
    old, new, last = records[19], records[20], records[-1]
    assert new.soc_sigma_ppm > 100_000
    assert new.measured_nah == pytest.approx(old.measured_nah, abs=1.05 * 37)  # a minute of 2.2 uA
    a_minute = (last.measured_nah - new.measured_nah) / (len(records) - 21)
    assert a_minute == pytest.approx(2202031 * 60 / 3.6e6, rel=0.02)


@pytest.mark.parametrize("pin", [COUNTS, SAMPLES])
def test_a_reset_alone_is_no_gap(pin: int, tmp_path: Path) -> None:
    with closing(make_node(tmp_path, "mqtt://127.0.0.1:1", "cpython", TEXT, 50)) as node:
        bring(node, pin)
        wake(node, 5)
        node.reset()
        wake(node, 5)
        records = [stored_record(node.flash, name) for name in backlog(node.flash)]
    assert not any(record.faults & FAULT_GAP for record in records)
