"""Nodes that live from their film: the same firmware on both runtimes, through light and dark."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from cadence import period_s, reports_due

from filmgauge.record import FAULT_EXCEPTION, FAULT_GAP
from filmgauge.record.record import Record
from filmgauge_sim.board import inprocess
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

RUNTIMES = pytest.mark.parametrize("runtime", ["micropython", "cpython"])
NOWHERE = Broker("127.0.0.1", 1)
HOUR_US = 3_600_000_000
INA228_SAMPLE_NAH = 5.9  # of 8 x 4.12 ms at 640 uA; two conversions of 1 ms are less
FAINT = """
name = "faint"
[[node]]
name = "faint"
board = "stm32wb55"
supply = "film"
reduces_service = false
[node.cell]
area_cm2 = 4.0
soc = 0.06
soc_sigma = 0.001
[node.capacitor]
capacitance_uf = 4700
leakage_mohm = 30
[node.harvester]
kind = "charger"
power_uw = 100
[node.sensor]
switched = true
[node.intervals]
sample_s = 120
report_every = 3
journal_every = 2
[node.budget]
own_uw = 20.0
wake_uj = 200
[node.world]
clock_error_ppm = 300
[node.world.charger]
hours = 3
every_h = 10
first_h = 4.5
"""

Make = Callable[[str, RuntimeName], VirtualNode]


@pytest.fixture
def film_node(tmp_path: Path) -> Iterator[Make]:
    """A function that makes the node of a scenario: (name or text, runtime)."""
    with ExitStack() as stack:

        def make(scenario: str, runtime: RuntimeName) -> VirtualNode:
            folder = tmp_path / f"node-{len(list(tmp_path.glob('node-*')))}"
            folder.mkdir()
            if "\n" in scenario:
                (folder / "scenario.toml").write_text(scenario)
                scenario = str(folder / "scenario.toml")
            read = load_scenario(scenario)
            node = virtual_node(read, read.node[0], NOWHERE, folder, NodeOptions(runtime))
            return stack.enter_context(closing(node))

        yield make


def live(node: VirtualNode, hours: float) -> list[Record]:
    """Let a node live; return the records that it has stored meanwhile."""
    records = []
    while node.now_us < hours * HOUR_US:
        node.step()
        assert node.dead is None, node.console.read_text()[-2000:]
        records += node.new_records()
    return records


def world_of(node: VirtualNode) -> HarvestingCircuit:
    assert isinstance(node.world, HarvestingCircuit)
    node.world.advance_to(node.board.now_us)
    return node.world


def cost(node: VirtualNode) -> dict[str, Any]:
    return {
        "end": node.board.now_us,
        "requests": node.board.requests,
        "wakes": node.wakes,
        "states": dict(node.board.load.time_us),
        "flash": node.flash.path.read_bytes(),
        "ledger": world_of(node).ledger,
        "truth": list(node.truth),
        "incidents": node.incidents,
    }


@pytest.mark.parametrize(
    ("scenario", "hours", "boots"), [("window", 11, 1), ("implant", 10, 1), (FAINT, 7, 2)]
)
def test_both_runtimes_are_the_same_run(
    film_node: Make, scenario: str, hours: float, boots: int
) -> None:
    runtimes: tuple[RuntimeName, ...] = ("micropython", "cpython")
    nodes = [film_node(scenario, runtime) for runtime in runtimes]
    real, fast = (live(node, hours) for node in nodes)
    assert [record.values() for record in real] == [record.values() for record in fast]
    costs = [cost(node) for node in nodes]
    for what, amount in costs[0].items():
        assert amount == costs[1][what], what
    assert len({record.boot for record in real}) == boots
    assert [record.faults for record in real if record.boot == 1] == [0] * sum(
        record.boot == 1 for record in real
    )


@RUNTIMES
def test_the_memory_outlives_light_sleep(film_node: Make, runtime: RuntimeName) -> None:
    node = film_node("window", runtime)
    hours = 5.05  # dark
    records = live(node, hours)
    intervals = node.description.intervals
    made = reports_due(node.description, hours * 3600)
    assert made > 2
    assert [(record.boot, record.seq) for record in records] == [(1, seq) for seq in range(made)]
    # Wakes keep to the grid of the board's own clock, which starts with its power.
    grid_s = period_s(node.description)
    assert [record.up_s for record in records] == [seq * grid_s for seq in range(made)]
    # In the dark every other wake asks no sensor, and the virtual node does not see it.
    assert node.wakes == int(hours * 3600 / intervals.sample_s) // 2 + 1
    assert node.board.load.time_us["boot"] == node.kind.boot_us  # and no second one
    # The look before it, which has written to flash: two erases of 54 ms at most.
    assert all((record.awake_ms or 0) < 150 for record in records)


@RUNTIMES
def test_darkness_browns_the_node_out_and_light_brings_it_back(
    film_node: Make, runtime: RuntimeName
) -> None:
    node = film_node(FAINT, runtime)
    dark = live(node, 2.9)
    world = world_of(node)
    assert [note.partition(": ")[2] for note in node.incidents] == ["brown-out"]
    assert not world.board_on
    assert node.kind.brown_out_v >= world.capacitor_v
    bright = live(node, 6.5)
    assert world_of(node).board_on
    assert {record.boot for record in dark} == {1}
    assert {record.boot for record in bright} == {2}
    first = bright[0]
    assert (first.seq, first.up_s) == (0, 0)
    assert first.faults & FAULT_GAP
    # It goes on from the journal, which may lack one save's worth: two wakes at 1 V at least.
    lost_nah = 2 * (6.0 * 120 + 200) / 0.87 / 1.0 / 3.6
    assert first.booked_nah is not None
    assert dark[-1].booked_nah is not None
    assert first.booked_nah <= dark[-1].booked_nah + lost_nah < 0
    assert (first.soc_sigma_ppm or 0) >= 100_000
    # While the charger is there, what is sampled is a charge, and it is counted.
    assert (bright[-1].measured_nah or 0) > 1000


@pytest.mark.parametrize("scenario", ["window", "implant"])
def test_energy_closes_and_the_figures_are_those_of_the_parts(
    film_node: Make, scenario: str
) -> None:
    node = film_node(scenario, "cpython")
    records = live(node, 12)
    ledger = world_of(node).ledger
    assert abs(ledger.imbalance_uj) <= 1e-9 * ledger.throughput_uj
    meter = node.board.load
    drawn_uj = sum(meter.charge_pc.values()) * 1e-6 * node.kind.supply_v
    assert abs(ledger.board - drawn_uj) <= 1e-9 * drawn_uj
    asleep = meter.time_us["light sleep"] / node.now_us
    assert asleep > 0.999
    sample_nah = ledger.sensors / node.kind.sensors_v / 3.6 / node.wakes
    assert 0 < sample_nah < INA228_SAMPLE_NAH
    # The ledger of the firmware and the truth, within what the firmware says of itself.
    last = records[-1]
    truth = node.truth.at(last.boot, last.up_s)
    assert truth is not None
    assert last.soc_ppm is not None
    assert last.soc_sigma_ppm is not None
    assert abs(last.soc_ppm - 1e6 * truth.stoichiometry) <= 3 * last.soc_sigma_ppm


def test_a_full_backlog_drops_its_oldest_records(film_node: Make) -> None:
    text = FAINT.replace("soc = 0.06", "soc = 0.9")
    # What 1 cm2 gives does not pay for a page of flash every six minutes.
    text = text.replace("capacitance_uf = 4700", "capacitance_uf = 100000")
    text = text.replace("[node.budget]", "[node.records]\nbacklog = 10\n[node.budget]")
    node = film_node(text, "cpython")
    records = live(node, 1.95)
    assert [record.seq for record in records] == list(range(20))
    assert backlog(node.flash) == [f"{number:08d}" for number in range(10, 20)]
    assert (node.made, node.waiting) == (20, 10)


@RUNTIMES
def test_a_power_cut_while_it_sleeps(film_node: Make, runtime: RuntimeName) -> None:
    node = film_node("window", runtime)
    period_h = period_s(node.description) / 3600
    live(node, 1.1 * period_h)
    node.cut_power()
    records = live(node, 2.2 * period_h)
    assert [(record.boot, record.seq) for record in records] == [(2, 0), (2, 1)]


def test_a_failed_wake_goes_on_from_what_is_in_memory(
    film_node: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = dict(inprocess.firmware_sources())
    calm = "        self._load_state()\n"
    planted = (
        calm + "        if self._state.wakes == 13:\n            raise ValueError('planted')\n"
    )
    assert calm in sources["filmgauge/node.py"]
    sources["filmgauge/node.py"] = sources["filmgauge/node.py"].replace(calm, planted)
    monkeypatch.setattr(inprocess, "firmware_sources", lambda: sources)
    node = film_node("window", "cpython")
    assert (
        node.description.intervals.report_every == 12
    )  # it fails one wake after the second report
    records = live(node, 3.1 * period_s(node.description) / 3600)
    assert node.console.read_text().count("ValueError") == 1
    assert [(record.boot, record.seq) for record in records] == [(1, seq) for seq in range(4)]
    assert [record.faults for record in records] == [0, 0, FAULT_EXCEPTION, 0]
    booked = [record.booked_nah or 0 for record in records]
    assert booked == sorted(booked, reverse=True)
    assert booked[1] < booked[0]  # and what was booked before the failure is not lost
