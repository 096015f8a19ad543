"""The live view of a run, drawn from a real session with the firmware in this process."""

from pathlib import Path

from rich.console import Console

from filmgauge_host.telemetry.report import Report
from filmgauge_host.terminal.run_view import RunView
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.circuit.powered import FilmPowered
from filmgauge_sim.scenario import load_scenario


def test_view_shows_node_truth_and_curves(tmp_path: Path) -> None:
    console = Console(record=True, width=120, height=30)
    reports: list[Report] = []
    options = RunOptions(runtime="cpython", duration="2h")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        view = RunView(session, "filmgauge run bench", console)

        def note(report: Report, true_pct: float | None) -> None:
            reports.append(report)
            view.note(report, true_pct)

        session.run(note, lambda: True)
        console.print(view.body())
        truth_pct = session.simulation.nodes[0].world.truth().stoichiometry * 100
    screen = console.export_text()
    assert "bench-1" in screen
    assert f"{(reports[-1].value('voltage_uv') or 0) / 1e6:.4f}" in screen
    assert abs(float(screen.split("bench-1")[1].split("│")[3]) - truth_pct) < 3
    assert sum(0x2800 < ord(character) < 0x2900 for character in screen) > 100  # braille curves


def test_view_of_a_node_that_stores_its_records(tmp_path: Path) -> None:
    console = Console(record=True, width=130, height=30)
    options = RunOptions(runtime="cpython", duration="182min")
    with RunSession(load_scenario("window"), options, tmp_path) as session:
        view = RunView(session, "filmgauge run window", console)
        session.run(view.note, lambda: True)
        console.print(view.body())
        world = session.simulation.nodes[0].world
        assert isinstance(world, FilmPowered)
        voltage = f"{world.capacitor_v:.2f} V"
    screen = console.export_text()
    row = next(line for line in screen.splitlines() if "window-1" in line)
    assert voltage in row
    assert row.split("│")[9].strip() == "4"
    assert "stored" in row
    assert sum(0x2800 < ord(character) < 0x2900 for character in screen) > 30


def test_view_before_the_first_record(tmp_path: Path) -> None:
    console = Console(record=True, width=80, height=30)
    options = RunOptions(runtime="cpython")
    with RunSession(load_scenario("bench"), options, tmp_path) as session:
        console.print(RunView(session, "filmgauge run bench", console).body())
    assert "waiting for the first records" in console.export_text()
