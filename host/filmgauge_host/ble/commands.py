"""Command frames: docs/bluetooth.md, "Commands". The same over Bluetooth and over MQTT."""

import hashlib
import hmac
import json
import struct
from collections.abc import Iterator
from typing import Any

from filmgauge.uplink.actions import CONFIGURE as CONFIGURE
from filmgauge.uplink.actions import FORGET as FORGET
from filmgauge.uplink.actions import LARGEST_CHANGE
from filmgauge.uplink.actions import REBOOT as REBOOT
from filmgauge.uplink.actions import REPORT as REPORT
from filmgauge.uplink.actions import TIME as TIME
from filmgauge.uplink.actions import ZERO as ZERO
from filmgauge.uplink.commands import LONGEST, MAC_SIZE, VERSION

_ATT_HEAD = 3  # of a write


def frame(node: str, key: bytes, counter: int, operation: int, payload: bytes = b"") -> bytes:
    """Return a frame with its MAC. counter: above the last one that the node accepted."""
    body = struct.pack("<BBI", VERSION, operation, counter) + payload
    return body + hmac.digest(key, node.encode() + b"\0" + body, hashlib.sha256)[:MAC_SIZE]


def secure_frame(operation: int, payload: bytes = b"") -> bytes:
    """Return a frame for a paired link."""
    return bytes((VERSION, operation)) + payload


def time_payload(unix_s: int) -> bytes:
    """Return the payload of TIME."""
    return struct.pack("<I", unix_s)


def forget_payload(boot: int, seq: int) -> bytes:
    """Return the payload of FORGET."""
    return struct.pack("<II", boot, seq)


def configure_payloads(changes: dict[str, Any], size: int) -> Iterator[bytes]:
    """Yield the payloads of CONFIGURE with at most `size` bytes of JSON each.

    Raises ValueError for more than a node takes.
    """
    text = json.dumps(changes, separators=(",", ":")).encode()
    if len(text) > LARGEST_CHANGE:
        raise ValueError(
            f"configuration must have {LARGEST_CHANGE} bytes at most, not {len(text)}"
        )
    for at in range(0, len(text), size):
        yield struct.pack("<HH", at, len(text)) + text[at : at + size]


def room(mtu: int) -> int:
    """Return how many bytes of JSON fit into one frame of CONFIGURE."""
    return max(1, min(LONGEST, mtu - _ATT_HEAD) - 6 - 4 - MAC_SIZE)
