"""A receiver of other authors: bthome-ble as Home Assistant runs it."""

from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_sim.board.radio_port import Advertisement

UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"


class Receiver:
    """Reads adverts; with a key only encrypted ones."""

    def __init__(self, key: str = "") -> None:
        from bthome_ble import BTHomeBluetoothDeviceData

        self.parser = BTHomeBluetoothDeviceData(bindkey=bytes.fromhex(key) if key else None)
        self.counters: list[int] = []

    def read(self, event: Advertisement) -> dict[str, Any]:
        """Return the values by name; an advert that is refused has none."""
        from habluetooth import BluetoothServiceInfoBleak

        address = event.address.hex(":").upper()
        data = {UUID: service_data(event.data)}
        device = BLEDevice(address, None, {})
        advertisement = AdvertisementData(None, {}, data, [], None, -60, ())
        info = BluetoothServiceInfoBleak(
            name=address,
            address=address,
            rssi=-60,
            manufacturer_data={},
            service_data=data,
            service_uuids=[],
            source="air",
            device=device,
            advertisement=advertisement,
            connectable=event.connectable,
            time=event.at_us / 1e6,
            tx_power=None,
        )
        update = self.parser.update(info)
        self.counters.append(int(self.parser.encryption_counter))
        values = {key.key: value.native_value for key, value in update.entity_values.items()}
        values.pop("signal_strength", None)
        return values


def service_data(data: bytes) -> bytes:
    """Return what belongs to 0xFCD2, walking the structures of advertising data."""
    at = 0
    while at < len(data):
        length, kind = data[at], data[at + 1]
        body = data[at + 2 : at + 1 + length]
        if kind == 0x16 and body[:2] == b"\xd2\xfc":
            return body[2:]
        at += 1 + length
    raise AssertionError(f"no service data in {data.hex()}")
