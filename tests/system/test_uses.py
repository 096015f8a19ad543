"""Uses that the cell was published for: a thermometer that is touched, a machine at 60 degC."""

from contextlib import closing
from pathlib import Path

from filmgauge.record import FAULT_GAP
from filmgauge.record.record import Record
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation

HOUR_US = 3_600_000_000


def lived(
    name: str, folder: Path, runtime: RuntimeName = "cpython", hours: int = 7 * 24
) -> tuple[VirtualNode, list[Record]]:
    folder.mkdir()
    with closing(Simulation(load_scenario(name), Broker("127.0.0.1", 1), folder, runtime)) as made:
        (node,) = made.nodes
        while node.now_us < hours * HOUR_US:
            node.step(hours * HOUR_US)
            assert node.dead is None
        return node, node.new_records()


def test_a_thermometer_is_awake_only_while_it_is_touched(tmp_path: Path) -> None:
    node, records = lived("thermometer", tmp_path / "week")
    touches = 28  # at 8 h and each six hours after; the last, at 170 h, ends the last step
    assert {record.boot for record in records} == set(range(1, touches + 1))
    for record in records:
        assert record.up_s <= 25
        assert abs(record.temperature_cdeg - 3570) <= 15  # the TMP117's 0.1 K, and its noise
    firsts = [record for record in records if record.seq == 0]
    assert len(firsts) == touches
    assert [bool(record.faults & FAULT_GAP) for record in firsts] == [False] + [True] * 27
    # Always awake, it would empty its film in an hour.
    assert 0.3 < node.truth[-1].stoichiometry < 0.6
    assert node.board.now_us - sum(node.board.load.time_us.values()) > 159 * HOUR_US
    last = records[-1]
    off_ppm = abs(last.soc_ppm - 1e6 * node.truth[-1].stoichiometry)
    assert off_ppm < 2 * last.soc_sigma_ppm  # what it cannot know it does not claim
    real = lived("thermometer", tmp_path / "board", "micropython", 15)[1]
    assert len(real) > 4
    assert [record.values() for record in real] == [
        record.values() for record in records[: len(real)]
    ]


def test_a_machine_at_60_degrees_lives_through_its_weekend(tmp_path: Path) -> None:
    node, records = lived("machine", tmp_path / "week")
    assert {record.boot for record in records} == {1}
    assert len(records) >= 160  # towards the end its doubt lets it say less
    assert {record.faults for record in records} == {0}
    assert all(abs(record.temperature_cdeg - 6000) <= 20 for record in records)
    truth = {round(each.now_us / 1e6 / 600): each.stoichiometry for each in node.truth}
    errors = [
        (abs(record.soc_ppm - 1e6 * truth[round(record.up_s / 600)]), record.soc_sigma_ppm)
        for record in records
        if round(record.up_s / 600) in truth
    ]
    assert len(errors) > 100
    assert max(error for error, _ in errors) < 50_000
    assert sum(error <= 2 * sigma + 2000 for error, sigma in errors) >= 0.95 * len(errors)
    assert min(truth.values()) > 0.3
