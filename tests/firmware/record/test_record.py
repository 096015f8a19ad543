"""The record: two encodings that say the same, and nothing but what was written can be read."""

import binascii
import json
import struct

from expect import raises
from noise import Noise

from filmgauge.decoding.record_json import (
    fault_bits,
    limit_word,
    record_from_dict,
    record_from_json,
)
from filmgauge.record.limit_text import KINDS, LEVELS, limit_text
from filmgauge.record.record import SIZE, SIZES, Record, fields
from filmgauge.record.record_text import FAULT_NAMES, decimal, fault_text
from filmgauge.store.record_search import POSITION_SIZE, TORN, record_position

FIELDS = tuple(fields())

FULL = {
    "boot": 3,
    "seq": 41,
    "up_s": 86461,
    "soc_ppm": 812345,
    "soc_sigma_ppm": 4100,
    "stored_nah": 10731,
    "full_nah": 13212,
    "measured_nah": -2500,
    "booked_nah": -7,
    "corrected_nah": 0,
    "voltage_uv": 2150390,
    "current_pa": -1062500,
    "temperature_cdeg": -5,
    "faults": 9,
    "awake_ms": 187,
    "backlog": 2,
    "shown_ppm": 810000,
    "full_sigma_nah": 120,
    "available_nah": 9876,
    "available_sigma_nah": 210,
    "available_full_nah": 11900,
    "to_empty_s": 86400,
    "to_full_s": 3600,
    "resistance_mohm": 12345678,
    "efficiency_ppm": 997123,
    "mcycles": 12345,
    "limits": 0x0C06,
    "resistance_sigma_mohm": 345678,
    "trend_ppm": -134,
    "trend_sigma_ppm": 41,
    "efficiency_sigma_ppm": 1500,
    "cycles_left": 1450,
    "cycles_left_sigma": 440,
    "capacity_age_h": 30,
    "resistance_age_h": 0,
    "efficiency_age_h": 54,
    "resets": 3,
    "refused": 12,
    "restarts": 65534,
    "life": 0x89ABCDEF,
}
REQUIRED = ("boot", "seq", "up_s")
IDENTITY = ("life", "boot", "seq", "up_s")
# What version 3 wrote of the same record, and of one of which nothing is known but boot and time.
FULL_3 = (
    "030300000029000000bd51010039650c0004100000eb2900009c3300003cf6fffff9ffffff00000000f6cf2000"
    "9cc9effffbff0900bb000200105c0c007800000094260000d20000007c2e000080510100100e00004e61bc0003"
    "370f0039300000060c4e4605007affffff2900dc05aa05b8011e0000003600b912d3f0"
)
BARE_3 = (
    "030200000000000000070000000000008000000080000000800000008000000080000000800000008000000080"
    "000000800080ffffffffffff000000800000008000000080000000800000008000000080000000800000008000"
    "00008000000080ffff0000008000000080ffffffffffffffffffffffffffffdefd3a74"
)
# What version 4 wrote of it, of one of which little is known, and of one with all its faults.
FULL_4 = (
    "04efcdab89030029000000bd51010039650c0004100000eb2900009c3300003cf6fffff9ffffff00000000f6cf"
    "20009cc9effffbff0900bb000200105c0c007800000094260000d20000007c2e000080510100100e00004e61bc"
    "0003370f0039300000060c4e4605007affffff2900dc05aa05b8011e00000036000392ecdff6"
)
BARE_4 = (
    "840900000002000000000007000000000000800000008000000080000000800000008000000080000000800000"
    "00800000008000800000ffffffff00000080000000800000008000000080000000800000008000000080000000"
    "800000008000000080ffff0000008000000080ffffffffffffffffffffffffffffff6d3e7ca5"
)
ALL_FAULTS_4 = (
    "04090000000200000000000700000040420f000000008000000080000000800000008000000080000000800000"
    "0080000000800080ffffffffffff00000080000000800000008000000080000000800000008000000080000000"
    "800000008000000080ffff00000080c0bdf0ffffffffffffffffffffffffffffffffe57d022c"
)
OLD = binascii.unhexlify(FULL_3)


def record(**changes):
    """Return the full record with some values changed."""
    values = dict(FULL)
    values.update(changes)
    return Record(**values)


def sealed(data):
    """Return `data` with a right checksum instead of its own."""
    return data[:-4] + struct.pack("<I", binascii.crc32(data[:-4]))


def test_round_trip_of_both_encodings():
    one = record()
    assert len(one.to_bytes()) == SIZE
    assert Record.from_bytes(one.to_bytes()) == one
    assert record_from_json(one.to_json()) == one
    assert record_from_json(one.to_json().encode()) == one
    assert record_from_dict(json.loads(one.to_json())) == one


def test_round_trip_of_random_records():
    noise = Noise(31)
    for _ in range(40):
        values = {}
        for name, _, _, low, high in FIELDS:
            choice = noise.below(5)
            if choice == 0 and name not in IDENTITY:
                values[name] = None
            else:
                values[name] = (low, high, noise.between(low, high))[noise.below(3)]
        one = Record(**values)
        assert Record.from_bytes(one.to_bytes()) == one
        assert record_from_json(one.to_json()) == one


def test_unknown_values_stay_unknown():
    one = Record(boot=1, seq=0, up_s=0)
    for again in (Record.from_bytes(one.to_bytes()), record_from_json(one.to_json())):
        assert again.values() == [1, 0, 0] + [None] * (len(FIELDS) - 4) + [0]
    shown = json.loads(one.to_json())
    assert [shown[key] for _, key, _, _, _ in FIELDS[3:]] == [None] * (len(FIELDS) - 4) + [0]


def test_a_record_of_version_3_is_read_and_has_no_life():
    for text, written in ((FULL_3, FULL), (BARE_3, {"boot": 2, "seq": 0, "up_s": 7})):
        known = dict(written)
        known.update(life=0, resets=None, refused=None, restarts=None)
        assert Record.from_bytes(binascii.unhexlify(text)) == Record(**known)
    data = bytearray(binascii.unhexlify(FULL_3))
    for bit in range(8 * len(data)):
        data[bit >> 3] ^= 1 << (bit & 7)
        with raises(ValueError, "record has a wrong checksum"):
            Record.from_bytes(bytes(data))
        data[bit >> 3] ^= 1 << (bit & 7)


def test_a_record_of_version_4_is_read_and_has_not_counted():
    known = dict(FULL)
    known.update(refused=None, restarts=None)
    assert Record.from_bytes(binascii.unhexlify(FULL_4)) == Record(**known)
    bare = {"life": 9, "boot": 2, "seq": 0, "up_s": 7}
    assert Record.from_bytes(binascii.unhexlify(BARE_4)) == Record(**bare)
    with raises(ValueError, "record version must be 5, not 133"):  # 5 has no such bit
        Record.from_bytes(sealed(b"\x85" + binascii.unhexlify(BARE_4)[1:]))
    bare.update(faults=0xFFFF, soc_ppm=1000000, trend_ppm=-1000000)
    assert Record.from_bytes(binascii.unhexlify(ALL_FAULTS_4)) == Record(**bare)
    shown = json.loads(record().to_json())
    shown["v"] = 4
    del shown["refused"], shown["restarts"]
    assert record_from_dict(shown) == Record(**known)


def test_json_of_version_3_is_read_and_has_no_life():
    shown = json.loads(record().to_json())
    shown["v"] = 3
    for name in ("life", "resets", "refused", "restarts"):
        del shown[name]
    assert record_from_dict(shown) == record(life=0, resets=None, refused=None, restarts=None)
    shown["v"] = 4
    with raises(ValueError, "life is missing"):
        record_from_dict(shown)


def test_the_beginning_of_a_record_says_which_one_it_is():
    noise = Noise(33)
    for _ in range(40):
        key = noise.between(0, 2**32 - 1), noise.between(0, 2**24 - 1), noise.between(0, 2**24 - 1)
        data = Record(life=key[0], boot=key[1], seq=key[2], up_s=0).to_bytes()
        assert record_position(data[:POSITION_SIZE]) == key
        for length in range(POSITION_SIZE):
            assert record_position(data[:length]) == TORN
    assert record_position(binascii.unhexlify(FULL_3)[:POSITION_SIZE]) == (0, 3, 41)


def test_all_faults_at_once_are_not_unknown_faults():
    for faults in (0x1FFFF, 0xFFFF, 0, None):
        one = record(faults=faults)
        assert Record.from_bytes(one.to_bytes()) == one
        assert record_from_json(one.to_json()) == one


def test_json_is_decimal_arithmetic():
    text = record().to_json()
    assert '"soc_pct":81.2345,' in text
    assert '"soc_sigma_pct":0.4100,' in text
    assert '"stored_uah":10.731,' in text
    assert '"measured_uah":-2.500,' in text
    assert '"booked_uah":-0.007,' in text
    assert '"corrected_uah":0.000,' in text
    assert '"voltage_v":2.150390,' in text
    assert '"current_ua":-1.062500,' in text
    assert '"temperature_c":-0.05,' in text
    assert '"faults":"profile+gap"' in text
    assert text.startswith('{"v":5,"boot":3,"seq":41,"up_s":86461,')


def test_health_in_json():
    text = record().to_json()
    assert '"resistance_sigma_ohm":345.678,' in text
    assert '"capacity_trend_pct":-0.0134,' in text
    assert '"capacity_trend_sigma_pct":0.0041,' in text
    assert '"coulombic_sigma_pct":0.1500,' in text
    assert '"cycles_left":1450,"cycles_left_sigma":440,' in text
    assert '"capacity_age_h":30,"resistance_age_h":0,"coulombic_age_h":54,' in text
    assert text.endswith(',"resets":3,"refused":12,"restarts":65534,"life":2309737967}')


def test_a_record_lives_inside_a_directory_entry():
    # littlefs keeps files of up to 128 bytes inline, as the ports configure it
    assert len(record().to_bytes()) <= 128


def test_json_is_flat_and_complete():
    shown = json.loads(record().to_json())
    assert sorted(shown) == sorted(["v"] + [key for _, key, _, _, _ in FIELDS])
    for name, key, digits, _, _ in FIELDS:
        if name == "limits":
            assert limit_word(shown[key]) == FULL[name]
        elif name != "faults":
            assert round(shown[key] * 10**digits) == FULL[name]


def test_limits_in_words():
    assert limit_text(0) == "none"
    # two bits a kind, the first kind lowest: over_voltage limit, under_voltage warning, cold fault
    assert limit_text(FULL["limits"]) == "over_voltage:limit+under_voltage:warning+cold:fault"
    for word in range(0, 0x4000, 7):
        assert limit_word(limit_text(word)) == word
    kinds, levels = KINDS.split(), LEVELS.split()
    for i in range(len(kinds)):
        for level in range(1, 4):
            assert limit_text(level << 2 * i) == kinds[i] + ":" + levels[level - 1]
    for wrong in ("", "cold", "cold:worst", "colour:fault", "cold:fault+", "none+cold:fault", 3):
        with raises(ValueError, "limits must be"):
            limit_word(wrong)
    with raises(ValueError, "limits must tell cold once"):
        limit_word("cold:fault+cold:limit")


def test_decimal_is_exact():
    noise = Noise(32)
    for _ in range(300):
        value = noise.between(-(1 << noise.between(0, 50)), 1 << noise.between(0, 50))
        digits = noise.below(8)
        text = decimal(value, digits)
        sign = -1 if text.startswith("-") else 1
        whole, _, fraction = text.lstrip("-").partition(".")
        assert len(fraction) == digits
        assert len(whole) == 1 or not whole.startswith("0")
        assert sign * int(whole + fraction) == value
    assert decimal(0, 3) == "0.000"
    assert decimal(-1500, 3) == "-1.500"
    assert decimal(-1, 6) == "-0.000001"


def test_every_flipped_bit_is_refused():
    data = bytearray(record().to_bytes())
    for bit in range(8 * SIZE):
        data[bit >> 3] ^= 1 << (bit & 7)
        with raises(ValueError, "record has a wrong checksum"):
            Record.from_bytes(bytes(data))
        data[bit >> 3] ^= 1 << (bit & 7)
    assert Record.from_bytes(bytes(data)) == record()


def test_every_truncation_is_refused():
    data = record().to_bytes()
    for length in range(SIZE):
        wrong = "record has a wrong checksum"  # a record of version 3 has this length
        if length not in SIZES:
            wrong = "must have %d bytes, not %d" % (SIZE, length)
        with raises(ValueError, wrong):
            Record.from_bytes(data[:length])
    with raises(ValueError, "not %d" % (SIZE + 1)):
        Record.from_bytes(data + b"\0")


def test_wrong_version_is_refused():
    for version, data in ((6, record().to_bytes()), (3, record().to_bytes()), (4, OLD), (2, OLD)):
        with raises(ValueError, "record version must be 5, not %d" % version):
            Record.from_bytes(sealed(bytes((version,)) + data[1:]))
    for version in (1, 2, 6, None, "4", [1]):
        shown = json.loads(record().to_json())
        shown["v"] = version
        with raises(ValueError, "version v must be 5"):
            record_from_dict(shown)


def test_bounds_of_every_field():
    for name, _, _, low, high in FIELDS:
        for value in (low, high):
            one = record(**{name: value})
            assert getattr(Record.from_bytes(one.to_bytes()), name) == value
        for value in (low - 1, high + 1, -(2**70), 2**70):
            with raises(ValueError, "%s must be" % name):
                record(**{name: value})
        for value in (1.5, "1", True, [1]):
            with raises(ValueError, "%s must be an integer" % name):
                record(**{name: value})


def test_bounds_hold_behind_a_right_checksum_too():
    data = bytearray(record().to_bytes())
    struct.pack_into("<HB", data, 15, 1000001 & 0xFFFF, 1000001 >> 16)  # soc_ppm
    with raises(ValueError, "soc_ppm must be 0 to 1000000, not 1000001"):
        Record.from_bytes(sealed(bytes(data)))


def test_what_makes_a_record_unique_is_required():
    for name in REQUIRED:
        with raises(ValueError, "%s is missing" % name):
            record(**{name: None})
    with raises(ValueError, "colour is not a field"):
        record(colour=1)


def test_json_that_is_wrong_is_told_by_its_key():
    for key, value in (
        ("soc_pct", "81"),
        ("soc_pct", True),
        ("soc_pct", [1]),
        ("voltage_v", 1e300),
        ("voltage_v", -1e13),
        ("current_ua", {}),
        ("seq", 1.5),
        ("awake_ms", 0.25),
        ("faults", 3),
        ("faults", "fire"),
        ("faults", ""),
    ):
        shown = json.loads(record().to_json())
        shown[key] = value
        with raises(ValueError, key):
            record_from_dict(shown)


def test_what_is_no_json_object_is_refused():
    for payload in ("", "{", "nothing", b"\xff\xfe{}", '{"v":1'):
        with raises(ValueError, "record is not JSON"):
            record_from_json(payload)
    for payload in ("[]", "3", "null", '"text"'):
        with raises(ValueError, "must be a JSON object"):
            record_from_json(payload)


def test_faults_in_words():
    assert fault_text(0) == "none"
    assert fault_text(1 << 16) == "safe"
    for bits in range(0, 1 << len(FAULT_NAMES.split()), 3):
        assert fault_bits(fault_text(bits)) == bits
    names = ("profile", "sensor", "temperature", "gap", "exception", "backlog", "store")
    for index in range(len(names)):
        assert fault_text(1 << index) == names[index]
        assert fault_bits(names[index]) == 1 << index


def test_equality():
    assert record() == record()
    assert record() != record(seq=42)
    assert record() != record(soc_ppm=None)
    assert record() != "record"
