"""Battery Service 1.1 (Bluetooth SIG), as a node serves it: each value into flat keys.

What each value holds stands in battery_service.toml.
A value that is too short has one key, `..._malformed`, with its hexadecimal digits.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from filmgauge_host.ble import uuids
from filmgauge_sim.package_data import read_toml

Value: TypeAlias = int | float | str | bool | None
_UNKNOWN_MINUTES = (0xFFFFFF, 0xFFFFFE)  # not known; longer than the field can say
_CHARGE_STATES = ("unknown", "charging", "discharging", "inactive")
_LEVELS = ("unknown", "good", "low", "critical")

# Fields that are taken apart into bits
_BITS: dict[str, Callable[[int], dict[str, Value]]] = {
    "power_state": lambda bits: {
        "present": bool(bits & 1),
        "wired_power": bits >> 1 & 3 == 1,
        "wireless_power": bits >> 3 & 3 == 1,
        "charge_state": _CHARGE_STATES[bits >> 5 & 3],
        "charge_level": _LEVELS[bits >> 7 & 3],
        "charge_faults": bits >> 12 & 7,
    },
    "additional": lambda bits: {
        "service_required": bits & 3 == 1,
        "battery_fault": bool(bits & 4),
    },
    "critical_bits": lambda bits: {
        "critical": bool(bits & 1),
        "immediate_service": bool(bits & 2),
    },
    "features": lambda bits: {"replaceable": bool(bits & 1), "rechargeable": bool(bits & 2)},
}

_TABLES = read_toml("filmgauge_host.ble", "battery_service.toml")
_LAYOUTS = dict(zip(uuids.BATTERY, _TABLES["characteristic"], strict=True))
UUIDS = frozenset(_LAYOUTS)


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
    if uuid not in _LAYOUTS:
        return {}
    layout = _LAYOUTS[uuid]
    at = layout["flags"]
    flags = int.from_bytes(value[:at], "little")
    found: dict[str, Value] = {}
    for field in layout["fields"]:
        *bit, key, kind = field.split()
        if bit and not flags >> int(bit[0]) & 1:
            continue
        size, meaning = _KINDS[kind]
        found[key] = meaning(value[at : at + size])
        at += size
    if at > len(value):
        return {f"{layout['name']}_malformed": value.hex()}
    for key, bits in _BITS.items():
        if key in found:
            found |= bits(int(found.pop(key) or 0))
    return found


_unsigned = partial(int.from_bytes, byteorder="little")
_signed = partial(int.from_bytes, byteorder="little", signed=True)


def _minutes(value: bytes) -> int | None:
    minutes = _unsigned(value)
    return None if minutes in _UNKNOWN_MINUTES else minutes


_KINDS: dict[str, tuple[int, Callable[[bytes], int | float | None]]] = {  # bytes, meaning
    "u8": (1, _unsigned),
    "u16": (2, _unsigned),
    "u24": (3, _unsigned),
    "s8": (1, _signed),
    "float": (2, medfloat16),
    "minutes": (3, _minutes),
}
