"""The file of a cell profile: head, fields little-endian, CRC-32. Needed only while it is read."""

import binascii
import struct

from filmgauge.compat import const

VERSION = const(2)
MAGIC = b"FGPR"
HEAD = "<4sBBH16s"  # magic, version, number of fields, spare, name padded with zeros
_HEAD_SIZE = const(24)

# name, smallest, largest: as one text, which takes a quarter of the heap that tuples take; of
# bytes as in config.py
_FIELDS = const(
    b"area_ucm2 1000 1000000000\n"  # 1e-6 cm2
    b"capacity_nah_cm2 10 1000000\n"  # between stoichiometry 0 and 1
    b"tau_ms 1000 1000000000\n"  # diffusion time constant at 25 degC
    b"tau_activation_j_mol 0 200000\n"
    b"middle_uv 0 5000000\n"  # between the two plateaus, at stoichiometry 0.5
    b"slope_uv 0 2000000\n"  # of the open-circuit voltage over stoichiometry 0 to 1
    b"hysteresis_uv 0 2000000\n"  # half the gap that stays at rest
    b"plateau_pa_cm2 1 1000000000\n"  # current at which the whole gap is known
    b"exchange_pa_cm2 1 1000000000\n"  # exchange current density at 25 degC
    b"interface_activation_j_mol 0 200000\n"  # of exchange current and contact resistance
    b"lipon_mohm_cm2 0 1000000000\n"  # at 25 degC
    b"lipon_activation_j_mol 0 200000\n"
    b"contact_mohm_cm2 0 1000000000\n"
    b"high_end_uv 1 100000000\n"  # rise of the open-circuit voltage at full: amplitude
    b"high_end_width_ppm 1 1000000\n"  # and the stoichiometry in which it falls to 1/e
    b"low_end_uv 1 100000000\n"  # the same at empty
    b"low_end_width_ppm 1 1000000\n"
    b"acceptance_ppm 500000 1000000\n"  # of the charging current: what is stored
    b"self_discharge_ppm_year 0 1000000\n"  # of the stored charge at 25 degC
    b"fresh_share_ppm 10000 1000000\n"  # capacity as built over capacity when formed
    b"activation_mcycles 1 1000000000\n"  # in which a film opens, 1e-3 equivalent full cycles
    b"first_acceptance_ppm 100000 1000000\n"  # of the first charge: what is stored
    b"first_barrier_uv 0 2000000\n"  # by which the plateau of the first charge lies higher
    # from cell to cell, half of what 95 % keep within
    b"capacity_spread_ppm 0 1000000\n"  # of the capacity
    b"tau_spread_ppm 0 1000000\n"  # of the time constant
    b"energy_spread_ppm 0 1000000\n"  # of its activation energy
    b"hysteresis_spread_uv 1000 2000000\n"  # of half the gap
    b"loss_spread_ppm 0 1000000\n"  # of the lost share, as a share of the charging current
    b"empty_uv 0 5000000\n"  # discharge ends here
    b"full_uv 0 5000000"  # charge ends here
)
_COUNT = const(30)
SIZE = const(148)  # head, fields, CRC-32
_LEAST_PC = const(3600000)  # 1 nAh: the gauge counts cycles in uC
_MOST_PC = const(97200000000000)  # 27 mAh: a line of the ledger holds ten times as much and more


def decode(data: bytes) -> tuple:
    """Return the name, the values in the order of the fields, and the CRC-32 of both.

    Raise ValueError when length, magic, version or checksum is wrong.
    """
    if len(data) != SIZE:
        raise ValueError("profile must have %d bytes, not %d" % (SIZE, len(data)))
    magic, version, count, _, name = struct.unpack_from(HEAD, data, 0)
    if magic != MAGIC:
        raise ValueError("profile does not begin with FGPR")
    if version != VERSION or count != _COUNT:
        raise ValueError("profile version must be %d, not %d" % (VERSION, version))
    crc = binascii.crc32(data[: SIZE - 4])
    if struct.unpack_from("<I", data, SIZE - 4)[0] != crc:
        raise ValueError("profile has a wrong checksum")
    return name.rstrip(b"\0").decode(), struct.unpack_from("<30i", data, _HEAD_SIZE), crc


def fill(profile, values) -> None:
    """Give a profile its values; raise ValueError naming what is out of its bounds."""
    for (field, low, high), value in zip(fields(), values):
        if not low <= value <= high:
            raise ValueError("profile %s must be %d to %d, not %d" % (field, low, high, value))
        setattr(profile, field, value)
    if profile.empty_uv >= profile.full_uv:
        raise ValueError("profile empty_uv must be below full_uv")
    if not _LEAST_PC <= profile.full_pc() <= _MOST_PC:
        raise ValueError(
            "profile area_ucm2 times capacity_nah_cm2 must be 1 nAh to 27 mAh, not %d nAh"
            % (profile.full_pc() // 3600000)
        )


def fields():
    """Return name, smallest and largest value of each field in turn."""
    for row in _FIELDS.split(b"\n"):
        name, low, high = row.split()
        yield str(name, "ascii"), int(low), int(high)
