"""The compiled cell profile: fixed-point numbers of one cell, checked whenever they are read.

    profile = Profile.from_bytes(data)      # ValueError: one sentence on what is wrong
    profile.full_pc()                       # charge between empty and full

The host compiles it from the parameters of a cell and its area (filmgauge_sim/cell/compiled.py);
the board only reads it.
"""


class Profile:
    """One cell. Attributes are the fields of a profile (profile_format.py), `name`, and `crc`: the
    CRC-32 of what it was read from, by which one profile is told from another."""

    crc = 0
    area_ucm2: int
    capacity_nah_cm2: int
    acceptance_ppm: int
    self_discharge_ppm_year: int
    fresh_share_ppm: int
    activation_mcycles: int
    first_acceptance_ppm: int
    empty_uv: int
    full_uv: int

    def __init__(self, name: str, values):
        """Take the values in the order of the fields; raise ValueError naming the one that is out
        of bounds."""
        from filmgauge.gauge.profile_format import fill

        self.name = name
        fill(self, values)

    def full_pc(self) -> int:
        """Return the charge between stoichiometry 0 and 1 in pC."""
        return self.capacity_nah_cm2 * self.area_ucm2 * 36 // 10

    @classmethod
    def from_bytes(cls, data: bytes) -> "Profile":
        """Read what the host has written; raise ValueError when anything about it is wrong."""
        from filmgauge.gauge.profile_format import decode

        name, values, crc = decode(data)
        profile = cls(name, values)
        profile.crc = crc
        return profile
