"""`filmgauge replay`: a run's own truth and records, from a file and from a store."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.store import RecordStore


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def figures(*arguments: str) -> dict:
    result = invoked("replay", "--cell", "evp-li", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of 100 minutes of a bench node, while the cycler charges with C/5."""
    out = tmp_path_factory.mktemp("replay") / "run"
    options = ("--runtime", "cpython", "--for", "100min", "--out", str(out))
    result = invoked("run", "bench", *options)
    assert result.exit_code == 0, result.output
    return out


def test_the_truth_of_a_run_gives_back_its_own_voltage(run: Path) -> None:
    # The current is constant, and what the node's voltage input takes is in the truth and not in
    # the recorded current: 2.3 uA for 46 ms of every 60 s, a thousandth of the charge. It moves
    # the plateau by its slope times 1e-3 of a third of the charge: far less than 0.1 mV, and
    # leaves a tenth of that behind in the film.
    (truth,) = run.glob("*.bdf.csv")
    result = figures(str(truth))
    assert (result["compared"], result["gaps"], result["cut"]) == (100, [], 0)
    assert abs(result["voltage_mv"]["worst"]) < 0.5
    assert abs(result["charge_pct"]["worst"]) < 0.1


def test_a_node_of_a_store_is_replayed_by_what_it_has_counted(run: Path) -> None:
    result = figures("bench-1", "--store", str(run / "records.sqlite"))
    assert result["compared"] == 10
    assert abs(result["charge_pct"]["worst"]) < 0.2  # C/5 for 100 min are a third
    assert result["gauge_within_two_sigma_pct"] == 100.0


def test_an_export_is_replayed_like_the_node_itself(run: Path, tmp_path: Path) -> None:
    store, out = str(run / "records.sqlite"), str(tmp_path / "out.csv")
    assert invoked("export", "--store", store, out).exit_code == 0
    of_file, of_node = figures(out), figures("bench-1", "--store", store)
    for name in ("voltage_mv", "charge_pct", "gauge_pct"):
        for key in ("count", "rms", "mean", "worst"):
            assert of_file[name][key] == pytest.approx(of_node[name][key], abs=1e-6)


def test_people_get_lines_and_a_picture(run: Path, tmp_path: Path) -> None:
    (truth,) = run.glob("*.bdf.csv")
    picture = tmp_path / "p.png"
    result = invoked("replay", str(truth), "--cell", "evp-li", "--plot", str(picture))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("100 readings over 1.7 h, 0 gaps\n")
    assert "voltage, measured - simulated" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody",), "there is no node 'nobody' in the store, but bench-1"),
        (("nowhere.csv",), "there is no file nowhere.csv"),
        (("bench-1", "--to", "2001-01-01"), "a recording must have two readings"),
        (("bench-1", "--from", "1d", "--to", "2d"), "--to must be later than --from"),
        (("bench-1", "--cell", "nope"), "nope"),
        (("bench-1", "--plot", "p.gif"), "--plot must end in .png or .svg"),
        (("bench-1", "--soc", "1.5"), "1.5"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run: Path, arguments, sentence) -> None:
    result = invoked("replay", "--store", str(run / "records.sqlite"), *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_the_store_of_a_run_is_open_to_others(run: Path) -> None:
    with RecordStore(run / "records.sqlite"):
        assert figures("bench-1", "--store", str(run / "records.sqlite"))["compared"] == 10
