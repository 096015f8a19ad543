"""The one record that a node reports, and its two encodings.

    record = Record(boot=1, seq=7, up_s=420, soc_ppm=812345)
    payload = record.to_json()      # flat, decimal units: MQTT
    slot = record.to_bytes()        # compact, checked: backlog, BLE
    assert Record.from_bytes(slot) == record    # and decoding/record_json.py for who receives one

Every value is an integer or None (not known). Positive current charges the cell.
"""

import binascii
import struct

from filmgauge.compat import const
from filmgauge.record.limit_text import limit_text

VERSION = const(3)

FAULT_NAMES = (
    "profile",
    "sensor",
    "temperature",
    "gap",
    "exception",
    "backlog",
    "store",
    "cell_changed",
)

# name, key in JSON, decimals between the two units, smallest, largest
_U32 = const(0xFFFFFFFF)
_I32 = const(0x7FFFFFFF)
FIELDS = (
    ("boot", "boot", 0, 0, _U32),
    ("seq", "seq", 0, 0, _U32),
    ("up_s", "up_s", 0, 0, _U32),
    ("soc_ppm", "soc_pct", 4, 0, 1000000),
    ("soc_sigma_ppm", "soc_sigma_pct", 4, 0, 1000000),
    ("stored_nah", "stored_uah", 3, -_I32, _I32),
    ("full_nah", "full_uah", 3, 0, _I32),
    ("measured_nah", "measured_uah", 3, -_I32, _I32),
    ("booked_nah", "booked_uah", 3, -_I32, _I32),
    ("corrected_nah", "corrected_uah", 3, -_I32, _I32),
    ("voltage_uv", "voltage_v", 6, 0, 85000000),
    ("current_pa", "current_ua", 6, -_I32, _I32),
    ("temperature_cdeg", "temperature_c", 2, -25600, 25600),
    ("faults", "faults", 0, 0, 255),
    ("awake_ms", "awake_ms", 0, 0, 65534),
    ("backlog", "backlog", 0, 0, 65534),
    ("shown_ppm", "soc_shown_pct", 4, 0, 1000000),  # for people: never moves against the current
    ("full_sigma_nah", "full_sigma_uah", 3, 0, _I32),
    # what the cell gives now, and what it would give full, at this temperature and a stated load
    ("available_nah", "available_uah", 3, 0, _I32),
    ("available_sigma_nah", "available_sigma_uah", 3, 0, _I32),
    ("available_full_nah", "available_full_uah", 3, 0, _I32),
    ("to_empty_s", "time_to_empty_s", 0, 0, _I32),
    ("to_full_s", "time_to_full_s", 0, 0, _I32),
    ("resistance_mohm", "resistance_ohm", 3, 0, _I32),
    ("efficiency_ppm", "coulombic_efficiency_pct", 4, 0, 1000000),
    ("mcycles", "equivalent_full_cycles", 3, 0, _I32),
    ("limits", "limits", 0, 0, 0x3FFF),  # limit_text.py; None without a profile
    # health, continued: standard deviations, the capacity's change in a cycle, the cycles until
    # four fifths of the design are left, and how old the observations are on which each rests
    ("resistance_sigma_mohm", "resistance_sigma_ohm", 3, 0, _I32),
    ("trend_ppm", "capacity_trend_pct", 4, -1000000, 1000000),
    ("trend_sigma_ppm", "capacity_trend_sigma_pct", 4, 0, 65534),
    ("efficiency_sigma_ppm", "coulombic_sigma_pct", 4, 0, 65534),
    ("cycles_left", "cycles_left", 0, 0, 65534),
    ("cycles_left_sigma", "cycles_left_sigma", 0, 0, 65534),
    ("capacity_age_h", "capacity_age_h", 0, 0, 65534),
    ("resistance_age_h", "resistance_age_h", 0, 0, 65534),
    ("efficiency_age_h", "coulombic_age_h", 0, 0, 65534),
)
_REQUIRED = const(3)  # the first three are what makes a record unique; the rest may be unknown
_FORMAT = const("<BIIIiiiiiiiiihHHHiiiiiiiiiiHiiHHHHHHH")
_UNKNOWN_I32 = const(-0x80000000)
_UNKNOWN_SMALL = const((-0x8000, 0xFFFF, 0xFFFF, 0xFFFF))
_UNKNOWN = (0,) * 3 + (_UNKNOWN_I32,) * 9 + _UNKNOWN_SMALL + (_UNKNOWN_I32,) * 10 + (0xFFFF,)
_UNKNOWN += (_UNKNOWN_I32,) * 2 + (0xFFFF,) * 7
SIZE = const(125)  # struct.calcsize(_FORMAT) + 4 for the CRC-32: fits inline in a directory entry


class Record:
    """One report. Attributes are the names in FIELDS; ValueError for a value out of bounds."""

    def __init__(self, **values):
        for name, _, _, low, high in FIELDS:
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
        """Return the values in the order of FIELDS."""
        return [getattr(self, field[0]) for field in FIELDS]

    def to_json(self) -> str:
        """Return the record as flat JSON with decimal units; unknown values are null."""
        return "".join(self.json_parts())

    def json_parts(self):
        """Yield the same in parts: a small heap has no room for a thousand characters at once."""
        yield '{"v":%d' % VERSION
        for name, key, digits, _, _ in FIELDS:
            value = getattr(self, name)
            text = "null"
            if value is not None and name in _WORDS:
                text = '"%s"' % _WORDS[name](value)
            elif value is not None:
                text = decimal(value, digits)
            yield ',"%s":%s' % (key, text)
        yield "}"

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
        fields = {}
        for i in range(len(FIELDS)):
            known = i < _REQUIRED or values[i + 1] != _UNKNOWN[i]
            fields[FIELDS[i][0]] = values[i + 1] if known else None
        return cls(**fields)


def check(name, value, low, high):
    """Return `value`; raise ValueError unless it is None or an integer from `low` to `high`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("%s must be an integer, not %r" % (name, value))
    if not low <= value <= high:
        raise ValueError("%s must be %d to %d, not %d" % (name, low, high, value))
    return value


def decimal(value: int, digits: int) -> str:
    """Return value / 10**digits in decimal, exactly: decimal(-1500, 3) is '-1.500'."""
    if not digits:
        return str(value)
    sign = "-" if value < 0 else ""
    text = str(abs(value))
    if len(text) <= digits:
        text = "0" * (digits + 1 - len(text)) + text
    return sign + text[:-digits] + "." + text[-digits:]


def fault_text(bits: int) -> str:
    """Return the names of the fault bits joined by +, 'none' for 0."""
    names = [FAULT_NAMES[i] for i in range(len(FAULT_NAMES)) if bits >> i & 1]
    return "+".join(names) or "none"


# fields that are words in JSON
_WORDS = {"faults": fault_text, "limits": limit_text}
