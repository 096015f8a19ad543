"""Battery Service 1.1: floats by hand, layouts, and what is left out where it is not known."""

from binascii import hexlify, unhexlify

from cell_profiles import cell
from peer_contexts import record

from filmgauge.uplink.ble.battery_service import critical, energy_nwh, medfloat16, values

WHOLE = {
    "soc_ppm": 814999,
    "shown_ppm": 124999,
    "full_nah": 30000,
    "voltage_uv": 2150000,
    "current_pa": -1500000,
    "temperature_cdeg": -1050,
    "available_nah": 5000,
    "available_full_nah": 25000,
    "to_empty_s": 7260,
    "mcycles": 12999,
    "faults": 0,
    "limits": 0,
}


def word(mantissa, exponent):
    """Return a float as people write it: the most significant byte first."""
    return hexlify(bytes(reversed(medfloat16(mantissa, exponent)))).decode()


def test_medfloat16_by_hand():
    # exponent in four bits, mantissa in twelve, both two's complement: IEEE 11073-20601
    assert word(20, -1) == "f014"  # 2.0, the example of the specification
    assert word(0, 0) == "0000"
    assert word(1, 0) == "0001"
    assert word(-1, 0) == "0fff"
    assert word(114, 0) == "0072"  # 114
    assert word(-36, -1) == "ffdc"  # -3.6
    assert word(2045, 0) == "07fd"  # the largest mantissa
    assert word(2046, 0) == "10cd"  # 2050: 205e1
    assert word(-2046, 0) == "1f33"  # -205e1
    assert word(20449, 0) == "17fd"
    assert word(20455, 0) == "20cd"  # 205e2: 2046e1 would be too large
    assert word(1850000, -6) == "d73a"  # 1.850 V
    assert word(22000000, -15) == "8002"  # 22 uWh in kWh: 2e-8
    assert word(15000000, -15) == "8002"  # 15 uWh: the half is rounded away from zero
    assert word(14999999, -15) == "8001"
    assert word(4000000, -15) == "8000"  # less than half a step: nothing


def test_the_values_of_a_whole_record():
    level, status, health, information, about, times, critical_, date, energy = values(
        record(0, **WHOLE), cell()
    )
    assert level == b"\x0c"  # what people are shown
    # level present; battery present, external power unknown, discharging, critical
    assert status == bytes((0x02, 0b11000101, 0b00000001, 0x0C))
    assert health[:1] == b"\x07"
    assert health[2:] == b"\x0c\x00\xf6"  # 12 cycles, -10 degC
    assert information == b"\x02\xec\x3c"  # -20 to 60 degC
    assert about[:3] == b"\x64\x00\x02"
    assert about[5:6] == b"\xff"  # other chemistry
    assert times == b"\x00\x79\x00\x00"  # 121 min
    assert critical_ == b"\x01"
    assert date == b"\0\0\0"
    assert energy[:1] == b"\x1e"
    assert energy[1:3] == unhexlify("d7e0")  # 2.15 V: 2150e-3 has too large a mantissa
    assert len(energy) == 9


def test_a_charge_is_told_as_one():
    given = dict(WHOLE, current_pa=1500000, shown_ppm=900000, to_empty_s=None, to_full_s=90)
    found = values(record(0, **given), cell())
    # external power, charging, good
    assert found[1] == bytes((0x02, 0b10100011, 0b00000000, 90))
    assert found[5] == b"\x02\xff\xff\xff\x01\x00\x00"
    assert found[6] == b"\x00"


def test_a_rest_and_an_unknown_current():
    at_rest = values(record(0, **dict(WHOLE, current_pa=30000)), cell())[1]  # C/1000
    assert at_rest[1] >> 5 & 3 == 3
    unknown = values(record(0, **dict(WHOLE, current_pa=None)), cell())[1]
    assert unknown[1] >> 5 & 3 == 0


def test_what_is_not_known_is_left_out():
    found = values(record(0, faults=1, limits=None), None)
    assert [hexlify(value).decode() for value in found] == [
        "",
        "000500",
        "00",
        "02ec3c",
        "200002ff",
        "00ffffff",
        "02",
        "000000",
        "00",
    ]


def test_faults_ask_for_service():
    assert critical(record(0, **dict(WHOLE, shown_ppm=500000))) == 0
    assert critical(record(0, **dict(WHOLE, shown_ppm=500000, faults=2))) == 2
    assert critical(record(0, **dict(WHOLE, shown_ppm=500000, limits=0b10))) == 0  # a limit
    fault = record(0, **dict(WHOLE, shown_ppm=500000, limits=0b1100))
    assert critical(fault) == 2
    assert values(fault, cell())[1][2] & 0x10


def test_long_times_stay_in_their_field():
    assert values(record(0, **dict(WHOLE, to_empty_s=0x7FFFFFFF)), cell())[5] != b"\0\xff\xff\xff"
    assert values(record(0, **dict(WHOLE, to_empty_s=59)), cell())[5] == b"\0\0\0\0"


def test_energy_is_charge_at_the_middle_voltage():
    assert energy_nwh(1000, cell()) == cell().middle_uv // 1000
