"""Records in the compact form of earlier versions."""

import struct
import zlib

from filmgauge.record.record import Record


def older_record(sent: Record, version: int) -> bytes:
    """A record as version 3 wrote it, before lives, with 125 bytes, or version 4."""
    head = struct.pack("<BII", 3, sent.boot, sent.seq)
    form = "IiiiiiiiiihHHHiiiiiiiiiiHiiHHHHHHH"
    if version == 4:
        numbers = sent.boot & 0xFFFF, sent.seq & 0xFFFF, sent.boot >> 16, sent.seq >> 16
        head = struct.pack("<BIHHBB", 4, sent.life, *numbers)
        form += "B"
    unknown = {"i": -0x80000000, "h": -0x8000, "H": 0xFFFF, "B": 0xFF}
    given = zip(form, sent.values()[2:], strict=False)
    values = [unknown[kind] if value is None else value for kind, value in given]
    body = head + struct.pack("<" + form, *values)
    return body + struct.pack("<I", zlib.crc32(body))
