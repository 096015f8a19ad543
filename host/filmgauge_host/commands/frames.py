"""Command frames and their answers: docs/commands.md. The same over Bluetooth and over MQTT."""

import hashlib
import hmac
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from filmgauge.uplink.actions import LARGEST_CHANGE, LARGEST_PROFILE
from filmgauge.uplink.commands import LONGEST, MAC_SIZE, VERSION
from filmgauge_host.telemetry.received_record import RecordKey

OVERHEAD = 6 + 4 + MAC_SIZE  # of a frame with a part of something: its head, the part's, MAC


def frame(node: str, key: bytes, counter: int, operation: int, payload: bytes = b"") -> bytes:
    """Return a frame with its MAC. operation: of `filmgauge.uplink.actions`; counter: above the
    last one that the node accepted."""
    body = struct.pack("<BBI", VERSION, operation, counter) + payload
    return body + hmac.digest(key, node.encode() + b"\0" + body, hashlib.sha256)[:MAC_SIZE]


def mac_of_answer(node: str, key: bytes, counter: int, status: int, text: str, last: int) -> str:
    """Return what vouches for an answer over MQTT (Commands.mac_of_answer of the firmware)."""
    answer = f"ack {counter} {status} {last} {text}".encode()
    return hmac.digest(key, node.encode() + b"\0" + answer, hashlib.sha256)[:MAC_SIZE].hex()


def forget_payload(key: RecordKey, has_lives: bool = True) -> bytes:
    """Return the payload of FORGET: records up to this one have arrived. has_lives: of the node's
    state."""
    return key_bytes(key, has_lives)


def key_bytes(key: RecordKey, has_lives: bool) -> bytes:
    """Return (life, boot, seq) as a node reads it; earlier versions have no lives."""
    return struct.pack("<III", *key) if has_lives else struct.pack("<II", *key[1:])


def configure_payloads(changes: Mapping[str, Any], longest: int = LONGEST) -> Iterator[bytes]:
    """Yield the payloads of CONFIGURE, each of which fits a frame of `longest` bytes.

    Raises ValueError for more than a node takes.
    """
    text = json.dumps(changes, separators=(",", ":")).encode()
    if len(text) > LARGEST_CHANGE:
        raise ValueError(
            f"configuration must have {LARGEST_CHANGE} bytes at most, not {len(text)}"
        )
    yield from _parts(text, longest)


def profile_payloads(profile: bytes, longest: int = LONGEST) -> Iterator[bytes]:
    """Yield the payloads of PROFILE. Raises ValueError for more than a node takes."""
    if len(profile) > LARGEST_PROFILE:
        raise ValueError(
            f"a profile must have {LARGEST_PROFILE} bytes at most, not {len(profile)}"
        )
    yield from _parts(profile, longest)


def _parts(data: bytes, longest: int) -> Iterator[bytes]:
    size = longest - OVERHEAD
    for at in range(0, len(data), size):
        yield struct.pack("<HH", at, len(data)) + data[at : at + size]
