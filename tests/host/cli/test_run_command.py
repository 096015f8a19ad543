"""`filmgauge run --node`: a described node in a plain world, on every board that there is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filmgauge_host.cli.app import main
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


def test_a_film_node_is_bridged_although_it_encrypts(tmp_path: Path) -> None:
    path = described(tmp_path, FILM)
    ran = run("--node", path, "--duration", "125min", "--json")
    assert ran.exit_code == 0, ran.output
    (node,) = json.loads(ran.stdout)["nodes"]
    assert (node["way"], node["sent"], node["received"], node["lost"]) == ("ble", 5, 5, 0)


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
