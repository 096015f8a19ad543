"""What a node's MQTT message says: a record, its status, its description, or nothing usable.

message = decode("filmgauge/bench/telemetry", payload, retained=False, received_unix_ms=now)
"""

import json
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from filmgauge.config import check_node
from filmgauge.uplink.mqtt import topics
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.record_row import compact_values, json_values

StatusName: TypeAlias = Literal["online", "sleeping", "offline"]
Scalar: TypeAlias = str | int | float | bool | None

_LONGEST_REPORT_INTERVAL_S = 10 * 365 * 86400
_REASON_CHARACTERS = 200
PAYLOAD_MAX = 65536  # bytes; a record has a fiftieth of it
# Behind telemetry and log: the same record as `Record.to_bytes` has it, 128 bytes.
COMPACT = "compact"
_RECORD_LEAVES = {
    topics.TELEMETRY: json_values,
    topics.LOG: json_values,
    topics.LAST: json_values,
    f"{topics.TELEMETRY}/{COMPACT}": compact_values,
    f"{topics.LOG}/{COMPACT}": compact_values,
}
_LIVE = (topics.TELEMETRY, f"{topics.TELEMETRY}/{COMPACT}")
RECORDS = tuple(leaf for leaf in _RECORD_LEAVES if leaf != topics.LAST)
STATES = (topics.STATUS, topics.INFO)
LEAVES = RECORDS + STATES
RETAINED = (*STATES, topics.LAST)  # by the broker, of each node
_ROUTES_REMEMBERED = 1 << 18
_PROBE = b'{"probe":"'


@dataclass(frozen=True, slots=True)
class Status:
    """What a node says about itself. next_report_s: seconds to its next report, if it said so.

    is_retained: it is what the broker has kept, for however long.
    """

    node: str
    state: StatusName
    next_report_s: float | None
    received_unix_ms: int
    is_retained: bool = False


@dataclass(frozen=True, slots=True)
class Info:
    """Versions, cell and intervals of a node, as flat keys."""

    node: str
    values: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A retained status, info or last record was cleared: an empty payload."""

    node: str
    leaf: str


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The last live record of a node, which the broker has retained: to be shown as what was, and
    counted nowhere, because it has come or comes as a record of its own."""

    received: ReceivedRecord

    @property
    def node(self) -> str:
        """Return the name of the node."""
        return self.received.node


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that could not be used, and why, in one sentence. node: None if not readable."""

    node: str | None
    topic: str
    reason: str
    received_unix_ms: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a broker still retains of a revoked node, which need not be running: of no node."""

    node: None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """What `filmgauge flash` or `provision` publishes to see whether it arrives: of no node."""

    node: None = None


@dataclass(frozen=True, slots=True)
class ConnectionPhase:
    """No message: what follows came over this connection. may_have_waited: records of it may have,
    at the broker while we were away."""

    connection: int
    may_have_waited: bool
    node: None = None


Message: TypeAlias = (
    ReceivedRecord
    | LastRecord
    | Status
    | Info
    | Withdrawn
    | Rejected
    | Leftover
    | Probe
    | ConnectionPhase
)


def probe_payload(token: str) -> bytes:
    """Return a probe that nobody takes for a record."""
    return _PROBE + token.encode() + b'"}'


def split_topic(topic: str) -> tuple[str, str] | None:
    """Return (node, leaf) of a topic, or None when it is not one of ours."""
    parts = topic.split("/", 2)
    if len(parts) != 3 or parts[0] != topics.PREFIX:
        return None
    if "/" in parts[2] and parts[2] not in _RECORD_LEAVES:
        return None
    try:
        return check_node(parts[1]), parts[2]
    except ValueError:
        return None


_routes: dict[str, tuple[str, str]] = {}


def _route(topic: str) -> tuple[str, str] | None:
    """Return `split_topic`, remembered for topics of ours."""
    route = _routes.get(topic)
    if route is None:
        route = split_topic(topic)
        if route is not None and route[1] in LEAVES and len(_routes) < _ROUTES_REMEMBERED:
            _routes[topic] = route
    return route


def decode(topic: str, payload: bytes, retained: bool, received_unix_ms: int) -> Message:
    """Return what the message says; never raises, whatever the topic and the payload."""
    route = _route(topic)
    if route is None:
        reason = "topic is not filmgauge/<node>/<leaf> with a node of a-z, 0-9 and -"
        return Rejected(None, printable(topic), reason, received_unix_ms)
    if payload.startswith(_PROBE):
        return Probe()
    node, leaf = route
    try:
        if len(payload) > PAYLOAD_MAX:
            raise ValueError(f"{leaf} is longer than {PAYLOAD_MAX} bytes and was not read")
        values = _RECORD_LEAVES.get(leaf)
        if values is None:
            return _description(node, leaf, payload, retained, received_unix_ms)
        # A retained record is an old value that somebody kept: it must not look live.
        history = retained or leaf not in _LIVE
        if leaf == topics.LAST and not payload:
            return Withdrawn(node, leaf)
        row = (node, *values(payload), received_unix_ms, int(history))
        received = ReceivedRecord.from_row(row)
        return LastRecord(received) if leaf == topics.LAST else received
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        reason = f"{leaf} is nested too deeply"
    return Rejected(node, topic, printable(reason), received_unix_ms)


def refuse_revoked(
    message: Message, topic: str, retained: bool, revoked: Container[str], now_ms: int
) -> Message:
    """Return a message, or why it is not believed: its node is one of `revoked`. What is retained
    of such a node, and that it is cleared, says nothing of who sends under its name."""
    node = message.node
    if node is None or node not in revoked or isinstance(message, Withdrawn):
        return message
    if retained:
        return Leftover()
    return Rejected(node, topic, f"{node} is revoked", now_ms)


def _description(
    node: str, leaf: str, payload: bytes, retained: bool, received_unix_ms: int
) -> Message:
    """Return a node's status or info."""
    if leaf not in STATES:
        raise ValueError(f"topic ends in {leaf!r}, which no node sends")
    if not payload:
        return Withdrawn(node, leaf)
    values = _object(leaf, payload)
    if leaf == topics.STATUS:
        return _status(node, values, retained, received_unix_ms)
    return Info(node, _flat(values))


def _object(leaf: str, payload: bytes) -> dict[str, Any]:
    try:
        values = json.loads(payload)
    except (ValueError, UnicodeError):
        raise ValueError(f"{leaf} is not JSON") from None
    if not isinstance(values, dict):
        raise ValueError(f"{leaf} must be a JSON object")
    return values


def _status(node: str, values: dict[str, Any], retained: bool, received_unix_ms: int) -> Status:
    state = values.get("state", "")
    if state not in get_args(StatusName):
        raise ValueError(f"state must be online, sleeping or offline, not {state!r}")
    seconds = values.get("next_report_s")
    if seconds is None:
        return Status(node, state, None, received_unix_ms, retained)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"next_report_s must be a number, not {seconds!r}")
    if not 0 <= seconds <= _LONGEST_REPORT_INTERVAL_S:  # also turns away NaN
        raise ValueError(f"next_report_s must be 0 to {_LONGEST_REPORT_INTERVAL_S}")
    return Status(node, state, float(seconds), received_unix_ms, retained)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """Return an info as flat keys: `version.number` for a table of one level, that of a version
    over the air."""
    flat: dict[str, Scalar] = {}
    for key, value in values.items():
        name = prefix + printable(key)
        if isinstance(value, dict) and not prefix:
            flat |= _flat(value, f"{name}.")
        elif isinstance(value, (dict, list)):
            raise ValueError(
                f"info must have values and tables of values, but {name!r} is neither"
            )
        else:
            flat[name] = printable(value) if isinstance(value, str) else value
    return flat


def object_of(payload: bytes) -> dict[str, Any]:
    """Return the JSON object of a payload, {} for anything else."""
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def printable(text: str) -> str:
    """Return text that cannot steer a terminal and has a bounded length."""
    safe = "".join(character if character.isprintable() else "?" for character in text)
    if len(safe) > _REASON_CHARACTERS:
        return safe[: _REASON_CHARACTERS - 3] + "..."
    return safe
