"""Nodes in a notebook: records beside the truth, without a broker and without a radio."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import filmgauge_sim as fg

mpl.use("Agg")
BENCH = fg.Scenario("bench")
UNKNOWN: Any = "micropyhton"


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_node_on_wifi_sends_to_the_sink(runtime):
    result = fg.run(fg.Scenario("bench"), duration="3h", runtime=runtime)
    node = result["bench-1"]
    # A wake a minute from 0 on, every tenth one a report.
    assert node.columns["seq"] == list(range(18))
    assert node.columns["up_s"] == pytest.approx(range(0, 10800, 600), abs=5)
    assert len(node.truth["time_s"]) == 180
    for time_s, up_s in zip(node.columns["true_time_s"], node.columns["up_s"], strict=True):
        assert time_s == pytest.approx(up_s, abs=5.0)
    assert node.columns["soc_pct"] == pytest.approx(node.columns["true_soc_pct"], abs=2.0)
    true_c = node.columns["true_temperature_c"]
    assert node.columns["temperature_c"] == pytest.approx(true_c, abs=0.2)
    assert node.errors.figures.worst < 5.0
    assert result.stopped == {}


def test_a_node_without_wifi_is_read_from_its_flash():
    result = fg.run(fg.Scenario("window"), duration="1d")
    node = result["window-1"]
    assert len(node) > 5
    assert node.columns["seq"] == list(range(len(node)))
    assert set(node.truth["phase"]) <= {"charge", "discharge", "rest"}
    frame = node.to_dataframe()
    assert {"soc_pct", "true_soc_pct", "available_uah"} <= set(frame.columns)
    assert node.plot().get_ylabel() == "state of charge / %"


def test_a_seed_is_a_seed():
    one, again, other = (
        fg.run(fg.Scenario("bench"), "1h", seed=seed)["bench-1"].columns
        for seed in (3, np.int64(3), 4)
    )
    assert one == again
    assert one["voltage_v"] != other["voltage_v"]


def test_a_described_node_runs_in_a_plain_world(tmp_path):
    path = tmp_path / "node.toml"
    path.write_text('name = "shelf-1"\nboard = "stm32wb55"\n[cell]\nsoc = 0.5\n', "utf-8")
    node = fg.Node(path)
    assert node.nodes == ["shelf-1"]
    result = fg.run(node, duration="4h")
    assert len(result["shelf-1"]) > 5
    # The plain world's cycler charges at C/5.
    assert result["shelf-1"].truth["soc_pct"][-1] > 60.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fg.Scenario("nowhere"), "neither a file nor one of the scenarios"),
        (lambda: fg.Node("nowhere.toml"), "nowhere.toml cannot be read"),
        (lambda: fg.run(BENCH, "a while"), "duration must be a number and"),
        (lambda: fg.run(BENCH, 3600), "duration must be a number and"),  # type: ignore[arg-type]
        (lambda: fg.run(BENCH, "1h", UNKNOWN), "runtime must be .* not 'micropyhton'"),
        (lambda: fg.run(BENCH, "1h", single=True), "single precision needs runtime micropython"),
        (lambda: fg.run(BENCH, "1h", seed=-5), "seed: expected int >= 0"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
