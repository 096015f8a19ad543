"""bleak's scanner on the virtual air: a backend over a bumble device, for unmodified bleak.

async with BleakScanner(on_advertisement, backend=scanner_backend(adapter)): ...
"""

from typing import Any

from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bumble import core
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Device

from filmgauge_host.virtual.adapter import VirtualAdapter, uuid_text

_UUID_BYTES = (2, 2, 4, 4, 16, 16)  # of the lists of types 2 to 7
_SERVICE_DATA = {
    AdvertisingData.SERVICE_DATA_16_BIT_UUID: 2,
    AdvertisingData.SERVICE_DATA_32_BIT_UUID: 4,
    AdvertisingData.SERVICE_DATA_128_BIT_UUID: 16,
}


def scanner_backend(adapter: VirtualAdapter) -> type[BaseBleakScanner]:
    """Return the class to give to BleakScanner as `backend`.

    It runs on the loop that the device was made on, in virtual or in real time.
    """

    class BleakScannerVirtual(_Scanner):
        on = adapter

    return BleakScannerVirtual


class _Scanner(BaseBleakScanner):
    on: VirtualAdapter

    def __init__(
        self,
        detection_callback: Any,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_options: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"
        self._started = False

    async def start(self) -> None:
        self.seen_devices = {}
        await self.on.add_scanner(self._active)
        self._started = True
        self.on.device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)

    async def stop(self) -> None:
        if self._started:
            self._started = False
            self.on.device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
            await self.on.remove_scanner()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        try:
            data = _advertisement_data(advertisement)
        except (ValueError, IndexError, core.InvalidArgumentError):
            return  # no structures that a host's stack would pass on
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        device = self.create_or_update_device(
            address, address, data.local_name, advertisement.address, data
        )
        self.call_detection_callbacks(device, data)


def _advertisement_data(advertisement: Advertisement) -> AdvertisementData:
    """Return what an advertisement and its scan response say. ValueError for a torn one."""
    name = power_dbm = None
    manufacturer: dict[int, bytes] = {}
    service: dict[str, bytes] = {}
    uuids: list[str] = []
    for kind, value in advertisement.data.ad_structures:
        if kind in (AdvertisingData.COMPLETE_LOCAL_NAME, AdvertisingData.SHORTENED_LOCAL_NAME):
            name = value.decode("utf-8", "replace")
        elif kind == AdvertisingData.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
        elif kind in _SERVICE_DATA and len(value) >= _SERVICE_DATA[kind]:
            size = _SERVICE_DATA[kind]
            service[uuid_text(UUID.from_bytes(value[:size]))] = value[size:]
        elif 2 <= kind <= 7:
            size = _UUID_BYTES[kind - 2]
            parts = range(0, len(value) - size + 1, size)
            uuids += [uuid_text(UUID.from_bytes(value[at : at + size])) for at in parts]
        elif kind == AdvertisingData.TX_POWER_LEVEL and value:
            power_dbm = int.from_bytes(value[:1], "little", signed=True)
    platform = (advertisement,)
    return AdvertisementData(
        name, manufacturer, service, uuids, power_dbm, advertisement.rssi, platform
    )
