"""A charger that comes and goes: its times and its power."""

import pytest

from filmgauge_sim.circuit.charger import Charger

HOUR_US = 3_600_000_000


def test_it_comes_goes_and_comes_again() -> None:
    charger = Charger(peak_uw=200.0, hours=6.0, every_h=48.0, first_h=42.0)
    now_us, changes = 0, []
    for _ in range(6):
        changes.append((now_us / HOUR_US, charger.power_uw(now_us)))
        assert charger.power_uw(charger.holds_until_us(now_us) - 1) == charger.power_uw(now_us)
        now_us = charger.holds_until_us(now_us)
    assert changes == [(0, 0), (42, 200), (48, 0), (90, 200), (96, 0), (138, 200)]


def test_it_may_be_there_from_the_start() -> None:
    charger = Charger(peak_uw=5.0, hours=0.5, every_h=1.0)
    assert charger.power_uw(0) == 5.0
    assert charger.holds_until_us(0) == HOUR_US // 2


@pytest.mark.parametrize("hours", [0.0, 48.0, 50.0])
def test_it_has_to_go_before_it_comes_again(hours: float) -> None:
    with pytest.raises(ValueError, match="charger hours"):
        Charger(peak_uw=1.0, hours=hours, every_h=48.0)
