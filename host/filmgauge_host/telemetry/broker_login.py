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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.mqtt_client import make_client
from filmgauge_host.telemetry.tcp_connection import connect_problem

_KEEPALIVE_S = 30
_CONNECT_S = 5.0
_BACKOFF_S = (1, 5)  # less than an answer is waited for
_ANSWER_S = 15.0  # a broker on a busy machine is slow, and a healthy one is not waited for
_GRACE_S = 1.0  # for brokers of several machines, where an answer may overtake a message
_MESSAGES = 10_000  # that are remembered; a check sees a handful
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
    """Use as a context. Opening raises NoBrokerError or one of its kinds. retained: messages of
    an earlier time count as well."""

    def __init__(
        self,
        address: BrokerAddress,
        filters: tuple[str, ...] = (),
        mqtt5: bool = False,
        retained: bool = False,
    ) -> None:
        self._address = address
        self._retained = retained
        self._filters = [(name, 1) for name in filters]
        self._mqtt5 = mqtt5
        self._news = threading.Condition()
        self._ready = False
        self._failure: NoBrokerError | None = None
        self._closures = 0  # of the connection, since something was published
        self._answers: dict[int, Any] = {}  # packet id -> reason code
        self._messages: deque[tuple[str, bytes, bool]] = deque(maxlen=_MESSAGES)
        protocol = MQTTProtocolVersion.MQTTv5 if mqtt5 else MQTTProtocolVersion.MQTTv311
        name = f"filmgauge-{secrets.token_hex(6)}"  # of nobody else: the broker would end that one
        self._client = make_client(address, name, protocol=protocol)
        self._client.connect_timeout = _CONNECT_S
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
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be encoded
            raise self._no_broker(f"cannot be reached: {connect_problem(error)}") from None
        self._client.loop_start()
        self._await(lambda: self._ready or self._failure)
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
        with self._news:
            self._closures = 0
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        self._await(lambda: sent.mid in self._answers or self._closures > 1)
        if sent.mid in self._answers:
            if self._answers.pop(sent.mid).is_failure:
                return Answer.DENIED
            return Answer.ACCEPTED if self._mqtt5 else Answer.ACKNOWLEDGED
        if self._closures > 1:
            return Answer.DENIED
        raise self._no_broker("does not acknowledge what is published")

    def await_message(self, is_wanted: Callable[[str, bytes], bool]) -> bool:
        """Return whether such a message, topic and payload, is here; wait while it may be on its
        way, which is until the broker has answered something else and a little longer."""

        def is_here() -> bool:
            return any(is_wanted(topic, payload) for topic, payload, _ in self._messages)

        if self._await(is_here, 0):
            return True
        code, packet = self._client.unsubscribe("filmgauge/-")  # whatever makes it answer
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
            self._news.notify_all()

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, _: Any) -> None:
        if reason.is_failure:
            is_login = reason.value in _BAD_LOGIN
            kind = LoginRefusedError if is_login else NoBrokerError
            problem = "refuses the login" if is_login else "refuses the connection"
            self._fail(kind(f"broker {self._address} {problem}: {str(reason).lower()}"))
            client.disconnect()  # or it would try for ever
        elif self._filters:
            client.subscribe(self._filters)
        else:
            self._begin()

    def _on_disconnect(self, *_arguments: Any) -> None:
        self._closures += 1
        self._fail(self._no_broker("closed the connection"))

    def _on_subscribe(self, client: Client, data: Any, packet: int, reasons: Any, _: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            problem = f"broker {self._address} refuses the subscription"
            self._fail(SubscriptionRefusedError(problem))
        else:
            self._begin()

    def _on_answer(self, client: Client, data: Any, packet: int, reason: Any, _: Any) -> None:
        with self._news:
            self._answers[packet] = reason
            self._news.notify_all()

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        if message.retain and not self._retained:
            return  # of an earlier time
        with self._news:
            self._messages.append((message.topic, bytes(message.payload), message.retain))
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
