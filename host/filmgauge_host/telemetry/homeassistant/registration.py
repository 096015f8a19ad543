"""Announces nodes to Home Assistant or removes them there, once, with what the broker retains.

with Registration(parse_address(url)) as registration:
    registration.announce(registration.nodes())
    registration.remove(registration.announced())
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Self, TypeVar

from filmgauge.uplink.mqtt import topics
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin
from filmgauge_host.telemetry.homeassistant.discovery import (
    TOPICS,
    AnnouncedNode,
    denied_announcement,
    discovery_payload,
    discovery_topic,
    node_of,
)
from filmgauge_host.telemetry.messages import RETAINED, STATES, Info, Status, decode
from filmgauge_host.telemetry.mqtt_client import NEVER_DROPPED

_AT_ONCE = 200  # nodes

_Each = TypeVar("_Each")


class Registration:
    """Use as a context. Opening and reading raise NoBrokerError or one of its kinds.

    is_incomplete: the broker has given more at one time than at another of what it retains.
    """

    def __init__(self, address: BrokerAddress) -> None:
        self.is_incomplete = False
        self._address = address
        self._login = BrokerLogin(address)

    def __enter__(self) -> Self:
        self._login.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._login.close()

    def nodes(self, names: Sequence[str] = ()) -> dict[str, AnnouncedNode]:
        """Return the nodes that have a status or an info on the broker, by name: all, or those
        of `names` among them."""
        retained: dict[str, bytes] = {}
        for some in _pieces(names):
            retained |= self._login.read_retained(_topics(some, *STATES))
        if not names:
            for leaf in STATES:
                retained |= self._read_all(topics.topic("+", leaf))
        found: dict[str, AnnouncedNode] = {}
        for topic, payload in retained.items():
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
        found = (node_of(topic, payload) for topic, payload in self._read_all(TOPICS).items())
        return sorted(node for node in found if node is not None)

    def announce(self, nodes: Iterable[AnnouncedNode]) -> None:
        """Announce the nodes; raise FilmgaugeError when the broker does not let us."""
        for some in _pieces(nodes):
            self._publish({discovery_topic(node.name): discovery_payload(node) for node in some})

    def retained_names(self, names: Iterable[str]) -> set[str]:
        """Return those of `names` of which the broker retains anything."""
        found: set[str] = set()
        for some in _pieces(names):
            owners = {discovery_topic(name): name for name in some}
            owners |= {topics.topic(name, leaf): name for name in some for leaf in RETAINED}
            found |= {owners[topic] for topic in self._login.read_retained(owners)}
        return found

    def remove(self, names: Iterable[str], keeps_states: bool = False) -> None:
        """Remove the nodes and all their entities; raise FilmgaugeError when the broker does not
        let us.

        keeps_states: leave what it retains of the nodes themselves, by which a monitor that
        announces would announce them again at its next start.
        """
        for some in _pieces(names):
            # First: to a monitor that runs, this says that the node has ended.
            kept = [] if keeps_states else self._clear(_topics(some, *RETAINED))
            self._publish({discovery_topic(name): b"" for name in some})
            if kept:
                raise FilmgaugeError(
                    f"broker {self._address} does not let this login clear {kept[0]}, by which a"
                    f" monitor announces the node again: its ACL needs 'topic readwrite"
                    f" {topics.PREFIX}/#'"
                )

    def _clear(self, retained: list[str]) -> list[str]:
        """Clear retained messages, by topic; return the topics on which they stay."""
        before = self._login.read_retained(retained)
        if self._login.publish_all([(topic, b"") for topic in retained], True) is Answer.DENIED:
            return retained
        after = self._login.read_retained(before) if before else {}
        # Another message than before is of a node that reports meanwhile.
        return [topic for topic, payload in before.items() if after.get(topic) == payload]

    def _read_all(self, name_filter: str) -> dict[str, bytes]:
        """Return what is retained under a filter; many are read again, until that brings no
        others."""
        found = self._login.read_retained([name_filter])
        if len(found) < NEVER_DROPPED:
            return found
        again = self._login.read_retained([name_filter])
        self.is_incomplete |= again.keys() != found.keys()
        return found | again

    def _publish(self, wanted: dict[str, bytes]) -> None:
        """Publish what is to be retained, by topic, and read it back: an MQTT 3.1.1 broker
        acknowledges what its ACL drops."""
        answer = self._login.publish_all(wanted.items(), retain=True)
        retained = {} if answer is Answer.DENIED else self._login.read_retained(wanted)
        for topic, payload in wanted.items():
            if answer is Answer.DENIED or retained.get(topic, b"") != payload:
                raise FilmgaugeError(denied_announcement(self._address, topic))


def _topics(names: Iterable[str], *leaves: str) -> list[str]:
    return [topics.topic(name, leaf) for name in names for leaf in leaves]


def _pieces(several: Iterable[_Each]) -> Iterator[list[_Each]]:
    rest = iter(several)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
