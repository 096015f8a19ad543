"""`filmgauge run` as a user meets it: its output, its files and what it leaves.

Where the process is the subject it is one: signals, streams, the environment, and one of each kind
of refusal.
"""

import csv
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import psutil
import pytest
from cadence import reports_due
from click.testing import CliRunner
from patience import PATIENCE_S, until

from filmgauge_host.cli.app import main
from filmgauge_sim.scenario.loading import load_scenario

COMMAND = [str(Path(sys.executable).parent / "filmgauge"), "run"]
KEYS = {
    *("node", "wakes", "sent", "received", "lost", "duplicated", "soc_true_pct", "soc_pct"),
    *("soc_rmse_pct", "soc_max_error_pct"),
}
SMALL = 'name = "small"\nduration = "1h"\n[[node]]\nname = "a"\n'


@dataclass
class Ran:
    """What a run gave."""

    code: int
    out: str
    err: str


def process(*arguments: str, **environment: str) -> Ran:
    """Run it as a process."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def here(*arguments: str) -> Ran:
    """Run it in this process."""
    done = CliRunner().invoke(main, ["run", *arguments])
    return Ran(done.exit_code, done.stdout, done.stderr)


def refused(done: Ran, code: int = 2) -> str:
    """Return the one sentence of what was refused, with nothing on standard output."""
    assert (done.code, done.out) == (code, "")
    assert "Traceback" not in done.err
    sentence = done.err.strip().splitlines()[-1]
    assert sentence.startswith(("filmgauge: ", "Error: "))
    return sentence


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """Two hours of the usual run, as a process on the usual interpreter, and its folder."""
    out = tmp_path_factory.mktemp("bench") / "new" / "run"
    return process("--json", "--duration", "2h", "--out", str(out)), out


def is_bench(done: Ran) -> None:
    """Assert that it is the one object of two hours of the bench."""
    assert done.code == 0, done.err
    assert done.out.count("\n") == 1
    result = json.loads(done.out)
    assert set(result) == {"scenario", "virtual_s", "wall_s", "nodes"}
    assert result["scenario"] == "bench"
    assert result["virtual_s"] == 7200.0
    (node,) = result["nodes"]
    assert set(node) >= KEYS
    firmware = load_scenario("bench").node[0].description.intervals
    wakes = 7200 // firmware.sample_s
    reports = -(-wakes // firmware.report_every)
    assert node["wakes"] == wakes
    assert (node["sent"], node["received"]) == (reports, reports)
    assert (node["lost"], node["duplicated"]) == (0, 0)
    assert 0 <= node["soc_true_pct"] <= 100
    assert abs(node["soc_pct"] - node["soc_true_pct"]) <= node["soc_max_error_pct"] + 1e-3
    assert node["soc_rmse_pct"] <= node["soc_max_error_pct"]


def test_json_is_one_object(bench: tuple[Ran, Path]):
    is_bench(bench[0])
    is_bench(here("--json", "--duration", "2h", "--runtime", "cpython"))


@pytest.mark.parametrize(
    ("scenario", "minutes", "runtime"),
    [("window", 782, "cpython"), ("implant", 302, "micropython")],
)
def test_a_node_without_wifi_is_bridged(tmp_path: Path, scenario: str, minutes: int, runtime: str):
    out = tmp_path / "run"
    duration = ("--duration", f"{minutes}min", "--runtime", runtime)
    done = here(scenario, "--json", *duration, "--out", str(out))
    assert done.code == 0, done.err
    result = json.loads(done.out)
    (node,) = result["nodes"]
    given = load_scenario(scenario).node[0]
    made = reports_due(given.description, 60 * minutes)
    assert (node["way"], node["waiting"], node["dropped"]) == ("ble", 0, 0)
    assert (node["sent"], node["received"]) == (made, made)
    assert (node["lost"], node["duplicated"]) == (0, 0)
    wakes = -(-60 * minutes // given.description.intervals.sample_s)
    if given.world.light:
        # In the dark every other wake asks no sensor, and the virtual node does not see it; dawn
        # may be noticed one of them late.
        dark_s = given.world.light[0].begin_h * 3600
        dark = int(dark_s) // given.description.intervals.sample_s
        assert dark // 2 <= wakes - node["wakes"] <= dark // 2 + 1
    else:
        assert node["wakes"] == wakes
    assert node["soc_rmse_pct"] <= node["soc_max_error_pct"] < 10
    with sqlite3.connect(out / "records.sqlite") as database:
        assert database.execute("SELECT count(*) FROM records").fetchall() == [(made,)]
    (path,) = out.glob("*.bdf.csv")
    with path.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == node["wakes"]


def test_bridged_records_in_plain_lines():
    done = here("implant", "--duration", "182min", "--runtime", "cpython", "--no-web")
    assert done.code == 0, done.err
    assert len([line for line in done.out.splitlines() if "true" in line]) >= 4
    assert "4 records sent over Bluetooth, 4 received, 0 lost" in done.out


def test_stored_records_in_plain_lines(tmp_path: Path):
    text = (files("filmgauge_sim") / "scenarios" / "implant.toml").read_text()
    silent = tmp_path / "silent.toml"
    silent.write_text(text.replace("advertise_ms = 5000", ""))
    done = here(str(silent), "--duration", "182min", "--runtime", "cpython", "--no-web")
    assert done.code == 0, done.err
    assert len([line for line in done.out.splitlines() if "true" in line]) >= 4
    assert "4 records stored in its flash" in done.out
    assert "lost" not in done.out


def test_plain_lines_without_a_terminal():
    done = process("--duration", "30min", "--runtime", "cpython")
    assert done.code == 0, done.err
    firmware = load_scenario("bench").node[0].description.intervals
    reports = -(-1800 // (firmware.sample_s * firmware.report_every))
    assert len([line for line in done.out.splitlines() if "true" in line]) >= reports
    assert "0 lost" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMALL + "colour = 1\n", ["small.toml", "colour"]),
        (SMALL + "[node.cell]\narea_cm2 = -1\n", ["small.toml", "area_cm2", "0.01"]),
        (SMALL + "[node.cell]\nset = 'unheard-of'\n", ["unheard-of"]),
        ("name = ", ["small.toml", "TOML"]),
    ],
)
def test_a_wrong_scenario(tmp_path: Path, text: str, words: list[str]):
    path = tmp_path / "small.toml"
    path.write_text(text)
    sentence = refused(here(str(path), "--json"))
    assert all(word in sentence for word in words)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["no-such-scenario"], "bench"),
        (["--duration", "soon"], "duration"),
        (["--duration", "0s"], "duration"),
        (["--speed", "0"], "speed"),
        (["--speed", "fast"], "speed"),
        (["--speed", "nan"], "speed"),
        (["--runtime", "ruby"], "runtime"),
        (["--broker", "http://localhost"], "mqtt://"),
        (["--broker", "mqtts://localhost"], "--ca"),
    ],
)
def test_wrong_options(arguments: list[str], word: str):
    assert word in refused(here(*arguments, "--json"))


@pytest.mark.parametrize("arguments", [["no-such-scenario"], ["--speed", "nan"]])
def test_a_process_that_is_refused_says_the_same(arguments: list[str]):
    assert refused(process(*arguments, "--json")) == refused(here(*arguments, "--json"))


def test_a_wrong_interpreter_is_one_sentence():
    done = process("--json", "--duration", "2min", MICROPYTHON="/nonexistent")
    sentence = refused(done, code=1)
    assert "MICROPYTHON" in sentence


def test_an_unreachable_broker():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert str(port) in refused(here("--json", "--broker", f"mqtt://127.0.0.1:{port}"), code=3)


def test_out_holds_records_truth_and_consoles(bench: tuple[Ran, Path]):
    done, out = bench
    (node,) = json.loads(done.out)["nodes"]
    with sqlite3.connect(out / "records.sqlite") as database:
        keys = database.execute("SELECT boot, seq FROM records ORDER BY boot, seq").fetchall()
    assert keys == [(1, seq) for seq in range(node["received"])]
    assert "Traceback" not in (out / "bench-1.console.log").read_text()
    assert (out / "bench-1.flash").stat().st_size % 4096 == 0
    (path,) = out.glob("*.bdf.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) >= {"Test Time / s", "Voltage / V", "Current / A"}
    assert len(rows) == node["wakes"]
    times = [float(row["Test Time / s"]) for row in rows]
    assert times == sorted(set(times))
    assert times[-1] <= 2 * 3600
    # The bench charges first, at C/5: positive current, and more charge in the cell.
    charging = [row for row in rows if float(row["Current / A"]) > 0]
    assert charging[0] == rows[0]
    assert float(rows[0]["Current / A"]) < 1e-3
    assert float(charging[-1]["Stoichiometry / 1"]) > float(rows[0]["Stoichiometry / 1"])
    assert all(0.5 < float(row["Voltage / V"]) < 4.5 for row in rows)


def test_out_that_holds_files_is_left_alone(tmp_path: Path):
    (tmp_path / "precious.txt").write_text("mine")
    sentence = refused(here("--json", "--duration", "1h", "--out", str(tmp_path)))
    assert str(tmp_path) in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
    assert (tmp_path / "precious.txt").read_text() == "mine"


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def started(*arguments: str, least: int = 3) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Start a run that takes long; return it and its helpers once a node has booted."""
    running = subprocess.Popen(
        [*COMMAND, "--json", "--duration", "300d", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    mine = psutil.Process(running.pid)
    try:
        # By default broker, helper and interpreter.
        until(lambda: len(mine.children(recursive=True)) >= least)
        return running, mine.children(recursive=True)
    except BaseException:
        running.kill()
        raise


@pytest.mark.parametrize(
    ("number", "runtime"), [(signal.SIGINT, "micropython"), (signal.SIGTERM, "cpython")]
)
def test_a_signal_ends_a_run_that_keeps_its_memory(
    tmp_path: Path, number: signal.Signals, runtime: str
):
    out = tmp_path / "run"
    running, helpers = started("window", "--runtime", runtime, "--out", str(out), least=1)
    console = out / "window-1.console.log"
    until(lambda: console.exists() and "record 0" in console.read_text())
    running.send_signal(number)
    stdout, stderr = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, stderr
    assert "Traceback" not in stderr
    (node,) = json.loads(stdout)["nodes"]
    assert node["sent"] + node["waiting"] > 0
    until(lambda: all(gone(helper) for helper in helpers))


@pytest.mark.parametrize(("number", "speed"), [(signal.SIGINT, "600"), (signal.SIGTERM, "max")])
def test_a_signal_ends_the_run_and_tells_the_result(number: signal.Signals, speed: str):
    running, helpers = started("--speed", speed)
    mine = psutil.Process(running.pid)
    # Another interpreter is that of another wake.
    until(lambda: set(mine.children(recursive=True)) - set(helpers))
    running.send_signal(number)
    stdout, stderr = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, stderr
    assert "Traceback" not in stderr
    (node,) = json.loads(stdout)["nodes"]
    assert node["wakes"] > 0
    assert (node["lost"], node["duplicated"]) == (0, 0)
    until(lambda: all(gone(helper) for helper in helpers))


def test_a_killed_run_leaves_no_process(tmp_path: Path):
    running, helpers = started("--out", str(tmp_path / "out"))
    running.kill()
    running.communicate()
    until(lambda: all(gone(helper) for helper in helpers))


def test_a_virtual_board_without_its_interpreter_ends_with_a_sentence() -> None:
    board = subprocess.Popen(
        [*COMMAND[:-1], "board"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert board.stdout is not None
        port = Path(board.stdout.readline().partition(" at ")[2].partition(",")[0])
        for helper in psutil.Process(board.pid).children():
            helper.kill()
        _, stderr = board.communicate(timeout=PATIENCE_S)
    finally:
        board.kill()
    assert board.returncode == 1
    assert stderr.splitlines()[1:] == ["filmgauge: the interpreter's helper process has ended"]
    assert not port.parent.exists()
