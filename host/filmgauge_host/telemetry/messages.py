"""What a node's MQTT message says: a record, its status, its description, or nothing usable.

message = decode("filmgauge/bench/telemetry", payload, retained=False, received_unix_ms=now)
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from filmgauge.config import check_node
from filmgauge.decoding.record_json import record_from_json
from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.received_record import ReceivedRecord

StatusName: TypeAlias = Literal["online", "sleeping", "offline"]
Scalar: TypeAlias = str | int | float | bool | None

_LONGEST_REPORT_INTERVAL_S = 10 * 365 * 86400
_REASON_CHARACTERS = 200
PAYLOAD_MAX = 65536  # bytes; a record has a thousandth of it
_PROBE = b'{"probe":"'


@dataclass(frozen=True, slots=True)
class Status:
    """What a node says about itself. next_report_s: seconds to its next report, if it said so."""

    node: str
    state: StatusName
    next_report_s: float | None
    received_unix_ms: int


@dataclass(frozen=True, slots=True)
class Info:
    """Versions, cell and intervals of a node, as flat keys."""

    node: str
    values: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A retained status or info was cleared: an empty payload."""

    node: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that could not be used, and why, in one sentence. node: None if not readable."""

    node: str | None
    topic: str
    reason: str
    received_unix_ms: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What `filmgauge flash` or `provision` publishes to see whether it arrives: of no node."""

    node: None = None


Message: TypeAlias = ReceivedRecord | Status | Info | Withdrawn | Rejected | Probe


def probe_payload(token: str) -> bytes:
    """Return a probe that nobody takes for a record."""
    return _PROBE + token.encode() + b'"}'


def split_topic(topic: str) -> tuple[str, str] | None:
    """Return (node, leaf) of a topic, or None when it is not one of ours."""
    parts = topic.split("/")
    if len(parts) != 3 or parts[0] != topics.PREFIX:
        return None
    try:
        return check_node(parts[1]), parts[2]
    except ValueError:
        return None


def decode(topic: str, payload: bytes, retained: bool, received_unix_ms: int) -> Message:
    """Return what the message says; never raises, whatever the topic and the payload."""
    named = split_topic(topic)
    if named is None:
        reason = "topic is not filmgauge/<node>/<leaf> with a node of a-z, 0-9 and -"
        return Rejected(None, printable(topic), reason, received_unix_ms)
    if payload.startswith(_PROBE):
        return Probe()
    node, leaf = named
    try:
        if len(payload) > PAYLOAD_MAX:
            raise ValueError(f"{leaf} is longer than {PAYLOAD_MAX} bytes and was not read")
        if leaf in (topics.TELEMETRY, topics.LOG):
            # A retained record is an old value that somebody kept: it must not look live.
            history = leaf == topics.LOG or retained
            return ReceivedRecord(node, record_from_json(payload), received_unix_ms, history)
        if leaf not in (topics.STATUS, topics.INFO):
            raise ValueError(f"topic ends in {leaf!r}, which no node sends")
        if not payload:
            return Withdrawn(node, leaf)
        values = _object(leaf, payload)
        if leaf == topics.STATUS:
            return _status(node, values, received_unix_ms)
        return Info(node, _flat(values))
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        reason = f"{leaf} is nested too deeply"
    return Rejected(node, topic, printable(reason), received_unix_ms)


def _object(leaf: str, payload: bytes) -> dict[str, Any]:
    try:
        values = json.loads(payload)
    except (ValueError, UnicodeError):
        raise ValueError(f"{leaf} is not JSON") from None
    if not isinstance(values, dict):
        raise ValueError(f"{leaf} must be a JSON object")
    return values


def _status(node: str, values: dict[str, Any], received_unix_ms: int) -> Status:
    state = values.get("state", "")
    if state not in get_args(StatusName):
        raise ValueError(f"state must be online, sleeping or offline, not {state!r}")
    seconds = values.get("next_report_s")
    if seconds is None:
        return Status(node, state, None, received_unix_ms)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"next_report_s must be a number, not {seconds!r}")
    if not 0 <= seconds <= _LONGEST_REPORT_INTERVAL_S:  # also turns away NaN
        raise ValueError(f"next_report_s must be 0 to {_LONGEST_REPORT_INTERVAL_S}")
    return Status(node, state, float(seconds), received_unix_ms)


def _flat(values: dict[str, Any]) -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key, value in values.items():
        if isinstance(value, (dict, list)):
            raise ValueError(f"info must be flat, but {key!r} is not")
        flat[printable(key)] = printable(value) if isinstance(value, str) else value
    return flat


def printable(text: str) -> str:
    """Return text that cannot steer a terminal and has a bounded length."""
    safe = "".join(character if character.isprintable() else "?" for character in text)
    if len(safe) > _REASON_CHARACTERS:
        return safe[: _REASON_CHARACTERS - 3] + "..."
    return safe
