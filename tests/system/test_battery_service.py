"""The Battery Service over the air, read by a decoder of other authors: bluetooth-sig.

It takes medfloat16 for another float, so the floats are checked by hand in test_battery_service.
"""

from pathlib import Path
from typing import Any

from gatt_central import RECORD, Rig

from filmgauge.record.record import Record

CHARACTERISTICS = ("2A19", "2BED", "2BEA", "2BEB", "2BEC", "2BEE", "2BE9", "2BEF", "2BF0")
DEVICE = {"2A29": "filmgauge", "2A24": "stm32wb", "2A25": "window-1"}


def medfloat16(data: bytes) -> float:
    """Return the value of two bytes: exponent in four bits, mantissa in twelve."""
    word = int.from_bytes(data, "little")
    exponent, mantissa = word >> 12, word & 0xFFF
    return (mantissa - (mantissa >> 11 << 12)) * 10.0 ** (exponent - (exponent >> 3 << 4))


def test_medfloat16_of_the_specification() -> None:
    assert medfloat16(bytes((0x14, 0xF0))) == 2.0


def test_every_characteristic_is_what_another_decoder_reads(tmp_path: Path) -> None:
    async def act(rig: Rig) -> tuple[dict[str, bytes], bytes]:
        visit = await rig.visit()
        uuids = (*CHARACTERISTICS, *DEVICE)
        return {uuid: await visit.read(int(uuid, 16)) for uuid in uuids}, await visit.read(RECORD)

    with Rig(tmp_path) as rig:
        raw, record_bytes = rig.go(act)
    record: Any = Record.from_bytes(record_bytes)
    from bluetooth_sig import BluetoothSIGTranslator

    sig = BluetoothSIGTranslator()
    read: dict[str, Any] = {
        uuid: sig.parse_characteristic(uuid, value) for uuid, value in raw.items()
    }
    shown = record.soc_ppm if record.shown_ppm is None else record.shown_ppm
    assert read["2A19"] == round(shown / 1e4)
    status = read["2BED"]
    assert status.battery_present
    assert status.battery_level == read["2A19"]
    assert status.battery_charge_level.name == "GOOD"
    assert not status.charging_fault_battery
    health = read["2BEA"]
    assert health.cycle_count == record.mcycles // 1000
    assert health.current_temperature == round(record.temperature_cdeg / 100)
    assert 95 <= health.battery_health_summary <= 100
    assert read["2BEB"].min_designed_operating_temperature == -20
    assert read["2BEB"].max_designed_operating_temperature == 60
    about = read["2BEC"]
    assert about.battery_chemistry.name == "OTHER"
    assert about.battery_features.name == "RECHARGEABLE"
    assert read["2BEE"].time_until_discharged is None  # it has just begun
    assert not read["2BE9"].critical_power_state
    assert not read["2BE9"].immediate_service_required
    energy = read["2BF0"]
    assert energy.flags.value == 0x1E
    volts = medfloat16(raw["2BF0"][1:3])
    assert abs(volts - record.voltage_uv / 1e6) <= 5e-3  # above 2.045 V its step is 10 mV
    kwh = medfloat16(raw["2BF0"][3:5])
    middle_v = medfloat16(raw["2BEC"][6:8])
    assert 2.0 < middle_v < 2.3  # between the plateaus of a lithium-sulphur cell
    assert abs(kwh - record.available_nah * middle_v * 1e-12) <= 0.5e-8  # its smallest step
    assert {uuid: raw[uuid].decode() for uuid in DEVICE} == DEVICE
