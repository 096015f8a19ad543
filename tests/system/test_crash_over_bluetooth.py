"""A node without Wi-Fi says through its bridge what has failed on it, and forgets it then."""

import json
from binascii import crc32
from pathlib import Path
from typing import Any

import pytest
from failing_node import run_sources
from gatt_central import KEY, Rig, frame
from mqtt_brokers import Broker

from filmgauge.store.page_pair import PagePair
from filmgauge.store.page_store import BOND_PAGES, PAGE
from filmgauge.uplink.commands import CRASHES
from filmgauge_host.ble.gateway import Bridge
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.virtual.simulated_radio import cancel, host_radio
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.nodes.flash_reader import PagesOutside

NODE = "filmgauge/node.py"
SAMPLE = "        self._charge.sample(elapsed_ms)\n"
FAILS = """\
        error = {2: KeyError, 7: ValueError}.get(self._state.wakes)
        if error and getattr(self._board, "failed", None) != error:
            self._board.failed = error
            raise error("planted")
"""
OFTEN = {"sample_s": 60, "report_every": 1}


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two wakes fail, each once."""
    sources = dict(firmware_sources())
    assert sources[NODE].count(SAMPLE) == 1
    sources[NODE] = sources[NODE].replace(SAMPLE, FAILS + SAMPLE)
    run_sources(monkeypatch, sources)


def waiting(rig: Rig) -> list[dict[str, Any]]:
    """Return the crash records in the pages of the node."""
    flash = rig.node.flash
    end = len(flash.image)
    pair = PagePair(PagesOutside(flash, end - BOND_PAGES * PAGE, end))
    return [json.loads(text) for name in ("crash.0", "crash.1") if (text := pair.read(name))]


@pytest.mark.parametrize("runtime", ["cpython", "micropython32"])
def test_a_crash_record_is_read_and_forgotten_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Any
) -> None:
    plant(monkeypatch)

    async def act(rig: Rig) -> list[tuple[int, int, str]]:
        while not waiting(rig):
            visit = await rig.visit()
            await visit.connection.disconnect()
        visit = await rig.visit()
        replies = [await visit.tell(frame(CRASHES, 1)) for _ in range(2)]
        text = replies[0][2].encode()
        payloads = (b"123", b"none", crc32(text).to_bytes(4, "little"), b"")
        return replies + [await visit.tell(frame(CRASHES, 1, payload)) for payload in payloads]

    with Rig(tmp_path, runtime, hours=1.0, **OFTEN) as rig:
        first, again, malformed, other, forgotten, nothing = rig.go(act)
        assert waiting(rig) == []
    (record,) = json.loads(first[2])
    assert record["type"] == "KeyError"
    assert record["at"].startswith("node._")
    assert first == again == other  # a payload that is no CRC of it forgets nothing
    assert malformed == (1, 1, "payload must be empty or 4 bytes, not 3")
    assert forgotten == nothing == (1, 0, "[]")


def test_the_bridge_publishes_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mosquitto: Broker
) -> None:
    plant(monkeypatch)
    address = parse_address(mosquitto.url)
    registry = NodeRegistry([RegisteredNode("window-1", command_key=bytes.fromhex(KEY))])
    events: list[dict[str, Any]] = []
    with (
        Rig(tmp_path / "node", hours=12.0, **OFTEN) as rig,
        BrokerLogin(address, ("filmgauge/window-1/event",)) as login,
        Bridge(host_radio(rig.air), address, tmp_path / "spool.sqlite", registry) as bridge,
    ):
        task = rig.air.loop.create_task(bridge.gateway.run())

        def goes_on() -> bool:
            events.extend(json.loads(payload) for _name, payload, _ in login.drain())
            return len(events) < 2 or bool(waiting(rig)) or rig.node.wakes < 12

        rig.simulation.run(lambda _node: None, goes_on)
        assert rig.node.dead is None
        assert waiting(rig) == []  # they are at the broker
        cancel(rig.air, task)
        assert bridge.gateway.counts.failed == 0
    assert [(each["event"], each["type"]) for each in events] == [
        ("crash", "KeyError"),
        ("crash", "ValueError"),
    ]
