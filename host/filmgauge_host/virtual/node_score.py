"""Scores a scenario with whole nodes: firmware, parts and broker, record by record."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.nodes.virtual_node import RuntimeName
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.score.measure import SocErrors


def score_nodes(
    scenario: Scenario, seeds: range, runtime: RuntimeName
) -> dict[str, dict[str, Any]]:
    """Figures of every node of a scenario: of each record that has a state of charge.

    Raises what a run raises.
    """
    errors = {node.name: SocErrors() for node in scenario.node}
    for seed in seeds:
        seeded = msgspec.structs.replace(scenario, seed=seed)
        with (
            tempfile.TemporaryDirectory(prefix="filmgauge-score-") as folder,
            RunSession(seeded, RunOptions(runtime), Path(folder)) as session,
        ):
            session.run(lambda record, true_pct: None, lambda: True)
            for name, score in session.scores.items():
                errors[name].extend(score.errors)
    return {name: {**each.as_dict(), "records": len(each)} for name, each in errors.items()}
