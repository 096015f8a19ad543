"""The MQTT connection of one node of a load: what the firmware sends, in its order."""

import json
import time
from collections.abc import Callable

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from filmgauge import VERSION
from filmgauge.record.record import Record
from filmgauge.uplink.mqtt import topics
from filmgauge_host.fleet.fleet_node import FleetNode
from filmgauge_host.telemetry.address import BrokerAddress

_KEEPALIVE_S = 60
_CONNECT_S = 5.0
_WINDOW = 16  # unacknowledged messages of a node
_OFFLINE = '{"state":"offline"}'


class FleetConnection:
    """One connection, driven by whoever calls `read`, `write` and `tend`; never used again once
    it is `lost`. Raises OSError when nothing answers at the address.

    accepted: by the broker; problem: why not, in a few words.
    acknowledged: called with the seconds from publishing to PUBACK of every record.
    """

    def __init__(
        self,
        node: FleetNode,
        address: BrokerAddress,
        next_report_s: float,
        acknowledged: Callable[[float], None],
    ) -> None:
        self.node = node
        self.lost = False
        self.accepted = False
        self.problem = ""
        self._introduced = False
        self._next_report_s = next_report_s
        self._acknowledged = acknowledged
        self._unacknowledged: dict[int, tuple[Record, float]] = {}
        client = Client(
            CallbackAPIVersion.VERSION2,
            f"filmgauge-{node.name}",
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        if address.tls:
            client.tls_set_context(address.files.context())
        client.connect_timeout = _CONNECT_S
        client.will_set(self._topic(topics.STATUS), _OFFLINE, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        self._client = client
        client.connect(address.host, address.port, _KEEPALIVE_S)

    def fileno(self) -> int:
        """Return the descriptor of the socket, -1 when there is none."""
        socket = self._client.socket()
        return -1 if socket is None else socket.fileno()

    @property
    def wants_write(self) -> bool:
        """Whether the socket could not take all that was sent."""
        return self._client.want_write()

    @property
    def drained(self) -> bool:
        """Whether the broker has confirmed all that the node has made."""
        return not self.node.waiting and not self._unacknowledged

    def read(self) -> None:
        """Take what has come."""
        self._check(self._client.loop_read())

    def write(self) -> None:
        """Send what waits in the socket's buffer."""
        self._check(self._client.loop_write())

    def tend(self) -> None:
        """Keep the connection alive; call it every few seconds."""
        self._check(self._client.loop_misc())

    def send(self) -> None:
        """Publish what waits, the newest record live and older ones as the past."""
        waiting = self.node.waiting
        full = len(self._unacknowledged) >= _WINDOW
        if self.lost or not self.accepted or not waiting or full:
            return
        if not self._introduced:
            self._introduce()
        newest = waiting.pop()
        self._publish(topics.TELEMETRY, newest)
        self._client.publish(self._topic(topics.LAST), newest.to_json(), retain=True)
        while waiting and len(self._unacknowledged) < _WINDOW:
            self._publish(topics.LOG, waiting.popleft())
        next_s = max(1, round(self._next_report_s))
        status = f'{{"state":"sleeping","next_report_s":{next_s}}}'
        self._client.publish(self._topic(topics.STATUS), status, retain=True)
        if self.fileno() < 0:  # closed where it could not be written to: nothing is read any more
            self._lose()

    def close(self) -> None:
        """Disconnect; the broker publishes no will. What is not confirmed waits again."""
        self._client.disconnect()
        if self._client.want_write():
            self._client.loop_write()
        self._lose()

    def _introduce(self) -> None:
        self._introduced = True
        values = {
            "firmware": VERSION,
            "board": "load",
            "cell": "load",
            "area_cm2": 1.0,
            "full_uah": 12.0,
            "report_s": self._next_report_s,
        }
        self._client.publish(self._topic(topics.INFO), json.dumps(values), qos=1, retain=True)

    def _publish(self, leaf: str, record: Record) -> None:
        sent: MQTTMessageInfo = self._client.publish(self._topic(leaf), record.to_json(), qos=1)
        self._unacknowledged[sent.mid] = (record, time.monotonic())

    def _on_connect(self, client: Client, data, flags, reason, properties) -> None:
        self.accepted = not reason.is_failure
        if reason.is_failure:
            self.problem = f"refuses the connection: {reason}"
            self._lose()
        else:
            self.send()

    def _on_publish(self, client: Client, data, packet_id, reason, properties) -> None:
        found = self._unacknowledged.pop(packet_id, None)
        if found is not None:
            self._acknowledged(time.monotonic() - found[1])
        self.send()

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            if not (self.accepted or self.problem):
                self.problem = "ends the connection"
            self._lose()

    def _lose(self) -> None:
        """Let what was not confirmed wait for the next connection, in its order."""
        if self.lost:
            return
        self.lost = True
        unconfirmed = (record for record, _ in self._unacknowledged.values())
        back = sorted([*unconfirmed, *self.node.waiting], key=_sequence)
        self.node.waiting.clear()
        self.node.waiting.extend(back)
        self._unacknowledged.clear()

    def _topic(self, leaf: str) -> str:
        return topics.topic(self.node.name, leaf)


def _sequence(record: Record) -> int:
    return record.values()[1]
