"""Battery Service 1.1 (Bluetooth SIG), as a node serves it: each value into flat keys.

A value of a wrong length has one key, `malformed`, with its hexadecimal digits.
"""

from collections.abc import Callable
from typing import TypeAlias

from filmgauge_host.ble import uuids

Value: TypeAlias = int | float | str | bool | None
_Field: TypeAlias = tuple[int, Callable[[bytes], int | float | None]]  # bytes, and what they mean
_UNKNOWN_MINUTES = 0xFFFFFF
_CHARGE_STATES = ("unknown", "charging", "discharging", "inactive")
_LEVELS = ("unknown", "good", "low", "critical")


def medfloat16(value: bytes) -> float | None:
    """Return an IEEE 11073 16-bit float, None for its not-a-number and infinities.

    4 bits of exponent to base 10, 12 of mantissa, both signed (GATT Specification Supplement 5).
    """
    word = _unsigned(value)
    if word & 0xFFF in (0x7FE, 0x7FF, 0x800, 0x801, 0x802) and not word >> 12:
        return None
    mantissa = (word & 0xFFF) - (0x1000 if word & 0x800 else 0)
    exponent = (word >> 12) - (16 if word & 0x8000 else 0)
    return float(f"{mantissa}e{exponent}")  # exact in decimal


def decode(uuid: str, value: bytes) -> dict[str, Value]:
    """Return what a characteristic of the service says; nothing for one that is not known."""
    decoder = _DECODERS.get(uuid)
    if decoder is None:
        return {}
    name, read = decoder
    try:
        return read(_Reader(value))
    except IndexError:
        return {f"{name}_malformed": value.hex()}


def _unsigned(value: bytes) -> int:
    return int.from_bytes(value, "little")


def _signed(value: bytes) -> int:
    return int.from_bytes(value, "little", signed=True)


_U8: _Field = (1, _unsigned)
_U16: _Field = (2, _unsigned)
_U24: _Field = (3, _unsigned)
_S8: _Field = (1, _signed)
_FLOAT: _Field = (2, medfloat16)


class _Reader:
    """Reads fields from the front; IndexError when there are not enough bytes."""

    def __init__(self, value: bytes) -> None:
        self._left = value

    def integer(self, size: int) -> int:
        return _unsigned(self._cut(size))

    def fields(self, flags: int, *fields: tuple[str, _Field]) -> dict[str, Value]:
        """Read the fields whose bits are set, the lowest bit first."""
        return {
            name: meaning(self._cut(size))
            for bit, (name, (size, meaning)) in enumerate(fields)
            if flags >> bit & 1
        }

    def _cut(self, size: int) -> bytes:
        if len(self._left) < size:
            raise IndexError
        part, self._left = self._left[:size], self._left[size:]
        return part


def _level(reader: _Reader) -> dict[str, Value]:
    return {"level_pct": reader.integer(1)}


def _status(reader: _Reader) -> dict[str, Value]:
    flags, power = reader.integer(1), reader.integer(2)
    found: dict[str, Value] = {
        "present": bool(power & 1),
        "wired_power": power >> 1 & 3 == 1,
        "wireless_power": power >> 3 & 3 == 1,
        "charge_state": _CHARGE_STATES[power >> 5 & 3],
        "charge_level": _LEVELS[power >> 7 & 3],
        "charge_faults": power >> 12 & 7,
        **reader.fields(flags, ("identifier", _U16), ("status_level_pct", _U8)),
    }
    if flags & 4:
        additional = reader.integer(1)
        found["service_required"] = additional & 3 == 1
        found["battery_fault"] = bool(additional & 4)
    return found


def _critical(reader: _Reader) -> dict[str, Value]:
    bits = reader.integer(1)
    return {"critical": bool(bits & 1), "immediate_service": bool(bits & 2)}


def _health(reader: _Reader) -> dict[str, Value]:
    return reader.fields(
        reader.integer(1),
        ("health_pct", _U8),
        ("cycles", _U16),
        ("health_temperature_c", _S8),
        ("deep_discharges", _U16),
    )


def _health_information(reader: _Reader) -> dict[str, Value]:
    flags = reader.integer(1)
    both = 3 if flags & 2 else 0  # one bit for both temperatures
    temperatures = ("designed_min_c", _S8), ("designed_max_c", _S8)
    return reader.fields(flags & 1, ("designed_cycles", _U16)) | reader.fields(both, *temperatures)


def _information(reader: _Reader) -> dict[str, Value]:
    flags, features = reader.integer(2), reader.integer(1)
    return {
        "replaceable": bool(features & 1),
        "rechargeable": bool(features & 2),
        **reader.fields(
            flags,
            ("manufacture_day", _U24),
            ("expiration_day", _U24),
            ("designed_kwh", _FLOAT),
            ("low_kwh", _FLOAT),
            ("critical_kwh", _FLOAT),
            ("chemistry", _U8),
            ("nominal_v", _FLOAT),
            ("aggregation_group", _U8),
        ),
    }


def _times(reader: _Reader) -> dict[str, Value]:
    names = ("minutes_to_empty", "minutes_to_empty_on_standby", "minutes_to_full")
    flags = reader.integer(1) << 1 | 1  # the first one is always there
    return {
        name: None if minutes in (_UNKNOWN_MINUTES, _UNKNOWN_MINUTES - 1) else minutes
        for name, minutes in reader.fields(flags, *[(name, _U24) for name in names]).items()
    }


def _service_date(reader: _Reader) -> dict[str, Value]:
    return {"service_day": reader.integer(3)}


def _energy(reader: _Reader) -> dict[str, Value]:
    return reader.fields(
        reader.integer(1),
        ("external_source_kw", _FLOAT),
        ("present_v", _FLOAT),
        ("available_kwh", _FLOAT),
        ("capacity_kwh", _FLOAT),
        ("charge_rate_kw", _FLOAT),
        ("available_at_last_charge_kwh", _FLOAT),
    )


_DECODERS: dict[str, tuple[str, Callable[[_Reader], dict[str, Value]]]] = {
    uuids.BATTERY_LEVEL: ("level", _level),
    uuids.BATTERY_LEVEL_STATUS: ("level_status", _status),
    uuids.BATTERY_CRITICAL_STATUS: ("critical_status", _critical),
    uuids.BATTERY_HEALTH: ("health", _health),
    uuids.BATTERY_HEALTH_INFORMATION: ("health_information", _health_information),
    uuids.BATTERY_INFORMATION: ("information", _information),
    uuids.BATTERY_TIME_STATUS: ("time_status", _times),
    uuids.BATTERY_SERVICE_DATE: ("service_date", _service_date),
    uuids.BATTERY_ENERGY_STATUS: ("energy_status", _energy),
}

UUIDS = frozenset(_DECODERS)
