"""The compiled profile: nothing but what was written can be read."""

import binascii
import struct

from cell_profiles import NAME, NAMES, VALUES, cell, written
from expect import raises
from noise import Noise

from filmgauge.gauge.profile import Profile
from filmgauge.gauge.profile_format import SIZE, fields


def sealed(data):
    """Return `data` with a right checksum instead of its own."""
    return data[:-4] + struct.pack("<I", binascii.crc32(data[:-4]))


def values_of(profile):
    """Return the fields of a profile as a dictionary."""
    return {name: getattr(profile, name) for name in NAMES}


def test_what_was_written_is_read():
    data = written()
    again = Profile.from_bytes(data)
    assert len(data) == SIZE
    assert again.name == NAME
    assert values_of(again) == VALUES


def test_fields_are_those_of_the_layout_in_their_order():
    assert tuple(name for name, _, _ in fields()) == NAMES


def test_every_flipped_bit_is_refused():
    data = bytearray(written())
    for bit in range(8 * SIZE):
        data[bit >> 3] ^= 1 << (bit & 7)
        with raises(ValueError, "profile"):
            Profile.from_bytes(bytes(data))
        data[bit >> 3] ^= 1 << (bit & 7)
    assert values_of(Profile.from_bytes(bytes(data))) == VALUES


def test_every_truncation_is_refused():
    data = written()
    for length in range(SIZE):
        with raises(ValueError, "must have %d bytes, not %d" % (SIZE, length)):
            Profile.from_bytes(data[:length])
    with raises(ValueError, "not %d" % (SIZE + 1)):
        Profile.from_bytes(data + b"\0")


def test_wrong_version_with_a_right_checksum_is_refused():
    data = bytearray(written())
    data[4] = 1
    with raises(ValueError, "version must be 2, not 1"):
        Profile.from_bytes(sealed(bytes(data)))
    data[4], data[5] = 2, 18
    with raises(ValueError, "version"):
        Profile.from_bytes(sealed(bytes(data)))


def test_foreign_file_is_refused():
    with raises(ValueError, "FGPR"):
        Profile.from_bytes(Noise(5).octets(SIZE))


def test_name_that_is_not_text_is_refused():
    data = bytearray(written())
    data[8:10] = b"\xff\xfe"
    with raises(ValueError):
        Profile.from_bytes(sealed(bytes(data)))


def test_bounds_of_every_field():
    for name, low, high in fields():
        for value in (low - 1, high + 1, -(2**31), 2**31 - 1):
            with raises(ValueError, name):
                cell(**{name: value})
        for value in (low, high):
            change = {name: value}
            if (name == "empty_uv" and value == high) or (name == "full_uv" and value == low):
                with raises(ValueError, "empty_uv must be below full_uv"):
                    cell(**change)
            else:
                assert getattr(cell(**change), name) == value


def test_names():
    for name in ("a", "sixteen letters!", "\u00b5Ah"):
        assert Profile.from_bytes(written(name)).name == name


def test_full_charge():
    # 11.01 uAh/cm2 * 1.2 cm2 = 13.212 uAh; 1 uAh is 3600 uC
    assert cell().full_pc() == 13212 * 3600000
    largest = cell(area_ucm2=1000000000, capacity_nah_cm2=27000)
    assert largest.full_pc() == 27000000 * 3600000


def test_a_cell_that_the_ledger_cannot_hold_is_refused():
    assert cell(area_ucm2=100000, capacity_nah_cm2=10).full_pc() == 3600000
    for area_ucm2, capacity_nah_cm2 in ((1000000000, 27001), (27000001, 1000000), (1000, 999)):
        with raises(ValueError, "times capacity_nah_cm2 must be 1 nAh to 27 mAh"):
            cell(area_ucm2=area_ucm2, capacity_nah_cm2=capacity_nah_cm2)
