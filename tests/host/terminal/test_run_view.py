"""The live view of a run, drawn from a real session with the firmware in this process."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cadence import reports_due
from rich.console import Console

from filmgauge.record.record import Record
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal.run_lines import print_result
from filmgauge_host.terminal.run_view import RunView
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

MINUTES = 182  # some after a whole hour: the bridge fetches the records of that hour


def test_view_shows_node_truth_and_curves(tmp_path: Path) -> None:
    console = Console(record=True, width=120, height=30)
    records: list[ReceivedRecord] = []
    options = RunOptions(runtime="cpython", duration="2h")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        view = RunView(session, "filmgauge run bench", console)

        def on_record(received: ReceivedRecord, truth: Truth | None) -> None:
            records.append(received)
            view.add(received, truth)

        session.run(on_record, lambda: True)
        console.print(view.body())
        truth_pct = session.simulation.nodes[0].world.truth().stoichiometry * 100
    screen = console.export_text()
    assert "bench-1" in screen
    assert f"{(records[-1].value('voltage_uv') or 0) / 1e6:.4f}" in screen
    row = next(line for line in screen.splitlines() if line.startswith(" bench-1"))
    way, phase, _, _, _, true_pct, *_ = row.split()[1:]
    assert way == "Wi-Fi"
    assert phase in ("charge", "discharge", "rest")
    assert abs(float(true_pct) - truth_pct) < 3
    assert sum(0x2800 < ord(character) < 0x2900 for character in screen) > 100  # braille curves


def row_of(screen: str, node: str) -> list[str]:
    """Return the row of a node by columns, which two spaces or more divide."""
    row = next(line for line in screen.splitlines() if line.startswith(f" {node}"))
    return re.split(r"\s{2,}", row.strip())


def test_view_of_a_node_that_stores_its_records(tmp_path: Path) -> None:
    console = Console(record=True, width=130, height=30)
    options = RunOptions(runtime="cpython", duration=f"{MINUTES}min")
    scenario = load_scenario("window")
    silent = varied(scenario.node[0].description, {"bluetooth.advertise_ms": 0})
    node = msgspec.structs.replace(scenario.node[0], description=silent)
    scenario = msgspec.structs.replace(scenario, node=[node])
    with RunSession(scenario, options, tmp_path) as session:
        view = RunView(session, "filmgauge run window", console)
        session.run(view.add, lambda: True)
        console.print(view.body())
        world = session.simulation.nodes[0].world
        assert isinstance(world, HarvestingCircuit)
        voltage = f"{world.capacitor_v:.2f} V"
    screen = console.export_text()
    row = row_of(screen, "window-1")
    assert row[1] == "stored"
    assert row[2].endswith(voltage)
    assert row[-3:-1] == [str(reports_due(silent, MINUTES * 60)), "-"]
    assert sum(0x2800 < ord(character) < 0x2900 for character in screen) > 30


def test_view_of_three_nodes_side_by_side(tmp_path: Path) -> None:
    console = Console(record=True, width=120, height=30)
    options = RunOptions(runtime="cpython", duration=f"{MINUTES}min")
    scenario = load_scenario("demo")
    with RunSession(scenario, options, tmp_path) as session:
        view = RunView(session, "filmgauge run demo", console)
        session.run(view.add, lambda: True)
        console.print(view.body())
    screen = console.export_text()
    rows = {name: row_of(screen, name) for name in ("bench-1", "window-1", "implant-1")}
    assert [row[1] for row in rows.values()] == ["Wi-Fi", "BLE", "BLE"]
    made = [reports_due(node.description, MINUTES * 60) for node in scenario.node]
    assert [row[-3:-1] for row in rows.values()] == [[str(count), "0"] for count in made]
    for name in rows:
        assert f"{name} SoC %" in screen
    assert max(len(line) for line in screen.splitlines()) <= 120
    assert "…" not in screen


def test_view_before_the_first_record(tmp_path: Path) -> None:
    console = Console(record=True, width=80, height=30)
    options = RunOptions(runtime="cpython")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        console.print(RunView(session, "filmgauge run bench", console).body())
    assert "waiting for the first records" in console.export_text()


def test_a_title_with_brackets_is_shown_as_it_is(tmp_path: Path) -> None:
    console = Console(record=True, width=160, height=30)
    options = RunOptions(runtime="cpython")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        session.simulation.nodes[0].dead = "OSError in [/flash]"
        console.print(RunView(session, "filmgauge run [/lab] [red]", console).body())
    screen = console.export_text()
    assert "filmgauge run [/lab] [red]" in screen
    assert "OSError in [/flash]" in screen


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunSession]:
    options = RunOptions(runtime="cpython", duration=f"{MINUTES}min")
    folder = tmp_path_factory.mktemp("run")
    with RunSession(load_scenario("demo"), options, folder) as session:
        session.run(lambda _received, _truth: None, lambda: True)
        yield session


def made(node: str, boot: int, up_s: int, soc_ppm: int) -> ReceivedRecord:
    record = Record(boot=boot, seq=0, up_s=up_s, soc_ppm=soc_ppm, voltage_uv=2_100_000)
    return ReceivedRecord(node, record, 0)


def truth_at(hours: float, stoichiometry: float) -> Truth:
    return Truth(round(hours * 3.6e9), stoichiometry, 2.1, 0.0, 25.0, "rest")


@pytest.mark.parametrize(
    ("width", "height", "braille"),
    [
        (120, 35, True),
        (110, 35, True),
        (96, 30, True),
        (80, 24, True),
        (60, 24, True),
        (80, 16, False),
        (200, 60, True),
    ],
)
def test_view_fits_the_terminal(
    session: RunSession, width: int, height: int, braille: bool
) -> None:
    console = Console(record=True, width=width, height=height)
    view = RunView(session, "filmgauge run demo", console)
    for hours, soc in ((0.5, 0.4), (2.5, 0.6)):
        record = made("bench-1", 1, round(hours * 3600), round(soc * 1e6))
        view.add(record, truth_at(hours, soc))
    console.print(view.body())
    lines = console.export_text().splitlines()
    assert len(lines) <= height
    assert not any("…" in line for line in lines if width >= 80)  # nothing is cut off
    assert "filmgauge monitor --broker" in " ".join(lines[-2:])
    assert session.broker_url in lines[-1]
    assert any(0x2800 < ord(character) < 0x2900 for character in "".join(lines)) == braille


def test_curves_go_on_where_a_node_begins_anew(session: RunSession) -> None:
    """Its own time begins at zero with its power; that of the scenario does not."""
    columns: list[set[int]] = []
    for hours in ((0.2, 0.4), (0.2, 0.4, 2.6, 2.8)):
        console = Console(record=True, width=80, height=24)
        view = RunView(session, "filmgauge run demo", console)
        for number, now_h in enumerate(hours):
            boot, up_s = 1 + number // 2, 600 * (number % 2)
            view.add(made("bench-1", boot, up_s, 500_000), truth_at(now_h, 0.5))
        console.print(view.body())
        lines = console.export_text().splitlines()
        drawn = {
            at for line in lines for at, each in enumerate(line) if 0x2800 < ord(each) < 0x2900
        }
        columns.append(drawn)
    first, second = columns
    assert max(second) - min(second) > 5 * (max(first) - min(first))
    assert min(second) == min(first)


def test_what_a_last_record_does_not_know_is_a_dash_in_the_result(
    session: RunSession, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = session.scores["bench-1"].latest
    assert latest is not None
    life = latest.key[0]
    record = Record(life=life, boot=1, seq=9999, up_s=60 * MINUTES, available_nah=5_000)
    session.scores["bench-1"].add(ReceivedRecord("bench-1", record, 0))
    print_result(session, as_json=False)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("bench-1")]
    assert "state of charge - %, truly" in lines[1]
    assert lines[2] == "bench-1: 5.00 uAh available; full - ± - uAh, - ohm; limits -"
