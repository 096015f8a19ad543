"""A board's Bluetooth as a bumble device on the air."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from bumble import att, gatt, hci
from bumble.core import UUID
from bumble.device import AdvertisingType, Connection, Device, LegacyAdvertiser

from filmgauge_sim.air import pairing
from filmgauge_sim.air.clock import VirtualLoop
from filmgauge_sim.air.controller import AirController, LegacyAdv, advertising_kind, device_on
from filmgauge_sim.air.link import AirLink
from filmgauge_sim.board.bluetooth_events import BluetoothEvents
from filmgauge_sim.board.radio_port import (
    READ,
    WRITE,
    WRITE_NO_RESPONSE,
    Advertisement,
    Attribute,
    RadioPort,
    Service,
)

_PROPERTIES = 0x7F  # of MicroPython's flags: those of the characteristic declaration
_NEEDS_SECURITY = {READ: 0x0600, WRITE: 0x3000}  # encrypted or authenticated, by direction
_NEEDS_AUTHENTICATION = 0x2400
_DEVICE_NAME = UUID.from_16_bits(0x2A00)
_INDICATION_FAILED = 13  # BLE_HS_ETIMEOUT of NimBLE


class BoardDevice(RadioPort):
    """The radio port of a node's board: see RadioPort.

    Unless a simulation paces the air, the board's own clock moves it while a peer may speak.
    """

    def __init__(self, loop: VirtualLoop, link: AirLink, name: str) -> None:
        self._loop = loop
        self._link = link
        self._name = name
        self._device: Device | None = None
        self._controller: AirController | None = None
        self._connections: dict[int, Connection] = {}
        self._authenticated: set[int] = set()
        self._values: dict[int, gatt.Characteristic[bytes]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._now_us = 0  # of the board, as far as is known

    def start(
        self, events: BluetoothEvents, address: bytes, random: bool, name: str, mtu: int
    ) -> None:
        self._events = events
        text = address.hex(":").upper()
        self._link.positions.add_address(self._name, text)
        made = self._loop.complete(device_on(self._link, name, text))
        self._device, self._controller = made
        self._device.gatt_server.max_mtu = mtu
        self._device.on("connection", self._connected)
        self._device.keystore = self._keys = pairing.FirmwareKeyStore(events)
        self._device.pairing_config_factory = lambda connection: pairing.pairing_config(
            events, events.security, connection
        )

    def set_name(self, name: str) -> None:
        if self._device is not None:
            for attribute in self._device.gatt_server.attributes:
                if attribute.type == _DEVICE_NAME:
                    attribute.value = name.encode()

    def pair(self, connection: int) -> None:
        self._run(partial(self._pair, connection))

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.le_legacy_advertiser.enabled = False
            self._controller.le_connections.clear()
            self._link.remove_controller(self._controller)
        self._device = self._controller = None
        self._connections.clear()
        self._authenticated.clear()
        self._values.clear()

    def advertise(self, event: Advertisement) -> None:
        controller = self._controller
        if controller is None:
            return
        pdu = LegacyAdv(
            hci.Address(event.address.hex(":"), hci.Address.RANDOM_DEVICE_ADDRESS),
            advertising_kind(event.connectable, event.response),
            event.data,
            event.response,
        )
        if event.connectable:
            assert self._device is not None
            self._device.legacy_advertiser = _advertiser(self._device)
            controller.le_legacy_advertiser.own_address_type = hci.Address.RANDOM_DEVICE_ADDRESS
            controller.le_legacy_advertiser.enabled = True
        self._loop.at(event.at_us, partial(self._link.send_advertising_pdu, controller, pdu))

    def stop_advertising(self) -> None:
        if self._controller is not None:
            self._controller.le_legacy_advertiser.enabled = False

    def follow(self, now_us: int) -> None:
        self._now_us = now_us
        if not self._loop.is_paced:
            self._loop.run_to(now_us)

    def is_paced(self) -> bool:
        return self._loop.is_paced

    def quiet_until_us(self) -> int | None:
        return self._loop.next_us()

    # GATT

    def register(self, services: Sequence[Service]) -> list[list[int]]:
        device = self._powered()
        self._values = {}
        found = []
        for service in services:
            made = [self._characteristic(each) for each in service.characteristics]
            device.add_service(gatt.Service(UUID.from_bytes(service.uuid), made))
            handles = []
            for characteristic in made:
                self._values[characteristic.handle] = characteristic
                handles += [characteristic.handle]
                own = [each for each in characteristic.descriptors if hasattr(each, "of_firmware")]
                handles += [each.handle for each in own]
            found.append(handles)
        return found

    def notify(self, connection: int, handle: int, value: bytes) -> None:
        self._run(partial(self._notify, connection, handle, value))

    def indicate(self, connection: int, handle: int, value: bytes) -> None:
        self._run(partial(self._indicate, connection, handle, value))

    def disconnect(self, connection: int) -> None:
        self._run(partial(self._disconnect, connection))

    async def _pair(self, connection: int) -> None:
        peer, device = self._connections.get(connection), self._device
        if peer is not None and device is not None:
            device.request_pairing(peer)

    async def _disconnect(self, connection: int) -> None:
        peer = self._connections.get(connection)
        if peer is not None:
            await peer.disconnect()

    async def _notify(self, connection: int, handle: int, data: bytes) -> None:
        peer, device = self._connections.get(connection), self._device
        if peer is not None and device is not None:  # else it was gone before
            characteristic = self._values[handle]
            await device.gatt_server.notify_subscriber(peer, characteristic, data, force=True)

    async def _indicate(self, connection: int, handle: int, value: bytes) -> None:
        peer, device = self._connections.get(connection), self._device
        if peer is None or device is None:
            return
        server, characteristic = device.gatt_server, self._values[handle]
        status = 0
        try:
            await server.indicate_subscriber(peer, characteristic, value, force=True)
        except (TimeoutError, att.ATT_Error):
            status = _INDICATION_FAILED
        self._events.indicated(connection, handle, status)

    def _characteristic(self, given: Attribute) -> "gatt.Characteristic[bytes]":
        box: list[att.Attribute[bytes]] = []
        descriptors = []
        for each in given.descriptors:
            inner: list[att.Attribute[bytes]] = []
            descriptor = gatt.Descriptor(
                UUID.from_bytes(each.uuid), _permissions(each.flags), self._value(each, inner)
            )
            setattr(descriptor, "of_firmware", True)  # noqa: B010  not bumble's own CCCD
            inner.append(descriptor)
            descriptors.append(descriptor)
        made = gatt.Characteristic(
            UUID.from_bytes(given.uuid),
            gatt.Characteristic.Properties(given.flags & _PROPERTIES),
            _permissions(given.flags),
            self._value(given, box),
            descriptors,
        )
        box.append(made)
        return made

    def _value(self, given: Attribute, box: "list[att.Attribute[bytes]]") -> Any:
        """Return the value of an attribute, which is in `box` once it is made."""

        async def read(connection: Connection) -> bytes:
            # Nor for everyone to read.
            if not given.flags & READ:
                raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
            self._check_security(connection, given.flags & _NEEDS_SECURITY[READ])
            handle = box[0].handle
            asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._events.read_requested(connection.handle, handle, partial(_answer, asked))
            error = await asked
            if error:
                raise att.ATT_Error(att.ErrorCode(error))
            return self._events.value(handle)

        def write(connection: Connection, value: bytes) -> None:
            # Stock bumble lets everyone write: it does not look whether that is permitted.
            if not given.flags & (WRITE | WRITE_NO_RESPONSE):
                raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)
            self._check_security(connection, given.flags & _NEEDS_SECURITY[WRITE])
            self._events.written(connection.handle, box[0].handle, value)

        return att.AttributeValue(read=read, write=write)

    def _connected(self, connection: Connection) -> None:
        number, address = connection.handle, connection.peer_address
        where = int(address.address_type), bytes(reversed(bytes(address)))
        self._connections[number] = connection
        assert self._controller is not None
        interval_s = self._link.interval_s(self._controller, address)
        interval_us = round(interval_s * 1e6)
        self._events.connected(number, *where, interval_us, self._loop.now_us)

        def gone(_reason: int) -> None:
            self._connections.pop(number, None)
            self._authenticated.discard(number)
            self._events.disconnected(number, *where)

        connection.on("disconnection", gone)
        connection.on(
            "connection_att_mtu_update",
            lambda: self._events.mtu_exchanged(number, connection.att_mtu),
        )

        def updated() -> None:
            now = connection.parameters
            interval = round(now.connection_interval / 1.25)
            timeout = round(now.supervision_timeout / 10)
            self._events.parameters_updated(number, interval, now.peripheral_latency, timeout)

        connection.on(connection.EVENT_CONNECTION_PARAMETERS_UPDATE, updated)
        device = self._powered()

        def secured(encrypted: bool, authenticated: bool, bonded: bool) -> None:
            if authenticated:
                self._authenticated.add(number)
            self._events.encryption_changed(number, encrypted, authenticated, bonded)

        pairing.on_security(
            connection,
            lambda: number in device.smp_manager.sessions,
            secured,
            lambda: self._keys.get(str(connection.peer_address)),
        )

    def _check_security(self, connection: Connection, needed: int) -> None:
        """Raise as NimBLE does: authentication is what it misses on a link in plain text."""
        known = connection.handle in self._authenticated
        if needed and not (
            connection.is_encrypted and (known or not needed & _NEEDS_AUTHENTICATION)
        ):
            raise att.ATT_Error(att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR)

    def _powered(self) -> Device:
        if self._device is None:
            raise RuntimeError("the radio port has not been started")
        return self._device

    def _run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Begin some work at the board's time: it may be ahead of the air."""

        def begin() -> None:
            task = self._loop.create_task(work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._loop.at(self._now_us, begin)


def _answer(asked: "asyncio.Future[int]", error: int) -> None:
    if not asked.done():
        asked.set_result(error)


def _advertiser(device: Device) -> LegacyAdvertiser:
    """Return what bumble takes for the advertiser that a central has answered."""
    nobody = hci.Address.ANY_RANDOM
    kind = AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
    return LegacyAdvertiser(device, kind, hci.OwnAddressType.RANDOM, nobody, False)


def _permissions(flags: int) -> att.Attribute.Permissions:
    permissions = att.Attribute.Permissions(0)
    if flags & READ:
        permissions |= att.Attribute.Permissions.READABLE
    if flags & (WRITE | WRITE_NO_RESPONSE):
        permissions |= att.Attribute.Permissions.WRITEABLE
    return permissions
