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

VERSION = const(4)

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
    "faults faults 0 0 65535\n"
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
    "life life 0 0 4294967295\n"  # random, of a node's memory; 0: made before there were any
)
# Life, boot and seq make a record unique, and up_s is needed too; the rest may be unknown. With
# three bytes each for boot and seq (a record in five minutes for 160 years) a record just fits
# into the 128 bytes of an inline file; the third ones stand behind the lower two of both.
_FAULTS = const(11)  # among the others
_HEAD = const("<BIHHBB")
_REST = const("<IiiiiiiiiihHHHiiiiiiiiiiHiiHHHHHHHB")
_UNKNOWN_I32 = const(-0x80000000)
_UNKNOWN_SMALL = const((-0x8000, -1, 0xFFFF, 0xFFFF))  # faults use all their bits
_UNKNOWN = (0,) + (_UNKNOWN_I32,) * 9 + _UNKNOWN_SMALL + (_UNKNOWN_I32,) * 10 + (0xFFFF,)
_UNKNOWN += (_UNKNOWN_I32,) * 2 + (0xFFFF,) * 7 + (0xFF,)  # from up_s on, without the life
SIZE = const(128)  # head, rest and 4 for the CRC-32: fits inline in a directory entry
SIZES = const((125, 128))  # by version, from the first one that is still read
_OLDEST = const(3)
_NO_FAULTS = const(0x80)  # beside the version: faults are not known


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
        given, version = self.values(), VERSION
        boot, seq, life = given[0], given[1], given[-1]
        values = []
        for value, unknown in zip(given[2:-1], _UNKNOWN):
            values.append(unknown if value is None else value)
        if values[_FAULTS] < 0:
            values[_FAULTS] = 0
            version |= _NO_FAULTS
        numbers = boot & 0xFFFF, seq & 0xFFFF, boot >> 16, seq >> 16
        body = struct.pack(_HEAD, version, life, *numbers) + struct.pack(_REST, *values)
        return body + struct.pack("<I", binascii.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """Read `to_bytes`, of the version before too, which has no life and no resets; raise
        ValueError when length, checksum, version or a bound is wrong."""
        size = len(data)
        if size not in SIZES:
            raise ValueError("record must have %d bytes, not %d" % (SIZE, size))
        if struct.unpack_from("<I", data, size - 4)[0] != binascii.crc32(data[: size - 4]):
            raise ValueError("record has a wrong checksum")
        version = data[0] & ~_NO_FAULTS
        if version != _OLDEST + SIZES.index(size):
            raise ValueError("record version must be %d, not %d" % (VERSION, version))
        from filmgauge.store.record_search import REST_AT, record_position

        life, boot, seq = record_position(data)
        form = _REST if version == VERSION else _REST[:-1]
        values = struct.unpack_from(form, data, REST_AT[version - _OLDEST])
        unknown = 0xFFFF if version == _OLDEST else 0 if data[0] & _NO_FAULTS else -1  # faults
        record = cls(boot=boot, seq=seq, up_s=values[0], life=life)
        for i, (name, _, _, low, high) in enumerate(fields()):
            i -= 2
            if 0 < i < len(values) and values[i] != (unknown if i == _FAULTS else _UNKNOWN[i]):
                setattr(record, name, check(name, values[i], low, high))
        return record


def check(name, value, low, high):
    """Return `value`; raise ValueError unless it is None or an integer from `low` to `high`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("%s must be an integer, not %r" % (name, value))
    if not low <= value <= high:
        raise ValueError("%s must be %d to %d, not %d" % (name, low, high, value))
    return value
