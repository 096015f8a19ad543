"""Crash records for a peer that asks for them, and forgotten once somebody has them.

Loaded with the first such command of a connection.
"""

import struct
from binascii import crc32

from filmgauge.compat import unload
from filmgauge.uplink.commands import MALFORMED, Refused


def crash_records(device, payload: bytes) -> str:
    """Return what waits, a JSON array. A payload is the CRC-32 of such an answer that has arrived:
    what it had is forgotten, unless there is more by now. Raises Refused; OSError from flash."""
    if len(payload) not in (0, 4):
        raise Refused(MALFORMED, "payload must be empty or 4 bytes, not %d" % len(payload))
    from crash import forget, waiting

    found = waiting(device)
    text = "[" + ",".join([record for _, record in found]) + "]"
    if found and payload == struct.pack("<I", crc32(text.encode()) & 0xFFFFFFFF):
        for name, _ in found:
            forget(name, device)
        text = "[]"
    forget = waiting = None
    unload("crash .store.page_pair")
    return text
