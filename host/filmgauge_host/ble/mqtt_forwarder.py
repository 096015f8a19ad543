"""Brings the spool to the broker at QoS 1, in real time and in threads of its own.

A record leaves the spool when the broker has acknowledged it, and not before. What was not
acknowledged when a connection ended is published again over the next one, as what it is by then: a
record that has waited, or is older than the last that the broker has, is no live one, and of what
is retained nothing goes out that has run out.
"""

import math
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode

from filmgauge.uplink.mqtt.topics import LAST, LOG, TELEMETRY, topic
from filmgauge_host.ble.outgoing_messages import OutgoingMessage, OutgoingMessages
from filmgauge_host.ble.spool import Spool, SpooledRecord
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.messages import LastRecord, decode
from filmgauge_host.telemetry.mqtt_client import BrokerClient, make_client
from filmgauge_host.telemetry.received_record import RecordKey, record_key
from filmgauge_host.telemetry.session import client_id
from filmgauge_host.telemetry.sqlite_file import StorageError

_KEEPALIVE_S = 30
_WINDOW = 100  # records on their way
_WAKE, _OPENED, _CLOSED = 0, -1, -2  # no packet has these ids
_POLL_S = 0.5  # how often the spool is read without being woken
_BACKOFF_S = (1, 30)
_RETRY_S = 1.0
_LAST_S = 10.0  # for the last acknowledgements
_NOT_YET = "is not connected yet"
_ANSWER_S = 5.0  # for what the broker retains of nodes


class MqttForwarder:
    """Use as a context. connections: how often the broker has accepted us. log: gets a line when
    nothing is delivered any more, and when it is again."""

    def __init__(
        self,
        address: BrokerAddress,
        spool: Spool,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.address = address
        self.connections = 0
        self._spool, self._log = spool, log
        self._unconnected, self._unreadable = _NOT_YET, ""  # why, else empty
        self._said = ""
        # Packet ids that were acknowledged and what else happens, in its order.
        self._events: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._messages = OutgoingMessages()
        self._in_flight: dict[int, int] = {}  # packet id -> number in the spool
        self._acknowledged: list[int] = []  # numbers that the spool does not know of yet
        self._after = 0
        self._is_open = False  # as far as events have been handled
        self._last: dict[str, RecordKey] = {}  # by node, that the broker has retained
        self._last_asked: int | None = None  # packet id, until it is answered
        self._last_until_s = 0.0
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

    @property
    def problem(self) -> str:
        """Why nothing is delivered just now, else empty."""
        return self._unconnected or self._unreadable

    def wake(self) -> None:
        """There is something new in the spool."""
        self._events.put(_WAKE)

    def publish_retained(self, name: str, payload: str, valid_s: float = math.inf) -> None:
        """Publish a retained message to a topic, once, when there is a connection within valid_s:
        afterwards somebody else may know better."""
        until_s = time.monotonic() + valid_s
        self._messages.add(OutgoingMessage(name, payload, True, until_s))
        self.wake()

    def withdraw_retained(self, name: str) -> None:
        """Clear the retained message of a topic, once there is a connection."""
        self.publish_retained(name, "")

    def publish_event(self, name: str, payload: str) -> threading.Event:
        """Publish a message once; the event that is returned is set when the broker has it."""
        message = OutgoingMessage(name, payload)
        self._messages.add(message)
        self.wake()
        return message.arrived

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
            self._thread.join()  # ends by itself: disconnected before, it loses acknowledgements
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._handle_events(_POLL_S)
            self._report()
            if self._is_open and not self._acknowledged:
                self._send_messages()
                self._send_records()
        if self._is_open:
            self._send_messages()
        until_s = time.monotonic() + _LAST_S
        # Acknowledgements may wait here of a connection that has ended.
        while self._is_under_way() and time.monotonic() < until_s:
            self._handle_events(_RETRY_S)  # else the next forwarder would send them again

    def _report(self) -> None:
        """Say when there is another problem, and when there is none any more."""
        problem = self.problem
        if problem in (self._said, _NOT_YET):
            return
        self._said = problem
        again = f"broker {self.address} gets records again"
        self._log(f"{problem}: records wait" if problem else again)

    def _is_under_way(self) -> bool:
        is_awaited = bool(self._in_flight or self._messages.is_under_way)
        return bool(self._acknowledged) or (self._is_open and is_awaited)

    def _handle_events(self, timeout_s: float) -> None:
        """Handle what has happened, waiting for the first event; give the spool the
        acknowledgements."""
        with suppress(queue.Empty):
            self._handle(self._events.get(timeout=timeout_s))
            while True:
                self._handle(self._events.get_nowait())
        if not self._acknowledged:
            return
        try:
            self._spool.acknowledge(self._acknowledged)
        except StorageError as error:
            self._unreadable = str(error)
            time.sleep(_RETRY_S)
            return
        self._acknowledged, self._unreadable = [], ""

    def _handle(self, event: int) -> None:
        if event == _OPENED:
            self._is_open = True
            self._in_flight.clear()
            self._after = 0
            self._messages.send_again()
            self._ask_last()
        elif event == self._last_asked:
            self._last_asked = None
        elif event == _CLOSED:
            self._is_open = False
        elif event in self._in_flight:
            self._acknowledged.append(self._in_flight.pop(event))
        else:
            self._messages.acknowledge(event)

    def _ask_last(self) -> None:
        """Ask for the last records that the broker retains of nodes whose newest waits here:
        another bridge may have brought a newer one."""
        self._last_asked, names = None, []
        with suppress(StorageError):  # it is said when records are read
            names = [topic(node, LAST) for node in self._spool.live_nodes()]
        if names:
            self._client.subscribe([(name, 0) for name in names])
            # Answered when they have come.
            self._last_asked = self._client.unsubscribe(names)[1]
            self._last_until_s = time.monotonic() + _ANSWER_S

    def _is_live(self, row: SpooledRecord) -> bool:
        key = record_key(row.record)
        last = self._last.get(row.node, key)
        return row.is_live and (last[0] != key[0] or last <= key)

    def _send_messages(self) -> None:
        for message in self._messages.due():
            sent = self._client.publish(
                message.topic, message.payload, qos=1, retain=message.is_retained
            )
            self._messages.mark_sent(sent.mid, message)

    def _send_records(self) -> None:
        room = _WINDOW - len(self._in_flight)
        is_asking = self._last_asked is not None and time.monotonic() < self._last_until_s
        if is_asking or not room:
            return
        try:
            found = self._spool.pending(self._after, room)
        except StorageError as error:
            self._unreadable = str(error)
            time.sleep(_RETRY_S)
            return
        self._unreadable = ""
        for row in found:
            if not self.connected:
                return
            is_live = self._is_live(row)
            name = topic(row.node, TELEMETRY if is_live else LOG)
            payload = row.record.to_json()
            sent = self._client.publish(name, payload, qos=1)
            if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return  # no connection, or its queue is full: the record comes again later
            self._in_flight[sent.mid] = row.number
            self._after = row.number
            if is_live:
                self._client.publish(topic(row.node, LAST), payload, qos=0, retain=True)

    def _build(self) -> BrokerClient:
        client = make_client(self.address, client_id("filmgauge-", self._spool))
        client.max_inflight_messages_set(_WINDOW)
        client.reconnect_delay_set(*_BACKOFF_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = client.on_unsubscribe = self._on_answer
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, _: Any) -> None:
        if reason.is_failure:
            self._unconnected = f"broker {self.address} refuses the connection: {reason}"
            return
        self._client.discard_unacknowledged()
        self._last = {}
        self._unconnected = ""
        self.connections += 1
        self._connected.set()
        self._events.put(_OPENED)

    def _on_connect_fail(self, client: Client, data: Any) -> None:
        self._unconnected = f"broker {self.address} cannot be reached: {self._client.failure}"

    def _on_disconnect(self, client: Client, data: Any, *_rest: Any) -> None:
        self._connected.clear()
        self._events.put(_CLOSED)
        if not self._unconnected:
            self._unconnected = f"broker {self.address} closed the connection"

    def _on_answer(self, client: Client, data: Any, packet: int, *_rest: Any) -> None:
        self._events.put(packet)

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        found = decode(message.topic, bytes(message.payload), True, 0)
        if isinstance(found, LastRecord):
            self._last[found.node] = found.received.key
