"""Brings the spool to the broker at QoS 1, in real time and in threads of its own.

A record leaves the spool when the broker has acknowledged it, and not before. What is retained
(status, info) is kept in memory by topic, and published again after each new connection.
"""

import queue
import threading
import time
from contextlib import suppress
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

from filmgauge.uplink.mqtt.topics import LAST, LOG, TELEMETRY, topic
from filmgauge_host.ble.spool import Spool
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.mqtt_client import BrokerClient, make_client
from filmgauge_host.telemetry.session import client_id
from filmgauge_host.telemetry.sqlite_file import StorageError

_KEEPALIVE_S = 30
_WINDOW = 100  # records on their way
_WAKE = 0  # no packet has this id
_POLL_S = 0.5  # how often the spool is read without being woken
_BACKOFF_S = (1, 30)
_RETRY_S = 1.0
_LAST_S = 10.0  # for the last acknowledgements

_Message = tuple[str, str, threading.Event]  # topic, payload, set when it has arrived


class MqttForwarder:
    """Use as a context. problem: why nothing is delivered just now, else empty."""

    def __init__(self, address: BrokerAddress, spool: Spool) -> None:
        self.address = address
        self.problem = "is not connected yet"
        self._spool = spool
        self._events: queue.SimpleQueue[int] = queue.SimpleQueue()  # packet ids, _WAKE
        self._in_flight: dict[int, int] = {}  # packet id -> number in the spool
        self._outgoing: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._arrivals: dict[int, threading.Event] = {}  # packet id -> of a message
        self._after = 0
        self._retained: dict[str, str] = {}
        self._mutex = threading.Lock()
        self._connected = threading.Event()
        self._stop = threading.Event()
        self._client = self._build()
        self._thread = threading.Thread(target=self._run, name="mqtt forwarder", daemon=True)

    def __enter__(self) -> Self:
        self._client.connect_async(self.address.host, self.address.port, _KEEPALIVE_S)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._connected.is_set()

    def wake(self) -> None:
        """There is something new in the spool."""
        self._events.put(_WAKE)

    def publish_retained(self, name: str, payload: str) -> None:
        """Publish a retained message to a topic now and after each new connection."""
        with self._mutex:
            self._retained[name] = payload
        if self.connected:
            self._client.publish(name, payload, qos=0, retain=True)

    def withdraw_retained(self, name: str) -> None:
        """Clear the retained message of a topic, once there is a connection."""
        with self._mutex:
            self._retained.pop(name, None)
        self._client.publish(name, b"", qos=1, retain=True)

    def publish_event(self, name: str, payload: str) -> threading.Event:
        """Publish a message once; the event that is returned is set when the broker has it."""
        arrived = threading.Event()
        self._outgoing.put((name, payload, arrived))
        self.wake()
        return arrived

    def drain(self, silence_s: float) -> bool:
        """Wait until the broker has everything, or takes nothing for so long; return which."""
        left, until_s = -1, 0.0
        self.wake()
        while count := self._spool.count():
            if count != left:
                left, until_s = count, time.monotonic() + silence_s
            elif time.monotonic() > until_s:
                return False
            time.sleep(0.01)
        return True

    def close(self) -> None:
        """Stop; what was not acknowledged stays in the spool."""
        self._stop.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(10.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._acknowledge(_POLL_S)
            if self.connected and len(self._in_flight) < _WINDOW:
                self._send()
        until_s = time.monotonic() + _LAST_S
        while self._in_flight and self.connected and time.monotonic() < until_s:
            self._acknowledge(_RETRY_S)  # else the next forwarder would send them again

    def _acknowledge(self, timeout_s: float) -> None:
        """Give the spool the acknowledgements that have come, waiting for the first event."""
        done: list[int] = []
        with suppress(queue.Empty):
            event = self._events.get(timeout=timeout_s)
            while True:
                if event in self._in_flight:
                    done.append(event)
                elif event in self._arrivals:
                    self._arrivals.pop(event).set()
                event = self._events.get_nowait()
        if not done:
            return
        try:
            self._spool.acknowledge([self._in_flight[packet] for packet in done])
        except StorageError as error:
            self.problem = str(error)
            time.sleep(_RETRY_S)
            for packet in done:
                self._events.put(packet)
            return
        for packet in done:
            del self._in_flight[packet]

    def _send(self) -> None:
        with suppress(queue.Empty):
            while True:
                name, payload, arrived = self._outgoing.get_nowait()
                self._arrivals[self._client.publish(name, payload, qos=1).mid] = arrived
        try:
            found = self._spool.pending(self._after, _WINDOW - len(self._in_flight))
        except StorageError as error:
            self.problem = str(error)
            time.sleep(_RETRY_S)
            return
        for row in found:
            name = topic(row.node, TELEMETRY if row.is_live else LOG)
            payload = row.record.to_json()
            sent = self._client.publish(name, payload, qos=1)
            if sent.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
                return  # its queue is full: the record comes again later
            # Without a connection paho keeps it, and sends it when there is one again.
            self._in_flight[sent.mid] = row.number
            self._after = row.number
            if row.is_live:
                self._client.publish(topic(row.node, LAST), payload, qos=0, retain=True)

    def _build(self) -> BrokerClient:
        client = make_client(self.address, client_id("filmgauge-", self._spool))
        client.max_inflight_messages_set(_WINDOW)
        client.reconnect_delay_set(*_BACKOFF_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, _: Any) -> None:
        if reason.is_failure:
            self.problem = f"broker {self.address} refuses the connection: {reason}"
            return
        with self._mutex:
            retained = list(self._retained.items())
        for name, payload in retained:
            client.publish(name, payload, qos=0, retain=True)
        self.problem = ""
        self._connected.set()
        self.wake()

    def _on_connect_fail(self, client: Client, data: Any) -> None:
        self.problem = f"broker {self.address} cannot be reached: {self._client.failure}"

    def _on_disconnect(self, client: Client, data: Any, *_rest: Any) -> None:
        self._connected.clear()
        if not self.problem:
            self.problem = f"broker {self.address} closed the connection"

    def _on_publish(self, client: Client, data: Any, packet: int, *_rest: Any) -> None:
        self._events.put(packet)
