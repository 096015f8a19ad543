"""bleak on the virtual air: backends over a bumble device, for unmodified bleak.

    adapter = VirtualAdapter(air.device("host"))
    scanner, client = backends(adapter)
    async with BleakScanner(heard, backend=scanner): ...
    async with BleakClient(address, backend=client) as node: ...

Everything runs on the loop that the device was made on, in virtual or in real time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import att, core, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer

# It warns of every connection to a board, whose advertising its own host has not begun.
logging.getLogger("bumble").setLevel(logging.ERROR)

Result = TypeVar("Result")
_MTU = 517
_TELLS = 0x30  # notifies or indicates
_ATT_HEAD = 3  # of a write or a notification
_BASE_UUID = "-0000-1000-8000-00805f9b34fb"
_UUID_BYTES = (2, 2, 4, 4, 16, 16)  # of the lists of types 2 to 7
_SERVICE_DATA = {
    AdvertisingData.SERVICE_DATA_16_BIT_UUID: 2,
    AdvertisingData.SERVICE_DATA_32_BIT_UUID: 4,
    AdvertisingData.SERVICE_DATA_128_BIT_UUID: 16,
}


class VirtualAdapter:
    """A host's adapter on the air, shared by its scanners and clients; it can be pulled out."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.present = True
        self.connecting = asyncio.Lock()  # a controller opens one connection at a time
        self._scanners = 0
        self._active = True

    def check(self) -> None:
        """Raise what bleak raises while there is no adapter."""
        if not self.present:
            raise BleakBluetoothNotAvailableError(
                "no Bluetooth adapter", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            )

    async def scan(self, active: bool) -> None:
        """Begin to scan unless it does."""
        self.check()
        self._scanners += 1
        self._active = active
        if self._scanners == 1:
            await self.device.start_scanning(legacy=True, active=active)

    async def rest(self) -> None:
        """One scanner less."""
        self._scanners -= 1
        if not self._scanners and self.present:
            await self.device.stop_scanning(legacy=True)

    async def pull_out(self) -> None:
        """Be gone as an adapter is that is unplugged: connections end and scans hear nothing."""
        self.present = False
        await self.device.stop_scanning(legacy=True)
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def plug_in(self) -> None:
        """Be there again."""
        self.present = True
        if self._scanners:
            await self.device.start_scanning(legacy=True, active=self._active)


def backends(
    adapter: VirtualAdapter,
) -> tuple[type[BaseBleakScanner], type[BaseBleakClient]]:
    """Return the classes to give to BleakScanner and BleakClient as `backend`."""

    class BleakScannerVirtual(_Scanner):
        on = adapter

    class BleakClientVirtual(_Client):
        on = adapter

    return BleakScannerVirtual, BleakClientVirtual


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
        await self.on.scan(self._active)
        self._started = True
        self.on.device.on(Device.EVENT_ADVERTISEMENT, self._heard)

    async def stop(self) -> None:
        if self._started:
            self._started = False
            self.on.device.remove_listener(Device.EVENT_ADVERTISEMENT, self._heard)
            await self.on.rest()

    def _heard(self, advertisement: Advertisement) -> None:
        try:
            told = _told(advertisement)
        except (ValueError, IndexError, core.InvalidArgumentError):
            return  # no structures that a host's stack would pass on
        if not self.is_allowed_uuid(told.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        device = self.create_or_update_device(
            address, address, told.local_name, advertisement.address, told
        )
        self.call_detection_callbacks(device, told)


class _Client(BaseBleakClient):
    on: VirtualAdapter

    def __init__(self, address_or_ble_device: BLEDevice | str, **options: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=options.get("disconnected_callback"),
            timeout=options.get("timeout", 30.0),
        )
        known = isinstance(address_or_ble_device, BLEDevice)
        self._target = (
            address_or_ble_device.details
            if known and isinstance(address_or_ble_device.details, hci.Address)
            else hci.Address(self.address)
        )
        self._name = address_or_ble_device.name if known else None
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._listening: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_options: Any) -> None:
        if self.is_connected:
            raise BleakError("Client is already connected")
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._timeout
        async with asyncio.timeout_at(until_s):
            await self.on.connecting.acquire()
        try:
            self.on.check()
            self._connection = await self._open(until_s - loop.time())
        finally:
            self.on.connecting.release()
        self._connection.once(Connection.EVENT_DISCONNECTION, self._gone)
        try:
            async with asyncio.timeout_at(until_s):
                if pair:
                    await self.pair()
                self._peer = Peer(self._connection)
                await self._peer.request_mtu(_MTU)
                self.services = await self._discover(self._peer)
        except BaseException as error:
            await self.disconnect()
            raise _wrapped(error) from error

    async def disconnect(self) -> None:
        if self._connection is not None:
            try:
                await self._connection.disconnect()
            except Exception as error:
                raise _wrapped(error) from error

    async def pair(self, *_arguments: Any, **_options: Any) -> None:
        await self._do(self._linked().pair())

    async def unpair(self) -> None:
        connection = self._linked()
        keys = self.on.device.keystore
        if keys is not None:
            await keys.delete(str(connection.peer_address))
        await self.disconnect()

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, **_options: Any
    ) -> bytearray:
        return await self._read(characteristic.handle)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, **_options: Any
    ) -> bytearray:
        return await self._read(descriptor.handle)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        value, peer = bytes(data), self._served()
        if response and len(value) > self.mtu_size - _ATT_HEAD:
            await self._do(peer.gatt_client.write_long_value(characteristic.handle, value))
            return
        await self._do(
            peer.gatt_client.write_value(characteristic.handle, value, with_response=response)
        )

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        client = self._served().gatt_client
        await self._do(client.write_value(descriptor.handle, bytes(data), with_response=True))

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: Callable[[bytearray], None],
        **_options: Any,
    ) -> None:
        def heard(value: bytes) -> None:
            callback(bytearray(value))

        self._listening[characteristic.handle] = heard
        await self._do(self._served().gatt_client.subscribe(characteristic.obj, heard))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        heard = self._listening.pop(characteristic.handle, None)
        if heard is not None:
            client = self._served().gatt_client
            await self._do(client.unsubscribe(characteristic.obj, heard))

    async def _open(self, left_s: float) -> Connection:
        try:
            return await self.on.device.connect(self._target, timeout=left_s)
        except core.ConnectionError as error:
            reason = f"{self.address} cannot be connected to: {error}"
            raise BleakDeviceNotFoundError(self.address, reason) from error
        except core.TimeoutError as error:
            raise TimeoutError from error
        except asyncio.CancelledError:
            await self.on.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            raise

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        for service in await peer.discover_services():
            made = BleakGATTService(service, service.handle, _text(service.uuid))
            found.add_service(made)
            for each in await service.discover_characteristics():
                characteristic = BleakGATTCharacteristic(
                    each,
                    each.handle,
                    _text(each.uuid),
                    sorted(gatt_char_props_to_strs(int(each.properties))),
                    lambda: self.mtu_size - _ATT_HEAD,
                    made,
                )
                found.add_characteristic(characteristic)
                if not int(each.properties) & _TELLS:
                    continue  # it has none that matters here, and each look takes its time
                for below in await each.discover_descriptors():
                    found.add_descriptor(
                        BleakGATTDescriptor(below, below.handle, _text(below.type), characteristic)
                    )
        return found

    async def _read(self, handle: int) -> bytearray:
        return bytearray(await self._do(self._served().gatt_client.read_value(handle)))

    def _gone(self, _reason: int) -> None:
        self._connection = self._peer = None
        self._listening.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    def _linked(self) -> Connection:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection

    def _served(self) -> Peer:
        if self._peer is None:
            raise BleakError("Not connected")
        return self._peer

    async def _do(self, work: Awaitable[Result]) -> Result:
        """Await an operation; the end of the connection ends it, too."""
        connection = self._connection
        try:
            return await (connection.cancel_on_disconnection(work) if connection else work)
        except asyncio.CancelledError as error:
            if connection is not None and self._connection is None and not _is_cancelled():
                raise BleakError("disconnected") from error
            raise
        except Exception as error:
            raise _wrapped(error) from error


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _wrapped(error: BaseException) -> BaseException:
    """Return bleak's own kind of an error."""
    if isinstance(error, att.ATT_Error):
        return BleakGATTProtocolError(int(error.error_code))
    if isinstance(error, (BleakError, TimeoutError)) or not isinstance(error, Exception):
        return error
    return BleakError(str(error) or type(error).__name__)


def _text(uuid: UUID) -> str:
    """Return a UUID as bleak writes it: 128 bits, small letters."""
    if len(uuid.uuid_bytes) == 16:
        return uuid.to_hex_str("-").lower()
    return uuid.to_hex_str().lower().zfill(8) + _BASE_UUID


def _told(advertisement: Advertisement) -> AdvertisementData:
    """Return what an advertisement and its scan response tell. ValueError for a torn one."""
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
            service[_text(UUID.from_bytes(value[:size]))] = value[size:]
        elif 2 <= kind <= 7:
            size = _UUID_BYTES[kind - 2]
            parts = range(0, len(value) - size + 1, size)
            uuids += [_text(UUID.from_bytes(value[at : at + size])) for at in parts]
        elif kind == AdvertisingData.TX_POWER_LEVEL and value:
            power_dbm = int.from_bytes(value[:1], "little", signed=True)
    platform = (advertisement,)
    return AdvertisementData(
        name, manufacturer, service, uuids, power_dbm, advertisement.rssi, platform
    )
