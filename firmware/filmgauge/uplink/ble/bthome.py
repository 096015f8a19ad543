"""BTHome v2: the record as advertising data that Home Assistant reads without setup.

    data = plain(record)                                # 31 bytes at most
    data = encrypted(record, block_cipher(key), address, counter)

Format: bthome.io/format and bthome.io/encryption. Object ids ascend. BTHome's current and energy
are too coarse for a film, so nA and nAh go as counts, which receivers tell apart by their order
alone: so all objects are there, whatever is not known. That has the value that is "not known" in
the characteristics of Bluetooth (GATT Specification Supplement): all ones, the least if signed.
"""

import struct

from filmgauge.compat import const

_FLAGS = const(b"\x02\x01\x06")  # generally discoverable, no classic Bluetooth
_SERVICE_DATA = const(0x16)
_UUID = const(b"\xd2\xfc")  # 0xFCD2, little-endian
_PLAIN = const(0x44)  # version 2; heard at irregular times: nobody is to call it away in between
_ENCRYPTED = const(0x45)
_MIC_SIZE = const(4)

# Object ids
_PACKET = const(0x00)
_BATTERY = const(0x01)  # 1 %
_TEMPERATURE = const(0x02)  # 0.01 degC
_VOLTAGE = const(0x0C)  # 1 mV
_PROBLEM = const(0x26)  # 1 for one
_SEQUENCE = const(0x3D)  # count, u16: the seq of the record
_STORED = const(0x3E)  # count, u32: nAh
_CURRENT = const(0x5B)  # count, s32: nA


def plain(record) -> bytes:
    """Return advertising data with the record in plain text."""
    return _advertisement(bytes((_PLAIN,)) + objects(record, True))


def without_values(record) -> bytes:
    """Return advertising data that has nothing of the record but that it is there, and a problem:
    for a node that has a key and must not use it."""
    return _advertisement(bytes((_PLAIN, _PACKET, record.seq & 255, _PROBLEM, 1)))


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
    """Return the objects of a record: 15 bytes, 23 when `full`. A stored charge below 0, which
    the format has not, is 0."""
    ppm, celsius = record.shown_ppm, record.temperature_cdeg
    if ppm is None:
        ppm = record.soc_ppm
    percent = 0xFF if ppm is None else (ppm + 5000) // 10000
    celsius = -0x8000 if celsius is None else celsius
    mv, na, nah = record.voltage_uv, record.current_pa, record.stored_nah
    mv = 0xFFFF if mv is None else min(0xFFFE, (mv + 500) // 1000)
    na = -0x80000000 if na is None else (na + 500) // 1000
    head = _PACKET, record.seq & 255, _BATTERY, percent, _TEMPERATURE, celsius, _VOLTAGE, mv
    text = struct.pack("<BBBBBhBH", *head)
    if full:
        nah = 0xFFFFFFFF if nah is None else max(0, nah)
        text += struct.pack("<BHBI", _SEQUENCE, record.seq & 65535, _STORED, nah)
    return text + struct.pack("<Bi", _CURRENT, na)


def _advertisement(service_data):
    body = _UUID + service_data
    return _FLAGS + bytes((len(body) + 1, _SERVICE_DATA)) + body
