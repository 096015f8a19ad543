"""What a board lets go of, is gone: modules that only a part of a wake needs."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from gatt_central import COMMAND, CONFIGURE, KEY, RECORD, NodeSync, Rig, frame

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.nodes import virtual_node as nodes
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

NODE, UPLINK = "filmgauge/node.py", "filmgauge/uplink/ble/uplink.py"
SERVER = "filmgauge/uplink/ble/gatt_server.py"


# Files of the firmware that print the modules that are loaded, before each of these lines.
PARTS = {
    "sensors": "        self._charge.sample(elapsed_ms)",
    "gauge": "        state.faults |= sampler.faults | gap",
    "control": "        self._protection.check(is_open,",
    "uplink": "        is_safe = reporter.report(",
}
ENDS, BEGINS = "                unload(_SERVING)", "        ble.active(True)"
LINES = {**dict.fromkeys(PARTS.values(), NODE), ENDS: UPLINK, BEGINS: UPLINK}


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the firmware print its modules: one of both tests, since it takes long to make."""
    sources = dict(firmware_sources())
    for number, (line, path) in enumerate(LINES.items()):
        assert sources[path].count(line) == 1, line
        indent = line[: len(line) - len(line.lstrip())]
        say = f"{indent}import sys; print('loaded', {number}, *sorted(sys.modules))\n"
        sources[path] = sources[path].replace(line, say + line)

    def planted_runtime(
        image: Path, console: Path, heap: str, _: None, runtime: RuntimeName
    ) -> MicroPythonRuntime:
        return MicroPythonRuntime(image, console, heap, sources, runtime=runtime)

    monkeypatch.setattr(nodes, "MicroPythonRuntime", planted_runtime)


def loaded(console: Path, at: str) -> list[set[str]]:
    """Return what was loaded each time that the line was reached."""
    number = list(LINES).index(at)
    lines = [line.split() for line in console.read_text().splitlines()]
    return [set(line[2:]) for line in lines if line[:2] == ["loaded", str(number)]]


def of(modules: set[str], prefix: str) -> set[str]:
    return {name for name in modules if name.startswith(prefix)}


def test_a_board_that_boots_anew_has_one_part_of_a_wake_at_a_time(tmp_path: Path) -> None:
    scenario = load_scenario("bench")
    node = virtual_node(scenario, scenario.node[0], Broker("127.0.0.1", 1), tmp_path)
    for _ in range(2):
        node.step()
    node.close()
    its_own = {"gauge": "gauge.estimator", "uplink": "uplink.mqtt.uplink"}
    for part, line in PARTS.items():
        (modules, *_) = loaded(node.console, line)
        for name in ("filmgauge.config", "filmgauge.gauge.profile_format"):
            assert name not in modules
        for other in PARTS:
            found = of(modules, f"filmgauge.{its_own.get(other, other + '.')}")
            assert bool(found) == (other == part), (part, other)
    gone = ("filmgauge.gauge", "filmgauge.charge", "filmgauge.store.journal")
    assert not any(of(modules, name) for name in gone)
    assert "filmgauge.record.record" in modules


def test_what_a_connection_needs_has_gone_after_it(tmp_path: Path) -> None:
    async def act(rig: Rig) -> Any:
        visit: NodeSync = await rig.visit()
        await visit.read(RECORD)
        await visit.log()
        change = json.dumps({"load_na": 7}).encode()
        part = struct.pack("<HH", 0, len(change)) + change
        reply = await visit.tell(frame(CONFIGURE, 9, part, KEY), COMMAND)
        await rig.central.power_off()
        return reply

    with Rig(tmp_path, "micropython", report_every=2, hours=2.0) as rig:
        done = rig.air.loop.create_task(act(rig))  # type: ignore[arg-type]
        rig.simulation.run(lambda node: None, lambda: True)
        assert done.result()[:2] == (9, 0)
        serving, advertising = loaded(rig.node.console, ENDS), loaded(rig.node.console, BEGINS)
    (before,) = serving
    after = advertising[-1]
    assert len(advertising) > 1
    for name in (
        "uplink.ble.gatt_server",
        "uplink.ble.log_transfer",
        "uplink.actions",  # with what reads commands, which is a part of it in bytecode
        "uplink.reconfigure",
        "config",
    ):
        assert f"filmgauge.{name}" in before, name
        assert f"filmgauge.{name}" not in after, name
    # Values were let go as soon as they were written.
    assert not of(before, "filmgauge.uplink.ble.gatt_values")
    assert not of(before, "filmgauge.uplink.ble.battery_service")
    assert "filmgauge.uplink.ble.gatt" in after
