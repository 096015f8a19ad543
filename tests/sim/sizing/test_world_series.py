"""Worlds of files: what they offer hour by hour, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from filmgauge_sim.circuit.harvester import TraceHarvester
from filmgauge_sim.nodes.sections import HarvesterSection
from filmgauge_sim.sizing.traces import read_trace
from filmgauge_sim.sizing.world import World, WorldError, available_worlds, load_world, world_from
from filmgauge_sim.sizing.world_series import hourly

PV = HarvesterSection(kind="photovoltaic", area_cm2=1.0)
PVGIS = """\
Latitude (decimal degrees):\t50.000
Longitude (decimal degrees):\t8.000
Radiation database:\tPVGIS-SARAH3

time,P,G(i),H_sun,T2m,WS10m,Int
20200101:0010,0.0,0.0,0.0,1.45,2.1,0.0
20200101:0110,0.0,120.0,10.0,2.5,2.2,0.0
20200101:0210,0.0,360.0,20.0,-3.0,2.4,0.0

P: PV system power (W)
T2m: 2-m air temperature (degree Celsius)
"""


def world(**table) -> World:
    return world_from({"name": "test", **table})


def test_lamps_give_what_the_facts_say() -> None:
    """4 uW/cm2 at 200 lux; on from 8:30 to 10 on working days."""
    lamp = {"lux": 200.0, "begin_h": 8.5, "end_h": 10.0, "days": "weekdays"}
    series = hourly(world(light=[lamp]), PV, 14 / 365)
    hours = series.offered_uw.reshape(14, 24)
    assert hours[0, 7:11] == pytest.approx([0.0, 2.0, 4.0, 0.0])
    assert hours[[5, 6, 12, 13]].sum() == 0.0
    assert hours.sum() == pytest.approx(10 * 6.0)


def test_a_file_of_pvgis_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "pvgis.csv").write_text(PVGIS)
    traces = [
        {"file": "pvgis.csv", "quantity": "w_m2"},
        {"file": "pvgis.csv", "quantity": "temperature_c"},
    ]
    series = hourly(world(trace=traces), PV, 6 / 8760, tmp_path)
    # 120 lm/W of daylight: 120 W/m2 are 14,400 lux.
    assert series.offered_uw == pytest.approx([0.0, 288.0, 864.0] * 2)
    assert series.temperature_c == pytest.approx([1.5, 2.5, -3.0] * 2)


def test_dates_without_hyphens_are_dates(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("day,lux\n20250101,100\n20250102,200\n")
    trace = [{"file": "trace.csv", "quantity": "lux"}]
    lux = hourly(world(trace=trace), PV, 25 / 8760, tmp_path).offered_uw / 0.02
    assert lux == pytest.approx([100.0] * 24 + [200.0])


def test_a_trace_of_power_is_the_energy_that_a_scenario_makes_of_it(tmp_path: Path) -> None:
    """Rows that are seldom in the dark and frequent in a burst."""
    burst = "".join(f"{at},{1000 if at < 3600 else 0}\n" for at in range(3500, 3700, 10))
    path = tmp_path / "trace.csv"
    path.write_text("time_s,power_uw\n0,0\n" + burst + "8000,400\n12000,0\n20000,7\n")
    harvester, hours = TraceHarvester.read(path), 6
    wanted_uj, now_us = [0.0] * hours, 0
    while now_us < hours * 3_600_000_000:
        hour = now_us // 3_600_000_000
        until_us = min(harvester.holds_until_us(now_us), (hour + 1) * 3_600_000_000)
        wanted_uj[hour] += 1e-6 * (until_us - now_us) * harvester.power_uw(now_us)
        now_us = until_us
    assert wanted_uj[0] == pytest.approx(100_000.0)
    assert 3600.0 * read_trace(path, "power_uw") == pytest.approx(wanted_uj)


def test_the_months_of_a_typical_year_follow_each_other(tmp_path: Path) -> None:
    """PVGIS takes each of them from another year, and the next may be an earlier one."""
    months = ((2007, 1), (2012, 2), (2005, 3))
    hours = [
        f"{year}{month:02d}{day + 1:02d}:{hour:02d}00,5.0,{100 * month}.0"
        for year, month in months
        for day in range((31, 28, 31)[month - 1])
        for hour in range(24)
    ]
    text = "time(UTC),T2m,G(h)\n" + "\n".join(hours) + "\n\nT2m: 2-m air temperature, degC\n"
    path = tmp_path / "tmy.csv"
    path.write_text(text)
    wanted = np.repeat([100.0, 200.0, 300.0], [31 * 24, 28 * 24, 31 * 24])
    assert read_trace(path, "w_m2") == pytest.approx(wanted)
    path.write_text(text.replace("time(UTC)", "time"))  # a course that has no such name
    with pytest.raises(WorldError, match="times must rise"):
        read_trace(path, "w_m2")
    path.write_text(text.replace("time(UTC)", "time").replace("2005", "2016"))
    with pytest.raises(WorldError, match=r"'20120201:0000.* must come at most 7 days .* not 1826"):
        read_trace(path, "w_m2")


@pytest.mark.parametrize(
    "end", ["", "\nG(i): irradiance, W/m2\nPVGIS (c) European Union, 2001-2024\n"]
)
@pytest.mark.parametrize(
    "spoilt", ["20250103,", "20250103,OVERFLOW", "20250103,NaN", "03.01.2025,5", "03.01.2025,x"]
)
def test_a_measurement_that_ends_in_spoilt_rows_is_refused(
    tmp_path: Path, spoilt: str, end: str
) -> None:
    """What is left of it would be repeated for years; text below a table is none of it."""
    path = tmp_path / "trace.csv"
    days = "day,lux\n20250101,100\n20250102,200\n"
    path.write_text(days + end)
    assert len(read_trace(path, "lux")) == 25
    path.write_text(f"{days}{spoilt}\n{spoilt}\n{end}")
    with pytest.raises(WorldError, match=spoilt):
        read_trace(path, "lux")


def test_rows_between_hours_are_averaged_and_gaps_hold(tmp_path: Path) -> None:
    rows = "time_s,power_uw\n0,1\n1800,3\n3600,10\n14400,5\n"
    (tmp_path / "trace.csv").write_text(rows)
    trace = [{"file": "trace.csv", "quantity": "power_uw"}]
    series = hourly(world(trace=trace), PV, 5 / 8760, tmp_path)
    assert series.offered_uw == pytest.approx([2.0, 10.0, 10.0, 10.0, 5.0])


def test_a_thermoelectric_source_goes_with_the_square() -> None:
    place = world(warmth={"mean_c": 60.0}, thermoelectric={"source_c": 50.0})
    series = hourly(place, HarvesterSection(kind="thermoelectric", uw_per_k2=1.0), 0.01)
    assert series.offered_uw == pytest.approx(np.full(88, 100.0))


def test_a_source_that_is_warm_in_shifts_gives_in_shifts() -> None:
    source = {"source_c": 50.0, "begin_h": 6.0, "end_h": 7.5, "days": "weekends"}
    place = world(warmth={"mean_c": 60.0}, thermoelectric=source)
    kind = HarvesterSection(kind="thermoelectric", uw_per_k2=1.0)
    days = hourly(place, kind, 7 / 365).offered_uw.reshape(7, 24)
    assert days[:5].sum() == 0.0
    assert days[5:, 5:9] == pytest.approx(np.array([[0.0, 100.0, 50.0, 0.0]] * 2))


def test_a_charger_comes_as_often_as_it_is_said_to() -> None:
    """Three and a half hours every two days and a half hour, first after 1.5 hours."""
    place = world(charger={"hours": 3.5, "every_h": 48.5, "first_h": 1.5})
    hours = hourly(place, HarvesterSection(kind="charger", power_uw=1.0), 0.5).offered_uw
    assert hours[:7] == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0])
    assert hours[49:55] == pytest.approx([0.0, 1.0, 1.0, 1.0, 0.5, 0.0])
    assert hours.mean() == pytest.approx(3.5 / 48.5, rel=0.01)


def test_a_charger_that_comes_several_times_an_hour_is_there_for_its_share() -> None:
    place = world(charger={"hours": 0.1, "every_h": 0.25, "first_h": 0.5})
    hours = hourly(place, HarvesterSection(kind="charger", power_uw=1.0), 4 / 8760).offered_uw
    assert hours == pytest.approx([0.2, 0.4, 0.4, 0.4])


def test_a_year_is_coldest_on_its_day_and_warmest_in_its_hour() -> None:
    warmth = {"mean_c": 10.0, "year_swing_c": 12.0, "coldest_day": 30, "day_swing_c": 4.0}
    light = [{"lux": 100.0}]
    days = hourly(world(warmth=warmth, light=light), PV, 1.0).temperature_c.reshape(365, 24)
    means = days.mean(axis=1)
    assert (means[30], means[212]) == pytest.approx((means.min(), means.max()), abs=1e-9)
    assert (days.min(), days.max()) == pytest.approx((-6.0, 26.0), abs=0.5)
    assert set(days.argmax(axis=1)) <= {13, 14, 15}  # half degrees


@pytest.mark.parametrize("name", available_worlds())
def test_every_world_of_the_package_has_a_year(name: str) -> None:
    place, folder = load_world(name)
    kind = {"machine": "thermoelectric", "body": "charger"}.get(name, "photovoltaic")
    harvester = HarvesterSection(kind=kind)
    series = hourly(place, harvester, 1.0, folder)
    assert len(series.offered_uw) == len(series.temperature_c) == 8760
    assert series.offered_uw.min() >= 0.0
    assert series.offered_uw.mean() > 0.1
    assert place.summary


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"sun": {"latitude_deg": 95.0}}, "latitude_deg"),
        ({"light": [{"lux": 10.0, "begin_h": 9.0, "end_h": 8.0}]}, "end_h must be above begin_h"),
        ({"warmth": {"mean_c": 400.0}}, "mean_c"),
        (
            {"warmth": {"mean_c": -30.0, "year_swing_c": 8.0, "day_swing_c": 3.0}},
            "must be within -40 to 85 degC, not -41 to -19",
        ),
        ({"lamps": []}, "lamps"),
        ({"trace": [{"file": "a", "quantity": "lux"}] * 2}, "one of lux"),
    ],
)
def test_a_wrong_world_is_one_sentence(table: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        world(**table)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n", "no column"),
        ("time_s,lux\n0,1\n", "two rows"),
        ("time_s,lux\n0,1\n0,2\n", "must rise"),
        ("time_s,lux\n0,1\n3600,-5\n", "lux must be from 0 to 200000"),
        ("time_s,lux\nsoon,1\n", "no time and number"),
        ("time_s,lux\n0,nan\n3600,1\n", "lux must be from"),
        ("time_s,lux\n0,1\n3600,\n7200,1\n", "'3600,' has no time and number"),
        ("time_s,lux\n0,1\nnan,1\n7200,1\n", "'nan,1' has no time and number"),
        ("time,lux\n0,1\n3600,1\n", "'0,1' has no time and number"),
        ("time_s,lux\n0,3,5\n3600,4,5\n", "'0,3,5' has more cells than the header"),
        ("time_s,lux\n0,1\n604801,1\n", "'604801,1' must come at most 7 days after"),
        ('time_s,lux\n0,1\n3600,"' + 140_000 * "1" + '"\n', "is no CSV"),
    ],
)
def test_a_wrong_trace_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "trace.csv").write_text(text)
    place = world(trace=[{"file": "trace.csv", "quantity": "lux"}])
    with pytest.raises(WorldError, match=sentence):
        hourly(place, PV, 0.01, tmp_path)


def test_a_world_without_light_or_warmth_says_what_it_needs() -> None:
    with pytest.raises(WorldError, match="has no light"):
        hourly(world(), PV, 0.01)
    with pytest.raises(WorldError, match=r"needs \[thermoelectric\]"):
        hourly(world(), HarvesterSection(kind="thermoelectric"), 0.01)
    with pytest.raises(WorldError, match="neither a file nor one of the worlds"):
        load_world("moon")
