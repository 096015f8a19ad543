"""The sun and a clear sky beside pvlib's."""

import numpy as np
import pandas as pd
import pytest
from pvlib import clearsky, irradiance, solarposition

from filmgauge_sim.sizing.clouds import clear_shares
from filmgauge_sim.sizing.sun import Plane, clear_sky_w_m2, on_plane_w_m2, sun_position

PLANES = [
    Plane(50.0, 60.0, 180.0),
    Plane(50.0, 90.0, 90.0),
    Plane(-33.0, 30.0, 0.0),
    Plane(0.0, 0.0, 180.0),
]
HOURS = np.arange(365 * 24)


def ours(plane: Plane):
    return sun_position(plane, (HOURS // 24).astype(float), HOURS % 24 + 0.5)


@pytest.fixture(scope="module", params=PLANES, ids=lambda plane: f"{plane.latitude_deg:g} deg")
def both(request: pytest.FixtureRequest):
    """A plane, our position, and pvlib's at the same solar times."""
    plane = request.param
    days = pd.to_datetime("2025-01-01") + pd.to_timedelta(HOURS // 24 * 24, unit="h")
    turn = solarposition.equation_of_time_spencer71(days.day_of_year)
    # At longitude 0 the sun is late by the equation of time: its noon is ours.
    times = days + pd.to_timedelta(HOURS % 24 + 0.5 - np.asarray(turn) / 60.0, unit="h")
    theirs = solarposition.get_solarposition(times.tz_localize("UTC"), plane.latitude_deg, 0.0)
    return plane, ours(plane), theirs


def test_the_sun_stands_where_pvlib_has_it(both) -> None:
    plane, position, theirs = both
    zenith = np.radians(theirs["zenith"].to_numpy())
    high = np.cos(zenith) > 0.05
    assert position.cos_zenith[high] == pytest.approx(np.cos(zenith[high]), abs=0.012)
    angle = irradiance.aoi_projection(
        plane.tilt_deg, plane.azimuth_deg, theirs["zenith"], theirs["azimuth"]
    ).to_numpy()
    assert position.cos_incidence[high] == pytest.approx(np.maximum(angle[high], 0.0), abs=0.012)


def test_a_clear_sky_is_haurwitz_and_near_ineichen(both) -> None:
    _, position, theirs = both
    zenith = theirs["zenith"]
    haurwitz = clearsky.haurwitz(zenith)["ghi"].to_numpy()
    light = clear_sky_w_m2(position)
    assert light.sum() == pytest.approx(haurwitz.sum(), rel=0.005)
    airmass = 1.0 / np.maximum(np.cos(np.radians(zenith.to_numpy())), 0.05)
    other = clearsky.ineichen(zenith, pd.Series(airmass, zenith.index), 3.0)["ghi"].to_numpy()
    assert light.sum() == pytest.approx(np.nansum(other), rel=0.1)


def test_a_year_on_the_plane_is_that_of_pvlib(both) -> None:
    """The same clear sky, split by Erbs and brought onto the plane by pvlib's functions."""
    plane, position, theirs = both
    light = clear_sky_w_m2(position)
    parts = irradiance.erbs(pd.Series(light, theirs.index), theirs["zenith"], theirs.index)
    whole = irradiance.get_total_irradiance(
        plane.tilt_deg,
        plane.azimuth_deg,
        theirs["zenith"],
        theirs["azimuth"],
        parts["dni"],
        light,
        parts["dhi"],
        albedo=0.2,
        model="isotropic",
    )["poa_global"]
    assert on_plane_w_m2(plane, position, light).sum() == pytest.approx(whole.sum(), rel=0.02)


def test_clouds_leave_the_share_that_was_asked_for_and_come_in_spells() -> None:
    shares = clear_shares(0.45, 3650, seed=3)
    assert shares.mean() == pytest.approx(0.45, abs=1e-6)
    assert (shares.min(), shares.max()) == pytest.approx((0.08, 1.0), abs=0.05)
    days = shares.reshape(-1, 24).mean(axis=1)
    assert 0.45 < np.corrcoef(days[:-1], days[1:])[0, 1] < 0.7
    assert not np.array_equal(shares, clear_shares(0.45, 3650, seed=4))
    assert np.array_equal(clear_shares(1.0, 2, seed=1), np.ones(48))
