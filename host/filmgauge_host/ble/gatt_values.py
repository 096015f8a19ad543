"""The values of a node's characteristics, decoded: docs/bluetooth.md, "What a node serves".

Every function raises NodeError naming the value when it has the wrong length or version.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

from filmgauge.config import numbers
from filmgauge.diagnosis.ledger_lines import LEDGER_LINES
from filmgauge.record.limit_text import limit_text
from filmgauge.record.record import Record, fault_text
from filmgauge_host.ble.errors import NodeError

VERSION = 1

_STATE = "<BIIIIHIIIIHH"
_ENERGY = "<BII"
_UNKNOWN = 0xFFFFFFFF
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a node knows of itself. unix_s: its clock, None while not set."""

    boot: int
    seq: int
    up_s: int
    unix_s: int | None
    waiting: int
    oldest: tuple[int, int] | None
    free_heap: int
    command_counter: int
    faults: str
    limits: str | None

    @property
    def newest(self) -> tuple[int, int]:
        """(boot, seq) of the newest record."""
        return self.boot, self.seq


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
    fields = _fields("state", _STATE, value)
    boot, seq, up_s, unix_s, waiting, oldest_boot, oldest_seq, heap, counter, faults, limits = (
        fields
    )
    return NodeState(
        boot=boot,
        seq=seq,
        up_s=up_s,
        unix_s=unix_s or None,
        waiting=waiting,
        oldest=(oldest_boot, oldest_seq) if waiting else None,
        free_heap=heap,
        command_counter=counter,
        faults=fault_text(faults),
        limits=None if limits == 0xFFFF else limit_text(limits),
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
    """Return all keys of a configuration but the secrets: a node tells what is no default."""
    try:
        keys = json.loads(value)
    except (ValueError, UnicodeError):
        raise NodeError("configuration is not JSON") from None
    if not isinstance(keys, dict):
        raise NodeError("configuration is no JSON object")
    return {name: default for name, default, *_ in numbers()} | keys


def text(value: bytes) -> str:
    """Return text that cannot steer a terminal and has a bounded length."""
    given = bytes(value[:_LONGEST_TEXT]).decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "?" for each in given)


def _fields(name: str, form: str, value: bytes) -> tuple[int, ...]:
    size = struct.calcsize(form)
    if len(value) != size:
        raise NodeError(f"{name} must have {size} bytes, not {len(value)}")
    version, *fields = struct.unpack(form, value)
    if version != VERSION:
        raise NodeError(f"{name} has version {version}, not {VERSION}")
    return tuple(fields)
