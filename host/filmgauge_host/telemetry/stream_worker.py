"""A worker that brings records from a durable stream into a store, beside others of its kind.

    worker = StreamWorker(["nats://10.0.0.1:4222"], store)
    asyncio.run(worker.run(stopped=lambda: False))

The broker is a NATS server or a cluster of them. What nodes publish at QoS 1 over MQTT waits in
its stream `$MQTT_msgs`, replicated before a node gets its PUBACK, until one of the workers that
share the consumer has acknowledged it, which it does after the commit. What is not acknowledged
in time goes to another worker, and the store recognises what it has already.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError, StaleConnectionError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    RetentionPolicy,
    StorageType,
)
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from filmgauge.uplink.mqtt import topics
from filmgauge_host.errors import InputError, NoBrokerError
from filmgauge_host.telemetry.ingest_store import IngestStore, Outcome
from filmgauge_host.telemetry.messages import Message, Rejected, decode, refuse_revoked
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.tcp_connection import connect_problem
from filmgauge_host.telemetry.tls_files import TlsFiles

STREAM = "$MQTT_msgs"  # of the NATS server: QoS 1 messages
CONSUMER = "filmgauge-ingest"
_PREFIX = "$MQTT.msgs."
_FILTERS = [f"{_PREFIX}{topics.PREFIX}.*.{leaf}" for leaf in (topics.TELEMETRY, topics.LOG)]
_BATCH = 500
_FETCH_S = 1.0
_ACKNOWLEDGE_S = 10.0  # then another worker gets it
_UNACKNOWLEDGED_MAX = 20_000  # of all workers together
# Errors of the library that are no words of a server.
_NOT_OF_A_SERVER = NoServersError, StaleConnectionError, NatsTimeoutError
_CONNECT_S = 5
_RETRY_S = (0.2, 5.0)


@dataclass
class WorkerCounts:
    """What a worker has done: records stored, there already, there with other content, and
    messages that are no record or of a revoked node. reads: whether the stream keeps what nodes
    publish for the workers, and this one reads it. problem: why it waits just now, empty when it
    does not."""

    stored: int = 0
    duplicated: int = 0
    conflicting: int = 0
    malformed: int = 0
    reads: bool = False
    problem: str = ""
    last_refusal: str = ""


class StreamWorker:
    """servers: addresses of the NATS servers, nats:// or tls://. store: where the records go, of
    this worker alone or shared by all. replicas: of the stream and of the consumer's state, at
    most as many as there are servers. files: who is trusted with tls://. revoked: gives the names
    under which nothing is believed."""

    def __init__(
        self,
        servers: Sequence[str],
        store: IngestStore,
        replicas: int = 1,
        files: TlsFiles | None = None,
        revoked: Callable[[], Container[str]] = frozenset,
    ) -> None:
        self._revoked = revoked
        self.counts = WorkerCounts()
        self._servers = list(servers)
        self._files = files or TlsFiles()
        self._store = store
        self._replicas = replicas
        self._error = self._refusal = ""  # the latest of all, and of a server's own words
        self._client = Client()

    async def run(self, stopped: Callable[[], bool]) -> None:
        """Work until `stopped()`; raise NoBrokerError when no server answers at the start."""
        subscription = await self._connected()
        try:
            while not stopped():
                if self._client.is_closed:  # the library does not come back from a refusal
                    subscription = await self._connected_again() or subscription
                elif self.counts.reads:
                    await self._step(subscription, stopped)
                elif not self._client.is_connected or not await self._is_prepared():
                    await asyncio.sleep(_RETRY_S[0])
        finally:
            await self._close()

    async def _connected(self) -> JetStreamContext.PullSubscription:
        """Return how to fetch from the consumer, on a new connection; raise NoBrokerError."""
        client = self._client = Client()
        self._error = self._refusal = ""
        connect = client.connect(
            self._servers,
            allow_reconnect=True,
            max_reconnect_attempts=-1,  # it tries for ever, also before the first time
            reconnect_time_wait=1,
            connect_timeout=_CONNECT_S,
            error_cb=self._on_error,
            tls=self._files.context() if self._has_tls() else None,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_connect,
        )
        try:
            await asyncio.wait_for(connect, _CONNECT_S)
            return await client.jetstream().pull_subscribe_bind(CONSUMER, STREAM)
        except (NatsError, TimeoutError, OSError) as error:
            await self._close()
            raise NoBrokerError(self._no_connection(error)) from None

    def _no_connection(self, error: Exception) -> str:
        """Why there is none: a server that refuses has answered."""
        servers = ", ".join(map(_without_login, self._servers))
        if self._refusal:
            return f"the NATS server at {servers} refuses this worker: {self._refusal}"
        reason = connect_problem(error) if str(error) else self._error or "no answer"
        return f"no NATS server answers at {servers}: {reason}"

    async def _connected_again(self) -> JetStreamContext.PullSubscription | None:
        """Return how to fetch on another connection, None while there is none."""
        self.counts.reads = False
        self.counts.problem = "the broker has closed the connection: connecting again"
        try:
            return await self._connected()
        except (NoBrokerError, InputError) as error:
            self.counts.problem = str(error)
            await asyncio.sleep(_RETRY_S[0])
        return None

    async def _close(self) -> None:
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            await asyncio.wait_for(self._client.close(), _CONNECT_S)

    def _has_tls(self) -> bool:
        return any(server.startswith("tls://") for server in self._servers)

    def _renew_context(self) -> None:
        """Have the next connection made with the files of TLS as they are by then."""
        if not self._has_tls():
            return
        try:
            self._client.options["tls"] = self._files.context()
        except InputError as error:  # a file that is being replaced
            self._error = self.counts.problem = str(error)

    async def _is_prepared(self) -> bool:
        """Have the stream and the consumer that all workers share; False while there is none."""
        try:
            await self._make_consumer(self._client.jetstream(timeout=_CONNECT_S))
        except InputError as error:
            self.counts.problem = str(error)
        except (NatsError, TimeoutError, OSError) as error:
            self.counts.problem = f"the stream cannot be read: {_reason(error)}"
        else:
            self.counts.problem, self.counts.reads = "", True
        return self.counts.reads

    async def _make_consumer(self, stream: JetStreamContext) -> None:
        """Make the consumer if it is not there, and the stream if there is none. Raises what
        `_add_stream` and the library raise."""
        configuration = ConsumerConfig(
            durable_name=CONSUMER,
            filter_subjects=_FILTERS,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=_ACKNOWLEDGE_S,
            max_ack_pending=_UNACKNOWLEDGED_MAX,
            num_replicas=self._replicas,
        )
        try:
            await stream.add_consumer(STREAM, configuration)
        except NotFoundError:
            await self._add_stream(stream)
            await stream.add_consumer(STREAM, configuration)

    async def _add_stream(self, stream: JetStreamContext) -> None:
        """Make the stream as the server does when the first MQTT client comes: what that client
        publishes would else be gone before there is a consumer. Raises InputError when it is not
        known on how many servers."""
        if self._replicas == 1 and (count := len(self._client.servers)) > 1:
            raise InputError(
                f"the broker has no MQTT messages yet, and {count} servers: give --replicas, the "
                "stream_replicas of its configuration, for a stream to be made"
            )
        await stream.add_stream(
            name=STREAM,
            subjects=[f"{_PREFIX}>"],
            retention=RetentionPolicy.INTEREST,
            storage=StorageType.FILE,
            num_replicas=self._replicas,
        )

    async def _step(
        self, subscription: JetStreamContext.PullSubscription, stopped: Callable[[], bool]
    ) -> None:
        """Fetch a batch, store it, acknowledge it."""
        try:
            messages = await subscription.fetch(_BATCH, timeout=_FETCH_S)
        except TimeoutError:
            return
        except (NatsError, OSError) as error:
            self.counts.problem = f"the stream cannot be read: {_reason(error)}"
            self.counts.reads = False  # the consumer may be gone: prepared anew
            return
        if not messages:
            return
        now_unix_ms = time.time_ns() // 1_000_000
        revoked = self._revoked()
        decoded = [_decoded(message, revoked, now_unix_ms) for message in messages]
        records = [each for each in decoded if isinstance(each, ReceivedRecord)]
        outcomes = await self._stored(records, stopped)
        if outcomes is None:
            return  # not acknowledged: another worker gets them
        self._count(decoded, outcomes)
        for message in messages:
            with contextlib.suppress(NatsError, OSError):  # it comes again, as a duplicate
                await message.ack()

    async def _stored(
        self, records: Sequence[ReceivedRecord], stopped: Callable[[], bool]
    ) -> list[Outcome] | None:
        """Commit the records, again and again while the store is away; None when stopped."""
        wait_s = _RETRY_S[0]
        while True:
            try:
                outcomes = await asyncio.to_thread(self._store.add, records) if records else []
            except StorageError as error:
                self.counts.problem = str(error)
            else:
                self.counts.problem = ""
                return outcomes
            if stopped():
                return None
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _RETRY_S[1])

    def _count(self, decoded: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        counts = self.counts
        counts.stored += outcomes.count(Outcome.NEW)
        counts.duplicated += outcomes.count(Outcome.DUPLICATE)
        counts.conflicting += outcomes.count(Outcome.CONFLICT)
        for each in decoded:
            if isinstance(each, Rejected):
                counts.malformed += 1
                counts.last_refusal = f"{each.topic}: {each.reason}"

    async def _on_error(self, error: Exception) -> None:
        self._error = connect_problem(error)
        # After a server's own words a connection may be lost without one.
        if isinstance(error, NatsError) and not isinstance(error, _NOT_OF_A_SERVER):
            self._refusal = self._error
        if self.counts.problem or self.counts.reads:
            self.counts.problem = f"broker: {self._error}"
        self._renew_context()

    async def _on_disconnect(self) -> None:
        if self._client.is_closed:
            return  # by ourselves, or for good: see run
        self.counts.reads = False
        self.counts.problem = "the broker has closed the connection: connecting again"
        self._renew_context()

    async def _on_connect(self) -> None:
        self.counts.reads = False  # a server may have come back without its stream


def _reason(error: Exception) -> str:
    """Return why a request came to nothing, in words."""
    if isinstance(error, APIError) and error.description:
        return error.description
    if isinstance(error, ServiceUnavailableError):
        return "there is no such consumer"
    return connect_problem(error)


def _without_login(server: str) -> str:
    scheme, _, rest = server.rpartition("://")
    return f"{scheme or 'nats'}://{rest.rpartition('@')[2]}"


def _decoded(message: Msg, revoked: Container[str], now_unix_ms: int) -> Message:
    topic = message.subject.removeprefix(_PREFIX).replace(".", "/")
    found = decode(topic, message.data, False, now_unix_ms)
    return refuse_revoked(found, topic, False, revoked, now_unix_ms)
