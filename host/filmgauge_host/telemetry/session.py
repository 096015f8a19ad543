"""One persistent MQTT session, driven by whoever calls `pump`: no thread of its own.

Being single-threaded is what makes acknowledgement safe: a packet id belongs to one connection,
and a late acknowledgement on the next connection would confirm another message.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.ingest_store import SessionMemory
from filmgauge_host.telemetry.sqlite_file import StorageError

_KEEPALIVE_S = 30
_ANSWER_S = 5.0  # for TCP and CONNACK each
_SUBSCRIBE_S = 60.0  # for SUBACK: a broker that first looks through what it kept is slow
_READ_BYTES = 65536  # of the socket at once
# What is kept of a packet: more than a topic and the longest payload that is decoded.
_PACKET_MAX = 3 * 65536
_BACKOFF_S = (0.2, 5.0)  # first, longest
_ID_LONGEST = 23  # characters of MQTT's client id


class Delivery(NamedTuple):
    """One received message without its payload, which may be large. received_s: on the monotonic
    clock; `connection` tells which connection may acknowledge it."""

    topic: str
    retained: bool
    packet_id: int
    qos: int
    received_s: float
    connection: int


class Session:
    """Connects, subscribes at QoS 1, and connects again for ever; messages go to `deliver`.

    connected: subscribed, messages flow. accepted: by the broker, which may still have to confirm
    the subscription. problem: why not, in a few words, else empty. forgotten: how often the broker
    had no session of ours although there was one, which `memory` knows; it names the session too.
    """

    def __init__(
        self,
        address: BrokerAddress,
        memory: SessionMemory,
        filters: Sequence[str],
        deliver: Callable[[Delivery, bytes], None],
    ):
        self.connected = self.accepted = False
        self.forgotten = 0
        self._memory = memory
        self._resumed = False
        self.problem = ""
        self._address = address
        self._filters = [(name, 1) for name in filters]
        self._deliver = deliver
        self._connection = 0
        self._linked = False
        self._due = 0.0
        self._answer_by = 0.0
        self._backoff_s = _BACKOFF_S[0]
        name = client_id("filmgauge", memory)
        self._client = make_client(address, name, clean_session=False, manual_ack=True)
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
        if delivery.qos and self._linked and delivery.connection == self._connection:
            self._client.ack(delivery.packet_id, delivery.qos)

    def close(self, deadline_s: float) -> None:
        """Send what is queued and disconnect; the broker keeps the session."""
        if not self._linked:
            return
        until = time.monotonic() + deadline_s
        self.connected = self.accepted = False
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
            self._lose(f"cannot be reached: {connect_problem(error)}")
            return
        self._linked = True
        self._connection += 1

    def _lose(self, problem: str) -> None:
        # A refusal explains more than the closed connection that follows it.
        if self.connected or not self.problem or not self._linked:
            self.problem = problem
        self.connected = self.accepted = False
        self._linked = False
        self._due = time.monotonic() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, _BACKOFF_S[1])

    def _on_connect(self, client: Client, data, flags, reason, properties) -> None:
        if reason.is_failure:
            self.problem = f"refuses the connection: {reason}"
            return
        self._answer_by = time.monotonic() + _SUBSCRIBE_S
        self.accepted = True
        self._resumed = flags.session_present
        self.problem = "has not confirmed the subscription yet"
        client.subscribe(self._filters)

    def _on_subscribe(self, client: Client, data, packet_id, reasons, properties) -> None:
        if any(reason.is_failure for reason in reasons):
            self.problem, self.accepted = "refuses the subscription", False
            return
        self._check_session()
        self.connected = True
        self.problem = ""
        self._backoff_s = _BACKOFF_S[0]

    def _check_session(self) -> None:
        """Count a session that is gone though there was one."""
        name = f"session at {self._address}"
        with suppress(StorageError):  # it is told when a record cannot be stored
            if self._memory.attribute(name) is None:
                self._memory.set_attribute(name, "begun")
            elif not self._resumed:
                self.forgotten += 1

    def _on_message(self, client: Client, data, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no topic of ours: counted as malformed
        delivery = Delivery(
            topic, message.retain, message.mid, message.qos, time.monotonic(), self._connection
        )
        self._deliver(delivery, bytes(message.payload))


class _BoundedClient(Client):
    """Holds a bounded part of a packet, however long it is: its beginning, with topic and id."""

    def _sock_recv(self, bufsize: int) -> bytes:
        # Here, or a packet whose rest is there already would be whole before anything is cut off.
        del self._in_packet["packet"][_PACKET_MAX:]
        return super()._sock_recv(min(bufsize, _READ_BYTES))


def client_id(prefix: str, memory: SessionMemory) -> str:
    """Return the same id for the same store: the broker keeps what came while we were away."""
    return (prefix + hashlib.sha256(memory.identity.encode()).hexdigest())[:_ID_LONGEST]


def make_client(
    address: BrokerAddress,
    name: str,
    clean_session: bool = True,
    manual_ack: bool = False,
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
) -> Client:
    """Return a client for the broker, with its login and TLS, that is not connected."""
    client = _BoundedClient(
        CallbackAPIVersion.VERSION2,
        name,
        clean_session if protocol is MQTTProtocolVersion.MQTTv311 else None,  # 5: has no such
        protocol=protocol,
        manual_ack=manual_ack,
    )
    if address.user is not None:
        client.username_pw_set(address.user, address.password)
    if address.tls:
        client.tls_set()
    return client


def connect_problem(error: Exception) -> str:
    """Return why a connection could not be opened, in a few words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.lower() or type(error).__name__
