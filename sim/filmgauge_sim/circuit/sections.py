"""Sections of a scenario for the circuit of a node that lives from its film."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.harvester import Days

_HARVESTER_KEYS = {
    "constant": ("power_uw",),
    "photovoltaic": ("area_cm2", "light"),
    "thermoelectric": ("source_c", "uw_per_k2"),
    "trace": ("file",),
    "charger": ("charger_uw", "charger_h", "every_h", "first_h"),
}
_MAY_BE_LEFT_OUT = ("source_c", "first_h")


def number(low: float, high: float, text: str) -> Meta:
    """Return bounds and description of a key that is a number."""
    return Meta(ge=low, le=high, description=text)


class CapacitorSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The buffer capacitor that carries the board, with supply film."""

    # All defaults are assumed: a small bank of ceramics, charged, with little leakage.
    capacitance_uf: Annotated[float, number(10, 1e8, "capacitance, uF")] = 100.0
    leakage_mohm: Annotated[float, number(1e-4, 1e6, "leakage across it, Mohm")] = 100.0
    series_ohm: Annotated[float, number(0, 100, "resistance in series with it, ohm")] = 0.1
    start_v: Annotated[float, number(0, 5, "voltage at the start, V")] = 3.3


class ConverterSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The converter between harvester, capacitor, cell and board, with supply film. The voltages
    are those of the capacitor. The cut-offs of the cell, 1.0 and 4.0 V, are fixed."""

    quiescent_na: Annotated[float, number(0, 1e6, "current of its own while it runs, nA")] = (
        Converter.quiescent_na
    )
    peak_efficiency: Annotated[float, number(0.1, 1, "efficiency at high input power")] = (
        Converter.peak_efficiency
    )
    half_uw: Annotated[float, number(0, 1e5, "input power with half of the peak, uW")] = (
        Converter.half_uw
    )
    output_efficiency: Annotated[
        float, number(0.1, 1, "efficiency from the capacitor to board and sensors")
    ] = Converter.output_efficiency
    cold_efficiency: Annotated[float, number(0.001, 1, "efficiency of the cold start")] = (
        Converter.cold_efficiency
    )
    cold_start_uw: Annotated[
        float, number(0, 1e5, "least power of the harvester for a cold start, uW")
    ] = Converter.cold_start_uw
    stop_v: Annotated[float, number(0.5, 5, "lock-out: it stops below, V")] = Converter.stop_v
    start_v: Annotated[float, number(0.5, 5, "it starts again above, V")] = Converter.start_v
    restart_v: Annotated[float, number(0.5, 5, "the board gets its supply back above, V")] = (
        Converter.restart_v
    )
    refill_v: Annotated[float, number(0.5, 5, "it draws from the cell below, V")] = (
        Converter.refill_v
    )
    charge_v: Annotated[float, number(0.5, 5, "it charges the cell above, V")] = Converter.charge_v
    ceiling_v: Annotated[float, number(0.5, 6, "it turns the harvester away above, V")] = (
        Converter.ceiling_v
    )
    hysteresis_v: Annotated[
        float, number(0.01, 1, "of refill_v (upwards), charge_v and ceiling_v (downwards), V")
    ] = Converter.hysteresis_v
    discharge_ua: Annotated[float, number(0.01, 1e5, "current from the cell, uA")] = (
        Converter.discharge_ua
    )
    charge_ua: Annotated[float, number(0.01, 1e5, "current into the cell, uA")] = (
        Converter.charge_ua
    )
    recovery_v: Annotated[
        float, number(0.01, 1, "a path that was cut off opens again this far inside, V")
    ] = Converter.recovery_v
    retry_s: Annotated[float, number(1, 86400, "but not earlier than this, s")] = Converter.retry_s


class LightSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One light over the photovoltaic harvester; lights that are on together add up. A scenario
    begins on a Monday at 0:00."""

    lux: Annotated[float, number(0, 200000, "illuminance, lux")]
    begin_h: Annotated[float, number(0, 24, "hour of the day at which it comes on")] = 0.0
    end_h: Annotated[float, number(0, 24, "hour of the day at which it goes out")] = 24.0
    days: Annotated[Days, Meta(description="days on which it comes on")] = "all"


class HarvesterSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What brings energy in, with supply film."""

    kind: Annotated[
        Literal["none", "constant", "photovoltaic", "thermoelectric", "trace", "charger"],
        Meta(description="what it is; each kind has its own keys"),
    ] = "none"
    power_uw: Annotated[float, number(0, 1e6, "constant: power, uW")] = 0.0
    area_cm2: Annotated[
        float, number(0, 1e4, "photovoltaic: area, cm2; 4 uW/cm2 at 200 lux, linear")
    ] = 0.0
    light: Annotated[list[LightSection], Meta(description="photovoltaic: the lights")] = (
        msgspec.field(default_factory=list)
    )
    source_c: Annotated[
        float, number(-40, 85, "thermoelectric: temperature opposite to the ambient, degC")
    ] = 33.0
    uw_per_k2: Annotated[
        float, number(0, 1e4, "thermoelectric: power at 1 K, growing with the square, uW")
    ] = 0.0
    file: Annotated[
        str, Meta(description="trace: path of a CSV file with the columns time_s and power_uw")
    ] = ""
    charger_uw: Annotated[
        float, number(0, 1e6, "charger: power while it is put to the node, uW")
    ] = 0.0
    charger_h: Annotated[float, number(0, 1e4, "charger: how long it stays, h")] = 0.0
    every_h: Annotated[float, number(0, 1e5, "charger: from visit to visit, h")] = 0.0
    first_h: Annotated[float, number(0, 1e5, "charger: when it first comes, h")] = 0.0


def check_harvester(where: str, harvester: HarvesterSection) -> None:
    """Raise ValueError for a key that is missing or belongs to another kind."""
    plain = HarvesterSection()
    for kind, keys in _HARVESTER_KEYS.items():
        for key in keys:
            given = getattr(harvester, key) != getattr(plain, key)
            if given and kind != harvester.kind:
                raise ValueError(f"{where}.{key} needs kind = {kind!r}")
            if not given and kind == harvester.kind and key not in _MAY_BE_LEFT_OUT:
                raise ValueError(f"{where}.{key} must be given with kind = {kind!r}")
    if harvester.kind == "charger" and harvester.charger_h >= harvester.every_h:
        raise ValueError(f"{where}.charger_h must be below every_h")
    for index, light in enumerate(harvester.light):
        if light.end_h <= light.begin_h:
            raise ValueError(f"{where}.light[{index}].end_h must be above begin_h")
