"""One login at a broker, connected for as long as a check takes; every answer is waited for.

    with BrokerLogin(parse_address(url), ("filmgauge/+/telemetry",)) as login:
        login.publish("filmgauge/bench/log", payload)     # Answer.DENIED
        login.await_message(lambda topic, payload: ...)

An MQTT 3.1.1 broker acknowledges what its ACL drops. Only MQTT 5 has a word for it, so whoever
wants to know publishes with `mqtt5`.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.mqtt_client import NEVER_DROPPED, make_client

_KEEPALIVE_S = 30
_CONNECT_S = 5.0
_BACKOFF_S = (1, 5)  # less than an answer is waited for
_ANSWER_S = 15.0  # a broker on a busy machine is slow, and a healthy one is not waited for
_GRACE_S = 1.0  # for brokers of several machines, where an answer may overtake a message
_MESSAGES = 10_000  # that are remembered; a check sees a handful
_IN_FLIGHT = 200  # messages without their acknowledgement: a slow line is not waited for each
_AT_ONCE = NEVER_DROPPED // 2  # filters of one subscription
_NO_FILTER = "filmgauge/-"  # given back, whatever makes the broker answer
_BAD_LOGIN = (134, 135)  # bad user name or password, not authorized; 3.1.1's 4 and 5 become these


class LoginRefusedError(NoBrokerError):
    """The broker does not know this user and password."""


class SubscriptionRefusedError(NoBrokerError):
    """The broker does not let this login subscribe."""


class Answer(Enum):
    """What a broker answers to a message. ACKNOWLEDGED: as MQTT 3.1.1, which may be dropped."""

    ACCEPTED = "accepted"
    DENIED = "denied"
    ACKNOWLEDGED = "acknowledged"


class BrokerLogin:
    """Use as a context. Opening raises NoBrokerError or one of its kinds.

    filters: at QoS 1. states: filters at QoS 0 of what the broker retains: at QoS 1 it may drop
    some of more than a thousand. Without them messages of an earlier time do not count.
    connections: how many there were; it connects again by itself.
    """

    def __init__(
        self,
        address: BrokerAddress,
        filters: tuple[str, ...] = (),
        mqtt5: bool = False,
        states: Sequence[str] = (),
    ) -> None:
        self._address = address
        self._retained = bool(states)
        self._filters = [(name, 1) for name in filters] + [(name, 0) for name in states]
        self._subscribed = 0  # of the filters, over this connection
        self._subscribing: int | None = None  # the packet that asks for the next ones
        self._mqtt5 = mqtt5
        self._news = threading.Condition()
        self._ready = False
        self._failure: NoBrokerError | None = None
        self._closures = 0  # of the connection
        self.connections = 0  # that were made, with all subscriptions
        self._answers: dict[int, Any] = {}  # packet id -> reason code
        self._messages: deque[tuple[str, bytes, bool]] = deque(maxlen=_MESSAGES)
        self._reading: dict[str, bytes] | None = None  # by topic, while what is retained is read
        self._arrivals = 0
        protocol = MQTTProtocolVersion.MQTTv5 if mqtt5 else MQTTProtocolVersion.MQTTv311
        name = f"filmgauge-{secrets.token_hex(6)}"  # of nobody else: the broker would end that one
        self._client = make_client(address, name, protocol=protocol)
        self._client.connect_timeout = _CONNECT_S
        if not mqtt5:  # there the broker sets the bound
            self._client.max_inflight_messages_set(_IN_FLIGHT)
        self._client.reconnect_delay_set(*_BACKOFF_S)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_answer
        self._client.on_publish = self._on_answer
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        try:
            self._client.connect(self._address.host, self._address.port, _KEEPALIVE_S)
        except OSError:
            raise self._no_broker(f"cannot be reached: {self._client.failure}") from None
        self._client.loop_start()
        had = -1
        while had != self._subscribed and not (self._ready or self._failure):
            had = self._subscribed
            self._await(lambda h=had: self._ready or self._failure or self._subscribed != h)
        if not self._ready:
            self.close()
            raise self._failure or self._no_broker("does not answer")
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take leave of the broker, which forgets this session."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> Answer:
        """Publish at QoS 1; return the answer.

        A broker that ends the connection instead, and again when the message comes once more,
        denies it: some do, where one that is restarted takes it then. Raises NoBrokerError when
        there is none.
        """
        return self.publish_all([(topic, payload)], retain)

    def publish_all(self, messages: Iterable[tuple[str, bytes]], retain: bool = False) -> Answer:
        """Publish messages, each with its topic, without waiting in between; return the worst
        answer. As `publish` otherwise."""
        closures = self._closures
        sent = [self._client.publish(*each, qos=1, retain=retain).mid for each in messages]
        for packet in sent:
            self._await(lambda p=packet: p in self._answers or self._closures > closures + 1)
            if packet not in self._answers:
                if self._closures > closures + 1:
                    return Answer.DENIED
                raise self._no_broker("does not acknowledge what is published")
        failures = [self._answers.pop(packet).is_failure for packet in sent]
        if any(failures):
            return Answer.DENIED
        return Answer.ACCEPTED if self._mqtt5 else Answer.ACKNOWLEDGED

    def read_retained(self, filters: Iterable[str]) -> dict[str, bytes]:
        """Return what the broker retains under filters, payload by topic: all that comes until
        nothing has come while the broker answered something else, and a little longer.

        At QoS 0, where mosquitto as it is installed drops nothing of less than 1000 messages; at
        QoS 1 a thousand may wait for acknowledgements, of all filters together. Raises
        NoBrokerError when the connection ends meanwhile: then something may be missing.
        """
        wanted = list(filters)
        with self._news:
            found = self._reading = {}
            closures = self._closures
        try:
            self._request(self._client.subscribe([(name, 0) for name in wanted]), closures)
            while True:
                had = self._arrivals
                self._request(self._client.unsubscribe(_NO_FILTER), closures)
                if not self._await(lambda had=had: self._arrivals != had, _GRACE_S):
                    break
        finally:
            with self._news:
                self._reading = None
        self._client.unsubscribe(wanted)
        return {topic: payload for topic, payload in found.items() if payload}

    def await_message(self, is_wanted: Callable[[str, bytes], bool]) -> bool:
        """Return whether such a message, topic and payload, is here; wait while it may be on its
        way, which is until the broker has answered something else and a little longer."""

        def is_here() -> bool:
            return any(is_wanted(topic, payload) for topic, payload, _ in self._messages)

        if self._await(is_here, 0):
            return True
        code, packet = self._client.unsubscribe(_NO_FILTER)
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._await(lambda: packet in self._answers or is_here())
        return self._await(is_here, _GRACE_S)

    def topics(self) -> frozenset[str]:
        """Return the topics of the messages that came."""
        return frozenset(topic for topic, _ in self.messages())

    def messages(self) -> list[tuple[str, bytes]]:
        """Return topic and payload of what came, oldest first."""
        with self._news:
            return [(topic, payload) for topic, payload, _ in self._messages]

    def drain(self) -> list[tuple[str, bytes, bool]]:
        """Return topic, payload and whether it is of an earlier time, of what came since the last
        call, oldest first."""
        with self._news:
            found = list(self._messages)
            self._messages.clear()
            return found

    def _await(self, is_true: Callable[[], object], timeout_s: float = _ANSWER_S) -> bool:
        with self._news:
            return bool(self._news.wait_for(is_true, timeout_s))

    def _request(self, sent: tuple[MQTTErrorCode, int | None], closures: int) -> None:
        """Wait for the answer to what was sent, as long as messages come meanwhile."""
        _, packet = sent
        while True:
            had = self._arrivals
            self._await(
                lambda had=had: (
                    packet in self._answers or self._closures != closures or self._arrivals != had
                )
            )
            if self._closures != closures:
                raise self._no_broker("closed the connection before all had come")
            if packet in self._answers:
                break
            if self._arrivals == had:
                raise self._no_broker("does not answer")
        reasons = self._answers.pop(packet)
        if isinstance(reasons, list) and any(reason.is_failure for reason in reasons):
            raise SubscriptionRefusedError(f"broker {self._address} refuses the subscription")

    def _no_broker(self, problem: str) -> NoBrokerError:
        return NoBrokerError(f"broker {self._address} {problem}")

    def _fail(self, error: NoBrokerError) -> None:
        """Remember the first reason: the closed connection that follows explains less."""
        with self._news:
            self._failure = self._failure or error
            self._news.notify_all()

    def _begin(self) -> None:
        with self._news:
            self._ready = True
            self.connections += 1
            self._news.notify_all()

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, _: Any) -> None:
        if reason.is_failure:
            is_login = reason.value in _BAD_LOGIN
            kind = LoginRefusedError if is_login else NoBrokerError
            problem = "refuses the login" if is_login else "refuses the connection"
            self._fail(kind(f"broker {self._address} {problem}: {str(reason).lower()}"))
            client.disconnect()  # or it would try for ever
        elif self._filters:
            self._subscribed = 0
            self._subscribe_next(client)
        else:
            self._begin()

    def _subscribe_next(self, client: Client) -> None:
        """Ask for some filters. The answer says that what is retained of those before has come."""
        some = self._filters[self._subscribed : self._subscribed + _AT_ONCE]
        self._subscribing = client.subscribe(some)[1]

    def _on_disconnect(self, *_arguments: Any) -> None:
        with self._news:
            self._closures += 1
        self._fail(self._no_broker("closed the connection"))

    def _on_subscribe(self, client: Client, data: Any, packet: int, reasons: Any, _: Any) -> None:
        if packet != self._subscribing:
            self._on_answer(client, data, packet, reasons, _)
        elif any(reason.is_failure for reason in reasons):
            problem = f"broker {self._address} refuses the subscription"
            self._fail(SubscriptionRefusedError(problem))
        else:
            with self._news:
                self._subscribed += _AT_ONCE
                self._news.notify_all()
            if self._subscribed < len(self._filters):
                self._subscribe_next(client)
            else:
                self._begin()

    def _on_answer(self, client: Client, data: Any, packet: int, reason: Any, _: Any) -> None:
        with self._news:
            self._answers[packet] = reason
            self._news.notify_all()

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        with self._news:
            self._arrivals += 1
            if self._reading is not None:
                self._reading[topic] = payload
            if self._retained or not message.retain:  # or it is of an earlier time
                self._messages.append((topic, payload, message.retain))
            self._news.notify_all()


@contextmanager
def answering_login(address: BrokerAddress) -> Iterator[BrokerLogin]:
    """Give a login for publishing, over MQTT 5 where the broker knows it, so that it says what its
    ACL drops. Raises as BrokerLogin does."""
    with ExitStack() as stack:
        try:
            login = stack.enter_context(BrokerLogin(address, mqtt5=True))
        except LoginRefusedError:
            raise
        except NoBrokerError:  # it may know MQTT 3.1.1 only, as the node does
            login = stack.enter_context(BrokerLogin(address))
        yield login
