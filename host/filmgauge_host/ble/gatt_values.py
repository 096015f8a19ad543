"""The values of a node's characteristics, decoded: docs/bluetooth.md, "What a node serves".

Every function raises NodeError naming the value when it has the wrong length or version.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

from filmgauge.config import numbers
from filmgauge.decoding.ledger_lines import LEDGER_LINES
from filmgauge.record.limit_text import limit_text
from filmgauge.record.record import SIZE, Record
from filmgauge.record.record_text import fault_text
from filmgauge.store.counters import LOST
from filmgauge_host.errors import NodeError, RefusedError
from filmgauge_host.telemetry.messages import printable
from filmgauge_host.telemetry.received_record import RecordKey

VERSION = 1

_STATE_VERSION = 4
_STATE = "<BIIIIIHIIIIIIHI"
_STATE_3 = "<BIIIIIHIIIIIIH"  # of a version that always reports as it is configured
_STATE_2 = "<BIIIIIHIIIIIHH"  # of a version with fewer faults
_STATE_1 = "<BIIIIHIIIIHH"  # of a version without lives
_ENERGY = "<BII"
_UNKNOWN = 0xFFFFFFFF
# The head of a piece of the log
_PIECE_END = 0xFF
_PIECE_LAST = 0x80
_PIECE_NUMBER = 0x7F
_PIECE_END_SIZE = 5


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a node knows of itself. unix_s: its clock, None while not set. has_lives: it tells
    them, and is asked by them. next_report_s: from the newest record to the next one, None where
    it does not tell."""

    life: int
    boot: int
    seq: int
    up_s: int
    unix_s: int | None
    waiting: int
    oldest: RecordKey | None
    free_heap: int
    command_counter: int
    faults: str
    limits: str | None
    has_lives: bool = True
    next_report_s: int | None = None

    @property
    def next_command(self) -> int:
        """The counter of the next command; RefusedError where the node obeys none any more."""
        if self.command_counter >= LOST:
            raise RefusedError(
                "the node has lost its counter of commands and obeys none: give it new keys with "
                "filmgauge provision --new-keys, and flash it"
            )
        return self.command_counter + 1

    @property
    def newest(self) -> RecordKey:
        """(life, boot, seq) of the newest record."""
        return self.life, self.boot, self.seq


@dataclass(frozen=True, slots=True)
class Energy:
    """In nWh; None: not known."""

    available_nwh: int | None
    full_nwh: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a node says to a command. status 0: done."""

    counter: int
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The end of a log request. left: records that are newer than the last one sent."""

    sent: int
    left: int


class LogReassembly:
    """Puts records together from the pieces of the log, which come in order.

    torn: records with a wrong checksum, which are counted and not returned.
    """

    def __init__(self) -> None:
        self.torn = 0
        self._parts = bytearray()
        self._next = 0

    def add(self, piece: bytes) -> Record | LogEnd | None:
        """Return what is complete with this piece. NodeError when a piece is missing."""
        if not piece:
            raise NodeError("log data came without a byte")
        head = piece[0]
        if head == _PIECE_END and len(piece) == _PIECE_END_SIZE:
            return LogEnd(*struct.unpack_from("<HH", piece, 1))
        number = head & _PIECE_NUMBER
        if number != self._next:
            raise NodeError(f"log data came with piece {number} instead of {self._next}")
        self._parts += piece[1:]
        if len(self._parts) > SIZE:
            raise NodeError(f"log data has more than the {SIZE} bytes of a record")
        self._next += 1
        if not head & _PIECE_LAST:
            return None
        data, self._parts, self._next = bytes(self._parts), bytearray(), 0
        try:
            return Record.from_bytes(data)
        except ValueError:  # torn in the node's flash: asking again would not help
            self.torn += 1
            return None


def record(value: bytes) -> Record | None:
    """Return the newest record, None before the first one."""
    if not value:
        return None
    try:
        return Record.from_bytes(value)
    except ValueError as error:
        raise NodeError(f"record: {error}") from None


def state(value: bytes) -> NodeState:
    """Return the state."""
    has_lives = value[:1] != bytes((VERSION,))
    next_report_s = 0
    if value[:1] == b"\2":
        fields = _fields("state", _STATE_2, value, 2)
    elif value[:1] == b"\3":
        fields = _fields("state", _STATE_3, value, 3)
    elif has_lives:
        *fields, next_report_s = _fields("state", _STATE, value, _STATE_VERSION)
    else:
        fields = _fields("state", _STATE_1, value)
        fields = (0, *fields[:5], 0, *fields[5:])
    life, boot, seq, up_s, unix_s, waiting, *oldest = fields[:9]
    free_heap, command_counter, faults, limits = fields[9:]
    return NodeState(
        life,
        boot,
        seq,
        up_s,
        unix_s or None,
        waiting,
        (oldest[0], oldest[1], oldest[2]) if waiting else None,
        free_heap,
        command_counter,
        fault_text(faults),
        None if limits == 0xFFFF else limit_text(limits),
        has_lives,
        next_report_s or None,
    )


def energy(value: bytes) -> Energy:
    """Return the energy."""
    available, full = _fields("energy", _ENERGY, value)
    return Energy(*(None if each == _UNKNOWN else each for each in (available, full)))


def ledger(value: bytes) -> dict[str, int]:
    """Return the lines of the ledger in pC; a line that is not known here has its number."""
    if len(value) < 2 or value[0] != VERSION or len(value) != 2 + 8 * value[1]:
        raise NodeError(f"ledger has {len(value)} bytes, which fit no version {VERSION}")
    lines = struct.unpack_from(f"<{value[1]}q", value, 2)
    names = [*LEDGER_LINES, *(f"line {number}" for number in range(len(LEDGER_LINES), len(lines)))]
    return dict(zip(names, lines, strict=False))


def reply(value: bytes) -> Reply:
    """Return a reply."""
    if len(value) < 5:
        raise NodeError(f"reply must have 5 bytes at least, not {len(value)}")
    counter, status = struct.unpack_from("<IB", value)
    return Reply(counter, status, text(value[5:]))


def configuration(value: bytes) -> dict[str, Any]:
    """Return all keys of a configuration but the secrets: a node sends what is no default."""
    try:
        keys = json.loads(value)
    except (ValueError, UnicodeError):
        raise NodeError("configuration is not JSON") from None
    if not isinstance(keys, dict):
        raise NodeError("configuration is no JSON object")
    return {name: default for name, default, *_ in numbers()} | keys


def text(value: bytes) -> str:
    """Return text that cannot steer a terminal and has a bounded length."""
    return printable(value.decode("utf-8", "replace"))


def _fields(name: str, form: str, value: bytes, known: int = VERSION) -> tuple[int, ...]:
    size = struct.calcsize(form)
    if len(value) != size:
        raise NodeError(f"{name} must have {size} bytes, not {len(value)}")
    version, *fields = struct.unpack(form, value)
    if version != known:
        raise NodeError(f"{name} has version {version}, not {known}")
    return tuple(fields)
