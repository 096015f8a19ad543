"""A day of the scenario `bench` on a board that is not its own, on both runtimes."""

from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest

from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import RuntimeName
from filmgauge_sim.scenario.loading import load_scenario


@pytest.mark.parametrize("board", ["pico-w"])
def test_a_day_of_bench_is_the_same_on_both_runtimes(tmp_path: Path, board: str) -> None:
    scenario = load_scenario("bench")
    (node,) = scenario.node
    description = varied(node.description, {"board": board})
    node = msgspec.structs.replace(node, description=description)
    scenario = msgspec.structs.replace(scenario, node=[node])
    results, truths = [], []
    runtimes: tuple[RuntimeName, ...] = ("micropython", "cpython")
    for runtime in runtimes:
        folder = tmp_path / runtime
        folder.mkdir()
        with RunSession(scenario, RunOptions(runtime), folder) as session:
            session.run(lambda *_: None, lambda: True)
            results.append(asdict(session.results()[0]))
            truths.append(list(session.simulation.nodes[0].truth))
    assert results[0] == results[1]
    assert truths[0] == truths[1]
    result = results[0]
    assert result["sent"] == result["received"] > 140
    assert result["lost"] == result["duplicated"] == 0
    assert result["within_2_sigma_pct"] >= 95.0
    assert result["soc_max_error_pct"] < 0.5
