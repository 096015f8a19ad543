"""The live view of a run, drawn from a real session with the firmware in this process."""

import re
from pathlib import Path

import msgspec
from cadence import reports_due
from rich.console import Console

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal.run_view import RunView
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

MINUTES = 182  # some after a whole hour: the bridge fetches the records of that hour


def test_view_shows_node_truth_and_curves(tmp_path: Path) -> None:
    console = Console(record=True, width=120, height=30)
    records: list[ReceivedRecord] = []
    options = RunOptions(runtime="cpython", duration="2h")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        view = RunView(session, "filmgauge run bench", console)

        def on_record(received: ReceivedRecord, true_pct: float | None) -> None:
            records.append(received)
            view.add(received, true_pct)

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
        assert f"{name} SoC, %" in screen
    assert max(len(line) for line in screen.splitlines()) <= 120
    assert "…" not in screen


def test_view_before_the_first_record(tmp_path: Path) -> None:
    console = Console(record=True, width=80, height=30)
    options = RunOptions(runtime="cpython")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        console.print(RunView(session, "filmgauge run bench", console).body())
    assert "waiting for the first records" in console.export_text()
