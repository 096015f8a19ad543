"""A power cut between two wakes."""

import pytest
from mqtt_brokers import Broker
from reporting_node import scenario_text, wake

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.virtual_node import VirtualNode

FAULT_GAP = 8


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_a_power_cut_between_wakes(mosquitto: Broker, node_on, receiver, runtime: RuntimeName):
    host = receiver(mosquitto)
    text = scenario_text(intervals="report_every = 1\njournal_every = 10")
    node: VirtualNode = node_on(mosquitto, text, runtime)
    wake(node, 26)  # saved with wakes 0, 10 and 20
    node.cut_power()
    wake(node, 5)
    node.cut_power()
    wake(node, 2)
    records = host.records("rig", 33)
    expected = [(1, seq) for seq in range(26)]
    expected += [(2, seq) for seq in range(5)] + [(3, seq) for seq in range(2)]
    assert [(record.boot, record.seq) for record in records] == expected
    assert [record.up_s < 2 for record in records].count(True) == 3
    saved, last, first = records[20], records[25], records[26]
    assert first.measured_nah == saved.measured_nah
    assert abs(first.stored_nah - saved.stored_nah) <= 1  # and what this wake itself has booked
    assert first.soc_sigma_ppm > last.soc_sigma_ppm
    assert [record.seq for record in records if record.faults & FAULT_GAP] == [0, 0]
    assert [record.faults for record in records[:26]] == [0] * 26
