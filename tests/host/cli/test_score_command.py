"""`filmgauge score`: what it prints, the files it writes, one sentence for everything wrong."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from filmgauge_host.cli.app import main
from filmgauge_host.cli.score import missed_text
from filmgauge_sim.score.bounds import Check, FamilyBounds
from filmgauge_sim.score.families import FAMILIES

SCENARIO = """
name = "short"
duration = "6h"
[[node]]
name = "a"
[node.cell]
soc = 0.5
soc_sigma = 0.001
[[node.world.cycler]]
action = "discharge"
rate_c = 0.05
hours = 100
"""


def score(*arguments):
    return CliRunner().invoke(main, ["score", *map(str, arguments)])


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "short.toml"
    path.write_text(SCENARIO, "utf-8")
    return path


def test_one_family_as_json_and_picture(tmp_path):
    ran = score("cold-boot", "--seeds", 1, "--first-seed", 3, "--json", "--plot", tmp_path / "p")
    found = json.loads(ran.stdout)
    assert (found["seeds"], found["first_seed"]) == (1, 3)
    (name,) = found["families"]
    family = found["families"][name]
    assert name == "cold-boot"
    keys = {"soc_rmse_pct", "soc_p95_pct", "soc_max_pct", "coverage_pct", "available_rmse_pct"}
    keys |= {"capacity_error_pct", "tte_error_pct", "resistance_error_pct", "before", "failures"}
    assert keys <= set(family["gauge"])
    assert set(family["baselines"]) == {"counter", "reset-counter", "rest-table", "ekf"}
    assert all(keys <= set(each) for each in family["baselines"].values())
    assert ran.exit_code == 0, [each for each in family["bounds"] if not each["met"]]
    assert len(family["bounds"]) > 8
    assert (tmp_path / "p" / "cold-boot.png").read_bytes().startswith(b"\x89PNG")


def test_rows_of_other_physics_and_modifiers(monkeypatch):
    monkeypatch.setitem(FAMILIES, "lab-25", replace(FAMILIES["lab-25"], days=0.7))
    arguments = (
        "lab-25",
        "--physics",
        "boundary",
        "--modifier",
        "plain",
        "--modifier",
        "wide-ends",
    )
    ran = score(*arguments, "--seeds", 1, "--json")
    found = json.loads(ran.stdout)
    assert list(found["families"]) == ["lab-25 boundary", "lab-25 boundary wide-ends"]
    for family in found["families"].values():
        bounds = {bound["name"]: bound for bound in family["bounds"]}
        theirs = family["plain_baselines"][family["best_plain"]]["soc_rmse_pct"]
        ratio = bounds["times_best_plain"]["value"]
        assert ratio == pytest.approx(family["gauge"]["soc_rmse_pct"] / theirs)
        assert {"soc_cells_pct", "available_cells_pct", "capacity_cells_pct"} <= set(bounds)
    assert found["whole"]["rows"] == 2
    assert ran.exit_code == (0 if all(f["met"] for f in found["families"].values()) else 1)
    shown = score(*arguments, "--seeds", 1)
    assert "all rows: " in shown.stdout
    assert "lab-25 boundary wide-ends" in shown.stdout


def test_a_missed_bound_is_named_and_ends_with_1(monkeypatch):
    tight = replace(FAMILIES["cold-boot"], bounds=FamilyBounds(rmse_pct=1e-6))
    monkeypatch.setitem(FAMILIES, "cold-boot", tight)
    ran = score("cold-boot", "--seeds", 1, "--first-seed", 3, "--json")
    assert ran.exit_code == 1
    family = json.loads(ran.stdout)["families"]["cold-boot"]
    assert not family["met"]
    missed = {bound["name"] for bound in family["bounds"] if not bound["met"]}
    assert missed >= {"soc_rmse_pct", "available_rmse_pct"}
    assert "tte_error_pct" not in missed


def test_a_missed_bound_is_told():
    assert missed_text(Check("x", 2.0, None, 1.0)) == "x 2.00 > 1"
    assert missed_text(Check("x", 2.0, 3.0, None)) == "x 2.00 < 3"
    assert missed_text(Check("x", 2.0, 3.0, 4.0)) == "x 2.00 not in 3..4"
    assert missed_text(Check("x", 5.0, 3.0, 4.0)) == "sigma is wider than need be, x 5.00 > 4"
    assert missed_text(Check("x", None, None, 1.0)) == "x unknown > 1"


def test_a_scenario_with_the_gauge_alone(scenario):
    scenario.write_text(SCENARIO.replace('"short"', '"[/short]"'), "utf-8")
    ran = score("--scenario", scenario, "--seeds", 2)
    assert ran.exit_code == 0, ran.output
    assert "[/short]" in ran.stdout
    assert "bounds met" in ran.stdout


@pytest.mark.parametrize("end", ["until_v = 1.0", "hours = 100"])
def test_a_scenario_whose_steps_are_met_at_once_comes_to_its_end(tmp_path, end):
    path = tmp_path / "one-step.toml"
    step = f'[[node.world.cycler]]\naction = "discharge"\nrate_c = 1.0\n{end}\n'
    path.write_text(f'name = "one-step"\nduration = "6h"\n[[node]]\nname = "a"\n{step}')
    ran = score("--scenario", path, "--seeds", 1, "--json")
    assert ran.exit_code == 0, ran.output
    gauge = json.loads(ran.stdout)["families"]["one-step"]["gauge"]
    assert gauge["soc_max_pct"] < 10  # it does not empty the cell below its window


def test_a_scenario_with_whole_nodes(scenario):
    ran = score("--scenario", scenario, "--seeds", 2, "--runtime", "cpython", "--json")
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["runtime"] == "cpython"
    assert found["families"]["a"]["gauge"]["records"] == 2 * 72
    assert found["families"]["a"]["gauge"]["soc_max_pct"] < 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lab-26"], "FAMILY must be one of lab-25,"),
        (
            ["lab-25", "--runtime", "micropython", "--float32"],
            "--float32 needs --runtime gauge or",
        ),
        (["--scenario", "bench", "--runtime", "cpython", "--float32"], "needs --runtime gauge"),
        (["lab-25", "--scenario", "bench"], "exclude each other"),
        (["lab-25", "--quick"], "--quick chooses its rows"),
        (["--scenario", "bench", "--all"], "--scenario has its own cell"),
        (["--physics", "cubic"], "'cubic' is not one of"),
        (["--modifier", "gold"], "'gold' is not one of"),
        (["lab-26", "--all"], "FAMILY must be one of lab-25,"),
        (["--scenario", "no-such"], "no-such: neither a file"),
        (["--seeds", "0"], "0 is not in the range"),
        (["--first-seed", "-1"], "-1 is not in the range"),
        (["lab-25", "--plot", "/proc/x"], "--plot /proc/x cannot be created"),
    ],
)
def test_wrong_input_gets_one_sentence(arguments, sentence):
    ran = score(*arguments)
    assert ran.exit_code == 2
    assert ran.stdout == ""
    assert sentence in ran.stderr
    assert "Traceback" not in ran.output
