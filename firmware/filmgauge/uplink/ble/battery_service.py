"""Values of the Battery Service 1.1, made from a record: a courtesy to tools that know no other.

    for value in values(record, profile): ...       # in the order of gatt.py

Layouts: Bluetooth SIG, GATT Specification Supplement, Battery ... characteristics. Floats are
medfloat16, whose smallest step of energy is 10 uWh: the node's own service tells more.
"""

import struct

from filmgauge.compat import const

_PC_PER_NAH = const(3600000)
_REST = const(1000)  # assumed: a current below this share of 1C (1 / n) is none
_GOOD_PPM = const(300000)  # as control/service_level.py begins to save
_LOW_PPM = const(150000)
_UNKNOWN_TIME = const(0xFFFFFF)
_LONGEST_TIME = const(0xFFFFFE)
_MOST = const(2045)  # the mantissas above are NaN and its like
_LEAST_EXPONENT = const(-8)
_FAULT_SENSOR = const(2)
_FAULT_PROFILE = const(1)
_OTHER_CHEMISTRY = const(255)  # lithium-sulphur has no number
_COLDEST_C = const(-20)  # designed for: where limits begin to warn (control/limits.py)
_WARMEST_C = const(60)
_PRESENT = const(1)
_GOOD = const(1)
_LOW = const(2)
_CRITICAL = const(3)
_CHARGING = const(1)
_ACTIVE = const(2)
_INACTIVE = const(3)


def values(record, profile) -> list:
    """Return the values of the nine characteristics; what nobody knows is left out or empty."""
    return [
        _level(record),
        _level_status(record),
        _health_status(record, profile),
        struct.pack("<Bbb", 2, _COLDEST_C, _WARMEST_C),  # flags: temperatures
        _information(profile),
        _time_status(record),
        bytes((critical(record),)),
        b"\0\0\0",  # the date of service is not known
        _energy_status(record, profile),
    ]


def critical(record) -> int:
    """Return the critical status: bit 0 for a charge that is critical, bit 1 for service."""
    needs_service = _has_fault(record.limits) or record.faults & (_FAULT_SENSOR | _FAULT_PROFILE)
    return (1 if _charge_level(record) == _CRITICAL else 0) | (2 if needs_service else 0)


def medfloat16(mantissa: int, exponent: int) -> bytes:
    """Return mantissa * 10**exponent in two bytes, rounded to what they hold: 0xF014 is 2.0.

    A value that is too small becomes 0. IEEE 11073-20601, SFLOAT.
    """
    lost = 1
    while exponent < _LEAST_EXPONENT or (abs(mantissa) + lost // 2) // lost > _MOST:
        lost *= 10
        exponent += 1
    sign = -1 if mantissa < 0 else 1
    rounded = sign * ((abs(mantissa) + lost // 2) // lost)
    return struct.pack("<H", (exponent & 15) << 12 | rounded & 0xFFF)


def energy_nwh(nah: int, profile) -> int:
    """Return what a charge is worth at the voltage in the middle of the cell's plateaus."""
    return nah * (profile.middle_uv // 1000) // 1000


def _shown(record):
    return record.soc_ppm if record.shown_ppm is None else record.shown_ppm


def _level(record):
    ppm = _shown(record)
    return b"" if ppm is None else bytes(((ppm + 5000) // 10000,))


def _level_status(record):
    """Flags, power state and level."""
    charge = _charge_state(record)
    wired = 1 if charge == _CHARGING else 2  # the source is seen by its current only
    state = _PRESENT | wired << 1 | charge << 5 | _charge_level(record) << 7
    if _has_fault(record.limits):
        state |= 1 << 12  # of the battery
    if record.faults & _FAULT_SENSOR:
        state |= 1 << 14  # other
    level = _level(record)
    return struct.pack("<BH", 2 if level else 0, state) + level


def _charge_state(record):
    if record.current_pa is None or not record.full_nah:
        return 0
    if abs(record.current_pa) * _REST <= record.full_nah * 1000:
        return _INACTIVE
    return _CHARGING if record.current_pa > 0 else _ACTIVE


def _charge_level(record):
    ppm = _shown(record)
    if ppm is None:
        return 0
    return _GOOD if ppm >= _GOOD_PPM else _LOW if ppm >= _LOW_PPM else _CRITICAL


def _has_fault(limits):
    return limits is not None and limits & limits >> 1 & 0x1555 != 0  # a level of 3 in two bits


def _health_status(record, profile):
    """Flags, health in %, cycles, degC, as far as they are known."""
    flags = 0
    parts = b""
    if profile is not None and record.full_nah is not None:
        share = record.full_nah * 100 // (profile.full_pc() // _PC_PER_NAH)
        flags, parts = 1, bytes((min(100, share),))
    if record.mcycles is not None:
        flags |= 2
        parts += struct.pack("<H", min(65535, record.mcycles // 1000))
    if record.temperature_cdeg is not None:
        flags |= 4
        degrees = (record.temperature_cdeg + 50) // 100
        parts += struct.pack("<b", max(-128, min(127, degrees)))
    return bytes((flags,)) + parts


def _information(profile):
    """Flags, features, designed capacity in kWh, chemistry, nominal voltage."""
    features = 2  # rechargeable
    if profile is None:
        return struct.pack("<HBB", 0x20, features, _OTHER_CHEMISTRY)
    nwh = energy_nwh(profile.full_pc() // _PC_PER_NAH, profile)
    volts = medfloat16(profile.middle_uv, -6)
    head = struct.pack("<HB", 0x64, features)
    return head + medfloat16(nwh, -12) + bytes((_OTHER_CHEMISTRY,)) + volts


def _time_status(record):
    """Flags, minutes to empty, minutes to full where it charges."""
    value = _minutes(record.to_empty_s)
    if record.to_full_s is None:
        return b"\0" + value
    return b"\2" + value + _minutes(record.to_full_s)


def _minutes(seconds):
    if seconds is None:
        return struct.pack("<I", _UNKNOWN_TIME)[:3]
    return struct.pack("<I", min(_LONGEST_TIME, seconds // 60))[:3]


def _energy_status(record, profile):
    """Flags, voltage, energy available, energy when full, rate of charge: V, kWh, kWh, kW."""
    flags = 0
    parts = b""
    if record.voltage_uv is not None:
        flags, parts = 2, medfloat16(record.voltage_uv, -6)
    if profile is not None and record.available_nah is not None:
        flags |= 4
        parts += medfloat16(energy_nwh(record.available_nah, profile), -12)
    if profile is not None and record.available_full_nah is not None:
        flags |= 8
        parts += medfloat16(energy_nwh(record.available_full_nah, profile), -12)
    if record.voltage_uv is not None and record.current_pa is not None:
        flags |= 16
        femtowatts = record.current_pa // 1000 * (record.voltage_uv // 1000) * 1000
        parts += medfloat16(femtowatts, -18)
    return bytes((flags,)) + parts
