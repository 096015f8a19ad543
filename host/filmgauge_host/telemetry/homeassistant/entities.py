"""What Home Assistant shows of a node: one entity a quantity, with its unit and its class.

Values come from the record on `telemetry`, those about the node from `status`. What is not known
there (null, or a key that an older version does not have) is unknown here, never 0.

Classes and their units: developers.home-assistant.io/docs/core/entity/sensor. There is no device
class for charge in uAh, so those have a unit alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from filmgauge.uplink.mqtt.topics import STATUS, TELEMETRY

Platform: TypeAlias = Literal["sensor", "binary_sensor"]
Options: TypeAlias = dict[str, Any]

# Of a text that is not known: releases before 2024.11 would show a None as the word.
_UNKNOWN_TEXT = "unknown"
_DIAGNOSTIC: Options = {"ent_cat": "diagnostic"}
_HIDDEN: Options = {**_DIAGNOSTIC, "en": False}  # until a user wants it
_TOTAL: Options = {"stat_cla": "total_increasing"}


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. key: unique in its node, and part of its unique id for good. template: makes
    its state from a payload of the topic `leaf`. options: as discovery abbreviates them."""

    key: str
    name: str
    template: str
    options: Options = field(default_factory=dict)
    platform: Platform = "sensor"
    leaf: str = TELEMETRY


def entities(full_uah: float | None) -> Iterator[Entity]:
    """Yield the entities of a node. full_uah: the design's capacity, None when not known: then
    there is no health."""
    yield from _CHARGE
    if full_uah:
        yield _number("full_uah", "Health", "%", 1, full_uah / 100, key="health_pct")
    yield from _HEALTH
    yield from _PROBLEMS
    yield from _DIAGNOSTICS
    yield from _ABOUT_REPORTS


def entity_keys() -> dict[str, Platform]:
    """Return every entity that a node may have: key and platform."""
    return {each.key: each.platform for each in entities(1.0)}


def _number(
    field_key: str,
    name: str,
    unit: str | None,
    decimals: int,
    divisor: float = 1,
    device_class: str | None = None,
    key: str | None = None,
    precision: int | None = None,
    **options: Any,
) -> Entity:
    """Return a sensor of a number in the record. decimals: of its state, precision: shown."""
    divided = "x" if divisor == 1 else f"x / {divisor!r}"
    # With `format`, or a small number would come as 1.2e-05.
    template = (
        f"{{% set x = value_json.get('{field_key}') %}}"
        f"{{{{ None if x is none else '%.{decimals}f' | format({divided}) }}}}"
    )
    shape: Options = {"stat_cla": "measurement", "sug_dsp_prc": precision, "dev_cla": device_class}
    shape |= {"unit_of_meas": unit} | options
    given = {name: value for name, value in shape.items() if value is not None}
    return Entity(key or field_key, name, template, given)


def _text(key: str, name: str, **options: Any) -> Entity:
    template = f"{{{{ value_json.get('{key}') or '{_UNKNOWN_TEXT}' }}}}"
    return Entity(key, name, template, options)


def _problem(field_key: str, name: str) -> Entity:
    """Return a binary sensor that is on while a text of the record is another than none."""
    template = (
        f"{{% set x = value_json.get('{field_key}') %}}"
        "{{ None if x is none else 'OFF' if x == 'none' else 'ON' }}"
    )
    return Entity(
        f"{field_key}_problem", name, template, {"dev_cla": "problem"}, platform="binary_sensor"
    )


_CHARGE = (
    _number("soc_shown_pct", "State of charge", "%", 4, device_class="battery", precision=1),
    _number("soc_sigma_pct", "State of charge uncertainty", "%", 4, precision=2, **_DIAGNOSTIC),
    _number("stored_uah", "Stored charge", "uAh", 3, precision=2),
    _number("available_uah", "Available charge", "uAh", 3, precision=2),
    _number(
        "available_sigma_uah", "Available charge uncertainty", "uAh", 3, precision=2, **_DIAGNOSTIC
    ),
    _number("voltage_v", "Voltage", "V", 6, device_class="voltage", precision=3),
    # mA, whose spelling no release has changed; uA and pA need its decimals
    _number("current_ua", "Current", "mA", 9, 1000, device_class="current", precision=6),
    _number("temperature_c", "Temperature", "°C", 2, device_class="temperature", precision=1),
    _number(
        *("time_to_empty_s", "Time to empty", "h", 3, 3600),
        device_class="duration",
        key="time_to_empty",
        precision=1,
    ),
    _number(
        *("time_to_full_s", "Time to full", "h", 3, 3600),
        device_class="duration",
        key="time_to_full",
        precision=1,
    ),
)
_HEALTH = (
    _number("full_uah", "Capacity", "uAh", 3, precision=2),
    _number("full_sigma_uah", "Capacity uncertainty", "uAh", 3, precision=2, **_DIAGNOSTIC),
    _number("resistance_ohm", "Resistance", "Ω", 3, precision=0, **_DIAGNOSTIC),
    _number(
        *("coulombic_efficiency_pct", "Coulombic efficiency", "%", 4), precision=3, **_DIAGNOSTIC
    ),
    _number("capacity_trend_pct", "Capacity change a cycle", "%", 4, precision=4, **_DIAGNOSTIC),
    _number("cycles_left", "Cycles left", "cycles", 0, precision=0),
    _number(
        "equivalent_full_cycles", "Full cycles", "cycles", 3, precision=2, **_DIAGNOSTIC, **_TOTAL
    ),
)
_PROBLEMS = (
    _problem("faults", "Fault"),
    _text("faults", "Faults", **_DIAGNOSTIC),
    _problem("limits", "Limit"),
    _text("limits", "Limits", **_DIAGNOSTIC),
)
_DIAGNOSTICS = (
    _number("boot", "Boots", "boots", 0, precision=0, **_DIAGNOSTIC, **_TOTAL),
    _number("resets", "Resets since power-on", "resets", 0, precision=0, **_DIAGNOSTIC),
    _number("refused", "Commands refused", "commands", 0, precision=0, **_DIAGNOSTIC),
    _number("restarts", "Restarts by exceptions", "restarts", 0, precision=0, **_DIAGNOSTIC),
    _number("backlog", "Backlog", "records", 0, precision=0, **_DIAGNOSTIC),
    _number("up_s", "Uptime", "s", 0, device_class="duration", precision=0, **_HIDDEN),
    _number("awake_ms", "Awake", "ms", 0, device_class="duration", precision=0, **_HIDDEN),
    _number("measured_uah", "Measured charge", "uAh", 3, precision=2, **_HIDDEN),
    _number("booked_uah", "Booked charge", "uAh", 3, precision=2, **_HIDDEN),
    _number("corrected_uah", "Corrected charge", "uAh", 3, precision=2, **_HIDDEN),
)
# These say why the others are unavailable, so they are not. A status may be cleared: no JSON.
_ABOUT_REPORTS = (
    Entity(
        "state",
        "Connection",
        "{{ (value_json | default({})).get('state') }}",
        {"dev_cla": "enum", "ops": ["online", "sleeping", "offline"], "avty": [], **_DIAGNOSTIC},
        leaf=STATUS,
    ),
    Entity(
        "next_report_s",
        "Report interval",
        "{{ (value_json | default({})).get('next_report_s') }}",
        {"dev_cla": "duration", "unit_of_meas": "s", "sug_dsp_prc": 0, "avty": [], **_DIAGNOSTIC},
        leaf=STATUS,
    ),
)
