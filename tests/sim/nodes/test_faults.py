"""Faults of a node as keys of a scenario: what is refused, and what each does."""

import random
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest

import filmgauge_sim as fg
from filmgauge.record import FAULT_GAP, FAULT_SENSOR, FAULT_TEMPERATURE
from filmgauge.record.record import Record
from filmgauge_sim.board.wifi import AccessPoint, Station
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.fault_schedule import FaultSchedule, transfer_faults
from filmgauge_sim.nodes.faults import FaultSection
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.scenario.loading import scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

HOUR_US = 3_600_000_000
NOWHERE = Broker("127.0.0.1", 1)


def bench_with(*faults: dict[str, Any]) -> dict[str, Any]:
    text = (files("filmgauge_sim") / "scenarios" / "bench.toml").read_text()
    table = tomllib.loads(text)
    table["node"][0]["fault"] = list(faults)
    return table


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "gamma rays"}, "kind"),
        ({"kind": "register", "part": "tmp117", "value": "ones"}, "register must be given"),
        ({"kind": "nack", "part": "bme280"}, "part"),
        ({"kind": "nack", "part": "tmp117", "value": "ones"}, "value must be left out"),
        ({"kind": "gate", "state": "open", "count": 1}, "count must be left out"),
        ({"kind": "power", "off_s": 0}, "off_s"),
        ({"kind": "bus_low", "at_h": -1}, "at_h"),
        ({"kind": "clock"}, "step_s must be given"),
        ({"kind": "clock", "step_s": 60, "for_h": 1}, "for_h must be left out"),
        (
            {"kind": "register", "part": "tmp117", "register": 0, "value": "xyz"},
            "value must be bytes in hexadecimal or one of zeros, ones, stale, not 'xyz'",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(fault: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^node\[0\]\.fault\[0\]") as error:
        scenario_from(bench_with(fault))
    assert sentence in str(error.value)


def lived(folder: Path, fault: dict[str, Any], until_h: float) -> VirtualNode:
    return lived_with(folder, bench_with(fault), until_h)


def lived_with(folder: Path, table: dict[str, Any], until_h: float) -> VirtualNode:
    scenario = scenario_from(table)
    options = NodeOptions("cpython", real_wait_ms=10)
    node = virtual_node(scenario, scenario.node[0], NOWHERE, folder, options)
    while node.now_us < until_h * HOUR_US:
        node.step()
    return node


def sensing(node: VirtualNode) -> Any:
    assert isinstance(node.world, CyclerBench)
    return node.world.sensing


def test_what_lasts_begins_and_ends(tmp_path: Path) -> None:
    fault = {"kind": "temperature_offset", "k": 20, "at_h": 0.5, "for_h": 0.5}
    for hours, kelvin in ((0.4, 0.0), (0.6, 20.0), (1.1, 0.0)):
        folder = tmp_path / str(hours)
        folder.mkdir()
        node = lived(folder, fault, hours)
        assert sensing(node).temperature_error_c == kelvin
        node.close()


def records(*faults: dict[str, Any]) -> list[Record]:
    """Return the records of 72 minutes with faults, after half an hour unless they say when."""
    scenario = fg.Scenario("bench")
    scenario.definition = scenario_from(bench_with(*({"at_h": 0.5, **each} for each in faults)))
    (node,) = fg.run(scenario, "72min").nodes.values()
    return node.records


@pytest.mark.parametrize(
    ("fault", "faults"),
    [
        ({"kind": "bus_low", "for_h": 0.2}, FAULT_SENSOR | FAULT_TEMPERATURE),
        ({"kind": "nack", "part": "tmp117", "for_h": 0.2}, FAULT_TEMPERATURE),
        ({"kind": "nack", "part": "ina228", "for_h": 0.2}, FAULT_SENSOR),
        ({"kind": "power", "off_s": 60.0}, FAULT_GAP),
    ],
)
def test_the_node_says_so(fault: dict[str, Any], faults: int) -> None:
    found = [record.faults for record in records(fault)]
    assert faults in found
    assert found[0] == found[-1] == 0


def test_erased_flash_begins_anew() -> None:
    found = records({"kind": "flash_erased"})
    assert {record.boot for record in found} == {1}
    assert max(record.up_s for record in found) < 45 * 60


def test_swapped_leads_turn_the_current(tmp_path: Path) -> None:
    node = lived(tmp_path, {"kind": "leads_swapped", "at_h": 0.5}, 0.6)
    assert sensing(node).leads_swapped
    node.close()


def test_a_gate_that_sticks_shows_no_voltage(tmp_path: Path) -> None:
    node = lived(tmp_path, {"kind": "gate", "state": "open", "at_h": 0.5}, 0.6)
    assert node.world._stuck == {node.kind.pins.gate: 0}
    node.close()


# Of each kind that lasts: a first and a second value of its key, and what the world shows.
LASTING = {
    "bus_low": ({}, {}, lambda node: node.world.bus.pulled_up),
    "temperature_offset": ({"k": 20}, {"k": 0.3}, lambda node: sensing(node).temperature_error_c),
    "leads_swapped": ({}, {}, lambda node: sensing(node).leads_swapped),
    "gate": (
        {"state": "open"},
        {"state": "closed"},
        lambda node: node.world.stuck_level(node.kind.pins.gate),
    ),
    "lookup": ({"delay_s": 5}, {"delay_s": 0}, lambda node: node.station.lookup_fails_us),
    "latency": ({"ms": 9}, {"ms": 8}, lambda node: node.station.latency_us),
}


class Bench:
    """A world and a radio with nothing on the board, at any time."""

    def __init__(self, wiring: dict[str, Any]) -> None:
        table = bench_with()
        table["node"][0]["world"]["wiring"] = wiring
        section = scenario_from(table).node[0]
        self.kind = section.description.kind
        self.station = Station(AccessPoint())
        self.world = build_world(section.description, section.world, random.Random(1))
        self.now_us = 0


def course(faults: list[dict[str, Any]], wiring: dict[str, Any]) -> list[Any]:
    """What the world shows at each half of an hour from 0.5 on."""
    node: Any = Bench(wiring)
    schedule = FaultSchedule([msgspec.convert(fault, FaultSection) for fault in faults])
    shown = []
    for half in range(1, 12):
        node.now_us = half * HOUR_US // 2
        schedule.run_due(node)
        shown.append(LASTING[faults[0]["kind"]][2](node))
    return shown


@pytest.mark.parametrize(
    "wiring",
    [{}, {"gate": "closed", "swapped_leads": True, "temperature_error_c": 0.1, "pull_ups": False}],
    ids=["as drawn", "wired wrongly"],
)
@pytest.mark.parametrize("kind", LASTING)
def test_faults_of_a_kind_overlap_and_follow_each_other(kind: str, wiring: dict[str, Any]) -> None:
    one, two, _ = LASTING[kind]

    def fault(keys: dict[str, Any], at_h: float, for_h: float) -> dict[str, Any]:
        return {"kind": kind, **keys, "at_h": at_h, "for_h": for_h}

    own, *_, first = course([fault(one, 1, 99)], wiring)
    second = course([fault(two, 1, 99)], wiring)[-1]
    both = first + 0.3 if kind == "temperature_offset" else second
    # They overlap: the later one ends later, earlier, and at once with the first.
    assert course([fault(one, 1, 2), fault(two, 2, 2)], wiring) == (
        [own] + 2 * [first] + 2 * [both] + 2 * [second] + 4 * [own]
    )
    assert course([fault(one, 1, 3), fault(two, 2, 1)], wiring) == (
        [own] + 2 * [first] + 2 * [both] + 2 * [first] + 4 * [own]
    )
    assert course([fault(one, 1, 2), fault(two, 2, 1)], wiring) == (
        [own] + 2 * [first] + 2 * [both] + 6 * [own]
    )
    # They follow each other, in either order of the file.
    for faults in ([fault(one, 1, 1), fault(two, 2, 1)], [fault(two, 2, 1), fault(one, 1, 1)]):
        assert course(faults, wiring) == [own] + 2 * [first] + 2 * [second] + 6 * [own]


def test_a_node_whose_bus_was_low_twice_measures_again() -> None:
    found = records(
        {"kind": "bus_low", "at_h": 0.3, "for_h": 0.3},
        {"kind": "bus_low", "at_h": 0.5, "for_h": 0.3},
    )
    assert found[3].faults & FAULT_SENSOR
    assert not found[-1].faults & FAULT_SENSOR


def test_of_wrong_reads_that_overlap_the_one_that_began_last_is_read() -> None:
    def wrong(at_h: float, value: str) -> dict[str, Any]:
        read = {"kind": "register", "part": "ina228", "register": 0x3E, "value": value}
        return {**read, "at_h": at_h}

    for faults in (
        [wrong(0.1, "ones"), wrong(0.2, "zeros")],
        [wrong(0.2, "zeros"), wrong(0.1, "ones")],
    ):
        section = scenario_from(bench_with(*faults)).node[0]
        wrong_reads = transfer_faults(section.fault, section.description)
        world = build_world(section.description, section.world, random.Random(1), wrong_reads)
        for at_h, value in ((0.15, b"\xff\xff"), (0.3, b"\0\0")):
            now_us = round(at_h * HOUR_US)
            world.advance_to(now_us)
            assert world.bus.read(0x40, 0x3E, 2, now_us) == value
