"""Battery Service 1.1 (Bluetooth SIG), as a node serves it: each value into flat keys.

A value of a wrong length has one key, `malformed`, with its hexadecimal digits.
"""

from collections.abc import Callable
from typing import TypeAlias

from filmgauge_host.ble import uuids

Value: TypeAlias = int | float | str | bool | None
_UNKNOWN_MINUTES = 0xFFFFFF
_CHARGE_STATES = ("unknown", "charging", "discharging", "inactive")
_LEVELS = ("unknown", "good", "low", "critical")


def medfloat16(value: bytes) -> float | None:
    """Return an IEEE 11073 16-bit float, None for its not-a-number and infinities.

    4 bits of exponent to base 10, 12 of mantissa, both signed (GATT Specification Supplement 5).
    """
    word = int.from_bytes(value, "little")
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
        return read(value)
    except IndexError:
        return {f"{name}_malformed": value.hex()}


class _Reader:
    """Takes integers off the front; IndexError when there are not enough bytes."""

    def __init__(self, value: bytes) -> None:
        self._left = value

    def take(self, size: int, signed: bool = False) -> int:
        if len(self._left) < size:
            raise IndexError
        part, self._left = self._left[:size], self._left[size:]
        return int.from_bytes(part, "little", signed=signed)


def _level(value: bytes) -> dict[str, Value]:
    return {"level_pct": _Reader(value).take(1)}


def _status(value: bytes) -> dict[str, Value]:
    reader = _Reader(value)
    flags, power = reader.take(1), reader.take(2)
    found: dict[str, Value] = {
        "present": bool(power & 1),
        "wired_power": power >> 1 & 3 == 1,
        "wireless_power": power >> 3 & 3 == 1,
        "charge_state": _CHARGE_STATES[power >> 5 & 3],
        "charge_level": _LEVELS[power >> 7 & 3],
        "charge_faults": power >> 12 & 7,
    }
    if flags & 1:
        found["identifier"] = reader.take(2)
    if flags & 2:
        found["status_level_pct"] = reader.take(1)
    if flags & 4:
        additional = reader.take(1)
        found["service_required"] = additional & 3 == 1
        found["battery_fault"] = bool(additional & 4)
    return found


def _critical(value: bytes) -> dict[str, Value]:
    bits = _Reader(value).take(1)
    return {"critical": bool(bits & 1), "immediate_service": bool(bits & 2)}


def _health(value: bytes) -> dict[str, Value]:
    reader = _Reader(value)
    flags = reader.take(1)
    parts = (
        ("health_pct", 1, False),
        ("cycles", 2, False),
        ("health_temperature_c", 1, True),
        ("deep_discharges", 2, False),
    )
    return {
        name: reader.take(size, signed)
        for bit, (name, size, signed) in enumerate(parts)
        if flags >> bit & 1
    }


def _health_information(value: bytes) -> dict[str, Value]:
    reader = _Reader(value)
    flags = reader.take(1)
    found: dict[str, Value] = {}
    if flags & 1:
        found["designed_cycles"] = reader.take(2)
    if flags & 2:
        found["designed_min_c"] = reader.take(1, True)
        found["designed_max_c"] = reader.take(1, True)
    return found


def _information(value: bytes) -> dict[str, Value]:
    reader = _Reader(value)
    flags, features = reader.take(2), reader.take(1)
    found: dict[str, Value] = {
        "replaceable": bool(features & 1),
        "rechargeable": bool(features & 2),
    }
    for bit, (name, size) in enumerate(
        (
            ("manufacture_day", 3),
            ("expiration_day", 3),
            ("designed_kwh", -2),
            ("low_kwh", -2),
            ("critical_kwh", -2),
            ("chemistry", 1),
            ("nominal_v", -2),
            ("aggregation_group", 1),
        )
    ):
        if flags >> bit & 1:
            taken = reader.take(abs(size))
            found[name] = medfloat16(taken.to_bytes(2, "little")) if size < 0 else taken
    return found


def _times(value: bytes) -> dict[str, Value]:
    reader = _Reader(value)
    flags = reader.take(1)
    names = ["minutes_to_empty"]
    names += ["minutes_to_empty_on_standby"] if flags & 1 else []
    names += ["minutes_to_full"] if flags & 2 else []
    taken = {name: reader.take(3) for name in names}
    return {name: None if at >= _UNKNOWN_MINUTES - 1 else at for name, at in taken.items()}


def _service_date(value: bytes) -> dict[str, Value]:
    return {"service_day": _Reader(value).take(3)}


def _energy(value: bytes) -> dict[str, Value]:
    reader = _Reader(value)
    flags = reader.take(1)
    names = (
        "external_source_kw",
        "present_v",
        "available_kwh",
        "capacity_kwh",
        "charge_rate_kw",
        "available_at_last_charge_kwh",
    )
    return {
        name: medfloat16(reader.take(2).to_bytes(2, "little"))
        for bit, name in enumerate(names)
        if flags >> bit & 1
    }


_DECODERS: dict[str, tuple[str, Callable[[bytes], dict[str, Value]]]] = {
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
