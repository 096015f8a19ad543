"""BTHome v2: the record as advertising data that Home Assistant reads without setup.

    data = plain(record)                                # 31 bytes at most
    data = encrypted(record, block_cipher(key), address, counter)

Format: bthome.io/format and bthome.io/encryption. Object ids ascend, and what is not known is left
out. BTHome's current and energy are too coarse for a film, so nA and nAh go as counts.
"""

import struct

from filmgauge.compat import const

_FLAGS = const(b"\x02\x01\x06")  # generally discoverable, no classic Bluetooth
_SERVICE_DATA = const(0x16)
_UUID = const(b"\xd2\xfc")  # 0xFCD2, little-endian
_PLAIN = const(0x40)  # version 2
_ENCRYPTED = const(0x41)
_MIC_SIZE = const(4)

# Object ids
_PACKET = const(0x00)
_BATTERY = const(0x01)  # 1 %
_TEMPERATURE = const(0x02)  # 0.01 degC
_VOLTAGE = const(0x0C)  # 1 mV
_SEQUENCE = const(0x3D)  # count, u16: the seq of the record
_STORED = const(0x3E)  # count, u32: nAh
_CURRENT = const(0x5B)  # count, s32: nA


def plain(record) -> bytes:
    """Return advertising data with the record in plain text."""
    return _advertisement(bytes((_PLAIN,)) + objects(record, True))


def encrypted(record, encrypt, address: bytes, counter: int) -> bytes:
    """Return advertising data with the record encrypted.

    `encrypt` is the cipher of one block, `address` the 6 bytes as people write them. A counter
    must never be used twice with one key.
    """
    from filmgauge.uplink.ble.ccm import seal

    info = bytes((_ENCRYPTED,))
    count = struct.pack("<I", counter)
    nonce = address + _UUID + info + count
    text, mic = seal(encrypt, nonce, objects(record, False), _MIC_SIZE)
    return _advertisement(info + text + count + mic)


def objects(record, full: bool) -> bytes:
    """Return the objects of a record: 15 bytes at most, 23 when `full`."""
    parts = [bytes((_PACKET, record.seq & 255))]
    ppm = record.soc_ppm if record.shown_ppm is None else record.shown_ppm
    if ppm is not None:
        parts.append(bytes((_BATTERY, (ppm + 5000) // 10000)))
    if record.temperature_cdeg is not None:
        parts.append(struct.pack("<Bh", _TEMPERATURE, record.temperature_cdeg))
    if record.voltage_uv is not None:
        mv = min(65535, (record.voltage_uv + 500) // 1000)
        parts.append(struct.pack("<BH", _VOLTAGE, mv))
    if full:
        parts.append(struct.pack("<BH", _SEQUENCE, record.seq & 65535))
        if record.stored_nah is not None and record.stored_nah >= 0:
            parts.append(struct.pack("<BI", _STORED, record.stored_nah))
    if record.current_pa is not None:
        parts.append(struct.pack("<Bi", _CURRENT, (record.current_pa + 500) // 1000))
    return b"".join(parts)


def _advertisement(service_data):
    body = _UUID + service_data
    return _FLAGS + bytes((len(body) + 1, _SERVICE_DATA)) + body
