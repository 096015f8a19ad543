"""From the broker into the store: decode, commit, and only then acknowledge.

    with RecordStore(path) as store, Ingest(parse_address(url), store) as ingest:
        ingest.wait_connected(5)
        ...
        print(ingest.nodes()["bench"].statistics)

One thread owns the connection, the writes and the counts. A record that was acknowledged is on
the disk; one that was not is sent again by the broker and recognised as a duplicate.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self, TypeAlias

from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.arrivals import Arrivals
from filmgauge_host.telemetry.ingest_store import IngestStore, Outcome
from filmgauge_host.telemetry.messages import (
    PAYLOAD_MAX,
    RECORDS,
    STATES,
    ConnectionPhase,
    Message,
    Rejected,
    Withdrawn,
    decode,
    refuse_revoked,
)
from filmgauge_host.telemetry.mqtt_receiver import Publication
from filmgauge_host.telemetry.nodes import IngestStatistics, NodeSnapshot, NodeTracker
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.session import Delivery, Session
from filmgauge_host.telemetry.sqlite_file import StorageError

Listener: TypeAlias = Callable[[ReceivedRecord | Rejected], None]
WithdrawalListener: TypeAlias = Callable[[Withdrawn], None]

_BATCH = 2000
_WINDOW = 20  # mosquitto as it is installed sends no more before they are acknowledged
_LONGEST_WAIT_S = 0.02  # of a message that could be stored, while there are few
_REST_S = 0.1
# Messages in memory while the store cannot be written, and bytes of them; then reading stops.
_PENDING_MAX = 8000
_PENDING_BYTES = 16 << 20
_RETRY_S = 1.0
_CHECK_S = 0.5
_LOSSES_S = 0.05  # of each check, to ask for what another writer may have stored
_LOSSES_AT_END_S = 5.0  # within what `close` waits for
_REMEMBERED = 100


class Ingest:
    """Receives the messages of all nodes until `close`."""

    def __init__(
        self,
        address: BrokerAddress,
        store: IngestStore,
        revoked: Callable[[], frozenset[str]] = frozenset,
    ):
        """revoked: gives the names under which nothing is believed."""
        self.address = address
        self.revoked = revoked
        self._store = store
        self._arrivals = Arrivals() if store.is_shared else None
        self._nodes = NodeTracker(store)
        records, states, last = map(_filters, (RECORDS, STATES, (topics.LAST,)))
        self._session = Session(address, store, records, states, last, self._receive)
        self._pending: list[tuple[Delivery, Message]] = []
        self._phase = ConnectionPhase(0, False)  # of what was received last
        self._rejected: deque[Rejected] = deque(maxlen=_REMEMBERED)
        self.refused = 0  # messages that could not be used, of whomever
        self._listeners: list[Listener] = []
        self._withdrawal_listeners: list[WithdrawalListener] = []
        self._store_problem = ""
        self._failure: Exception | None = None
        self._pending_bytes = 0
        self._retry = self._check = 0.0
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def listen(self, listener: Listener) -> None:
        """Call `listener` from the ingest thread with every new record and every rejection.

        Register before `start`. It must be quick and must not raise.
        """
        self._listeners.append(listener)

    def listen_withdrawals(self, listener: WithdrawalListener) -> None:
        """Call `listener` in the same way where somebody clears what the broker retains of a
        node."""
        self._withdrawal_listeners.append(listener)

    def start(self) -> None:
        """Begin to connect and receive, in a thread of its own."""
        self._thread.start()

    def wait_connected(self, timeout_s: float) -> bool:
        """Return whether messages began to flow within `timeout_s`."""
        return self._ready.wait(timeout_s)

    @property
    def connected(self) -> bool:
        """Whether the broker is connected and subscribed just now."""
        return self._session.connected

    @property
    def accepted(self) -> bool:
        """Whether the broker has accepted us, though it may not have subscribed us yet."""
        return self._session.accepted

    @property
    def connection(self) -> int:
        """The number of the present connection once `nodes` is of it, else 0; when we have ended,
        that of the last."""
        number = self._nodes.connection
        is_present = self._session.connected or self._stop.is_set()
        return number if is_present and number == self._session.connection else 0

    @property
    def forgotten(self) -> int:
        """How often the broker had lost our session, and with it what came while we were away."""
        return self._session.forgotten

    @property
    def failure(self) -> Exception | None:
        """What has ended the thread, which no waiting mends; None for nothing."""
        return self._failure

    @property
    def unstored(self) -> str:
        """Why what was received cannot be stored just now, in one sentence; else empty."""
        return self._store_problem

    @property
    def problem(self) -> str:
        """What is wrong just now, in one sentence; empty when nothing is."""
        if self._failure is not None:
            return f"ingest stopped: {self._failure}"
        if self._store_problem:
            return self._store_problem
        reason = self._session.problem
        return f"broker {self.address} {reason}" if reason else ""

    def nodes(self) -> dict[str, NodeSnapshot]:
        """Return all nodes that have sent something, by name."""
        return self._nodes.snapshots()

    def statistics(self) -> dict[str, IngestStatistics]:
        """Return the counts of all nodes, by name."""
        return {name: node.statistics for name, node in self.nodes().items()}

    def rejected(self) -> list[Rejected]:
        """Return the last 100 messages that could not be used, oldest first."""
        return list(self._rejected)

    def close(self, deadline_s: float = 10.0) -> None:
        """Store and acknowledge what was received, then disconnect; raise what ended the thread.

        Nothing is lost when the deadline passes: what is not acknowledged is sent again.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(deadline_s)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._step()
            self._flush()
            self._check_losses_at_end()
            self._session.close(deadline_s=2.0)
        except Exception as error:  # shown as `problem`, raised by `close`
            self._failure = error

    def _step(self) -> None:
        """Wait for messages or for the moment to store those that wait."""
        before = len(self._pending)
        self._check_store()
        if before >= _PENDING_MAX or self._pending_bytes >= _PENDING_BYTES:
            self._session.rest(_REST_S)
        elif not before or self._store_problem:
            self._session.pump(_REST_S)
        else:
            left_s = self._pending[0][0].received_s + _LONGEST_WAIT_S - time.monotonic()
            self._session.pump(0.0 if before >= _WINDOW else max(0.0, left_s))
        self._mark_phase()
        if self._session.connected:
            self._ready.set()
        if len(self._pending) >= _BATCH or (before and self._is_due(before)):
            self._flush()

    def _is_due(self, before: int) -> bool:
        """Return whether those that wait have waited long enough, and nothing else has come."""
        if len(self._pending) > before:
            return False
        oldest_s = self._pending[0][0].received_s
        return before >= _WINDOW or time.monotonic() >= oldest_s + _LONGEST_WAIT_S

    def _mark_phase(self) -> None:
        """Put among the messages where another connection begins, and where it has caught up."""
        session = self._session
        phase = ConnectionPhase(session.connection, session.is_catching_up)
        if phase != self._phase:
            self._phase = phase
            self._pending.append((Delivery(0, time.monotonic(), phase.connection), phase))

    def _receive(self, delivery: Delivery, publication: Publication) -> None:
        self._mark_phase()
        topic, payload, retained, _ = publication
        now_unix_ms = time.time_ns() // 1_000_000
        message = decode(topic, payload, retained, now_unix_ms)
        message = refuse_revoked(message, topic, retained, self.revoked(), now_unix_ms)
        self._pending.append((delivery, message))
        self._pending_bytes += min(len(payload), PAYLOAD_MAX)

    def _check_store(self) -> None:
        """Notice now and then, also while nothing comes, that the store is gone or back."""
        if time.monotonic() < self._check:
            return
        try:
            self._store.check_exists()
            self._nodes.check_losses(time.monotonic(), _LOSSES_S)
        except StorageError as error:
            self._store_problem = str(error)
        else:
            if not self._pending:
                self._store_problem = ""
        self._check = time.monotonic() + _CHECK_S  # it may have waited: messages come between

    def _check_losses_at_end(self) -> None:
        """Ask once more for what is missing, while there is time: what is lost, the end says."""
        if self._store_problem:
            return
        try:
            self._nodes.check_losses(math.inf, _LOSSES_AT_END_S)
        except StorageError as error:
            self._store_problem = str(error)

    def _flush(self) -> None:
        """Commit, count and acknowledge all that waits; after a store error keep it and retry."""
        if not self._pending or time.monotonic() < self._retry:
            return
        messages = [message for _, message in self._pending]
        records = [message for message in messages if isinstance(message, ReceivedRecord)]
        try:
            for message in messages:
                self._nodes.load(message)
            stored_as = self._store.add(records) if records else []
        except StorageError as error:
            self._store_problem = str(error)
            self._retry = time.monotonic() + _RETRY_S
            return
        self._store_problem = ""
        if self._arrivals is not None:
            stored_as = self._arrivals.outcomes(records, stored_as)
        added = iter(stored_as)
        stored, self._pending = self._pending, []
        self._pending_bytes = 0
        outcomes = [next(added) if isinstance(each, ReceivedRecord) else None for each in messages]
        for delivery, _ in stored:
            self._session.acknowledge(delivery)
        self._session.send()
        times_s = [delivery.received_s for delivery, _ in stored]
        self._nodes.apply_all(zip(messages, outcomes, times_s, strict=True))
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(message, Withdrawn):
                for listener in self._withdrawal_listeners:
                    listener(message)
            self._notify(_event(message, outcome))

    def _notify(self, event: ReceivedRecord | Rejected | None) -> None:
        if event is None:
            return
        if isinstance(event, Rejected):
            self._rejected.append(event)
            self.refused += 1
        for listener in self._listeners:
            listener(event)


def _filters(leaves: Sequence[str]) -> list[str]:
    return [topics.topic("+", leaf) for leaf in leaves]


def _event(message: Message, outcome: Outcome | None) -> ReceivedRecord | Rejected | None:
    """Return what listeners hear of a message: nothing for duplicates, status and info."""
    if isinstance(message, Rejected):
        return message
    if not isinstance(message, ReceivedRecord) or outcome is Outcome.DUPLICATE:
        return None
    if outcome is not None and outcome.is_first:
        return message
    _, boot, seq = message.key
    reason = f"boot {boot} seq {seq} came again with other content: the first one is kept"
    topic = topics.topic(message.node, topics.LOG if message.history else topics.TELEMETRY)
    return Rejected(message.node, topic, reason, message.received_unix_ms)
