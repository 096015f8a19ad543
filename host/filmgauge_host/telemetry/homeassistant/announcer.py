"""Announces every node of an ingest to Home Assistant, in a thread and a connection of its own.

    with Announcer(ingest) as announcer:
        ...
        print(announcer.problem)

A node is announced when a record or a status of it is first accepted, over each connection of the
ingest and each of our own, and when what its announcement says changes, and withdrawn when it is
revoked. What was announced stays when we end: values go from the nodes to Home Assistant without
us.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

from paho.mqtt.client import Client

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.broker_login import Answer, answering_login
from filmgauge_host.telemetry.homeassistant.announcements import Announcements
from filmgauge_host.telemetry.homeassistant.discovery import (
    AnnouncedNode,
    denied_announcement,
    discovery_topic,
)
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.mqtt_client import make_client

_KEEPALIVE_S = 60
_BACKOFF_S = (1, 30)
_POLL_S = 1.0  # nodes announce minutes; a look at a thousand takes a hundredth of it
_LAST_S = 5.0  # for the last acknowledgements
_DENIED_S = 10.0  # then the broker may have another ACL


class Announcer:
    """Use as a context, beside an ingest that may start later.

    problem: why nothing is announced just now, else empty. transient: what was announced is
    removed at the end, as it is right for virtual nodes. say: gets a sentence when announcing
    fails and when it works again.
    """

    def __init__(
        self,
        ingest: Ingest,
        transient: bool = False,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.problem = self._unconnected = f"broker {ingest.address} is not connected yet"
        self._ingest = ingest
        self._transient = transient
        self._say = say
        self._said = ""  # the problem of which it was told
        self._opened = 0  # connections of our own
        self._connections = 0, 0  # of the ingest and of our own, over which all was announced
        self._may_write = False  # known since then
        self._denied_until_s = 0.0
        self._announcements = Announcements()
        self._names: set[str] = set()
        self._withdrawn: frozenset[str] = frozenset()
        # Two sets and no lock: paho holds one of its own while it tells of an acknowledgement,
        # and takes the same one in publish.
        self._sent: set[int] = set()
        self._acknowledged: set[int] = set()
        self._connected = threading.Event()
        self._stop = threading.Event()
        self._client = make_client(ingest.address, "")
        self._client.reconnect_delay_set(*_BACKOFF_S)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._thread = threading.Thread(target=self._run, name="home assistant", daemon=True)

    def __enter__(self) -> Self:
        address = self._ingest.address
        self._client.connect_async(address.host, address.port, _KEEPALIVE_S)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Announce what is due and disconnect."""
        self._stop.set()
        self._thread.join(_LAST_S)
        if self._connected.is_set() and not self._thread.is_alive():
            self._announce()
            if self._transient:
                for name in self._names:
                    self._publish(name, b"")
            self._await_acknowledgements()
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._stop.wait(_POLL_S):
            if self._connected.is_set() and time.monotonic() >= self._denied_until_s:
                self._announce()
            self._report()

    def _report(self) -> None:
        """Say when announcing fails, and when it works again."""
        problem = self.problem
        if problem in (self._said, self._unconnected):
            return
        self._said = problem
        state = f"not announced to Home Assistant: {problem}" if problem else "announced again"
        self._say(f"nodes are {state}")

    def _announce(self) -> None:
        """Publish what is due; over new connections that is every node of which the broker gives
        something. One of which it has cleared that is due when it reports again."""
        self._all_acknowledged()
        connection, opened = self._ingest.connection, self._opened
        if not connection:
            return
        if (connection, opened) != self._connections:
            self._connections = connection, opened
            self._sent.clear()
            self._announcements.forget()
            self._withdrawn = frozenset()
            self._may_write = False
        revoked = self._ingest.revoked()
        for name in revoked - self._withdrawn:
            self._publish(name, b"")
        self._withdrawn = revoked
        now_s = time.monotonic()
        for name, node in self._ingest.nodes().items():
            if name in revoked or not node.reports:
                self._announcements.discard(name)
                continue
            silence_s = 0.0 if node.last_seen_s is None else now_s - node.last_seen_s
            payload = self._announcements.due(AnnouncedNode.of(node), silence_s)
            if payload is None:
                continue
            if self._may_write:
                self._publish(name, payload)
            elif not self._check_write(name, payload):
                self._announcements.discard(name)
                return
            self._names.add(name)

    def _check_write(self, name: str, payload: bytes) -> bool:
        """Announce a node and return whether the broker lets us: `_publish` does not hear of what
        an ACL drops."""
        address, topic = self._ingest.address, discovery_topic(name)
        try:
            with answering_login(address) as login:
                self._may_write = login.publish(topic, payload, retain=True) is not Answer.DENIED
            problem = "" if self._may_write else denied_announcement(address, topic)
        except NoBrokerError as error:
            problem = str(error)
        self._denied_until_s = 0.0 if self._may_write else time.monotonic() + _DENIED_S
        if self._connected.is_set():
            self.problem = problem
        return self._may_write

    def _publish(self, name: str, payload: bytes) -> None:
        sent = self._client.publish(discovery_topic(name), payload, qos=1, retain=True)
        self._sent.add(sent.mid)  # its acknowledgement may have come already

    def _all_acknowledged(self) -> bool:
        """Return whether nothing is on its way; forget what has arrived, as numbers come again."""
        arrived = self._sent & self._acknowledged
        self._sent -= arrived
        self._acknowledged -= arrived
        return not self._sent

    def _await_acknowledgements(self) -> None:
        until_s = time.monotonic() + _LAST_S
        while not self._all_acknowledged() and self._connected.is_set():
            if time.monotonic() > until_s:
                return
            time.sleep(0.01)

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, _: Any) -> None:
        if reason.is_failure:
            self.problem = f"broker {self._ingest.address} refuses the connection: {reason}"
            return
        self._client.discard_unacknowledged()  # the node may have been removed since
        self._opened += 1
        self.problem = ""
        self._connected.set()

    def _on_connect_fail(self, client: Client, data: Any) -> None:
        self.problem = f"broker {self._ingest.address} cannot be reached: {self._client.failure}"

    def _on_disconnect(self, *_arguments: Any) -> None:
        self._connected.clear()
        if not self._stop.is_set():
            self.problem = self.problem or f"broker {self._ingest.address} closed the connection"

    def _on_publish(self, client: Client, data: Any, packet: int, *_rest: Any) -> None:
        self._acknowledged.add(packet)
