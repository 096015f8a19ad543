"""Finds out whether what a node publishes arrives at the monitor: a broker of MQTT 3.1.1
acknowledges also what its ACL drops, and the node then forgets a record that nobody has.

    with ArrivalCheck(monitor, publisher) as check:
        ...                          # the node boots and reports
        arrival = check.of(record)   # None: it has not reported, all topics are probed

A topic on which nothing came is probed with the node's own login. Nothing is retained, and
receivers tell a probe from a record.
"""

import json
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self

from filmgauge.config import Config
from filmgauge.uplink.mqtt import topics
from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.arrival import LEAVES, Arrival, Findings, Publisher, no_broker
from filmgauge_host.telemetry.broker_login import (
    Answer,
    BrokerLogin,
    SubscriptionRefusedError,
    answering_login,
)
from filmgauge_host.telemetry.messages import probe_payload
from filmgauge_host.telemetry.tls_files import TlsFiles

_KEY = ("life", "boot", "seq")
_NO_FILES = TlsFiles()


def publisher_of(configuration: Mapping[str, Any], files: TlsFiles = _NO_FILES) -> Publisher:
    """Return the login of a node from the configuration that its board gets. files: by which the
    host knows the broker; its own certificate is not the node's."""
    values: dict[str, Any] = vars(Config(**configuration))
    user, password = values["mqtt_user"] or None, values["mqtt_password"] or None
    host, port, tls = values["mqtt_host"], values["mqtt_port"], bool(values["mqtt_tls"])
    address = BrokerAddress(host, port, tls, user, password, TlsFiles(files.ca))
    return Publisher(values["node"], address)


class ArrivalCheck:
    """Listens with the monitor's login while it is a context. publisher: None when nobody here
    has the node's login; then nothing is probed, and only a record shows whether it arrives.

    problem: why the monitor's login cannot listen, None while it can.
    """

    def __init__(self, monitor: BrokerAddress, publisher: Publisher | None) -> None:
        self.problem: Arrival | None = None
        self._monitor = monitor
        self._publisher = publisher
        self._stack = ExitStack()
        self._login: BrokerLogin | None = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def of(self, record: Mapping[str, Any] | None) -> Arrival:
        """Return whether a record that the broker has acknowledged came to the monitor, and
        whether what else the node publishes does."""
        listened = self._login is not None
        if not listened and self._publisher is not None:
            self._open()  # the broker may be back, and a probe needs no record
        if self._login is None:
            assert self.problem is not None
            return self.problem
        findings = Findings(self._monitor, self._publisher)
        came = record is not None and listened and _add_record(findings, record, self._login)
        if self._publisher is not None:
            problem = _probe(findings, self._login, self._publisher)
            if problem is not None and topics.TELEMETRY not in findings.arrived:
                return problem
        return findings.arrival(record["seq"] if record and came else None)

    def _open(self) -> None:
        node = self._publisher.node if self._publisher else "+"
        filters = tuple(topics.topic(node, leaf) for leaf in LEAVES)
        self.problem = None
        try:
            self._login = self._stack.enter_context(BrokerLogin(self._monitor, filters))
        except SubscriptionRefusedError:
            findings = Findings(self._monitor, self._publisher)
            findings.missing.update((leaf, Answer.ACCEPTED) for leaf in LEAVES)
            self.problem = findings.arrival(None)
        except NoBrokerError as error:
            self.problem = no_broker(self._monitor, "the monitor", error)


def _add_record(findings: Findings, record: Mapping[str, Any], login: BrokerLogin) -> bool:
    """Add what came by itself: a record that the node has reported, and what went with it;
    return whether the record did."""
    key = tuple(record.get(name) for name in _KEY)
    end = "/" + topics.TELEMETRY
    came = login.await_message(lambda topic, text: topic.endswith(end) and _key(text) == key)
    if came:
        findings.arrived.add(topics.TELEMETRY)
    elif findings.publisher is None:
        findings.missing[topics.TELEMETRY] = Answer.ACKNOWLEDGED
    if findings.publisher is not None:  # or it may be another node's
        live = {name.rpartition("/")[2] for name in login.topics()}
        findings.arrived |= live - {topics.TELEMETRY}
    return came


def _probe(findings: Findings, monitor: BrokerLogin, publisher: Publisher) -> Arrival | None:
    """Probe each topic on which nothing came; return why that cannot be done."""
    for leaf in LEAVES:
        if leaf in findings.arrived:
            continue
        sent = topics.topic(publisher.node, leaf), probe_payload(secrets.token_hex(8))
        try:
            answer = _publish(publisher.address, *sent)
        except NoBrokerError as error:
            return no_broker(publisher.address, publisher.node, error)
        if answer is not Answer.DENIED and monitor.await_message(
            lambda *had, sent=sent: had == sent
        ):
            findings.arrived.add(leaf)
        else:
            findings.missing[leaf] = answer
    return None


def _publish(address: BrokerAddress, topic: str, payload: bytes) -> Answer:
    with answering_login(address) as login:
        return login.publish(topic, payload)


def _key(payload: bytes) -> tuple[object, ...] | None:
    try:
        values = json.loads(payload)
        return tuple(values[name] for name in _KEY)
    except (ValueError, LookupError, TypeError):
        return None
