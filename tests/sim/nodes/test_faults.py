"""Faults of a node as keys of a scenario: what is refused, and what each does."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import filmgauge_sim as fg
from filmgauge.record import FAULT_GAP, FAULT_SENSOR, FAULT_TEMPERATURE
from filmgauge.record.record import Record
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
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
    scenario = scenario_from(bench_with(fault))
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


def records(fault: dict[str, Any]) -> list[Record]:
    """Return the records of 72 minutes with a fault after half an hour."""
    scenario = fg.Scenario("bench")
    scenario.definition = scenario_from(bench_with({**fault, "at_h": 0.5}))
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
    assert sensing(node)._sign == -1.0
    node.close()


def test_a_gate_that_sticks_shows_no_voltage(tmp_path: Path) -> None:
    node = lived(tmp_path, {"kind": "gate", "state": "open", "at_h": 0.5}, 0.6)
    assert node.world._stuck == {node.kind.pins.gate: 0}
    node.close()
