"""A node that plans its reports lives through a dark weekend of which a fixed interval dies."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from filmgauge.record.record import Record
from filmgauge.state import State
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import journal_state
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation

DAY_US = 86_400_000_000
LEAST_S, MOST_S = 600, 14_400
# Thursday and Friday from 8 to 18, and no more until Monday.
LIGHT = "time_s,power_uw\n" + "".join(
    f"{hour * 3600},{power_uw}\n"
    for hour, power_uw in ((0, 0), (8, 192), (18, 0), (32, 192), (42, 0))
)
# A film that carries the node through two and a half dark days only if it says little.
CHANGES = {
    "reduces_service": False,
    "cell.area_cm2": 43.0,
    "cell.soc": 0.9,
    "sensor.shunt_ohm": 330.0,
    "converter.charge_ua": 60.0,
    "harvester.area_cm2": 32.0,
    "intervals.report_every": 1,
    "records.backlog": 1024,
}


@dataclass
class Life:
    """records: of a node behind its window, from a Thursday on. state: its last, out of its flash.
    console: what it has said. is_on: whether it has its supply."""

    records: list[Record]
    state: State | None
    console: str
    is_on: bool

    def gaps_s(self, begin_h: float, end_h: float) -> set[int]:
        """How long it was from each record between two hours to the next one."""
        pairs = zip(self.records, self.records[1:], strict=False)
        return {b.up_s - a.up_s for a, b in pairs if begin_h * 3600 <= a.up_s < end_h * 3600}


def lived(folder: Path, days: float, runtime: RuntimeName, changes: dict[str, object]) -> Life:
    scenario = load_scenario("window")
    (node,) = scenario.node
    described = varied(node.description, {**CHANGES, **changes})
    folder.mkdir()
    trace = folder / "light.csv"
    trace.write_text(LIGHT)
    world = msgspec.structs.replace(node.world, light=[], trace=str(trace))
    node = msgspec.structs.replace(node, description=described, world=world)
    scenario = msgspec.structs.replace(scenario, node=[node])
    with closing(Simulation(scenario, Broker("127.0.0.1", 1), folder, runtime, "8d")) as made:
        (node,) = made.nodes
        until_us = round(days * DAY_US)
        while node.now_us < until_us and node.dead is None:
            node.step(until_us)
        console = node.console.read_text() if node.console.exists() else ""
        return Life(node.new_records(), journal_state(node.flash), console, node.dead is None)


PLANNED = {"intervals.report_every_most": MOST_S // LEAST_S}


def test_a_dark_weekend_ends_a_fixed_interval_and_not_a_planned_one(tmp_path: Path) -> None:
    planned = lived(tmp_path / "planned", 4, "cpython", PLANNED)
    assert planned.is_on
    assert {record.boot for record in planned.records} == {1}
    assert planned.gaps_s(0, 96) == {LEAST_S, MOST_S}
    assert planned.gaps_s(36, 40) == {LEAST_S}  # Friday noon: full, in the light
    assert planned.gaps_s(48, 96) == {MOST_S}
    last = planned.records[-1]
    assert last.up_s >= 4 * 86_400 - MOST_S
    assert len(planned.records) > 100
    assert planned.state is not None
    assert planned.state.planned_wakes() == (last.up_s // LEAST_S, MOST_S // LEAST_S)

    fixed = lived(tmp_path / "fixed", 4, "cpython", {})
    assert fixed.records[-1].boot > 1  # on Sunday its supply has gone


def test_a_board_plans_as_this_process_does(tmp_path: Path) -> None:
    found = []
    for runtime in ("cpython", "micropython32"):
        made = lived(tmp_path / runtime, 0.6, runtime, PLANNED)
        assert "Error" not in made.console
        found.append([(record.seq, record.up_s) for record in made.records])
    assert len(found[0]) > 10
    assert found[0] == found[1]


def test_a_node_that_may_say_little_wakes_rarely_until_dawn(tmp_path: Path) -> None:
    """A minute apart in the light, five by night. Light brings the next report forward."""
    changes: dict[str, object] = {
        "intervals.sample_s": 60,
        "intervals.report_every": 10,
        "intervals.report_every_most": MOST_S // 60,
    }
    found = lived(tmp_path / "node", 10 / 24, "cpython", changes)
    assert found.gaps_s(0, 7.9) == {MOST_S}
    assert found.state is not None
    assert found.state.planned_wakes()[0] == 8 * 12 + MOST_S // 300
    (gap_s,) = found.gaps_s(7.9, 8.5)
    assert 48 * 60 <= gap_s <= 48 * 60 + 2 * 300


def test_reports_are_for_nothing_where_the_converter_brings_all_that_it_can(
    tmp_path: Path,
) -> None:
    """The cell has a third of its charge, and the harvester more than may be charged."""
    changes: dict[str, object] = {
        "cell.soc": 0.3,
        "cell.area_cm2": 80.0,
        "converter.discharge_ua": 40.0,
        "intervals.sample_s": 60,
        "intervals.report_every_most": 120,
    }
    found = lived(tmp_path / "node", 12 / 24, "cpython", changes)
    assert found.gaps_s(0, 7.9) == {7200}
    assert found.gaps_s(11, 12) == {60}
    soc_ppm = found.records[-1].soc_ppm
    assert soc_ppm is not None
    assert soc_ppm < 500000
