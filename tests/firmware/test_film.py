"""The film model against closed forms, and over everything that a sensor can deliver."""

import math

from cells import VALUES, cell
from expect import close
from noise import Noise

from filmgauge.gauge.film import Film
from filmgauge.gauge.profile import FIELDS

R = 8.314462618  # J / (mol K)
F = 96485.33212  # C / mol
CELSIUS = (-2000, 0, 2500, 3700, 6000)
# ohm cm2 of LiPON at CELSIUS for 0.55 eV, printed in facts/model.md with two or three digits
LIPON = (2930, 462, 65, 28, 6.9)


def arrhenius(joule_per_mol, cdeg):
    """Return the rate at a temperature over the rate at 25 degC."""
    return math.exp(-joule_per_mol / R * (1 / (273.15 + cdeg / 100) - 1 / 298.15))


def steady_ppm(current_pa, cdeg=2500):
    """Return i tau / (3 Q) of the test cell in ppm."""
    full_uah = VALUES["capacity_nah_cm2"] / 1e3 * VALUES["area_ucm2"] / 1e6
    tau_h = VALUES["tau_ms"] / 3.6e6 / arrhenius(VALUES["tau_activation_j_mol"], cdeg)
    return 1e6 * current_pa / 1e6 * tau_h / (3 * full_uah)


def end_voltage_uv(values, surface, current_pa, cdeg, drain_pa=0):
    """Return the voltage of a cell near an end: the forward model of what Film inverts."""
    sign = 1 if current_pa > 0 else -1
    density = (current_pa - drain_pa) * 1e-12 / (values["area_ucm2"] * 1e-6)  # A / cm2
    speed = arrhenius(values["interface_activation_j_mol"], cdeg)
    kinetic = 2 * R * (273.15 + cdeg / 100) / F
    kinetic *= math.asinh(density / (2 * values["exchange_pa_cm2"] * 1e-12 * speed))
    ohm_cm2 = values["lipon_mohm_cm2"] / arrhenius(values["lipon_activation_j_mol"], cdeg)
    ohm_cm2 = (ohm_cm2 + values["contact_mohm_cm2"] / speed) / 1e3
    uv = values["middle_uv"] + values["slope_uv"] * (surface - 0.5)
    uv += values["high_end_uv"] * math.exp(-(1 - surface) * 1e6 / values["high_end_width_ppm"])
    uv -= values["low_end_uv"] * math.exp(-surface * 1e6 / values["low_end_width_ppm"])
    return round(uv + sign * values["hysteresis_uv"] + 1e6 * (kinetic + density * ohm_cm2))


def test_steady_lag():
    film = Film(cell(slow_share_ppm=0))
    for current_pa in (1000, 100000, 1000000, 10000000, -1000000):
        for cdeg in CELSIUS:
            expected = steady_ppm(current_pa, cdeg)
            assert close(film.lag_ppm(current_pa, cdeg), expected, 1e-4, 1.1)


def test_steady_lag_by_hand():
    # 1 uA on 13.212 uAh with 1.253 h: 1.253 / (3 * 13.212) = 3.1613 %
    assert close(Film(cell(slow_share_ppm=0)).lag_ppm(1000000, 2500), 31613, absolute=2)


def test_temperature_factors():
    film = Film(cell(slow_share_ppm=0))
    for index in range(len(CELSIUS)):
        cdeg, lipon = CELSIUS[index], LIPON[index]
        factor = film.lag_ppm(1000000, cdeg) / film.lag_ppm(1000000, 2500)
        assert close(factor, arrhenius(53067, cdeg) ** -1, 3e-3)
        assert close(factor, lipon / 65, 0.02)


def test_no_activation_means_no_temperature():
    film = Film(cell(slow_share_ppm=0, tau_activation_j_mol=0))
    lags = [film.lag_ppm(1000000, cdeg) for cdeg in CELSIUS]
    assert max(lags) - min(lags) <= 1


def test_share_of_the_slow_mode():
    film = Film(cell(slow_share_ppm=620000))
    assert close(film.lag_ppm(1000000, 2500), 0.38 * steady_ppm(1000000), absolute=2)
    film.step(1000000, 2500, 10 * VALUES["tau_ms"])
    assert close(film.slow_lag_ppb / 1000, 0.62 * steady_ppm(1000000), absolute=2)
    assert close(film.lag_ppm(1000000, 2500), steady_ppm(1000000), absolute=3)
    assert film.lag_ppm(0, 2500) == int(film.slow_lag_ppb / 1000)


def test_relaxation_is_the_closed_form():
    for cdeg in CELSIUS:
        tau_ms = VALUES["tau_ms"] / arrhenius(VALUES["tau_activation_j_mol"], cdeg)
        for fraction in (0.001, 0.01, 0.05, 0.1, 0.3):
            film = Film(cell())
            film.slow_lag_ppb = 200000000
            elapsed = int(tau_ms * fraction)
            film.step(0, cdeg, elapsed)
            expected = 200000 * math.exp(-(math.pi**2) * elapsed / tau_ms)
            assert close(film.slow_lag_ppb / 1000, expected, absolute=3)


def test_growth_is_the_closed_form():
    for elapsed in (1000, 60000, 600000, 3600000):
        film = Film(cell(slow_share_ppm=1000000))
        film.step(-2000000, 2500, elapsed)
        kept = math.exp(-(math.pi**2) * elapsed / VALUES["tau_ms"])
        assert close(film.slow_lag_ppb / 1000, -2 * steady_ppm(1000000) * (1 - kept), 1e-3, 2)


def test_many_steps_equal_one():
    one = Film(cell())
    many = Film(cell())
    one.step(3000000, 2500, 3600000)
    for _ in range(60):
        many.step(3000000, 2500, 60000)
    assert close(many.slow_lag_ppb, one.slow_lag_ppb, absolute=5000)


def test_no_time_changes_nothing():
    film = Film(cell())
    film.slow_lag_ppb = -12345
    film.step(100000000, -4000, 0)
    assert film.slow_lag_ppb == -12345


def test_a_cold_cell_relaxes_in_short_steps_too():
    film = Film(cell())
    film.slow_lag_ppb = 5000000
    tau_ms = VALUES["tau_ms"] / arrhenius(VALUES["tau_activation_j_mol"], -2000)
    for _ in range(3600):
        film.step(0, -2000, 1000)
    expected = 5000 * math.exp(-(math.pi**2) * 3600000 / tau_ms)
    assert close(film.slow_lag_ppb / 1000, expected, 0.05)


def test_lag_is_symmetric():
    noise = Noise(11)
    up, down = Film(cell()), Film(cell())
    for _ in range(100):
        current_pa, cdeg = noise.between(-20000000, 20000000), noise.between(-4000, 8500)
        elapsed = noise.between(1, 600000)
        up.step(current_pa, cdeg, elapsed)
        down.step(-current_pa, cdeg, elapsed)
        assert up.slow_lag_ppb == -down.slow_lag_ppb
        assert up.lag_ppm(current_pa, cdeg) == -down.lag_ppm(-current_pa, cdeg)


def test_surface_inverts_the_forward_model():
    # Without slope the inversion is exact; the other end is 10 widths away and more.
    values = dict(VALUES, slope_uv=0)
    film = Film(cell(slope_uv=0))
    for cdeg in CELSIUS:
        for size_pa in (1000, 200000, 1500000):
            for depth_ppm in (0, 5000, 20000, 40000):
                uv = end_voltage_uv(values, 1 - depth_ppm / 1e6, size_pa, cdeg)
                assert close(
                    film.surface_ppm(uv, size_pa, 0, cdeg), 1000000 - depth_ppm, absolute=25
                )
                uv = end_voltage_uv(values, depth_ppm / 1e6, -size_pa, cdeg)
                assert close(film.surface_ppm(uv, -size_pa, 0, cdeg), depth_ppm, absolute=25)


def test_the_drain_of_the_voltage_input_is_taken_off():
    values = dict(VALUES, slope_uv=0)
    film = Film(cell(slope_uv=0))
    for current_pa in (50000, -50000):
        for drain_pa in (1000, 49000, 50000, 3000000):
            surface = 0.99 if current_pa > 0 else 0.01
            uv = end_voltage_uv(values, surface, current_pa, 2500, drain_pa)
            told = film.surface_ppm(uv, current_pa, drain_pa, 2500)
            assert close(told, 1e6 * surface, absolute=25)


def test_slope_costs_less_than_an_anchor_is_trusted():
    film = Film(cell())
    for depth_ppm in (0, 5000, 20000, 40000):
        uv = end_voltage_uv(VALUES, 1 - depth_ppm / 1e6, 500000, 2500)
        assert close(film.surface_ppm(uv, 500000, 0, 2500), 1000000 - depth_ppm, absolute=1000)


def test_plateau_tells_nothing():
    film = Film(cell())
    for cdeg in CELSIUS:
        for thousandth in range(200, 801, 20):
            for current_pa in (500000, -500000):
                uv = end_voltage_uv(VALUES, thousandth / 1e3, current_pa, cdeg)
                assert film.surface_ppm(uv, current_pa, 0, cdeg) is None


def test_rest_tells_nothing():
    film = Film(cell())
    for uv in (0, 1000000, 2150000, 3000000, 5000000):
        assert film.surface_ppm(uv, 0, 0, 2500) is None


def test_ends_mirror_each_other():
    film = Film(cell(low_end_uv=1000000, low_end_width_ppm=20000))
    for offset_uv in range(0, 2000001, 125000):
        high = film.surface_ppm(2150000 + offset_uv, 700000, 0, 1000)
        low = film.surface_ppm(2150000 - offset_uv, -700000, 0, 1000)
        if high is None:
            assert low is None
        else:
            assert close(high + low, 1000000, absolute=2)


def test_higher_voltage_never_tells_less_charge():
    film = Film(cell())
    for current_pa in (900000, -900000):
        last = None
        for uv in range(0, 5000001, 50000):
            told = film.surface_ppm(uv, current_pa, 0, 2500)
            if told is not None and last is not None:
                assert told >= last
            last = told if told is not None else last
        assert last is not None


def everything(film):
    """Feed a film with every reading that a sensor can deliver, sound or not."""
    currents = (0, 1, -1, 1000, -1000, 1000000, -1000000, 100000000, -100000000, 40959999999)
    voltages = (0, 1, 999999, 2150000, 2600000, 3000000, 5000000, 85000000, 204799804)
    for cdeg in (-25600, -25599, -5500, -4000, -2000, 0, 2500, 8500, 15000, 25600):
        for current_pa in currents:
            for elapsed in (0, 1, 60000, 86400000):
                film.step(current_pa, cdeg, elapsed)
                assert -(2**31) < film.slow_lag_ppb < 2**31
            assert isinstance(film.lag_ppm(current_pa, cdeg), int)
            for uv in voltages:
                for drain_pa in (0, 1, 85000000):
                    told = film.surface_ppm(uv, current_pa, drain_pa, cdeg)
                    assert told is None or isinstance(told, int)


def test_every_reading_is_survived():
    everything(Film(cell()))


def test_every_profile_within_its_bounds_is_survived():
    noise = Noise(13)
    for _ in range(6):
        changes = {}
        for name, low, high in FIELDS[:-2]:
            changes[name] = (low, high, noise.between(low, high))[noise.below(3)]
        everything(Film(cell(**changes)))
