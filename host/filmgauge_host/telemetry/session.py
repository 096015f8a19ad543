"""One persistent MQTT session, driven by whoever calls `pump`: no thread of its own.

Being single-threaded is what makes acknowledgement safe: a packet id belongs to one connection,
and a late acknowledgement on the next connection would confirm another message.
"""

import hashlib
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from filmgauge_host.telemetry.address import BrokerAddress

_KEEPALIVE_S = 30
_ANSWER_S = 5.0  # for TCP, CONNACK and SUBACK each
_BACKOFF_S = (0.2, 5.0)  # first, longest
_ID_LONGEST = 23  # characters of MQTT's client id


class Delivery(NamedTuple):
    """One received message; `connection` tells which connection may acknowledge it."""

    topic: str
    message: MQTTMessage
    connection: int


class Session:
    """Connects, subscribes at QoS 1, and connects again for ever; messages go to `deliver`.

    connected: subscribed, messages flow. problem: why not, in a few words, else empty.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        filters: Sequence[str],
        deliver: Callable[[Delivery], None],
    ):
        self.connected = False
        self.problem = ""
        self._address = address
        self._filters = [(name, 1) for name in filters]
        self._deliver = deliver
        self._connection = 0
        self._linked = False
        self._due = 0.0
        self._answer_by = 0.0
        self._backoff_s = _BACKOFF_S[0]
        self._client = make_client(address, client_id, clean_session=False, manual_ack=True)
        self._client.connect_timeout = _ANSWER_S
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def pump(self, timeout_s: float) -> None:
        """Do what is due and wait at most `timeout_s` for the broker (connecting: 5 s)."""
        now = time.monotonic()
        if not self._linked:
            if now < self._due:
                time.sleep(min(timeout_s, self._due - now))
                return
            self._open()
            return
        if not self.connected and now > self._answer_by:
            self._lose("does not answer")
            return
        code = self._client.loop(timeout_s)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lose("closed the connection")

    def acknowledge(self, delivery: Delivery) -> None:
        """Confirm a message, unless its connection is gone: then the broker sends it again."""
        message = delivery.message
        if message.qos and self._linked and delivery.connection == self._connection:
            self._client.ack(message.mid, message.qos)

    def close(self, deadline_s: float) -> None:
        """Send what is queued and disconnect; the broker keeps the session."""
        if not self._linked:
            return
        until = time.monotonic() + deadline_s
        self.connected = False
        self._client.disconnect()
        while self._client.want_write() and time.monotonic() < until:
            if self._client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
            time.sleep(0.005)
        self._linked = False

    def _open(self) -> None:
        self._answer_by = time.monotonic() + _ANSWER_S
        try:
            self._client.connect(self._address.host, self._address.port, _KEEPALIVE_S)
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be encoded
            self._lose(f"cannot be reached: {_reason(error)}")
            return
        self._linked = True
        self._connection += 1

    def _lose(self, problem: str) -> None:
        # A refusal explains more than the closed connection that follows it.
        if self.connected or not self.problem or not self._linked:
            self.problem = problem
        self.connected = False
        self._linked = False
        self._due = time.monotonic() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, _BACKOFF_S[1])

    def _on_connect(self, client: Client, data, flags, reason, properties) -> None:
        if reason.is_failure:
            self.problem = f"refuses the connection: {reason}"
            return
        self._answer_by = time.monotonic() + _ANSWER_S
        client.subscribe(self._filters)

    def _on_subscribe(self, client: Client, data, packet_id, reasons, properties) -> None:
        if any(reason.is_failure for reason in reasons):
            self.problem = "refuses the subscription"
            return
        self.connected = True
        self.problem = ""
        self._backoff_s = _BACKOFF_S[0]

    def _on_message(self, client: Client, data, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no topic of ours: counted as malformed
        self._deliver(Delivery(topic, message, self._connection))


def client_id(prefix: str, path: Path) -> str:
    """Return the same id for the same file: the broker keeps what came while we were away."""
    where = f"{socket.gethostname()}:{path.resolve()}"
    return (prefix + hashlib.sha256(where.encode()).hexdigest())[:_ID_LONGEST]


def make_client(
    address: BrokerAddress, name: str, clean_session: bool = True, manual_ack: bool = False
) -> Client:
    """Return a client for the broker, with its login and TLS, that is not connected."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        name,
        clean_session,
        protocol=MQTTProtocolVersion.MQTTv311,
        manual_ack=manual_ack,
    )
    if address.user is not None:
        client.username_pw_set(address.user, address.password)
    if address.tls:
        client.tls_set()
    return client


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.lower() or type(error).__name__
