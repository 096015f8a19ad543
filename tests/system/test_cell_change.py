"""A node that gets another cell: what it says of the old one, and how it begins with the new.
`make soak` cuts its power at every request."""

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from filmgauge.record import FAULT_CELL
from filmgauge.record.record import Record
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

NOWHERE = Broker("127.0.0.1", 1)  # every record waits in flash
STEP = 1 if os.environ.get("FILMGAUGE_SOAK") else 3  # requests from cut to cut
RUNTIMES = pytest.mark.parametrize("runtime", ["cpython", "micropython"])
# The node lives on the cell that it has: only what it is told changes.
SCENARIO = """
name = "changed"
[[node]]
name = "changed"
[node.cell]
set = "evp-li"
area_cm2 = 1.0
soc = 0.5
soc_sigma = 0.001
[node.intervals]
sample_s = 60
report_every = 3
journal_every = 1
[node.world.sensor]
errors = "ideal"
[[node.world.cycler]]
action = "discharge"
rate_c = 0.2
hours = 10.0
"""


@contextmanager
def made(folder: Path, runtime: RuntimeName, text: str = SCENARIO) -> Iterator[VirtualNode]:
    folder.mkdir(exist_ok=True)
    path = folder / "scenario.toml"
    path.write_text(text)
    scenario = load_scenario(str(path))
    with closing(
        virtual_node(scenario, scenario.node[0], NOWHERE, folder, NodeOptions(runtime))
    ) as node:
        yield node


def live(node: VirtualNode, wakes: int) -> None:
    for _ in range(wakes):
        node.step()
        assert node.dead is None, node.console.read_text()[-2000:]


def records(node: VirtualNode) -> list[Record]:
    """Return the records that wait; one that a cut tore is none."""
    found = []
    for name in backlog(node.flash):
        with contextlib.suppress(ValueError):
            found.append(stored_record(node.flash, name))
    return found


def change_files(
    node: VirtualNode, parameters: str = "evp-li", area_cm2: float = 1.0, **keys: Any
) -> None:
    """Take the node's power and give it other files."""
    node.cut_power()
    configuration = json.loads(fetch(node.flash, "/config.json")) | keys
    profile = compile_profile(load_parameters(parameters), area_cm2)
    files = {
        "/config.json": json.dumps(configuration).encode(),
        "/profile.bin": profile.to_bytes(),
    }
    install(node.flash, files)


def ledger(record: Record) -> tuple[int | None, ...]:
    values = vars(record)
    return values["measured_nah"], values["booked_nah"], values["corrected_nah"]


CHANGES = [
    {"area_cm2": 2.0},
    {"parameters": "pre-li"},
    {"cell_number": 1},
    {"area_cm2": 2.0, "cell_number": 65535},
]


@RUNTIMES
@pytest.mark.parametrize("change", CHANGES, ids=["area", "set", "number", "both"])
def test_the_old_ledger_is_told_once_and_closed(
    tmp_path: Path, runtime: RuntimeName, change: dict[str, Any]
) -> None:
    with made(tmp_path, runtime) as node:
        live(node, 31)
        before = records(node)[-1]
        change_files(node, **change, initial_soc_ppm=420_000, initial_sigma_ppm=20_000)
        live(node, 7)
        first, second, third = records(node)[-3:]
    assert before.boot == 1
    assert [(record.boot, record.seq) for record in (first, second, third)] == [
        (2, 0),
        (2, 1),
        (2, 2),
    ]
    assert [record.faults for record in (first, second, third)] == [FAULT_CELL, 0, 0]
    # The cut came right behind a report, and every wake is in the journal.
    assert ledger(first) == ledger(before)
    measured_nah = ledger(before)[0]
    assert measured_nah is not None
    assert measured_nah < -900
    # Half an hour of C/5 was its whole life: the new cell has had three minutes of it.
    assert -150 < (ledger(second)[0] or 0) < 0
    assert ledger(second)[2] == 0
    assert abs((first.soc_ppm or 0) - 420_000) < 1000
    assert abs((first.soc_sigma_ppm or 0) - 20_000) < 5000
    area = change.get("area_cm2", 1.0)
    expected_nah = compile_profile(load_parameters(change.get("parameters", "evp-li")), area)
    assert first.full_nah == expected_nah.full_pc() // 3_600_000
    assert (first.mcycles, first.capacity_age_h) == (0, None)


@RUNTIMES
def test_the_same_cell_goes_on(tmp_path: Path, runtime: RuntimeName) -> None:
    with made(tmp_path, runtime) as node:
        live(node, 31)
        before = records(node)[-1]
        change_files(node, initial_soc_ppm=420_000, cell_number=0)
        live(node, 1)
        first = records(node)[-1]
    assert (first.boot, first.seq) == (2, 0)
    assert not first.faults & FAULT_CELL
    assert first.measured_nah == before.measured_nah
    assert abs((first.soc_ppm or 0) - (before.soc_ppm or 0)) < 1000


@RUNTIMES
def test_a_number_counts_without_a_profile(tmp_path: Path, runtime: RuntimeName) -> None:
    with made(tmp_path, runtime) as node:
        live(node, 31)
        before = records(node)[-1]
        change_files(node, cell_number=9)
        install(node.flash, {"/profile.bin": b"torn"})
        live(node, 4)
        first, second = records(node)[-2:]
        # The profile comes back, and finds nothing of the cell with the old number.
        change_files(node, cell_number=9, initial_soc_ppm=300_000)
        live(node, 1)
        third = records(node)[-1]
    assert first.faults & FAULT_CELL
    assert first.soc_ppm is None
    assert ledger(first) == ledger(before)
    assert not (second.faults | third.faults) & FAULT_CELL
    assert abs((third.soc_ppm or 0) - 300_000) < 1000
    assert third.mcycles == 0


@pytest.mark.parametrize(
    ("runtime", "step"), [("cpython", STEP), ("micropython", 11)], ids=["cpython", "micropython"]
)
def test_a_power_cut_in_between_loses_nothing_of_it(
    tmp_path: Path, runtime: RuntimeName, step: int
) -> None:
    told: list[int] = []
    request = 1
    text = SCENARIO.replace("report_every = 3", "report_every = 1")
    while True:
        with made(tmp_path / str(request), runtime, text) as node:
            live(node, 2)
            before = records(node)[-1]
            change_files(node, cell_number=5)
            node.board.cut_at_request = node.board.requests + request
            live(node, 1)
            if node.board.cut_at_request is not None:
                break
            node.cut_power()
            live(node, 2)
            after = [record for record in records(node) if record.boot > 1]
        closing_records = [record for record in after if record.faults & FAULT_CELL]
        # Told at least once; twice only where it was cut off before it knew that it had.
        assert closing_records
        assert all(ledger(record) == ledger(before) for record in closing_records)
        assert len({record.boot for record in closing_records}) == len(closing_records)
        assert not after[-1].faults & FAULT_CELL
        told.append(len(closing_records))
        request += step
    assert request > 40
    assert told.count(1) > len(told) // 2
    assert max(told) <= 2
