"""Announces nodes to Home Assistant or removes them there, once, with what the broker retains.

with Registration(parse_address(url)) as registration:
    registration.announce(registration.nodes())
    registration.remove(registration.announced())
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from filmgauge.uplink.mqtt import topics
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.homeassistant.discovery import (
    TOPICS,
    AnnouncedNode,
    discovery_payload,
    discovery_topic,
    node_of,
)
from filmgauge_host.telemetry.messages import Info, Status, decode

_FILTERS = (topics.topic("+", topics.STATUS), topics.topic("+", topics.INFO), TOPICS)


class Registration:
    """Use as a context. Opening raises NoBrokerError or one of its kinds."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._login = BrokerLogin(address, _FILTERS, retained=True)

    def __enter__(self) -> Self:
        self._login.__enter__()
        self._login.await_message(lambda _topic, _payload: False)  # the retained come at once
        return self

    def __exit__(self, *_error: object) -> None:
        self._login.close()

    def nodes(self) -> dict[str, AnnouncedNode]:
        """Return the nodes that have a status or an info on the broker, by name."""
        found: dict[str, AnnouncedNode] = {}
        for topic, payload in self._latest():
            message = decode(topic, payload, True, 0)
            if not isinstance(message, (Status, Info)):
                continue
            node = found.get(message.node) or AnnouncedNode(message.node)
            if isinstance(message, Info):
                node = replace(node, info=message.values)
            else:
                node = replace(node, has_status=True, next_report_s=message.next_report_s)
            found[message.node] = node
        return found

    def announced(self) -> list[str]:
        """Return the nodes that have an announcement of ours on the broker, by name."""
        found = (node_of(topic, payload) for topic, payload in self._latest())
        return sorted(node for node in found if node is not None)

    def announce(self, nodes: Iterable[AnnouncedNode]) -> None:
        """Announce the nodes; raise FilmgaugeError when the broker does not let us."""
        for node in nodes:
            self._publish(node.name, discovery_payload(node))

    def remove(self, names: Iterable[str]) -> None:
        """Remove the nodes and all their entities; raise FilmgaugeError when the broker does not
        let us."""
        for name in names:
            self._publish(name, b"")

    def _latest(self) -> Iterable[tuple[str, bytes]]:
        return dict(self._login.messages()).items()

    def _publish(self, name: str, payload: bytes) -> None:
        """Publish, and see it come back: an MQTT 3.1.1 broker acknowledges what its ACL drops."""
        sent = discovery_topic(name), payload
        self._login.publish(*sent, retain=True)
        if not self._login.await_message(lambda *message: message == sent):
            raise FilmgaugeError(
                f"broker {self._address} does not let this login write {sent[0]}: its ACL needs"
                f" 'topic readwrite {TOPICS}'"
            )
