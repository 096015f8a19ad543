"""Scores a scenario with whole nodes: firmware, parts and broker, record by record."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.nodes.virtual_node import RuntimeName
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.score.measure import errors_of


@dataclass(slots=True)
class _Gathered:
    """Errors of the state of charge of one node over all seeds, per cent."""

    errors: list[float] = field(default_factory=list)
    within: int = 0


def score_nodes(
    scenario: Scenario, seeds: range, runtime: RuntimeName
) -> dict[str, dict[str, Any]]:
    """Figures of every node of a scenario: of each record that tells a state of charge.

    Raises what a run raises.
    """
    found = {node.name: _Gathered() for node in scenario.node}
    for seed in seeds:
        _run(msgspec.structs.replace(scenario, seed=seed), runtime, found)
    return {name: _figures(gathered) for name, gathered in found.items()}


def _run(scenario: Scenario, runtime: RuntimeName, found: dict[str, _Gathered]) -> None:
    def note(report: ReceivedRecord, true_pct: float | None) -> None:
        soc_ppm, sigma_ppm = report.value("soc_ppm"), report.value("soc_sigma_ppm")
        if soc_ppm is None or true_pct is None:
            return
        gathered = found[report.node]
        error_pct = soc_ppm / 1e4 - true_pct
        gathered.errors.append(error_pct)
        gathered.within += abs(error_pct) <= 2.0 * (sigma_ppm or 0) / 1e4

    with tempfile.TemporaryDirectory(prefix="filmgauge-score-") as folder:
        options = RunOptions(runtime)
        with RunSession(scenario, options, Path(folder)) as session:
            session.run(note, lambda: True)


def _figures(gathered: _Gathered) -> dict[str, Any]:
    errors = errors_of(gathered.errors)
    count = len(gathered.errors)
    return {
        "soc_rmse_pct": errors.rmse,
        "soc_p95_pct": errors.p95,
        "soc_max_pct": errors.worst,
        "coverage_pct": 100.0 * gathered.within / count if count else None,
        "records": count,
    }
