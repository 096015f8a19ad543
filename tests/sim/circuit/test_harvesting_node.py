"""The firmware itself on a board that lives from the film."""

from pathlib import Path

import msgspec
import pytest

from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario, scenario_from
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


@pytest.mark.parametrize("board", ["esp32-c3", "stm32wb55"])
@pytest.mark.parametrize(("share", "comes_through"), [(0.9, False), (1.0, True)])
def test_the_least_capacitor_carries_a_boot_with_its_report(
    board: str, share: float, comes_through: bool, tmp_path: Path
) -> None:
    """From the voltage at which a board gets its supply back; with less it boots for ever. The
    first life of an STM32 has a page more, which is there at the next boot."""
    scenario = load_scenario("window")
    (given,) = scenario.node
    changes = {"board": board, "cell.area_cm2": 1000.0}
    if board != "stm32wb55":
        changes |= {"bluetooth.advertise_ms": 0, "bluetooth.awake_ms": 0}
        changes |= {"sensor.shunt_ohm": 20.0, "converter.discharge_ua": 2000.0}
    described = varied(given.description, changes)
    least_uf = described.buffer.least_uf
    world = WorldSection(capacitor_v=described.converter.restart_v)
    node = virtual_node(
        scenario,
        msgspec.structs.replace(
            given,
            description=varied(described, {"capacitor.capacitance_uf": share * least_uf}),
            world=world,
        ),
        NOWHERE,
        tmp_path,
        NodeOptions("cpython", real_wait_ms=10),
    )
    try:
        for _ in range(4):
            node.step()
        assert (len(node.incidents) <= 1) == comes_through
        assert (len(node.incidents) == 4) != comes_through
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
