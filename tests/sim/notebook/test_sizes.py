"""Sizing in a notebook: what `filmgauge size` computes, as columns and as a picture."""

import json

import matplotlib as mpl
import numpy as np
import pytest
from click.testing import CliRunner

import filmgauge_sim as fg
from filmgauge_host.cli.app import main
from filmgauge_sim.nodes.description import to_toml

mpl.use("Agg")
SHORT = {"years": 0.06, "nodes": 4}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    path = tmp_path_factory.mktemp("node") / "node.toml"
    path.write_text(to_toml(fg.Scenario("window").definition.node[0].description))
    return path


def test_designs_are_those_of_the_command(node):
    result = fg.size(node, "office", cell_cm2=[15, 70], harvester_cm2=[5, 20], **SHORT)
    options = "--world office --cell-cm2 15,70 --harvester-cm2 5,20 --years 0.06 --nodes 4"
    done = CliRunner().invoke(main, ["size", str(node), *options.split(), "--json"])
    printed = json.loads(done.stdout)
    assert result.columns == {
        key: [each[key] for each in printed["designs"]] for key in printed["designs"][0]
    }
    (smallest,) = result.smallest
    assert smallest.nominal.to_dict() == {
        key: value for key, value in printed["smallest"].items() if key in result.columns
    }
    assert repr(result).endswith("in the world office, 0.06 years: 1 of 4 designs live>")
    frame = result.to_dataframe()
    assert list(frame.columns) == list(result.columns)
    assert len(frame) == len(result) == 4
    figure = result.plot()
    assert figure.axes[0].get_xlabel() == "film / cm2"
    assert figure.axes[0].get_title() == "a report in 2 h, 4700 uF"


def test_a_node_of_a_scenario_is_sized_as_it_is_described():
    window = fg.Scenario("window")
    described = window.definition.node[0].description
    (area,) = fg.size(window, "office", **SHORT).columns["cell_cm2"]
    assert area == described.cell.area_cm2


def test_numbers_of_numpy_and_a_single_one_are_values(node):
    result = fg.size(
        node,
        "office",
        cell_cm2=np.array([15, 70]),
        harvester_cm2=20,
        report_s=np.float64(7200),
        years=np.float64(0.02),
        nodes=np.int64(2),
        seed=np.int64(3),
    )
    columns = fg.size(
        node, "office", cell_cm2=[15.0, 70.0], harvester_cm2=[20.0], report_s=[7200], years=0.02
    ).columns
    assert result.columns == columns


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"world": "moon"}, "neither a file nor one of the worlds"),
        ({"world": "machine"}, "has no light"),
        ({"node": "nowhere.toml"}, "nowhere.toml cannot be read"),
        ({"node": fg.Scenario("demo")}, "a scenario of one node can be sized"),
        ({"node": fg.Scenario("bench")}, 'supply must be "film"'),
        ({"cell_cm2": [-1.0]}, "cell.area_cm2"),
        ({"capacitance_uf": [0.0]}, "capacitance_uf must be above 0"),
        ({"report_s": [0]}, "report_every"),
        ({"report_s": [90.7]}, "report_s must be whole numbers, not 90.7"),
        ({"harvester_cm2": "20"}, "harvester_cm2 must be a number, not '20'"),
        ({"nodes": 1.5}, "nodes must be a whole number, not 1.5"),
        ({"seed": -1}, "seed must be 0 or above, not -1"),
        ({"years": 0.0}, "years must be above 0"),
        ({"nodes": 0}, "nodes must be from 1 to 1000, not 0"),
        ({"nodes_share_pct": 120.0}, "nodes_share_pct must be from 0 to 100, not 120"),
    ],
)
def test_what_is_wrong_is_one_sentence(node, given, says):
    with pytest.raises(ValueError, match=says):
        fg.size(**{"node": node, "world": "office", **SHORT, **given})
