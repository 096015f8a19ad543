"""Where the sun stands and what a clear sky gives on a tilted plane, hour by hour.

Position: Spencer's Fourier series (Search 2(5):172, 1971). Global light of a clear sky: Haurwitz,
1098 cos z exp(-0.057 / cos z) W/m2 (J. Meteorology 2:154, 1945). Diffuse share: Erbs et al. (Solar
Energy 28:293, 1982). On the plane: beam by its angle, isotropic sky, a fifth reflected from the
ground (Liu and Jordan, Solar Energy 7:53, 1963). Angles in degrees; azimuths clockwise from north.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_SOLAR_CONSTANT_W_M2 = 1361.0
_GROUND_REFLECTION = 0.2
_LEAST_COSINE = 0.01  # half a degree above the horizon
DAYS_A_YEAR = 365


@dataclass(frozen=True)
class Plane:
    """Where a panel is and where it faces. tilt_deg: 0 lies flat; azimuth_deg: 180 faces south."""

    latitude_deg: float
    tilt_deg: float
    azimuth_deg: float


@dataclass(frozen=True)
class SunPosition:
    """cos_zenith, and the cosine of the angle between sun and plane; both at least 0."""

    cos_zenith: Numbers
    cos_incidence: Numbers
    extraterrestrial_w_m2: Numbers


def sun_position(plane: Plane, day_of_year: Numbers, solar_hour: Numbers) -> SunPosition:
    """Return the position at solar times: day 0 is the first of January, hour 12 is noon."""
    turn = 2.0 * np.pi * day_of_year / DAYS_A_YEAR
    declination = (
        0.006918
        - 0.399912 * np.cos(turn)
        + 0.070257 * np.sin(turn)
        - 0.006758 * np.cos(2 * turn)
        + 0.000907 * np.sin(2 * turn)
        - 0.002697 * np.cos(3 * turn)
        + 0.00148 * np.sin(3 * turn)
    )
    distance = (
        1.00011
        + 0.034221 * np.cos(turn)
        + 0.00128 * np.sin(turn)
        + 0.000719 * np.cos(2 * turn)
        + 0.000077 * np.sin(2 * turn)
    )
    hour = np.radians(15.0 * (solar_hour - 12.0))
    latitude, tilt = np.radians(plane.latitude_deg), np.radians(plane.tilt_deg)
    up = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour
    )
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(latitude) * np.sin(declination) - np.sin(latitude) * np.cos(
        declination
    ) * np.cos(hour)
    azimuth = np.radians(plane.azimuth_deg)
    facing = np.cos(tilt) * up + np.sin(tilt) * (np.cos(azimuth) * north + np.sin(azimuth) * east)
    cos_zenith = np.where(up > _LEAST_COSINE, up, 0.0)
    return SunPosition(
        cos_zenith=cos_zenith,
        cos_incidence=np.where(cos_zenith > 0.0, np.maximum(facing, 0.0), 0.0),
        extraterrestrial_w_m2=_SOLAR_CONSTANT_W_M2 * distance * cos_zenith,
    )


def clear_sky_w_m2(sun: SunPosition) -> Numbers:
    """Return the global light of a clear sky on level ground."""
    cosine = np.maximum(sun.cos_zenith, _LEAST_COSINE)
    return np.where(sun.cos_zenith > 0.0, 1098.0 * cosine * np.exp(-0.057 / cosine), 0.0)


def on_plane_w_m2(plane: Plane, sun: SunPosition, global_w_m2: Numbers) -> Numbers:
    """Return what falls onto the plane of a global light on level ground."""
    clearness = np.divide(
        global_w_m2,
        sun.extraterrestrial_w_m2,
        out=np.zeros_like(global_w_m2),
        where=sun.extraterrestrial_w_m2 > 0.0,
    )
    diffuse = global_w_m2 * _diffuse_share(np.minimum(clearness, 1.0))
    beam = np.divide(
        global_w_m2 - diffuse,
        sun.cos_zenith,
        out=np.zeros_like(global_w_m2),
        where=sun.cos_zenith > 0.0,
    )
    level = np.cos(np.radians(plane.tilt_deg))
    ground = global_w_m2 * _GROUND_REFLECTION * 0.5 * (1.0 - level)
    return beam * sun.cos_incidence + diffuse * 0.5 * (1.0 + level) + ground


def _diffuse_share(clearness: Numbers) -> Numbers:
    """Return the diffuse share of the global light (Erbs)."""
    k = clearness
    middle = 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4
    return np.where(k <= 0.22, 1.0 - 0.09 * k, np.where(k <= 0.8, middle, 0.165))
