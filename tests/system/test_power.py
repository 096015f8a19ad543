"""Power cuts: between wakes and at every request of a wake."""

import json
from pathlib import Path

import pytest
from mqtt_brokers import Broker
from patience import until
from reporting_node import Receiver, backlog, make_node, scenario_text, wake

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.nodes.virtual_node import VirtualNode

FAULT_GAP = 8
INTERVALS = "report_every = 1\njournal_every = 2"


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


class CutNode:
    """A node that loses power at the request `request` of the wake after `before` wakes."""

    def __init__(
        self, folder: Path, host: Receiver, url: str, runtime: RuntimeName, saved_nah: int
    ):
        self.saved_nah = saved_nah
        self.went_on_from: set[int] = set()
        self._folder = folder
        self._host = host
        self._url = url
        self._runtime: RuntimeName = runtime

    def live(self, before: int, request: int) -> bool:
        """Run one node through its cut; return False when the wake had no such request."""
        name = f"cut-{self._runtime}-{before}-{request}"
        text = scenario_text(name, intervals=INTERVALS)
        node = make_node(self._folder / name, self._url, self._runtime, text)
        try:
            wake(node, before)
            node.board.cut_at_request = node.board.requests + request
            wake(node, 1)
            if node.board.cut_at_request is not None:
                return False
            node.cut_power()
            wake(node, 3)
            self._check(node, before)
        finally:
            node.close()
        return True

    def _check(self, node: VirtualNode, before: int) -> None:
        configuration = json.loads(fetch(node.flash, "/config.json"))
        assert configuration["node"] == node.name
        assert backlog(node) == []
        least = 2 if before else 1

        def arrived() -> bool:
            newest = self._host.store.newest(node.name, 1)
            return bool(newest) and newest[0].key[1:] in ((least, 2), (2, 2))

        until(arrived)
        records = [report.record for report in self._host.store.records(node.name)]
        last_boot = records[-1].boot
        again = [record for record in records if record.boot == last_boot]
        assert [record.seq for record in again] == [0, 1, 2]
        # It went on from the save of the cut wake or from the one before.
        if before:
            assert last_boot == 2
            assert again[0].measured_nah in (0, self.saved_nah)
            self.went_on_from.add(again[0].measured_nah or 0)
        assert not self._host.ingest.rejected()  # no (boot, seq) came with two contents


@pytest.mark.parametrize(
    ("runtime", "step"), [("cpython", 1), ("micropython", 9)], ids=["cpython", "micropython"]
)
@pytest.mark.parametrize("before", [0, 2])
def test_a_power_cut_at_every_request(
    tmp_path, mosquitto: Broker, receiver, runtime: RuntimeName, step: int, before: int
):
    host: Receiver = receiver(mosquitto)
    calm = make_node(
        tmp_path / "calm", mosquitto.url, runtime, scenario_text("calm", intervals=INTERVALS)
    )
    wake(calm, 3)
    calm.close()
    saved_nah = host.records("calm", 3)[2].measured_nah  # it saves and reports
    assert saved_nah
    cut = CutNode(tmp_path, host, mosquitto.url, runtime, saved_nah)
    request = 1
    while cut.live(before, request):
        request += step
    assert request > 40  # a wake that saves and reports makes more
    assert cut.went_on_from == ({0, saved_nah} if before else set())
