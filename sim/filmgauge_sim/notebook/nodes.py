"""Nodes in a world for notebooks: a scenario or a node is run, and records come back beside the
truth.

    result = run(Scenario("window"), duration="2d")
    result["window-1"].columns["soc_pct"]

Neither broker nor radio is needed. A node on Wi-Fi sends its records to a sink on this machine
(nodes/record_sink.py). Of any other node the records are read from its flash, where it keeps them
until somebody fetches them; it advertises, but nobody listens.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, SupportsIndex

import msgspec

from filmgauge.record.record import Record, fields
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.record_sink import RecordSink
from filmgauge_sim.nodes.tables import from_table
from filmgauge_sim.nodes.truth_log import TruthLog
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.notebook.numbers import whole
from filmgauge_sim.notebook.optional import imported
from filmgauge_sim.scenario import loading
from filmgauge_sim.scenario import scenario as definitions
from filmgauge_sim.scenario.simulation import Simulation
from filmgauge_sim.score.measure import SocErrors


class Scenario:
    """Nodes and the world around them: one of the package by its name (window, implant, bench,
    demo), or a TOML file by its path; docs/scenarios.md has every key.

    definition: all that the file says, with its defaults.
    Raises ScenarioError, a ValueError of one sentence with file, key and bound.
    """

    def __init__(self, name_or_path: str | Path) -> None:
        self.definition: definitions.Scenario = loading.load_scenario(str(name_or_path))

    def __repr__(self) -> str:
        return f"<Scenario {self.definition.name}: {', '.join(self.nodes)}>"

    @property
    def nodes(self) -> list[str]:
        """Names of its nodes."""
        return [node.name for node in self.definition.node]


class Node(Scenario):
    """One node as its file describes it, in a plain world: at 25 degC, a cycler at C/5 for one on
    USB; for one that lives from its film, office light or a charger's visits.

    path: a description of a node (node.toml). Raises as Scenario.
    """

    def __init__(self, path: str | Path) -> None:
        self.definition = loading.scenario_of_node(Path(path))


class NodeResult:
    """The records of one node, each beside the truth of its moment, and the truth of every wake.

    columns: lists of one length, one entry a record, by the names that records have in JSON
    (soc_pct, soc_sigma_pct, voltage_v, current_ua, temperature_c, ...; None where the node did
    not know), and true_time_s (since the start), true_soc_pct, true_voltage_v, true_current_ua,
    true_temperature_c. truth: lists of one length, one entry a wake: time_s, soc_pct, voltage_v,
    current_ua, temperature_c, phase (charge, discharge or rest). errors: of the node's state of
    charge against the truth, per cent (figures.rmse, .p95, .worst, and coverage_pct, the share
    within two sigma), and errors.unexplained, the records that are wrong by more than two sigma
    and 1 % without a fault. Positive current charges.
    """

    def __init__(self, name: str, records: list[Record], truth: TruthLog) -> None:
        self.name = name
        self.errors = SocErrors()
        self.records = records
        rows = [json.loads(record.to_json()) for record in records]
        truths = [truth.at((row["life"], row["boot"]), row["up_s"]) for row in rows]
        for row, true in zip(rows, truths, strict=True):
            if true is not None and row["soc_pct"] is not None:
                sigma_pct = row["soc_sigma_pct"]
                sigma = None if sigma_pct is None else sigma_pct / 100.0
                has_fault = row["faults"] != "none"
                self.errors.add(row["soc_pct"] / 100.0, true.stoichiometry, sigma, has_fault)
        self.columns: dict[str, list[Any]] = {
            key: [row[key] for row in rows] for _, key, *_ in fields()
        }
        for key, read in _TRUE.items():
            self.columns[f"true_{key}"] = [None if t is None else read(t) for t in truths]
        self.truth: dict[str, list[Any]] = {
            **{key: [read(t) for t in truth] for key, read in _TRUE.items()},
            "phase": [t.phase for t in truth],
        }
        self._count = len(records)

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        rmse = self.errors.figures.rmse
        error = "" if rmse is None else f", state of charge within {rmse:.2g} % RMS"
        return f"<NodeResult {self.name}: {len(self)} records{error}>"

    def to_dataframe(self) -> Any:
        """The columns as a pandas.DataFrame, one row a record. Raises ModuleNotFoundError, which
        names the extra, without pandas."""
        return imported("pandas", "pandas", "to_dataframe()").DataFrame(self.columns)

    def plot(self, axes: Any = None) -> Any:
        """State of charge over time: the truth, and the node's records with two sigma. Draws on
        matplotlib axes (new ones by default) and returns them. Raises ModuleNotFoundError, which
        names the extra, without matplotlib."""
        if axes is None:
            axes = imported("matplotlib.pyplot", "lab", "plot()").subplots()[1]
        days = [time_s / 86400.0 for time_s in self.truth["time_s"]]
        axes.plot(days, self.truth["soc_pct"], color="black", linewidth=1.0, label="truth")
        rows = [
            (true_s / 86400.0, soc, 2.0 * (sigma or 0.0))
            for true_s, soc, sigma in zip(
                self.columns["true_time_s"],
                self.columns["soc_pct"],
                self.columns["soc_sigma_pct"],
                strict=True,
            )
            if true_s is not None and soc is not None
        ]
        if rows:
            axes.errorbar(*zip(*rows, strict=True), fmt=".", capsize=2, label=self.name)
        axes.set(xlabel="time / days", ylabel="state of charge / %")
        axes.legend()
        return axes


class RunResult:
    """What a run gave: a NodeResult by the name of each node, and how far it came.

    duration_s: virtual time. stopped: name of a node -> why it stopped before the end.
    """

    def __init__(
        self, nodes: dict[str, NodeResult], duration_s: float, stopped: dict[str, str]
    ) -> None:
        self.nodes = nodes
        self.duration_s = duration_s
        self.stopped = stopped

    def __getitem__(self, name: str) -> NodeResult:
        return self.nodes[name]

    def __repr__(self) -> str:
        return f"<RunResult {self.duration_s / 86400.0:g} days: {list(self.nodes.values())}>"


def run(
    scenario: Scenario,
    duration: str | None = None,
    runtime: RuntimeName = "cpython",
    seed: SupportsIndex | None = None,
    single: bool = False,
) -> RunResult:
    """Run a scenario or a node, as fast as the machine allows.

    duration: virtual time such as "12h" or "3d", the scenario's own by default. runtime: cpython
    runs the firmware in this process, micropython on a real interpreter, micropython32 on one of
    32 bits; all give the same records. seed: draws sensor errors and noise, the scenario's own by
    default. single: a real interpreter computes in single precision, as the boards do; cpython
    cannot.

    Raises ValueError, one sentence, for an argument that is none of these, a duration that cannot
    be read or a node that cannot be built.
    """
    definition = scenario.definition
    if seed is not None:
        table = {"name": definition.name, "seed": whole("seed", seed)}
        checked = from_table(table, definitions.Scenario)
        definition = msgspec.structs.replace(definition, seed=checked.seed)
    with (
        tempfile.TemporaryDirectory(prefix="filmgauge-") as folder,
        RecordSink() as sink,
    ):
        simulation = Simulation(
            definition, sink.broker, Path(folder), runtime, duration, single=single
        )
        try:
            stored: dict[str, list[Record]] = {node.name: [] for node in simulation.nodes}

            def after_wake(node: VirtualNode) -> None:
                stored[node.name] += node.new_records()

            simulation.run(after_wake, lambda: True)
            nodes = {
                node.name: NodeResult(
                    node.name,
                    _distinct(stored[node.name] + sink.records[node.name]),
                    node.truth,
                )
                for node in simulation.nodes
            }
            stopped = {node.name: node.dead for node in simulation.nodes if node.dead}
            return RunResult(nodes, simulation.end_us / 1e6, stopped)
        finally:
            simulation.close()


_TRUE: dict[str, Callable[[Truth], float]] = {
    "time_s": lambda truth: truth.now_us / 1e6,
    "soc_pct": lambda truth: 100.0 * truth.stoichiometry,
    "voltage_v": lambda truth: truth.voltage_v,
    "current_ua": lambda truth: truth.current_ua,
    "temperature_c": lambda truth: truth.temperature_c,
}


def _distinct(records: list[Record]) -> list[Record]:
    """Each record once, in the order in which the node made them, life after life."""
    distinct = {}
    lives: dict[int, int] = {}
    for each in records:
        boot, seq, *_, life = each.values()
        distinct[lives.setdefault(life, len(lives)), boot, seq] = each
    return [record for _, record in sorted(distinct.items())]
