"""`filmgauge size`: what it prints, for people and for programs, and what it refuses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from filmgauge_host.cli.app import main
from filmgauge_sim.nodes import flash_wear
from filmgauge_sim.nodes.description import read_description, to_toml
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario

SHORT = ("--years", "0.06", "--nodes", "4")
GRID = ("--cell-cm2", "15,70", "--harvester-cm2", "5:20:2")
KEYS = {
    "cell_cm2", "harvester_cm2", "capacitance_uf", "report_s", "lowest_soc_pct",
    "reports_share_pct", "capacity_10y_pct", "limited_by",
}  # fmt: skip


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("node") / "node.toml"
    path.write_text(to_toml(load_scenario("window").node[0].description))
    return path


def size(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["size", *map(str, arguments)])


@pytest.fixture(scope="module")
def printed(node: Path) -> dict[str, Any]:
    done = size(node, "--world", "office", *SHORT, *GRID, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_an_object_has_every_design_and_the_smallest(printed: dict[str, Any]) -> None:
    assert len(printed["designs"]) == 4
    assert all(set(each) >= KEYS for each in printed["designs"])
    smallest = printed["smallest"]
    assert (smallest["cell_cm2"], smallest["harvester_cm2"]) == (70.0, 20.0)
    low, high = smallest["bands"]["lowest_soc_pct"]
    assert low <= high
    assert printed["drain_uw"]["asleep"] == pytest.approx(18.0)


def test_people_get_a_table_and_a_picture(node: Path, tmp_path: Path) -> None:
    plot = tmp_path / "sizing.svg"
    done = size(node, "--world", "office", *SHORT, *GRID, "--plot", plot)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("window-1 in the world office, 0.06 years: 1 of 4 designs")
    row = next(line for line in lines if line.lstrip().startswith("70 "))
    assert "7200 s" in row
    assert "asleep 18" in lines[-1]
    assert "runs empty" in plot.read_text()


def test_a_picture_that_cannot_be_written_is_said_before_any_work(node: Path) -> None:
    done = size(node, "--world", "office", "--years", "30", *GRID, "--plot", "/proc/x.png")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "filmgauge: /proc/x.png: the folder /proc cannot be written to\n"


def test_the_table_comes_before_a_picture_that_cannot_be_written(
    node: Path, tmp_path: Path
) -> None:
    full = tmp_path / "sizing.svg"
    full.symlink_to("/dev/full")
    done = size(node, "--world", "office", *SHORT, *GRID, "--plot", full)
    assert done.exit_code == 1
    assert done.stdout.startswith("window-1 in the world office, 0.06 years: 1 of 4 designs")
    assert done.stderr == f"filmgauge: {full} cannot be written: No space left on device\n"


def test_the_firmware_itself_lives_through_what_the_engine_says(node: Path) -> None:
    one = ("--cell-cm2", "70", "--harvester-cm2", "20", "--nodes", "1", "--years", "0.02")
    done = size(node, "--world", "office", *one, "--verify", "--json")
    assert done.exit_code == 0, done.output
    verified = json.loads(done.stdout)["verified"]
    assert (verified["first_day"], verified["days"]) == (0, 7.3)
    assert verified["records_due"] == 87  # of a week, one in two hours
    assert verified["records"] >= 86
    assert verified["brown_outs"] == 0
    assert verified["largest_difference_pct"] < 1.5
    assert verified["engine_lowest_soc_pct"] < 99.0


def test_a_firmware_that_denies_the_answer_is_a_failure(tmp_path: Path) -> None:
    """The engine lets it make each report; the firmware reports seldom with so low a charge."""
    low = {"cell.soc": 0.29, "intervals.sample_s": 7200, "intervals.report_every": 1}
    path = tmp_path / "node.toml"
    path.write_text(to_toml(varied(load_scenario("window").node[0].description, low)))
    one = ("--cell-cm2", "200", "--harvester-cm2", "20", "--nodes", "1", "--years", "0.02")
    done = size(path, "--world", "office", *one, "--verify")
    assert done.exit_code == 1
    assert "1 of 1 designs make 100 % of their reports" in done.output
    assert "with the real firmware in the 7.3 days from day 0: lowest charge" in done.output
    records = int(re.findall(r"the real firmware made (\d+) of 87 reports", done.output)[0])
    assert records < 80
    assert done.output.rstrip().endswith("it does less as its cell runs low: reduces_service")
    assert "Traceback" not in done.output


def test_without_any_design_that_lives_it_says_what_is_nearest(node: Path) -> None:
    done = size(node, "--world", "office", *SHORT, "--cell-cm2", "5", "--harvester-cm2", "5")
    assert done.exit_code == 0
    assert "none does; the best (5 cm2 of film" in done.output


def test_a_capacitor_with_which_the_node_cannot_run_is_no_answer(node: Path) -> None:
    one = ("--cell-cm2", "70", "--harvester-cm2", "20", "--capacitance-uf", "470")
    done = size(node, "--world", "office", *SHORT, *one, "--verify")
    assert done.exit_code == 0, done.output
    assert "470 uF, a report in 7200 s) makes 0 %, limited by: capacitor" in done.output


def test_reports_that_wear_flash_out_are_no_answer(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With flash that endures 20 erases, and so not the years but three weeks."""
    monkeypatch.setattr(flash_wear, "ENDURANCE", 20)
    done = size(node, "--world", "office", *SHORT, "--cell-cm2", "70", "--harvester-cm2", "20")
    assert done.exit_code == 0, done.output
    row = next(line for line in done.output.splitlines() if " 7200 s |" in line)
    assert row.endswith("flash")
    assert "a report in 7200 s wears its flash out in 0.0 years" in done.output


def test_without_any_design_that_is_sure_it_says_so(node: Path) -> None:
    """Of four drawn nodes one has less light than this harvester needs."""
    one = ("--cell-cm2", "70", "--harvester-cm2", "20", "--nodes-share", "100")
    done = size(node, "--world", "office", *SHORT, *one)
    assert done.exit_code == 0
    assert "1 of 1 designs make 100 % of their reports as described" in done.output
    assert "none of them in 100 % of 4 drawn nodes" in done.output


def test_two_workers_of_a_scheduler_give_what_this_machine_gives(
    node: Path, printed: dict[str, Any]
) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None,
        protocol="tcp://",
    ) as cluster:  # fmt: skip
        address = cluster.scheduler_address
        assert address.startswith("tcp://")
        done = size(node, "--world", "office", *SHORT, *GRID, "--json", "--workers", address)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--world", "moon"), "neither a file nor one of the worlds"),
        (("--world", "machine"), "has no light"),
        (("--world", "office", "--cell-cm2", "0"), "must be numbers above 0"),
        (("--world", "office", "--cell-cm2", "1:2:1"), "FROM:TO:COUNT"),
        (("--world", "office", "--cell-cm2", "2000"), "cell.area_cm2"),
        (("--world", "office", "--plot", "a.txt"), "--plot must end in .png or .svg"),
        (("--world", "office", "--plot", "no/a.png"), "there is no folder no"),
        (("--world", "office", "--workers", "here"), "--workers must be tcp://HOST:PORT"),
        (("--world", "office", "--years", "99"), "30"),
        (("--world", "office", "--report-s", "0.4"), "must be whole numbers above 0"),
        (("--world", "office", "--report-s", "60,90.7"), "must be whole numbers above 0"),
        (("--world", "office", "--report-s", "7250"), "report_s must be a multiple"),
        (("--world", "office", "--nodes", "0"), "1<=x<=1000"),
    ],
)
def test_wrong_input_is_one_sentence(
    node: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = size(node, *arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_a_source_of_which_somebody_measured_a_piece_is_sized_in_pieces(
    node: Path, tmp_path: Path
) -> None:
    """Of a node whose description has no harvester at all."""
    bare = varied(read_description(node), {"harvester": {}})
    (tmp_path / "node.toml").write_text(to_toml(bare))
    (tmp_path / "piece.csv").write_text("time_s,power_uw\n0,25\n86400,25\n")
    (tmp_path / "shaker.toml").write_text(
        'name = "shaker"\n[[trace]]\nfile = "piece.csv"\nquantity = "power_uw"\n'
    )
    world = ("--world", tmp_path / "shaker.toml", *SHORT)
    done = size(tmp_path, *world, "--harvester-cm2", "1,2")
    assert done.exit_code == 0, done.output
    assert "cm2    pieces        uF" in done.output
    done = size(tmp_path, *world, "--json")
    found = json.loads(done.stdout)
    assert found["harvester_unit"] == "pieces"
    assert [each["harvester_cm2"] for each in found["designs"]] == [1.0]


def test_a_node_on_usb_needs_none(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    path.write_text(to_toml(load_scenario("bench").node[0].description))
    done = size(path, "--world", "office")
    assert done.exit_code == 2
    assert "supply must be" in done.output
