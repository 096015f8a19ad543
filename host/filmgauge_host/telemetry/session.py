"""One persistent MQTT session, driven by whoever calls `pump`: no thread of its own.

Being single-threaded is what makes acknowledgement safe: a packet id belongs to one connection,
and a late acknowledgement on the next connection would confirm another message.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.ingest_store import SessionMemory
from filmgauge_host.telemetry.mqtt_client import NEVER_DROPPED
from filmgauge_host.telemetry.mqtt_receiver import (
    Accepted,
    LinkLost,
    MqttReceiver,
    Publication,
    Subscribed,
)
from filmgauge_host.telemetry.sqlite_file import StorageError

_ANSWER_S = 5.0  # for TCP and CONNACK each
_SUBSCRIBE_S = 60.0  # for SUBACK: a broker that first looks through what it kept is slow
_RETAINED_S = 5.0  # without a retained message: then all of them have come
_BACKOFF_S = (0.2, 5.0)  # first, longest
_ID_LONGEST = 23  # characters of MQTT's client id


class Delivery(NamedTuple):
    """What acknowledges a message. received_s: on the monotonic clock; `connection`: the one on
    which it may be acknowledged; packet_id: 0 where none is asked for."""

    packet_id: int
    received_s: float
    connection: int


class Session:
    """Connects, subscribes, and connects again for ever; messages go to `deliver`.

    records: filters at QoS 1, whose messages wait in the broker while we are away. states: filters
    at QoS 0 of what the broker retains: it sends that anew to each connection, and it must not
    take the room of records that wait. last: as states, but nothing else is wanted: they are given
    back when it has come. connected: subscribed, messages flow. accepted: by the broker, which may
    still have to confirm the subscription. connection: the number of the present one or the last,
    from 1 on. problem: why not, in a few words, else empty. forgotten: how often the broker had no
    session of ours although there was one, which `memory` knows; it names the session too.
    """

    def __init__(
        self,
        address: BrokerAddress,
        memory: SessionMemory,
        records: Sequence[str],
        states: Sequence[str],
        last: Sequence[str],
        deliver: Callable[[Delivery, Publication], None],
    ):
        self.connected = self.accepted = False
        self.forgotten = self.connection = 0
        self.problem = ""
        self._memory = memory
        self._address = address
        self._records = records
        self._states = states
        self._last = last
        self._deliver = deliver
        self._resumed = False
        self._linked = False
        self._due = self._answer_by = 0.0
        self._retained_by: float | None = None  # None: all that was retained has come
        self._retained = 0  # messages that have come
        self._again: list[str] | None = None  # filters to read one by one; None: not known yet
        self._backoff_s = _BACKOFF_S[0]
        self._receiver = MqttReceiver(address, client_id("filmgauge", memory))

    @property
    def is_catching_up(self) -> bool:
        """Whether what comes may have waited at the broker while we were away."""
        return self._resumed and not (self.connected and self._retained_by is None)

    def pump(self, timeout_s: float) -> None:
        """Do what is due and wait at most `timeout_s` for the broker (connecting: 5 s)."""
        now = time.monotonic()
        try:
            if self._linked:
                self._receive(now, timeout_s)
            elif now < self._due:
                time.sleep(min(timeout_s, self._due - now))
            else:
                self._open(now)
        except LinkLost as error:
            self._lose(str(error))

    def rest(self, duration_s: float) -> None:
        """Wait without receiving, and keep the connection."""
        time.sleep(duration_s)
        self._drive(self._receiver.keep_alive)

    def acknowledge(self, delivery: Delivery) -> None:
        """Confirm a message with the next `send` or `pump`, unless its connection is gone: then
        the broker sends it again."""
        if delivery.packet_id and self._linked and delivery.connection == self.connection:
            self._receiver.acknowledge(delivery.packet_id)

    def send(self) -> None:
        """Send what was acknowledged."""
        self._drive(self._receiver.send)

    def close(self, deadline_s: float) -> None:
        """Send what is queued and disconnect; the broker keeps the session."""
        self.connected = self.accepted = self._linked = False
        self._receiver.disconnect(deadline_s)

    def _drive(self, step: Callable[[], None]) -> None:
        if not self._linked:
            return
        try:
            step()
        except LinkLost as error:
            self._lose(str(error))

    def _open(self, now: float) -> None:
        self._answer_by = now + _ANSWER_S
        self._retained_by = self._again = None
        self._retained = 0
        self._resumed = False
        self._receiver.open(_ANSWER_S)
        self._linked = True
        self.connection += 1

    def _receive(self, now: float, timeout_s: float) -> None:
        if not self.connected and now > self._answer_by:
            raise LinkLost("does not answer")
        if self._retained_by is not None and now > self._retained_by:
            self._read_next(now)
        events = self._receiver.receive(timeout_s)
        received_s = time.monotonic()
        for event in events:
            if isinstance(event, Publication):
                self._deliver(Delivery(event.packet_id, received_s, self.connection), event)
                if event.retained and self._retained_by is not None:
                    self._retained += 1
                    self._retained_by = received_s + _RETAINED_S
            elif isinstance(event, Accepted):
                self._on_accepted(event, received_s)
            else:
                self._on_subscribed(event, received_s)

    def _read_next(self, now: float) -> None:
        """What was retained has come: read so much of it again, one filter after the other, that
        the broker may have dropped some; then give back the last records."""
        if self._again is None:
            may_lack = self._retained >= NEVER_DROPPED
            self._again = [*self._states, *self._last] if may_lack else []
        if self._again:
            self._retained_by = now + _RETAINED_S
            self._receiver.subscribe([(self._again.pop(0), 0)])
        else:
            self._retained_by = None
            self._receiver.unsubscribe(self._last)

    def _lose(self, problem: str) -> None:
        # A refusal explains more than the closed connection that follows it.
        if self.connected or not self.problem or not self._linked:
            self.problem = problem
        self.connected = self.accepted = self._linked = False
        self._receiver.close()
        self._due = time.monotonic() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, _BACKOFF_S[1])

    def _on_accepted(self, answer: Accepted, now: float) -> None:
        if answer.refusal:
            self.problem = f"refuses the connection: {answer.refusal}"
            return
        self._answer_by = now + _SUBSCRIBE_S
        self.accepted = True
        self._resumed = answer.resumed
        self.problem = "has not confirmed the subscription yet"
        wanted = [(name, 1) for name in self._records]
        self._receiver.subscribe(wanted + [(name, 0) for name in (*self._states, *self._last)])

    def _on_subscribed(self, answer: Subscribed, now: float) -> None:
        if self.connected:
            return  # of what is read again
        if not all(answer.granted[: len(self._records) + len(self._states)]):
            self.problem, self.accepted = "refuses the subscription", False
            return
        self._check_session()
        self.connected = True
        self.problem = ""
        self._retained_by = now + _RETAINED_S
        self._backoff_s = _BACKOFF_S[0]

    def _check_session(self) -> None:
        """Count a session that is gone though there was one."""
        name = f"session at {self._address}"
        with suppress(StorageError):  # it is told when a record cannot be stored
            if self._memory.attribute(name) is None:
                self._memory.set_attribute(name, "begun")
            elif not self._resumed:
                self.forgotten += 1


def client_id(prefix: str, memory: SessionMemory) -> str:
    """Return the same id for the same store: the broker keeps what came while we were away."""
    return (prefix + hashlib.sha256(memory.identity.encode()).hexdigest())[:_ID_LONGEST]
