"""Each fault that a node can tell, raised once in whole wakes: it is told in a record, and no wake
ends in an exception."""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from filmgauge import record as bits
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.record.record import Record
from filmgauge.record.record_text import FAULT_NAMES
from filmgauge.state import State
from filmgauge.store.retained import Retained
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

NOWHERE = Broker("127.0.0.1", 1)  # every record waits in flash
BEFORE, AFTER = 3, 5  # wakes, each of which reports
AT_H = (BEFORE - 0.5) / 60
AREA_CM2 = 1.0
UNLIKE_PPM = 300_000  # of the capacity: no cell of the profile's kind lacks so much
KEYS = {"command_key": "00112233445566778899aabbccddeeff"}
INA228 = {"part": "ina228", "at_h": AT_H}
# Of a node whose firmware fails: test_safe_mode.py, test_allocation_faults.py.
FAILING = bits.FAULT_EXCEPTION | bits.FAULT_MEMORY | bits.FAULT_SAFE


def without_profile(node: VirtualNode) -> None:
    node.cut_power()
    install(node.flash, {"/profile.bin": b"torn"})


def configured(**keys: Any) -> Callable[[VirtualNode], None]:
    def configure(node: VirtualNode) -> None:
        node.cut_power()
        changed = json.loads(fetch(node.flash, "/config.json")) | keys
        install(node.flash, {"/config.json": json.dumps(changed).encode()})

    return configure


def brown_out(node: VirtualNode) -> None:
    node.cut_power(memory=bytes(node.board.rtc_memory), with_sensors=False)


def read_only(node: VirtualNode) -> None:
    """Let flash take nothing in the wake to come."""
    program = node.flash.program

    def failing(at: int, data: bytes, spend: Callable[[int], None]) -> None:
        if node.wakes == BEFORE:
            raise OSError(5, "")
        program(at, data, spend)

    node.flash.program = failing  # type: ignore[method-assign]


def unlike_profile(node: VirtualNode) -> None:
    """Let the gauge have learnt a capacity that no cell of its profile has."""
    state = State(len(node.board.rtc_memory) - len(State().buffer))
    state.buffer[:] = node.board.rtc_memory
    gauge = FuelGauge(compile_profile(load_parameters("evp-li"), AREA_CM2), 1_000_000)
    assert state.unpack(gauge)
    gauge.estimator.capacity_ppm -= UNLIKE_PPM
    state.pack(gauge)
    kept: list[bytes] = []
    Retained(lambda data: kept.append(bytes(data)), state.size).save(state.buffer)
    node.board.rtc_memory = kept[0]


# Fault, and what raises it: faults of a scenario, or something that is done between two wakes.
RAISING: list[tuple[str, list[Mapping[str, Any]] | Callable[[VirtualNode], None]]] = [
    ("profile", without_profile),
    ("sensor", [{"kind": "nack", **INA228}]),
    ("temperature", [{"kind": "nack", "part": "tmp117", "at_h": AT_H}]),
    ("gap", [{"kind": "power", "off_s": 60, "at_h": AT_H}]),
    ("backlog", configured(backlog=1)),
    ("store", read_only),
    ("cell_changed", configured(cell_number=7)),
    ("reading", [{"kind": "register", "register": 5, "value": "zeros", **INA228}]),
    (
        "range",
        [{"kind": "register", "register": at, "value": "7ffff0", **INA228} for at in (4, 7)],
    ),
    ("contradiction", unlike_profile),
    ("contradiction", [{"kind": "leads_swapped", "at_h": AT_H}]),
    ("clock", [{"kind": "clock", "step_s": 86400, "at_h": AT_H}]),
    ("reset", brown_out),
    ("life", [{"kind": "journal_spoilt", "at_h": AT_H}]),
    ("counter", [{"kind": "flash_erased", "at_h": AT_H}]),
]


def node_with(folder: Path, faults: list[Mapping[str, Any]]) -> VirtualNode:
    node = {
        "name": "rig",
        "commands": True,
        "cell": {"set": "evp-li", "area_cm2": AREA_CM2, "soc": 0.5, "soc_sigma": 0.005},
        "intervals": {"sample_s": 60, "report_every": 1, "journal_every": 2},
        "world": {"cycler": [{"action": "charge", "rate_c": 0.2, "hours": 1.0}]},
        "fault": faults,
    }
    scenario = scenario_from({"name": "faults", "node": [node]})
    given = scenario.node[0]
    given.secrets.update(KEYS)
    return virtual_node(scenario, given, NOWHERE, folder, NodeOptions("cpython"))


def live(node: VirtualNode, wakes: int) -> None:
    for _ in range(wakes):
        node.step()
        assert node.dead is None


def records(node: VirtualNode) -> list[Record]:
    return [stored_record(node.flash, name) for name in backlog(node.flash)]


@pytest.mark.parametrize(
    ("name", "raising"), RAISING, ids=[f"{name}-{at}" for at, (name, _) in enumerate(RAISING)]
)
def test_it_is_told_and_no_wake_fails(
    tmp_path: Path,
    name: str,
    raising: list[Mapping[str, Any]] | Callable[[VirtualNode], None],
) -> None:
    with closing(node_with(tmp_path, [] if callable(raising) else raising)) as node:
        live(node, BEFORE)
        if callable(raising):
            raising(node)
        live(node, AFTER)
        found = records(node)
        assert "Traceback" not in node.console.read_text(), node.console.read_text()
    told = 0
    for record in found:
        told |= vars(record)["faults"]
    assert told >> FAULT_NAMES.split().index(name) & 1, told
    assert not told & FAILING


def test_each_has_its_turn() -> None:
    failing = {name for at, name in enumerate(FAULT_NAMES.split()) if FAILING >> at & 1}
    assert {name for name, _ in RAISING} == set(FAULT_NAMES.split()) - failing
