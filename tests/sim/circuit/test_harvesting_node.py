"""The firmware itself on a board that lives from the film."""

from pathlib import Path

from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

NOWHERE = Broker("127.0.0.1", 1)
DARK = {"outages": [{"begin_h": 0, "end_h": 1e5}]}


def node_on(folder: Path, capacitance_uf: float) -> VirtualNode:
    node = {
        "name": "film",
        "supply": "film",
        "cell": {"area_cm2": 100.0, "soc": 0.6},
        "capacitor": {"capacitance_uf": capacitance_uf, "leakage_mohm": 1.0},
        "converter": {"discharge_ua": 40.0, "charge_ua": 40.0},
        "harvester": {"kind": "constant", "power_uw": 500.0},
        "intervals": {"sample_s": 600, "report_every": 24, "journal_every": 24},
    }
    scenario = scenario_from({"name": "film", "network": DARK, "node": [node]})
    options = NodeOptions("cpython", real_wait_ms=10)
    return virtual_node(scenario, scenario.node[0], NOWHERE, folder, options)


def test_looking_for_wifi_on_a_small_capacitor_browns_out_and_boots_anew(tmp_path: Path) -> None:
    # 10 s at 105 mA and 3.3 V are 3.5 J; 1.5 F from 3.3 V to 2.8 V hold 2.3 J.
    node = node_on(tmp_path, 1.5e6)
    try:
        while node.wakes < 3 and node.now_us < 86_400_000_000:
            node.step()  # or an hour of waiting for the capacitor
        assert [note.partition(": ")[2] for note in node.incidents] == ["brown-out"] * 3
        # Each boot is a power-on with a number of its own and no memory of the one before.
        assert node.truth.boots == [1, 2, 3]
    finally:
        node.close()


def test_on_a_large_capacitor_it_sleeps_and_every_microsecond_is_booked(tmp_path: Path) -> None:
    node = node_on(tmp_path, 2e7)
    try:
        for _ in range(6):
            node.step()
        assert node.incidents == []
        assert len(node.truth) == 6
        meter = node.board.load
        drawn_uj = sum(meter.charge_pc.values()) * 1e-6 * board_kind("esp32-c3").supply_v
        # The last stretch of sleep may be on its way from the board to the world.
        node.world.advance_to(node.board.now_us)
        ledger = node.world.ledger  # type: ignore[union-attr]
        assert abs(ledger.board - drawn_uj) <= 1e-9 * drawn_uj
        assert abs(ledger.imbalance_uj) <= 1e-9 * ledger.throughput_uj
    finally:
        node.close()
