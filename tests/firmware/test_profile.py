"""The compiled profile: nothing but what was written can be read."""

import binascii
import struct

from cells import VALUES, cell
from expect import raises
from noise import Noise

from filmgauge.gauge.profile import FIELDS, SIZE, Profile


def sealed(data):
    """Return `data` with a right checksum instead of its own."""
    return data[:-4] + struct.pack("<I", binascii.crc32(data[:-4]))


def values_of(profile):
    """Return the fields of a profile as a dictionary."""
    return {name: getattr(profile, name) for name, _, _ in FIELDS}


def test_round_trip():
    data = cell().to_bytes()
    again = Profile.from_bytes(data)
    assert len(data) == SIZE
    assert again.name == "Evp-Li 1.2cm2"
    assert values_of(again) == VALUES
    assert again.to_bytes() == data


def test_layout_is_little_endian_in_the_order_of_fields():
    data = cell().to_bytes()
    assert data[:8] == b"FGPR\x02\x1e\x00\x00"  # version 2, 30 fields
    assert data[8:24] == b"Evp-Li 1.2cm2\0\0\0"
    assert struct.unpack_from("<i", data, 24)[0] == VALUES["area_ucm2"]
    assert struct.unpack_from("<i", data, SIZE - 8)[0] == VALUES["full_uv"]
    assert struct.unpack_from("<I", data, SIZE - 4)[0] == binascii.crc32(data[:-4])


def test_checksum_is_known_after_writing_and_reading():
    profile = cell()
    data = profile.to_bytes()
    assert profile.crc == Profile.from_bytes(data).crc == struct.unpack("<I", data[-4:])[0]


def test_every_flipped_bit_is_refused():
    data = bytearray(cell().to_bytes())
    for bit in range(8 * SIZE):
        data[bit >> 3] ^= 1 << (bit & 7)
        with raises(ValueError, "profile"):
            Profile.from_bytes(bytes(data))
        data[bit >> 3] ^= 1 << (bit & 7)
    assert values_of(Profile.from_bytes(bytes(data))) == VALUES


def test_every_truncation_is_refused():
    data = cell().to_bytes()
    for length in range(SIZE):
        with raises(ValueError, "must have %d bytes, not %d" % (SIZE, length)):
            Profile.from_bytes(data[:length])
    with raises(ValueError, "not %d" % (SIZE + 1)):
        Profile.from_bytes(data + b"\0")


def test_wrong_version_with_a_right_checksum_is_refused():
    data = bytearray(cell().to_bytes())
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
    data = bytearray(cell().to_bytes())
    data[8:10] = b"\xff\xfe"
    with raises(ValueError):
        Profile.from_bytes(sealed(bytes(data)))


def test_bounds_of_every_field():
    for name, low, high in FIELDS:
        for value in (low - 1, high + 1, -(2**31), 2**31):
            with raises(ValueError, name):
                cell(**{name: value})
        for value in (low, high):
            change = {name: value}
            if (name == "empty_uv" and value == high) or (name == "full_uv" and value == low):
                with raises(ValueError, "empty_uv must be below full_uv"):
                    cell(**change)
            else:
                assert getattr(Profile.from_bytes(cell(**change).to_bytes()), name) == value


def test_bounds_hold_behind_a_right_checksum_too():
    data = cell().to_bytes()
    for index in range(len(FIELDS)):
        name, _, high = FIELDS[index]
        at = 24 + 4 * index
        forged = data[:at] + struct.pack("<i", high + 1) + data[at + 4 :]
        with raises(ValueError, name):
            Profile.from_bytes(sealed(forged))


def test_what_is_not_an_integer_is_refused():
    for value in (1.5, "7", None, True, [1]):
        with raises(ValueError, "tau_ms must be an integer"):
            cell(tau_ms=value)


def test_missing_and_unknown_fields():
    for name in VALUES:
        values = dict(VALUES)
        del values[name]
        with raises(ValueError, "%s is missing" % name):
            Profile("x", **values)
    with raises(ValueError, "colour is not a field"):
        cell(colour=1)


def test_names():
    for name in ("a", "sixteen letters!", "\u00b5Ah"):
        again = Profile.from_bytes(Profile(name, **VALUES).to_bytes())
        assert again.name == name
    for name in (
        "",
        "seventeen letters",
        "\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5",
    ):
        with raises(ValueError, "profile name must have 1 to 16"):
            Profile(name, **VALUES)


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
