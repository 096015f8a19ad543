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

VERSION = const(3)

# name, key in JSON, decimals between the two units, smallest, largest. As one text, which takes a
# third of the heap that tuples take.
_FIELDS = const(
    "boot boot 0 0 4294967295\n"
    "seq seq 0 0 4294967295\n"
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
    "faults faults 0 0 511\n"
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
)
_REQUIRED = const(3)  # the first three are what makes a record unique; the rest may be unknown
_FORMAT = const("<BIIIiiiiiiiiihHHHiiiiiiiiiiHiiHHHHHHH")
_UNKNOWN_I32 = const(-0x80000000)
_UNKNOWN_SMALL = const((-0x8000, 0xFFFF, 0xFFFF, 0xFFFF))
_UNKNOWN = (0,) * 3 + (_UNKNOWN_I32,) * 9 + _UNKNOWN_SMALL + (_UNKNOWN_I32,) * 10 + (0xFFFF,)
_UNKNOWN += (_UNKNOWN_I32,) * 2 + (0xFFFF,) * 7
SIZE = const(125)  # struct.calcsize(_FORMAT) + 4 for the CRC-32: fits inline in a directory entry


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
        """Return SIZE bytes: version, fields little-endian, CRC-32."""
        values = []
        for value, unknown in zip(self.values(), _UNKNOWN):
            values.append(unknown if value is None else value)
        body = struct.pack(_FORMAT, VERSION, *values)
        return body + struct.pack("<I", binascii.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """Read `to_bytes`; raise ValueError when length, checksum, version or a bound is wrong."""
        if len(data) != SIZE:
            raise ValueError("record must have %d bytes, not %d" % (SIZE, len(data)))
        if struct.unpack_from("<I", data, SIZE - 4)[0] != binascii.crc32(data[: SIZE - 4]):
            raise ValueError("record has a wrong checksum")
        values = struct.unpack_from(_FORMAT, data, 0)
        if values[0] != VERSION:
            raise ValueError("record version must be %d, not %d" % (VERSION, values[0]))
        record = cls(boot=values[1], seq=values[2], up_s=values[3])
        for i, (name, _, _, low, high) in enumerate(fields()):
            value = values[i + 1]
            if i >= _REQUIRED and value != _UNKNOWN[i]:
                setattr(record, name, check(name, value, low, high))
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
