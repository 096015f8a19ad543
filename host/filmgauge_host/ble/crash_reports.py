"""What nodes say of their failures, on its way to the broker.

    crashes = CrashReports(forwarder.publish_event)
    if crashes.is_due(name, record):
        crashes.add(name, record, await client.crash_records(name, key, crashes.arrived(name)))

A node keeps a crash record until it hears that somebody has it. So each is published once, and the
node hears at a later connection that the broker has it; a bridge that is begun anew before that
publishes it once more.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from filmgauge.record.record import Record
from filmgauge.uplink.mqtt.topics import EVENT, topic
from filmgauge_host.errors import NodeError

_REMEMBERED = 1000  # nodes
_NOTHING = "[]"


@dataclass(slots=True)
class _Asked:
    """counters: of the record with which a node was asked; text: what it said; arrivals: for each
    crash record in it, set once the broker has it."""

    counters: tuple[object, ...] = ()
    text: str = _NOTHING
    arrivals: dict[str, threading.Event] = field(default_factory=dict)


class CrashReports:
    """publish: publishes a payload to a topic and returns an event that is set once the broker has
    it. forget: nodes may forget what has arrived."""

    def __init__(self, publish: Callable[[str, str], threading.Event], forget: bool) -> None:
        self._publish, self._forget = publish, forget
        self._nodes: OrderedDict[str, _Asked] = OrderedDict()

    def is_due(self, name: str, record: Record) -> bool:
        """Return whether to ask a node: it has failed since it was asked, or may forget."""
        asked, counters = self._nodes.get(name, _Asked()), _counters(record)
        has_failed = any(counters[2:]) and counters != asked.counters
        return has_failed or bool(self.arrived(name))

    def arrived(self, name: str) -> str:
        """Return the last answer of a node if all of it is at the broker and may be forgotten;
        else, and where there was nothing in it, ""."""
        asked = self._nodes.get(name, _Asked())
        is_there = all(each.is_set() for each in asked.arrivals.values())
        return asked.text if self._forget and is_there and asked.text != _NOTHING else ""

    def add(self, name: str, record: Record, text: str) -> None:
        """Publish what is new in the answer of a node. Raises NodeError for one that is none."""
        asked = self._nodes.setdefault(name, _Asked())
        self._nodes.move_to_end(name)
        while len(self._nodes) > _REMEMBERED:
            self._nodes.popitem(last=False)
        asked.counters, asked.text = _counters(record), _NOTHING
        payloads = _payloads(name, text)
        asked.arrivals = {
            payload: asked.arrivals.get(payload) or self._publish(topic(name, EVENT), payload)
            for payload in payloads
        }
        asked.text = text


def _counters(record: Record) -> tuple[object, ...]:
    """Return what changes when a node boots or fails."""
    return tuple(getattr(record, name) for name in ("life", "boot", "restarts", "resets"))


def _payloads(name: str, text: str) -> list[str]:
    """Return the messages of an answer."""
    try:
        found = json.loads(text)
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return [
                json.dumps({"event": "crash", **each}, separators=(",", ":")) for each in found
            ]
    except (ValueError, RecursionError):
        pass
    raise NodeError(f"{name} says of its failures what is no list of them")
