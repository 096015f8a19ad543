"""A node that obeys, the host that commands it, and somebody who listens at the broker."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import paho.mqtt.client as mqtt
from click.testing import CliRunner, Result
from paho.mqtt.enums import CallbackAPIVersion
from patience import PATIENCE_S
from reporting_node import scenario_text, wake

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario

OBEYING = scenario_text(intervals="report_every = 1\njournal_every = 10").replace(
    'name = "rig"\n[node.cell]', 'name = "rig"\ncommands = true\n[node.cell]'
)


def command_key(folder: Path) -> str:
    """Return the key that a scenario of OBEYING has for its node."""
    file = folder / "obeying.toml"
    file.write_text(OBEYING)
    return load_scenario(str(file)).node[0].secrets["command_key"]


def keys_folder(folder: Path, **values: str | bool) -> Path:
    """Return a folder of nodes with what the host knows of `rig`."""
    nodes = folder / "nodes"
    nodes.mkdir(mode=0o700, exist_ok=True)
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    (nodes / "known.toml").write_text("[nodes.rig]\n" + "".join(lines))
    (nodes / "known.toml").chmod(0o600)
    return nodes


def running(node: VirtualNode, *arguments: str, wakes: int = 8) -> Result:
    """Return what a command of the host has done while the node went on waking."""
    results: Queue[Result] = Queue()
    run = threading.Thread(target=lambda: results.put(CliRunner().invoke(main, arguments)))
    run.start()
    for _ in range(wakes):
        run.join(0.4)
        if not run.is_alive():
            break
        wake(node, 1)
    run.join(PATIENCE_S)
    return results.get(timeout=PATIENCE_S)


class Listener:
    """Somebody at the broker: has what was published to the node and by it, and can publish."""

    def __init__(self, url: str) -> None:
        address = parse_address(url)
        self.frames: list[bytes] = []
        self.answers: list[bytes] = []
        self._granted = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda c, *_: c.subscribe("filmgauge/rig/#", 1)
        self._client.on_subscribe = lambda *_: self._granted.set()
        self._client.on_message = lambda _c, _d, message: self._keep(message)
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        assert self._granted.wait(PATIENCE_S)

    def _keep(self, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/command"):
            self.frames.append(message.payload)
        elif message.topic.endswith("/ack"):
            self.answers.append(message.payload)

    def publish(self, *frames: bytes, qos: int = 1) -> None:
        for frame in frames:
            self._client.publish("filmgauge/rig/command", frame, qos).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def listener(url: str) -> Iterator[Listener]:
    one = Listener(url)
    try:
        yield one
    finally:
        one.close()
