"""The buffer capacitor against textbook cases and a fine integration of its circuit."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from filmgauge_sim.circuit.capacitor import Capacitor

NO_LEAK_MOHM = 1e9


def integrated(part: Capacitor, volts: float, taken_uw: float, time_s: float) -> list[float]:
    """Return (V, uJ leaked, uJ in series) by 4000 steps of Runge and Kutta on the circuit."""

    def rates(state: list[float]) -> list[float]:
        v = state[0]
        root = math.sqrt(v * v - 4e-6 * taken_uw * part.series_ohm)
        terminal_ua = taken_uw / ((v + root) / 2) if taken_uw else 0.0
        leak_ua = v / part.leakage_mohm
        return [
            -(terminal_ua + leak_ua) / part.capacitance_uf,
            v * leak_ua,
            terminal_ua**2 * part.series_ohm * 1e-6,
        ]

    def moved(state: list[float], rate: list[float], step_s: float) -> list[float]:
        return [value + step_s * slope for value, slope in zip(state, rate, strict=True)]

    state, step_s = [volts, 0.0, 0.0], time_s / 4000
    for _ in range(4000):
        a = rates(state)
        b = rates(moved(state, a, step_s / 2))
        c = rates(moved(state, b, step_s / 2))
        d = rates(moved(state, c, step_s))
        mean = [(w + 2 * x + 2 * y + z) / 6 for w, x, y, z in zip(a, b, c, d, strict=True)]
        state = moved(state, mean, step_s)
    return state


def test_without_leakage_the_energy_falls_linearly() -> None:
    part = Capacitor(100.0, NO_LEAK_MOHM)
    # 100 uF from 3.3 V to 2.5 V hold 232 uJ: at 1 mW that is 232 ms.
    assert part.time_to_s(3.3, 1000.0, 2.5) == pytest.approx(0.232, rel=1e-9)
    assert part.after(3.3, 1000.0, 0.232)[0] == pytest.approx(2.5, rel=1e-9)


@pytest.mark.parametrize("series_ohm", [0.0, 10.0])
def test_leak_down_is_the_exponential_of_its_time_constant(series_ohm: float) -> None:
    part = Capacitor(100.0, 20.0, series_ohm)  # 2000 s; without current no drop in series
    after_v, _, series_uj = part.after(3.0, 0.0, 5000.0)
    assert after_v == pytest.approx(3.0 * math.exp(-2.5), rel=1e-12)
    assert series_uj == 0.0
    assert part.time_to_s(3.0, 0.0, 1.5) == pytest.approx(2000.0 * math.log(2), rel=1e-12)


def test_what_a_power_finds_is_what_it_takes_until_then() -> None:
    """Beside the time that the closed form gives; through 100 ohm 20 mW leave 1.5 V of 3."""
    for series_ohm in (0.0, 5.0, 40.0):
        part = Capacitor(4700.0, NO_LEAK_MOHM, series_ohm)
        begin_v = part.terminal_v(3.0, 20_000.0)
        time_s = part.time_to_s(begin_v, 20_000.0, 2.1)
        assert time_s is not None
        found_uj = part.usable_uj(3.0, 20_000.0, 2.1)
        assert found_uj == pytest.approx(20_000.0 * time_s, rel=1e-5)
    assert Capacitor(4700.0, NO_LEAK_MOHM).usable_uj(3.0, 1.0, 2.0) == pytest.approx(11_750.0)
    assert Capacitor(4700.0, NO_LEAK_MOHM, 100.0).usable_uj(3.0, 20_000.0, 2.1) == 0.0
    assert Capacitor(4700.0, NO_LEAK_MOHM, 100.0).usable_uj(3.0, 25_000.0, 2.1) == 0.0


def test_terminals_under_load_solve_the_series_circuit() -> None:
    part = Capacitor(100.0, 20.0, 10.0)
    u = part.terminal_v(3.0, 50_000.0)
    assert u + 10.0 * 0.05 / u == pytest.approx(3.0, rel=1e-12)
    assert part.terminal_v(1.0, 30_000.0) == 0.0  # at most V^2 / 4 R = 25 mW


def test_weak_harvest_never_reaches_what_leaks() -> None:
    part = Capacitor(100.0, 10.0)  # at 3 V 0.9 uW leak
    assert part.time_to_s(1.0, -0.5, 3.0) is None
    assert part.after(0.0, -0.9, 1e7)[0] == pytest.approx(3.0, rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(1, 1e5),
    st.floats(0.01, 1e4),
    st.sampled_from([0.0, 0.01, 1.0, 20.0]),
    st.floats(1.0, 5.0),
    st.floats(-20_000, 20_000),
    st.floats(0.01, 0.9),
)
def test_closed_form_against_integration(
    capacitance_uf: float, leak: float, series: float, volts: float, power: float, share: float
) -> None:
    assume(power == 0.0 or abs(power) > 1e-3)
    part = Capacitor(capacitance_uf, leak, series)
    assume(part.terminal_v(volts, power) > 2.0 * part.collapse_v(power))
    least_s = capacitance_uf * leak
    time_s = 0.3 * share * min(least_s, part.energy_uj(volts) / max(abs(power), 1e-9))
    after_v, leakage_uj, series_uj = part.after(volts, power, time_s)
    assume(part.terminal_v(after_v, power) > 0.1)
    witness = integrated(part, volts, power, time_s)
    turned_uj = part.energy_uj(volts) + abs(power) * time_s
    assert after_v == pytest.approx(witness[0], rel=1e-8)
    assert leakage_uj == pytest.approx(witness[1], abs=1e-8 * turned_uj)
    assert series_uj == pytest.approx(witness[2], abs=1e-8 * turned_uj)
    stored_uj = part.energy_uj(after_v) - part.energy_uj(volts)
    balance_uj = stored_uj + power * time_s + leakage_uj + series_uj
    assert abs(balance_uj) <= 1e-9 * turned_uj


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("capacitance_uf", (0.0, 1.0, 0.0)),
        ("leakage_mohm", (1.0, 0.0, 0.0)),
        ("series_ohm", (1.0, 1.0, -1.0)),
    ],
)
def test_impossible_parts_are_refused(field: str, values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match=field):
        Capacitor(*values)
