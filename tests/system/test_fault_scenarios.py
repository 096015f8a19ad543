"""A fault of each kind in a scenario, through `filmgauge run --json`: it is told, or harmless."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from filmgauge.record.record_text import FAULT_NAMES
from filmgauge_host.cli.app import main
from filmgauge_sim.nodes import faults

BENCH = """
name = "fault"
[[node]]
name = "rig"
[node.cell]
soc = 0.5
soc_sigma = 0.005
[node.intervals]
report_every = 5
journal_every = 5
[[node.world.cycler]]
action = "charge"
rate_c = 0.2
hours = 1.0
[[node.world.cycler]]
action = "discharge"
rate_c = 0.2
hours = 1.0
"""


def ran(folder: Path, fault: str) -> dict[str, Any]:
    """Return the line of a node after two hours with a fault."""
    path = folder / "fault.toml"
    path.write_text(f"{BENCH}[[node.fault]]\nat_h = 0.5\n{fault}\n")
    arguments = ["run", str(path), "--runtime", "cpython", "--speed", "max", "--for", "2h"]
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code in (0, 4), done.output
    (node,) = json.loads(done.stdout)["nodes"]
    return node


# kind, its keys, and the faults of which at least one is told (none: harmless)
KINDS = (
    ("register", 'part = "ina228"\nregister = 10\nvalue = "ones"\ncount = 3', {"reading"}),
    ("register", 'part = "ina228"\nregister = 5\nvalue = "zeros"\nfor_h = 0.2', {"reading"}),
    ("register", 'part = "tmp117"\nregister = 0\nvalue = "7fff"\nfor_h = 0.2', {"reading"}),
    ("register", 'part = "ina228"\nregister = 7\nvalue = "stale"', {"sensor", "reading"}),
    ("nack", 'part = "ina228"\nfor_h = 0.5', {"sensor"}),
    ("nack", 'part = "tmp117"', {"temperature"}),
    ("bus_low", "for_h = 0.5", {"sensor"}),
    ("temperature_offset", "k = 60", {"reading", "contradiction"}),
    ("leads_swapped", "", {"contradiction"}),
    ("gate", 'state = "open"', {"reading", "contradiction"}),
    ("gate", 'state = "closed"', {"contradiction"}),
    ("power", "off_s = 600", {"gap"}),
    ("flash_erased", "", {"life", "gap"}),
    ("journal_spoilt", "", {"life"}),
    ("clock", "step_s = 820000000", {"clock"}),
    ("clock", "step_s = -3600", {"clock"}),
    ("lookup", "delay_s = 10\nfor_h = 0.3", set()),
    ("latency", "ms = 500", set()),
    ("radio", 'ends_in = "error"\nfor_h = 0.3', set()),
    ("radio", 'ends_in = "no_memory"\nfor_h = 0.3', set()),
    ("radio", 'ends_in = "panic"\nfor_h = 0.1', {"reset"}),
)


@pytest.mark.parametrize(
    ("kind", "keys", "told"),
    KINDS,
    ids=[f"{kind}-{number}" for number, (kind, *_) in enumerate(KINDS)],
)
def test_a_fault_is_told_or_harmless(tmp_path: Path, kind: str, keys: str, told: set[str]) -> None:
    node = ran(tmp_path, f'kind = "{kind}"\n{keys}')
    assert node["unexplained"] == 0
    assert set(node["faults_told"]) <= set(FAULT_NAMES.split())
    assert all(count > 0 for count in node["faults_told"].values())
    if told:
        assert told & set(node["faults_told"]), node


def test_every_kind_has_its_turn() -> None:
    assert {kind for kind, _, _ in KINDS} == set(faults.FaultKind.__args__)


def test_a_node_without_a_fault_tells_none(tmp_path: Path) -> None:
    node = ran(tmp_path, 'kind = "temperature_offset"\nk = 0')
    assert (node["faults_told"], node["unexplained"]) == ({}, 0)
