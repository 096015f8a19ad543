"""The profile that the firmware reads against the cell that it was compiled from."""

from dataclasses import replace

import pytest

from filmgauge.gauge.diffusion import DiffusionModel
from filmgauge.gauge.profile import Profile
from filmgauge_sim.cell import FilmCell, available_sets, load_parameters
from filmgauge_sim.cell.compiled import compile_profile

AREA_CM2 = 2.5


def compiled(name: str) -> Profile:
    profile = compile_profile(load_parameters(name), AREA_CM2)
    return Profile.from_bytes(profile.to_bytes())


@pytest.mark.parametrize("name", available_sets("linear"))
def test_full_charge_is_capacity_times_area(name: str) -> None:
    capacity_uah = load_parameters(name).capacity_uah_cm2 * AREA_CM2
    assert compiled(name).full_pc() / 3.6e9 == pytest.approx(capacity_uah, rel=1e-4)


@pytest.mark.parametrize("name", available_sets("linear"))
@pytest.mark.parametrize("temperature_c", [0.0, 18.0, 25.0, 45.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_firmware_reads_the_surface_from_an_end_voltage(
    name: str, temperature_c: float, sign: int
) -> None:
    """At the cutoff of a slow charge or discharge the firmware knows where the surface is."""
    cell = FilmCell(load_parameters(name), AREA_CM2, stoichiometry=0.5)
    current_ua = sign * 0.1 * cell.capacity_uah
    limits = {"high_v": 4.0} if sign > 0 else {"low_v": 1.0}
    crossing = cell.next_crossing(current_ua, temperature_c, 36_000.0, **limits)
    assert crossing is not None
    cell.advance(current_ua, temperature_c, crossing.time_s)
    voltage_v = cell.voltage_v(current_ua, temperature_c)
    film = DiffusionModel(compiled(name))
    assert film.surface(
        round(voltage_v * 1e6), round(current_ua * 1e6), 0, round(temperature_c * 100)
    )
    assert film.surface_share == pytest.approx(cell.surface_stoichiometry, abs=3e-4)


@pytest.mark.parametrize("name", available_sets("linear"))
@pytest.mark.parametrize("temperature_c", [10.0, 25.0, 40.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_firmware_follows_the_lag_of_the_film(name: str, temperature_c: float, sign: int) -> None:
    """Sampled once a minute through three hours at C/10 and a rest, it lags as the cell does."""
    cell = FilmCell(load_parameters(name), AREA_CM2, stoichiometry=0.5)
    film = DiffusionModel(compiled(name))
    current_ua = sign * 0.1 * cell.capacity_uah
    for minute in range(240):
        flowing_ua = current_ua if minute < 180 else 0.0
        cell.advance(flowing_ua, temperature_c, 60.0)
        film.step(round(flowing_ua * 1e6), round(temperature_c * 100), 60_000)
    film.lag(0, round(temperature_c * 100))
    lag = cell.surface_stoichiometry - cell.stoichiometry
    assert film.lag_share == pytest.approx(lag, abs=3e-4)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("薄膜电池一号", "薄膜电池一"),
        ("Dünnschichtzelle", "Dünnschichtzell"),
        ("a cell with a long name", "a cell with a lo"),
        ("ein-Film-aus-Ül-1", "ein-Film-aus-Ül"),
        ("123456789012345Ü", "123456789012345"),
    ],
)
def test_a_name_is_cut_at_the_edge_of_a_letter(name: str, short: str) -> None:
    profile = compile_profile(replace(load_parameters("pre-li"), name=name), AREA_CM2)
    assert Profile.from_bytes(profile.to_bytes()).name == short


@pytest.mark.parametrize("name", ["evp-li-boundary", "pre-li-variable"])
def test_other_physics_have_no_profile(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is of physics \w+, and .* linear only; .*\.$"):
        compile_profile(load_parameters(name), AREA_CM2)
