"""A sensor that begins anew, and then the board alone: what flash has is of an earlier start."""

from contextlib import closing
from pathlib import Path

import pytest
from reporting_node import make_node, said, scenario_text

from filmgauge.record import FAULT_GAP
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.virtual_node import VirtualNode

# It saves once before the sensor begins anew, and not again before the board does.
TEXT = scenario_text(intervals="report_every = 1\njournal_every = 10").replace(
    'name = "rig"\n[node.cell]', 'name = "rig"\nboard = "pico-w"\n[node.cell]'
)
MINUTE_NAH = 2202031 * 60 / 3.6e6


def live(node: VirtualNode, minutes: float) -> None:
    until_us = node.now_us + minutes * 6e7
    while node.now_us < until_us:
        node.step()
        assert node.dead is None, said(node)[-2000:]


@pytest.mark.parametrize("begins_anew", [True, False])
def test_a_board_that_boots_tells_one_start_from_another(
    tmp_path: Path, begins_anew: bool
) -> None:
    with closing(make_node(tmp_path, "mqtt://127.0.0.1:1", "cpython", TEXT, 50)) as node:
        live(node, 12.5)
        if begins_anew:
            node.world.power_sensors(False)
            node.world.power_sensors(True)
        live(node, 3.0)
        node.reset()
        live(node, 2.5)
        records = [stored_record(node.flash, name) for name in backlog(node.flash)]
    saved = next(record for record in records if record.seq == 10)
    first, *_, last = [record for record in records if record.boot == 2]
    assert first.measured_nah is not None
    assert saved.measured_nah is not None
    # Nothing of what another start had counted: at most what has flowed since.
    assert -1.0 <= first.measured_nah - saved.measured_nah < 6.5 * MINUTE_NAH
    assert bool(first.faults & FAULT_GAP) == begins_anew
    assert (last.soc_sigma_ppm > 100_000) == begins_anew
    assert not last.faults & FAULT_GAP
