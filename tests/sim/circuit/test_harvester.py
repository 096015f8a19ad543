"""What harvesters offer, by hand-made figures."""

from pathlib import Path

import pytest

from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.harvester import (
    Charger,
    HarvesterError,
    Light,
    Photovoltaic,
    Thermoelectric,
    TraceHarvester,
)

HOUR_US = 3_600_000_000
OFFICE = [Light(8, 18, 200, "weekdays"), Light(10, 16, 300)]


@pytest.mark.parametrize(
    ("day", "hour", "lux"),
    [(0, 7.99, 0), (0, 8, 200), (4, 12, 500), (4, 18, 0), (5, 9, 0), (6, 12, 300), (7, 9, 200)],
)
def test_office_window_over_the_week(day: int, hour: float, lux: float) -> None:
    window = Photovoltaic(10.0, OFFICE)
    now_us = round((24 * day + hour) * HOUR_US)
    assert window.power_uw(now_us) == pytest.approx(10.0 * 4.0 * lux / 200)
    assert window.peak_uw == pytest.approx(100.0)


def test_power_holds_as_long_as_it_says() -> None:
    window, now_us, edges = Photovoltaic(1.0, OFFICE), 0, []
    while now_us < 24 * HOUR_US:
        until_us = window.holds_until_us(now_us)
        assert window.power_uw(until_us - 1) == window.power_uw(now_us)
        edges.append(until_us / HOUR_US)
        now_us = until_us
    assert edges == [8, 10, 16, 18, 24]


def test_thermoelectric_grows_with_the_square() -> None:
    worn = Thermoelectric(33.0, 0.5, Ambient(23.0))
    assert worn.power_uw(0) == pytest.approx(50.0)
    assert worn.peak_uw == pytest.approx(50.0)


def test_a_trace_holds_each_power_until_the_next(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("time_s,power_uw\n10,5\n20,0\n30,7.5\n")
    trace = TraceHarvester.read(path)
    powers = [trace.power_uw(second * 1_000_000) for second in (0, 10, 19, 20, 30, 999)]
    assert powers == [0, 5, 5, 0, 7.5, 7.5]
    assert trace.holds_until_us(12_000_000) == 20_000_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("time_s,power_uw\n", "at least one line"),
        ("time,power_uw\n1,2\n", "time_s"),
        ("time_s,power_uw\n1,much\n", "numbers"),
        ("time_s,power_uw\n1,2\n1,3\n", "line 2"),
        ("time_s,power_uw\n1,-2\n", "from 0"),
        ("time_s,power_uw\n1,nan\n", "from 0"),
        ("time_s,power_uw\n1,2\n2,3,5\n", "line 2 has more cells than the header"),
    ],
)
def test_wrong_traces_are_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(HarvesterError, match=reason):
        TraceHarvester.read(path)


def test_a_charger_comes_goes_and_comes_again() -> None:
    charger = Charger(peak_uw=200.0, hours=6.0, every_h=48.0, first_h=42.0)
    now_us, changes = 0, []
    for _ in range(6):
        changes.append((now_us / HOUR_US, charger.power_uw(now_us)))
        assert charger.power_uw(charger.holds_until_us(now_us) - 1) == charger.power_uw(now_us)
        now_us = charger.holds_until_us(now_us)
    assert changes == [(0, 0), (42, 200), (48, 0), (90, 200), (96, 0), (138, 200)]


def test_a_charger_may_be_there_from_the_start() -> None:
    charger = Charger(peak_uw=5.0, hours=0.5, every_h=1.0)
    assert charger.power_uw(0) == 5.0
    assert charger.holds_until_us(0) == HOUR_US // 2


@pytest.mark.parametrize("hours", [0.0, 48.0, 50.0])
def test_a_charger_has_to_go_before_it_comes_again(hours: float) -> None:
    with pytest.raises(ValueError, match="charger hours"):
        Charger(peak_uw=1.0, hours=hours, every_h=48.0)
