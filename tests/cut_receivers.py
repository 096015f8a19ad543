"""Who takes the records of a node whose power is cut, and what else they want of it."""

import json
import time
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

import paho.mqtt.client as mqtt
from mqtt_brokers import Mosquitto
from paho.mqtt.enums import CallbackAPIVersion
from patience import until

from filmgauge.decoding.record_json import record_from_json
from filmgauge.record.record import Record
from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.frames import frame
from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.record_sink import RecordSink
from filmgauge_sim.nodes.virtual_node import VirtualNode

_DONE = 0  # what an answer says
_PATIENT_WAKES = 8  # until a command is given up that nobody answers
_QUIET_S = 0.5


class Receiver(Protocol):
    """broker: what the node is given; arrived: the records that it was rid of, in any order;
    done: commands that it has carried out; late: the most records that have left the node and
    have not arrived yet."""

    broker: Broker
    arrived: list[Record]
    late: int

    @property
    def done(self) -> int: ...

    def prepare(self, node: VirtualNode) -> None:
        """Do what is due before a node runs for the first time."""

    def after_step(self, node: VirtualNode) -> None:
        """Do what is due between two steps of the node."""

    def problems(self, node: VirtualNode) -> list[str]:
        """Return what is not as it should be, at the end."""
        ...


class Sink(AbstractContextManager["Sink"]):
    """Takes every record, or reads it from flash where the node has no way to send it."""

    done = late = 0

    def __init__(self, name: str) -> None:
        self._sink = RecordSink()
        self.broker, self.arrived = self._sink.broker, self._sink.records[name]

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._sink.__exit__(*error)

    def prepare(self, node: VirtualNode) -> None:
        """See Receiver."""

    def after_step(self, node: VirtualNode) -> None:
        """See Receiver."""
        self.arrived += node.new_records()

    def problems(self, node: VirtualNode) -> list[str]:
        """See Receiver."""
        return []


class BrokerSide(AbstractContextManager["BrokerSide"]):
    """A mosquitto, and somebody behind it who takes the records of a node and commands it."""

    late = 1

    def __init__(self, name: str, key: str, folder: Path) -> None:
        self.arrived: list[Record] = []
        self._name, self._key = name, bytes.fromhex(key)
        (folder / "broker").mkdir()
        self._mosquitto = Mosquitto(folder / "broker", extra="autosave_on_changes false")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._granted: list[object] = []
        self._answers: list[tuple[int, int, str]] = []  # counter, status and text
        self._problems: list[str] = []
        self._counter = self._sent_at = 0
        self._arrived_s = 0.0

    def __enter__(self) -> Self:
        self._mosquitto.start()
        address = parse_address(self._mosquitto.url)
        self.broker = Broker(address.host, address.port)
        client = self._client
        client.on_connect = lambda c, *_: c.subscribe(f"filmgauge/{self._name}/#", 1)
        client.on_subscribe = lambda *_: self._granted.append(1)
        client.on_message = lambda _c, _d, message: self._receive(message)
        client.connect(address.host, address.port)
        client.loop_start()
        until(lambda: self._granted)
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._mosquitto.stop()

    def prepare(self, node: VirtualNode) -> None:
        """See Receiver."""

    def _is_due(self, node: VirtualNode) -> bool:
        """Return whether the last command is answered, or given up."""
        answered = any(counter == self._counter for counter, *_ in self._answers)
        given_up = node.wakes - self._sent_at >= _PATIENT_WAKES
        return answered or given_up or not self._counter

    def _command(self, node: VirtualNode, operation: int, payload: bytes) -> None:
        """Send the next command."""
        self._counter, self._sent_at = self._counter + 1, node.wakes
        sealed = frame(self._name, self._key, self._counter, operation, payload)
        topic = f"filmgauge/{self._name}/command"
        self._client.publish(topic, sealed, 1).wait_for_publish()

    def _await_quiet(self) -> None:
        until(lambda: time.monotonic() - self._arrived_s > _QUIET_S)

    def _receive(self, message: mqtt.MQTTMessage) -> None:
        self._arrived_s = time.monotonic()
        leaf = message.topic.rpartition("/")[2]
        if leaf in ("telemetry", "log"):
            self.arrived.append(record_from_json(message.payload))
        elif leaf == "ack":
            answer = json.loads(message.payload)
            self._answers.append((answer["counter"], answer["status"], answer["text"]))
        elif leaf == "event":
            self._receive_event(json.loads(message.payload))

    def _receive_event(self, event: dict[str, Any]) -> None:
        """Receive what a node says of itself: nothing that anybody here waits for."""


class Commander(BrokerSide):
    """Sets one interval after the other, and by turns sends the profile once more, resets the
    counters and lets the node reboot: nothing is done twice, and an interval that the node says is
    done is in its configuration."""

    def __init__(self, name: str, key: str, folder: Path) -> None:
        super().__init__(name, key, folder)
        self._done: Counter[int] = Counter()
        self._checked = 0
        self._profile = folder / "profile.bin"

    def prepare(self, node: VirtualNode) -> None:
        """See Receiver."""
        self._profile.write_bytes(fetch(node.flash, "/profile.bin"))

    @property
    def done(self) -> int:
        return len(self._done)

    def after_step(self, node: VirtualNode) -> None:
        """See Receiver: send the next command when the last one is answered, or given up."""
        for counter, status, _ in self._answers[self._checked :]:
            self._checked += 1
            if status == _DONE:
                self._done[counter] += 1
                self._check_done(node, counter)
        if self._is_due(node):
            action = parse_action(self._words(self._counter + 1))
            (payload,) = action.payloads()
            self._command(node, action.operation, payload)

    def problems(self, node: VirtualNode) -> list[str]:
        """See Receiver."""
        self._await_quiet()
        self.after_step(node)
        twice = [counter for counter, times in self._done.items() if times > 1]
        if twice:
            self._problems.append(f"commands {twice} were done twice")
        return self._problems

    def _words(self, counter: int) -> tuple[str, ...]:
        """Return the command with a number."""
        others = {1: ("profile", str(self._profile)), 3: ("reset",), 5: ("reboot",)}
        return others.get(counter % 6, ("interval", str(_interval_s(counter))))

    def _check_done(self, node: VirtualNode, counter: int) -> None:
        """Expect an interval that was set, or a later one, in the configuration, and the profile
        whole."""
        if fetch(node.flash, "/profile.bin") != self._profile.read_bytes():
            self._problems.append(f"command {counter} was done, and the profile is another")
        if counter % 2:
            return
        sample_s = json.loads(fetch(node.flash, "/config.json"))["sample_s"]
        later = {_interval_s(each) for each in range(counter, self._counter + 1, 2)}
        if sample_s not in later:
            self._problems.append(f"command {counter} was done, and sample_s is {sample_s}")


def _interval_s(counter: int) -> int:
    """Return the interval that a command with an even number sets."""
    return 50 + counter // 2 % 20
