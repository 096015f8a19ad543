"""The world that a node is sized for: light, warmth and other sources over years, as TOML.

world = load_world("office")                # one of the package, or a file
series = hourly(world, years=10)            # world_series.py
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from filmgauge_sim.cell.isothermal import HIGHEST_C, LOWEST_C
from filmgauge_sim.circuit.harvester import Days
from filmgauge_sim.file_text import TomlError, parse_toml
from filmgauge_sim.nodes.surroundings import ChargerSection, LightSection
from filmgauge_sim.nodes.tables import Table, bounded, from_table


class WorldError(ValueError):
    """A world is wrong; one sentence with file, key and bound."""


class SunSection(Table, frozen=True):
    """Daylight on the harvester: clear sky by latitude, clouds by chance."""

    latitude_deg: Annotated[float, bounded(-66, 66, "latitude, north is positive, deg")]
    tilt_deg: Annotated[float, bounded(0, 90, "0 lies flat, 90 stands upright, deg")] = 0.0
    azimuth_deg: Annotated[float, bounded(0, 360, "where it faces: 180 is south, deg")] = 180.0
    clear_share: Annotated[
        float, bounded(0.08, 1, "mean share of the clear sky's light that clouds leave")
    ] = 0.55
    arriving_share: Annotated[
        float,
        bounded(0, 1, "share of it that gets to the harvester: windows, shade, depth of a room"),
    ] = 1.0


class WarmthSection(Table, frozen=True):
    """Temperature of the node: a mean, a yearly and a daily swing."""

    mean_c: Annotated[float, bounded(-40, 85, "mean, degC")] = 22.0
    year_swing_c: Annotated[float, bounded(0, 40, "amplitude over the year, degC")] = 0.0
    coldest_day: Annotated[int, bounded(0, 364, "day of the year at which it is coldest")] = 20
    day_swing_c: Annotated[float, bounded(0, 40, "amplitude over the day, degC")] = 0.0
    warmest_h: Annotated[float, bounded(0, 24, "hour of the day at which it is warmest")] = 15.0


class TraceSection(Table, frozen=True):
    """A measured course, hour by hour, which begins again when it ends: a CSV file with a header,
    or an hourly file of PVGIS."""

    file: Annotated[str, Meta(description="path of the file, from that of the world")]
    quantity: Annotated[
        Literal["lux", "w_m2", "power_uw", "temperature_c"],
        Meta(
            description="which column: light on the harvester, W/m2 on it, power of a source of"
            " 1 cm2 or of one piece, or temperature"
        ),
    ]


class ThermoelectricSection(Table, frozen=True):
    """A warm side opposite to the node's own temperature, for a thermoelectric harvester."""

    source_c: Annotated[float, bounded(-40, 200, "temperature of the other side, degC")] = 60.0
    begin_h: Annotated[float, bounded(0, 24, "hour of the day from which it is so")] = 0.0
    end_h: Annotated[float, bounded(0, 24, "hour until which; then it is as the node")] = 24.0
    days: Annotated[Days, Meta(description="days on which it is so")] = "all"


class World(Table, frozen=True):
    """A world. It begins on a Monday, the first of January, at 0:00."""

    name: Annotated[str, Meta(description="name")]
    summary: Annotated[str, Meta(description="one sentence")] = ""
    seed: Annotated[int, bounded(0, 2**31 - 1, "of clouds")] = 1
    light: Annotated[list[LightSection], Meta(description="lamps over the harvester")] = (
        msgspec.field(default_factory=list)
    )
    sun: SunSection | None = None
    warmth: WarmthSection = msgspec.field(default_factory=WarmthSection)
    thermoelectric: ThermoelectricSection | None = None
    charger: ChargerSection | None = None
    trace: Annotated[list[TraceSection], Meta(description="measured courses")] = msgspec.field(
        default_factory=list
    )


def available_worlds() -> list[str]:
    """Return the names of the worlds that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir())


def load_world(name_or_path: str) -> tuple[World, Path]:
    """Return a world, and the folder from which its paths count. Raises WorldError."""
    if name_or_path in available_worlds():
        text, folder = (_folder() / f"{name_or_path}.toml").read_text(encoding="utf-8"), Path()
    else:
        path = Path(name_or_path)
        folder = path.parent
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            known = ", ".join(available_worlds())
            raise WorldError(
                f"{name_or_path}: neither a file nor one of the worlds {known}"
            ) from None
        except UnicodeDecodeError as error:
            raise WorldError(f"{name_or_path}: not TOML: {error}") from None
        except OSError as error:
            raise WorldError(f"{name_or_path} cannot be read: {error.strerror}") from None
    try:
        return world_from(parse_toml(text)), folder
    except TomlError as error:
        raise WorldError(f"{name_or_path}: not TOML: {error}") from None
    except ValueError as error:
        raise WorldError(f"{name_or_path}: {error}") from None


def world_from(table: dict[str, Any]) -> World:
    """Return the world that a table of TOML holds. Raises ValueError, one sentence."""
    world = from_table(table, World)
    for index, light in enumerate(world.light):
        if not light.begin_h < light.end_h:
            raise ValueError(f"light[{index}].end_h must be above begin_h")
    warmth = world.warmth
    swing_c = warmth.year_swing_c + warmth.day_swing_c
    if warmth.mean_c - swing_c < LOWEST_C or warmth.mean_c + swing_c > HIGHEST_C:
        raise ValueError(
            f"warmth.mean_c and its swings must be within {LOWEST_C:g} to {HIGHEST_C:g} degC, not"
            f" {warmth.mean_c - swing_c:g} to {warmth.mean_c + swing_c:g}"
        )
    source, charger = world.thermoelectric, world.charger
    if source is not None and not source.begin_h < source.end_h:
        raise ValueError("thermoelectric.end_h must be above begin_h")
    if charger is not None and not charger.hours < charger.every_h:
        raise ValueError("charger.hours must be below every_h")
    quantities = [each.quantity for each in world.trace]
    for quantity in quantities:
        if quantities.count(quantity) > 1:
            raise ValueError(f"trace: there must be one of {quantity}")
    return world


def _folder() -> Any:
    return files("filmgauge_sim.sizing") / "worlds"
