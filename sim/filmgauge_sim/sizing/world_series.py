"""A world hour by hour: what a harvester of 1 cm2 offers, and how warm the node is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.circuit.harvester import PV_UW_CM2_LUX, Light
from filmgauge_sim.nodes.sections import HarvesterSection
from filmgauge_sim.sizing.clouds import HOURS_A_DAY, clear_shares
from filmgauge_sim.sizing.sun import (
    DAYS_A_YEAR,
    Plane,
    clear_sky_w_m2,
    on_plane_w_m2,
    sun_position,
)
from filmgauge_sim.sizing.traces import read_trace
from filmgauge_sim.sizing.world import World, WorldError

Numbers = NDArray[np.float64]

DAYLIGHT_LM_W = 120.0  # assumed: luminous efficacy of daylight, 105 to 130 by sky
HOURS_A_YEAR = DAYS_A_YEAR * HOURS_A_DAY
_HOUR_US = 3_600_000_000
_DAYS_A_WEEK = 7
_MOST_YEARS = 50
_KELVIN_STEP = 0.5  # temperatures are rounded to it, so that few laws of the cell are computed


@dataclass(frozen=True)
class WorldSeries:
    """A value for each hour. offered_uw: of a harvester of 1 cm2, of 1 uW/K2, of 1 uW, or of one
    piece; temperature_c: of the node. of_pieces: whether somebody has measured the power of a
    piece, of which a node may have several, whatever the description says of its harvester."""

    offered_uw: Numbers
    temperature_c: Numbers
    of_pieces: bool = False

    @property
    def years(self) -> float:
        """How long it is."""
        return len(self.offered_uw) / HOURS_A_YEAR


def hourly(
    world: World, harvester: HarvesterSection, years: float, folder: Path = Path()
) -> WorldSeries:
    """Return the series of a world for a kind of harvester.

    Raises WorldError where the world does not have what the harvester lives from, or for less than
    an hour or more than 50 years.
    """
    if not 1.0 <= years * HOURS_A_YEAR <= _MOST_YEARS * HOURS_A_YEAR:
        raise WorldError(f"years must be above 0 and at most {_MOST_YEARS}, not {years:g}")
    count = round(years * HOURS_A_YEAR)
    hours = np.arange(count)
    traces = {
        each.quantity: np.resize(read_trace(folder / each.file, each.quantity), count)
        for each in world.trace
    }
    exact_c = traces.get("temperature_c", _warmth_c(world, hours))
    return WorldSeries(
        offered_uw=_offered_uw(world, harvester, hours, traces, exact_c),
        temperature_c=np.round(exact_c / _KELVIN_STEP) * _KELVIN_STEP,
        of_pieces="power_uw" in traces and harvester.kind != "photovoltaic",
    )


def _offered_uw(
    world: World,
    harvester: HarvesterSection,
    hours: NDArray[np.int64],
    traces: dict[str, Numbers],
    temperature_c: Numbers,
) -> Numbers:
    if "power_uw" in traces:
        return traces["power_uw"]
    if harvester.kind == "photovoltaic":
        return PV_UW_CM2_LUX * _lux(world, hours, traces)
    if harvester.kind == "thermoelectric":
        if world.thermoelectric is None:
            raise WorldError(f"world {world.name} needs [thermoelectric] for this harvester")
        source = world.thermoelectric
        on = _in_week(Light(source.begin_h, source.end_h, 1.0, source.days), hours)
        return on * (source.source_c - temperature_c) ** 2
    if harvester.kind == "charger":
        if world.charger is None:
            raise WorldError(f"world {world.name} needs [charger] for this harvester")
        visits = world.charger
        return _visits(hours, visits.first_h, visits.hours, visits.every_h)
    if harvester.kind == "constant":
        return np.ones(len(hours))
    raise WorldError(
        f"world {world.name} has nothing for harvester.kind = {harvester.kind!r}: it must be"
        " photovoltaic, thermoelectric, charger or constant, or the world must have a trace of"
        " power_uw"
    )


def _lux(world: World, hours: NDArray[np.int64], traces: dict[str, Numbers]) -> Numbers:
    """Return the light on the harvester; daylight counts as much as its lumens."""
    found = traces.get("lux")
    lux = np.zeros(len(hours)) if found is None else found.copy()
    if "w_m2" in traces:
        lux += DAYLIGHT_LM_W * traces["w_m2"]
    if world.sun is not None:
        lux += DAYLIGHT_LM_W * world.sun.arriving_share * _sun_w_m2(world, hours)
    for each in world.light:
        lux += each.lux * _in_week(Light(each.begin_h, each.end_h, each.lux, each.days), hours)
    if not lux.any():
        raise WorldError(f"world {world.name} has no light: [sun], [[light]] or a trace of lux")
    return lux


def _visits(hours: NDArray[np.int64], first_h: float, length_h: float, every_h: float) -> Numbers:
    """Return the share of each hour in which a charger is there."""
    since_h = np.maximum(np.append(hours, len(hours)) - first_h, 0.0)
    visits, in_visit_h = np.divmod(since_h, every_h)
    return np.diff(visits * length_h + np.minimum(in_visit_h, length_h))


def _in_week(span: Light, hours: NDArray[np.int64]) -> Numbers:
    """Return the share of each hour in which something is on that comes on as a light does."""
    day, hour = hours // HOURS_A_DAY % _DAYS_A_WEEK, hours % HOURS_A_DAY
    return _share_of_hours(span)[day * HOURS_A_DAY + hour]


def _share_of_hours(light: Light) -> Numbers:
    """Return the share of each hour of the week in which a light is on."""
    shares = np.zeros(_DAYS_A_WEEK * HOURS_A_DAY)
    begin, end = light.span_us.start / _HOUR_US, light.span_us.stop / _HOUR_US
    for day in range(_DAYS_A_WEEK):
        if light.shines(day, light.span_us.start):
            for hour in range(HOURS_A_DAY):
                shares[day * HOURS_A_DAY + hour] = max(
                    0.0, min(end, hour + 1.0) - max(begin, float(hour))
                )
    return shares


def _sun_w_m2(world: World, hours: NDArray[np.int64]) -> Numbers:
    sun = world.sun
    assert sun is not None
    plane = Plane(sun.latitude_deg, sun.tilt_deg, sun.azimuth_deg)
    position = sun_position(
        plane,
        (hours // HOURS_A_DAY % DAYS_A_YEAR).astype(float),
        (hours % HOURS_A_DAY).astype(float) + 0.5,
    )
    days = -(-len(hours) // HOURS_A_DAY)
    shares = clear_shares(sun.clear_share, days, world.seed)[: len(hours)]
    return on_plane_w_m2(plane, position, clear_sky_w_m2(position) * shares)


def _warmth_c(world: World, hours: NDArray[np.int64]) -> Numbers:
    warmth = world.warmth
    year = 2.0 * np.pi * (hours / HOURS_A_DAY - warmth.coldest_day) / DAYS_A_YEAR
    day = 2.0 * np.pi * (hours % HOURS_A_DAY + 0.5 - warmth.warmest_h) / HOURS_A_DAY
    return warmth.mean_c - warmth.year_swing_c * np.cos(year) + warmth.day_swing_c * np.cos(day)
