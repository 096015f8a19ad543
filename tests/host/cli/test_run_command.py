"""`filmgauge run --node`: a described node in a plain world, on every board that there is."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mqtt_brokers import Mosquitto

from filmgauge_host import signals
from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.homeassistant.discovery import TOPICS, discovery_topic
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.scenario.loading import available_scenarios

FILM = """
name = "shelf-1"
board = "stm32wb55"
supply = "film"
cell = { area_cm2 = 20.0, soc = 0.6 }
sensor = { switched = true }
capacitor = { capacitance_uf = 4700.0 }
intervals = { sample_s = 600, report_every = 3 }
bluetooth = { advertise_ms = 5000, encrypted = true }
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["run", *map(str, arguments), "--runtime", "cpython"])


def described(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_runs_as_it_is_described(tmp_path: Path, board: str) -> None:
    path = described(tmp_path, f'name = "shelf-1"\nboard = "{board}"\n')
    ran = run("--node", path, "--duration", "61min", "--json")
    assert ran.exit_code == 0, ran.output
    summary = json.loads(ran.stdout)
    (node,) = summary["nodes"]
    assert summary["scenario"] == node["node"] == "shelf-1"
    assert node["wakes"] == 61
    assert node["lost"] == node["duplicated"] == 0
    if BOARDS[board].has_wifi:
        assert (node["way"], node["sent"], node["received"]) == ("mqtt", 13, 13)
    else:  # nobody has asked it to advertise
        assert (node["way"], node["sent"], node["waiting"]) == ("stored", 0, 13)


def test_virtual_nodes_are_announced_to_home_assistant_while_they_run(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    path = described(tmp_path, 'name = "shelf-1"\nboard = "esp32-c3"\n')
    with BrokerLogin(parse_address(broker.url), (TOPICS,)) as login:
        options = ("--duration", "6min", "--json", "--home-assistant", "--broker", broker.url)
        ran = run("--node", path, *options)
        assert ran.exit_code == 0, ran.output
        assert login.await_message(lambda topic, payload: payload == b"")
        topics, payloads = zip(*login.messages(), strict=True)
    broker.stop()
    assert set(topics) == {discovery_topic("shelf-1")}
    assert json.loads(payloads[-2])["dev"]["hw"] == "esp32"


def test_a_film_node_is_bridged_although_it_encrypts(tmp_path: Path) -> None:
    path = described(tmp_path, FILM)
    ran = run("--node", path, "--duration", "125min", "--json")
    assert ran.exit_code == 0, ran.output
    (node,) = json.loads(ran.stdout)["nodes"]
    assert (node["way"], node["sent"], node["received"], node["lost"]) == ("ble", 5, 5, 0)


def test_a_film_node_that_nobody_listens_to_keeps_its_records(tmp_path: Path) -> None:
    path = described(tmp_path, FILM)
    ran = run("--node", path, "--for", "0.0003y", "--no-bridge", "--json")
    assert ran.exit_code == 0, ran.output
    summary = json.loads(ran.stdout)
    assert summary["virtual_s"] == pytest.approx(0.0003 * 365.25 * 86400)
    (node,) = summary["nodes"]
    assert (node["way"], node["sent"], node["received"], node["waiting"]) == ("stored", 0, 0, 6)
    assert node["soc_max_error_pct"] < 10  # of records that were read from its flash


@pytest.mark.parametrize("name", available_scenarios())
def test_a_scenario_and_a_node_exclude_each_other(tmp_path: Path, name: str) -> None:
    ran = run(name, "--node", described(tmp_path, FILM))
    assert ran.exit_code == 2
    sentence = "SCENARIO and --node exclude each other: give one of them"
    assert ran.stderr == f"filmgauge: {sentence}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "Shelf"\n', "name: may have a-z"),
        ('name = "shelf-1"\nboard = "esp8266"\n', "board must be one of"),
        ('name = "shelf-1"\n[bluetooth]\nadvertise_ms = 5000\n', "esp32-c3 does not report over"),
        ("name = \n", "not TOML"),
    ],
)
def test_a_wrong_description_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = described(tmp_path, text)
    ran = run("--node", path)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert str(path) in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_description_that_is_not_there(tmp_path: Path) -> None:
    ran = run("--node", tmp_path / "node.toml")
    assert ran.exit_code == 2
    assert "No such file" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("bench", "--runtime", "cpython", "--float32"), "single precision needs runtime micro"),
        (("",), "a scenario without a name is neither a file nor one of the scenarios bench,"),
    ],
)
def test_what_cannot_run_is_one_sentence(arguments: tuple[str, ...], says: str) -> None:
    ran = run(*arguments, "--for", "1h", "--no-web")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"filmgauge: {says}")


HOURS = """
name = "by-time"
[[node]]
name = "a"
cell = {{ soc = 0.5 }}
[[node.world.cycler]]
action = "{action}"
rate_c = 1.0
hours = 100
"""


@pytest.mark.parametrize(("action", "end_v"), [("discharge", 1.0), ("charge", 4.0)])
def test_a_step_that_the_window_ended_is_reported(tmp_path: Path, action: str, end_v: float):
    path = described(tmp_path, HOURS.format(action=action))
    ran = run(path, "--duration", "3h", "--json")
    (node,) = json.loads(ran.stdout)["nodes"]
    ends = node["window_ends"]
    assert ends["count"] > 0
    assert 0.1 < ends["first_h"] < 0.6
    assert abs(ends["voltage_v"] - end_v) < 0.001
    assert -1 < node["soc_true_pct"] < 101
    assert node["brown_outs"] is None
    lines = run(path, "--duration", "3h").output
    assert "steps ended by the window of the cell" in lines


@pytest.mark.parametrize(("capacitance_uf", "falls"), [(100.0, True), (470000.0, False)])
def test_a_brown_out_is_reported(tmp_path: Path, capacitance_uf: float, falls: bool):
    text = FILM.replace("4700.0", str(capacitance_uf)).replace("stm32wb55", "esp32-c3")
    text = text.partition("bluetooth")[0]
    path = described(tmp_path, text)
    ran = run("--node", path, "--duration", "10min", "--json")
    assert ran.exit_code == 0, ran.output
    (node,) = json.loads(ran.stdout)["nodes"]
    lost = node["brown_outs"]
    assert (lost["count"] > 0) == falls
    lines = run("--node", path, "--duration", "10min").output
    assert ("brown-outs" in lines) == falls
    if falls:
        assert lost["first_h"] * 3600 < 600
        assert lost["voltage_v"] == pytest.approx(BOARDS["esp32-c3"].brown_out_v, abs=0.01)


SWING = """
name = "swing"
[[node]]
name = "a"
cell = { soc = 0.5, soc_sigma = 0.001 }
intervals = { sample_s = 120, report_every = 5 }
[[node.world.cycler]]
action = "charge"
rate_c = 0.2
until_v = 4.0
[[node.world.cycler]]
action = "discharge"
rate_c = 0.2
until_v = 1.0
"""


@pytest.mark.parametrize(("duration", "is_told"), [("2h", True), ("16h", False)])
def test_a_capacity_that_no_swing_has_told_is_said(tmp_path: Path, duration: str, is_told: bool):
    ran = run(described(tmp_path, SWING), "--duration", duration)
    assert ran.exit_code == 0, ran.output
    assert ("uAh (no full swing yet), " in ran.output) == is_told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_nobody_asks_for_interrupts(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    monkeypatch.setattr(signals, "_UNASKED_S", 0.05)
    with signals.catch_signals(), pytest.raises(KeyboardInterrupt):  # noqa: PT012
        os.kill(os.getpid(), number)
        time.sleep(5)
    with signals.catch_signals() as signalled:
        os.kill(os.getpid(), number)
        assert signalled()
        time.sleep(0.2)


@pytest.mark.parametrize("option", ["--for", "--duration"])
@pytest.mark.parametrize("text", ["10min", "10m", "600s"])
def test_how_long_it_goes_on_has_one_word_and_an_alias(tmp_path: Path, option: str, text: str):
    path = described(tmp_path, 'name = "shelf-1"\n')
    ran = run("--node", path, option, text, "--json")
    assert json.loads(ran.stdout)["virtual_s"] == 600.0


@pytest.mark.parametrize("command", ["run", "monitor", "ble scan", "ble bridge"])
def test_every_command_shows_that_word_alone(command: str):
    text = CliRunner().invoke(main, [*command.split(), "--help"]).output
    assert "--for" in text
    assert "--duration" not in text
    refused = CliRunner().invoke(
        main, [*command.split(), "--duration", "soon", "--broker", "mqtt://h"]
    )
    assert refused.exit_code == 2
    assert "No such option '--duration'" not in refused.output
    assert "No such option: --duration" not in refused.output
