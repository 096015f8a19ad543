"""The one record that a node reports, and its two encodings.

    record = Record(boot=1, seq=7, up_s=420, soc_ppm=812345)
    payload = record.to_json()      # flat, decimal units: MQTT
    slot = record.to_bytes()        # compact, checked: backlog, BLE
    assert Record.from_bytes(slot) == record    # and decoding/record_json.py for who receives one

Every value is an integer or None (not known). Positive current charges the cell.
"""

import binascii
import struct

from filmgauge.compat import const, table

VERSION = const(5)

# name, key in JSON, decimals between the two units, smallest, largest. As one text, which takes a
# third of the heap that tuples take.
_FIELDS = const(
    "boot boot 0 0 16777215\n"
    "seq seq 0 0 16777215\n"
    "up_s up_s 0 0 4294967295\n"
    "soc_ppm soc_pct 4 0 1000000\n"
    "soc_sigma_ppm soc_sigma_pct 4 0 1000000\n"
    "stored_nah stored_uah 3 -2147483647 2147483647\n"
    "full_nah full_uah 3 0 2147483647\n"
    "measured_nah measured_uah 3 -2147483647 2147483647\n"
    "booked_nah booked_uah 3 -2147483647 2147483647\n"
    "corrected_nah corrected_uah 3 -2147483647 2147483647\n"
    "voltage_uv voltage_v 6 0 85000000\n"
    "current_pa current_ua 6 -2147483647 2147483647\n"
    "temperature_cdeg temperature_c 2 -25600 25600\n"
    "faults faults 0 0 131071\n"
    "awake_ms awake_ms 0 0 65534\n"
    "backlog backlog 0 0 65534\n"
    "shown_ppm soc_shown_pct 4 0 1000000\n"  # for people: never moves against the current
    "full_sigma_nah full_sigma_uah 3 0 2147483647\n"
    # what the cell gives now, and what it would give full, at this temperature and a stated load
    "available_nah available_uah 3 0 2147483647\n"
    "available_sigma_nah available_sigma_uah 3 0 2147483647\n"
    "available_full_nah available_full_uah 3 0 2147483647\n"
    "to_empty_s time_to_empty_s 0 0 2147483647\n"
    "to_full_s time_to_full_s 0 0 2147483647\n"
    "resistance_mohm resistance_ohm 3 0 2147483647\n"
    "efficiency_ppm coulombic_efficiency_pct 4 0 1000000\n"
    "mcycles equivalent_full_cycles 3 0 2147483647\n"
    "limits limits 0 0 16383\n"  # limit_text.py; None without a profile
    # health, continued: standard deviations, the capacity's change in a cycle, the cycles until
    # four fifths of the design are left, and how old the observations are on which each rests
    "resistance_sigma_mohm resistance_sigma_ohm 3 0 2147483647\n"
    "trend_ppm capacity_trend_pct 4 -1000000 1000000\n"
    "trend_sigma_ppm capacity_trend_sigma_pct 4 0 65534\n"
    "efficiency_sigma_ppm coulombic_sigma_pct 4 0 65534\n"
    "cycles_left cycles_left 0 0 65534\n"
    "cycles_left_sigma cycles_left_sigma 0 0 65534\n"
    "capacity_age_h capacity_age_h 0 0 65534\n"
    "resistance_age_h resistance_age_h 0 0 65534\n"
    "efficiency_age_h coulombic_age_h 0 0 65534\n"
    "resets resets 0 0 254\n"  # by watchdog and brown-out since the power came; no more: 254
    # since somebody has reset these two; 65534: as many or more
    "refused refused 0 0 65534\n"  # commands, whatever way they came
    "restarts restarts 0 0 65534\n"  # exceptions that have ended a wake
    "life life 0 0 4294967295\n"  # random, of a node's memory; 0: made before there were any
)
# Life, boot and seq make a record unique, and up_s is needed too; the rest may be unknown. With
# three bytes each for boot and seq (a record in five minutes for 160 years) and for all else that
# 23 bits and a sign hold, a record just fits into the 128 bytes of an inline file; the third bytes
# of boot and seq stand behind the lower two of both.
_HEAD = const("<BIHHBB")
# From up_s on, without the life, in the letters of `struct`, and t for two bytes and a third.
_FORM = const("IttiiiiiiihtHHtiiiiiiitiHitHHHHHHHBHH")
_FORM_4 = const("IiiiiiiiiihFHHiiiiiiiiiiHiiHHHHHHHB")  # F: H with no value to spare
SIZE = const(128)  # head, rest and 4 for the CRC-32: fits inline in a directory entry
SIZES = const((125, 128))  # of version 3, and of those since
_OLDEST = const(3)
_NO_FAULTS = const(0x80)  # in version 4 beside the version: faults are not known


def _fields():
    at = 0
    while at < len(_FIELDS):  # all rows together would take 2 KB
        end = _FIELDS.find("\n", at)
        name, key, digits, low, high = _FIELDS[at:end].split()
        yield name, key, int(digits), int(low), int(high)
        at = end + 1


fields = table(_fields)  # of a record in turn: name, key in JSON, decimals, smallest, largest


class Record:
    """One report. Attributes are the names in `fields`; ValueError for a value out of bounds."""

    def __init__(self, **values):
        for name, _, _, low, high in fields():
            setattr(self, name, check(name, values.pop(name, None), low, high))
        if self.life is None:
            self.life = 0
        for name in ("boot", "seq", "up_s"):
            if getattr(self, name) is None:
                raise ValueError("%s is missing" % name)
        for name in values:
            raise ValueError("%s is not a field of a record" % name)

    def __eq__(self, other):
        return isinstance(other, Record) and self.values() == other.values()

    def __repr__(self):
        return "Record(%s)" % self.to_json()

    def values(self) -> list:
        """Return the values in the order of `fields`."""
        return [getattr(self, field[0]) for field in fields()]

    def to_json(self) -> str:
        """Return the record as flat JSON with decimal units; unknown values are null."""
        return "".join(self.json_parts())

    def json_parts(self):
        """Return the same in parts: a small heap has no room for a thousand characters at once."""
        from filmgauge.record.record_text import json_parts

        return json_parts(self, VERSION, fields())

    def to_bytes(self) -> bytes:
        """Return SIZE bytes: version, life, boot, seq, the other fields in turn, CRC-32."""
        given = self.values()
        boot, seq, life = given[0], given[1], given[-1]
        values = []
        for value, kind in zip(given[2:-1], _FORM):
            if value is None:
                value = _unknown(kind)
            if kind == "t":
                values.append(value & 0xFFFF)  # pyright: ignore
                value = value >> 16 & 0xFF  # pyright: ignore
            values.append(value)
        numbers = boot & 0xFFFF, seq & 0xFFFF, boot >> 16, seq >> 16
        body = struct.pack(_HEAD, VERSION, life, *numbers)
        body += struct.pack(_struct_format(_FORM), *values)
        return body + struct.pack("<I", binascii.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """Read `to_bytes`, of the two versions before too, which lack the newest fields; raise
        ValueError when length, checksum, version or a bound is wrong."""
        size = len(data)
        if size not in SIZES:
            raise ValueError("record must have %d bytes, not %d" % (SIZE, size))
        if struct.unpack_from("<I", data, size - 4)[0] != binascii.crc32(data[: size - 4]):
            raise ValueError("record has a wrong checksum")
        form, version = _FORM, data[0]
        if version != VERSION:
            form, version = _FORM_4, version & ~_NO_FAULTS
            if version == _OLDEST:
                form = form[:-1].replace("F", "H")
            elif version == VERSION:  # it has no such bit
                version = data[0]
        if not _OLDEST <= version <= VERSION or size != SIZES[version > _OLDEST]:
            raise ValueError("record version must be %d, not %d" % (VERSION, version))
        from filmgauge.store.record_search import REST_AT, record_position

        life, boot, seq = record_position(data)
        parts = iter(struct.unpack_from(_struct_format(form), data, REST_AT[version > _OLDEST]))
        record = cls(boot=boot, seq=seq, up_s=next(parts), life=life)
        for i, (name, _, _, low, high) in enumerate(fields()):
            if not 3 <= i < len(form) + 2:
                continue
            kind, value = form[i - 2], next(parts)
            if kind == "t":
                value |= next(parts) << 16
                value -= value >> 23 << 24
            if value != _unknown(kind):
                setattr(record, name, check(name, value, low, high))
        if version != VERSION and data[0] & _NO_FAULTS:
            setattr(record, "faults", None)  # noqa: B010
        return record


def _struct_format(form):
    return "<" + form.replace("t", "HB").replace("F", "H")


def _unknown(kind):
    """Return what stands for a value that is not known, None where all others may be."""
    if kind == "i":
        return -0x80000000
    if kind == "t":
        return -0x800000
    return {"h": -0x8000, "H": 0xFFFF, "B": 0xFF}.get(kind)


def check(name, value, low, high):
    """Return `value`; raise ValueError unless it is None or an integer from `low` to `high`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("%s must be an integer, not %r" % (name, value))
    if not low <= value <= high:
        raise ValueError("%s must be %d to %d, not %d" % (name, low, high, value))
    return value
