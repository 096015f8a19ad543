"""Command frames: docs/bluetooth.md, "Commands". The same over Bluetooth and over MQTT."""

import hashlib
import hmac
import json
import struct
from collections.abc import Iterator
from typing import Any

_VERSION = 1
_MAC_SIZE = 16
_LONGEST = 256  # of a frame
_ATT_HEAD = 3  # of a write
_LARGEST = 2048  # bytes of a configuration

TIME, REPORT, ZERO, REBOOT, CONFIGURE, FORGET = 1, 2, 3, 4, 5, 6


def frame(node: str, key: bytes, counter: int, operation: int, payload: bytes = b"") -> bytes:
    """Return a frame with its MAC. counter: above the last one that the node accepted."""
    body = struct.pack("<BBI", _VERSION, operation, counter) + payload
    return body + hmac.digest(key, node.encode() + b"\0" + body, hashlib.sha256)[:_MAC_SIZE]


def secure_frame(operation: int, payload: bytes = b"") -> bytes:
    """Return a frame for a paired link."""
    return bytes((_VERSION, operation)) + payload


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
    if len(text) > _LARGEST:
        raise ValueError(f"configuration must have {_LARGEST} bytes at most, not {len(text)}")
    for at in range(0, len(text), size):
        yield struct.pack("<HH", at, len(text)) + text[at : at + size]


def room(mtu: int) -> int:
    """Return how many bytes of JSON fit into one frame of CONFIGURE."""
    return max(1, min(_LONGEST, mtu - _ATT_HEAD) - 6 - 4 - _MAC_SIZE)
