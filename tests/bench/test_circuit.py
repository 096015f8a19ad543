"""The equivalent circuit against closed forms and a fine integration."""

import math

import pytest

from bench.circuit import EquivalentCircuit

CHARGES, VOLTAGES = [0.0, 0.4, 1.0], [1.0, 2.0, 3.2]


def circuit(start: float = 0.5) -> EquivalentCircuit:
    spec = {"charges": CHARGES, "voltages": VOLTAGES, "capacity_uah": 10.0, "series_ohm": 50.0}
    spec |= {"pairs_ohm_f": [(200.0, 0.1), (400.0, 2.0)], "start": start}
    return EquivalentCircuit(spec)


def test_table_and_resistor_at_once() -> None:
    assert circuit().voltage_v(0.0) == pytest.approx(2.2)
    assert circuit().voltage_v(-1000.0) == pytest.approx(2.2 - 0.05)
    assert circuit(0.2).voltage_v(0.0) == pytest.approx(1.5)


def test_the_pairs_charge_exponentially_and_the_charge_counts() -> None:
    part = circuit()
    part.advance(-100.0, 30.0)
    pairs = 0.02 * (1 - math.exp(-30 / 20)) + 0.04 * (1 - math.exp(-30 / 800))
    charge = 0.5 - 100.0 * 30.0 / 36_000.0
    assert part.stoichiometry == pytest.approx(charge)
    assert part.voltage_v(-100.0) == pytest.approx(2.0 + 2 * (charge - 0.4) - 0.005 - pairs)


def test_against_small_explicit_steps() -> None:
    part, fast, slow, charge = circuit(), 0.0, 0.0, 0.5
    step_s = 1e-3
    for current, duration_s in ((-50.0, 7.0), (20.0, 11.0), (0.0, 5.0)):
        part.advance(current, duration_s)
        for _ in range(round(duration_s / step_s)):
            fast += step_s * (-fast / 20.0 + current * 1e-6 / 0.1)
            slow += step_s * (-slow / 800.0 + current * 1e-6 / 2.0)
            charge += step_s * current / 36_000.0
    expected = 2.0 + 2 * (charge - 0.4) + fast + slow
    assert part.voltage_v(0.0) == pytest.approx(expected, abs=1e-6)


def test_a_step_may_be_split_anywhere() -> None:
    whole, parts = circuit(), circuit()
    whole.advance(-80.0, 100.0)
    for share in (0.001, 0.1, 0.899):
        parts.advance(-80.0, share * 100.0)
    assert parts.voltage_v(-80.0) == pytest.approx(whole.voltage_v(-80.0), abs=1e-12)
