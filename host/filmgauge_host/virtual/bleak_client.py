"""bleak's client on the virtual air: a backend over a bumble device, for unmodified bleak.

async with BleakClient(address, backend=client_backend(adapter)) as node: ...
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, hci
from bumble.device import Connection, Peer

from filmgauge_host.virtual.adapter import VirtualAdapter, uuid_text

Result = TypeVar("Result")
_MTU = 517
_NOTIFIES = 0x30  # notifies or indicates
_ATT_HEAD = 3  # of a write or a notification


def client_backend(adapter: VirtualAdapter) -> type[BaseBleakClient]:
    """Return the class to give to BleakClient as `backend`.

    It runs on the loop that the device was made on, in virtual or in real time.
    """

    class BleakClientVirtual(_Client):
        on = adapter

    return BleakClientVirtual


class _Client(BaseBleakClient):
    on: VirtualAdapter

    def __init__(self, address_or_ble_device: BLEDevice | str, **options: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=options.get("disconnected_callback"),
            timeout=options.get("timeout", 30.0),
        )
        device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        address = device.details if device else None
        self._target = address if isinstance(address, hci.Address) else hci.Address(self.address)
        self._name = device.name if device else None
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._listeners: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        warnings.warn("Using default MTU value.", stacklevel=2)
        return att.ATT_DEFAULT_MTU  # of every link, as bleak has it on BlueZ (bleak #1165)

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
        self._connection.once(Connection.EVENT_DISCONNECTION, self._on_disconnection)
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
        client = self._served().gatt_client  # which queues what is longer than a packet
        work = client.write_value(characteristic.handle, bytes(data), with_response=response)
        await self._do(work)

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
        def on_value(value: bytes) -> None:
            callback(bytearray(value))

        self._listeners[characteristic.handle] = on_value
        await self._do(self._served().gatt_client.subscribe(characteristic.obj, on_value))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        on_value = self._listeners.pop(characteristic.handle, None)
        if on_value is not None:
            client = self._served().gatt_client
            await self._do(client.unsubscribe(characteristic.obj, on_value))

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
            made = BleakGATTService(service, service.handle, uuid_text(service.uuid))
            found.add_service(made)
            for each in await service.discover_characteristics():
                characteristic = BleakGATTCharacteristic(
                    each,
                    each.handle,
                    uuid_text(each.uuid),
                    sorted(gatt_char_props_to_strs(int(each.properties))),
                    self._write_size,
                    made,
                )
                found.add_characteristic(characteristic)
                if not int(each.properties) & _NOTIFIES:
                    continue  # it has none that matters here, and each request takes its time
                for below in await each.discover_descriptors():
                    found.add_descriptor(
                        BleakGATTDescriptor(
                            below, below.handle, uuid_text(below.type), characteristic
                        )
                    )
        return found

    def _write_size(self) -> int:
        """Return how much one packet of a write carries, as far as the adapter says it."""
        if self._connection is None or not self.on.tells_mtu:
            return att.ATT_DEFAULT_MTU - _ATT_HEAD
        return self._connection.att_mtu - _ATT_HEAD

    async def _read(self, handle: int) -> bytearray:
        return bytearray(await self._do(self._served().gatt_client.read_value(handle)))

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = self._peer = None
        self._listeners.clear()
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
