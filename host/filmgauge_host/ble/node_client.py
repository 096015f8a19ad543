"""One connection to a node: read, download, command. Every wait has a deadline.

    async with NodeClient(radio, device) as node:
        print(await node.state())
        async for record in node.log(after=(life, 1, 7)): ...

Raises NodeError for a node that does not answer or breaks the contract of docs/bluetooth.md,
RefusedError for a command that it refuses, AdapterError where there is no adapter.
"""

import asyncio
from binascii import crc32
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from bleak.backends.device import BLEDevice
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from filmgauge.record.record import Record
from filmgauge.uplink.actions import CONFIGURE
from filmgauge.uplink.commands import CRASHES, LONGEST
from filmgauge_host.ble import battery_service, gatt_values, uuids
from filmgauge_host.ble.gatt_values import Energy, LogEnd, LogReassembly, NodeState, Reply
from filmgauge_host.ble.radio import Radio
from filmgauge_host.commands import frames
from filmgauge_host.errors import AdapterError, NodeError, RefusedError, UnreachableError
from filmgauge_host.telemetry.received_record import RecordKey

Result = TypeVar("Result")
_ATT_HEAD = 3  # of a write or a notification
_LEAST_PACKET = 20  # without it
_EVERYTHING = 0xFFFF
_BEFORE_ALL = (0, 0, 0)  # boots count from 1


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """The Device Information Service. serial: the node's name."""

    manufacturer: str
    model: str
    serial: str
    firmware: str


class NodeClient:
    """Use as a context. connect_s, answer_s: the deadlines of connecting and of one answer."""

    def __init__(
        self,
        radio: Radio,
        device: BLEDevice | str,
        connect_s: float = 20.0,
        answer_s: float = 8.0,
    ) -> None:
        self.address = device if isinstance(device, str) else device.address
        self.log_end: LogEnd | None = None
        self.torn = 0
        self._connect_s, self._answer_s = connect_s, answer_s
        self._command_uuid = uuids.COMMAND
        self._disconnected = asyncio.Event()
        self._client = radio.client(device, lambda _: self._disconnected.set(), connect_s)

    async def __aenter__(self) -> Self:
        connecting = self._client.connect()
        try:
            await self._within(connecting, self._connect_s + 1.0, "take the connection")
        except NodeError as error:
            raise UnreachableError(str(error)) from None
        if self._client.services.get_service(uuids.SERVICE) is None:
            await self.close()
            raise NodeError(f"{self.address} does not serve what a node serves")
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect; a peer that is gone already is no error."""
        with suppress(BleakError, OSError, EOFError, TimeoutError):
            async with asyncio.timeout(self._answer_s):
                await self._client.disconnect()

    @property
    def mtu(self) -> int:
        """Bytes of one ATT packet, as far as the system says it: BlueZ before 5.62 says the least
        there is. bleak's own mtu_size is always the least on BlueZ."""
        found = self._client.services.get_characteristic(uuids.COMMAND)
        return _ATT_HEAD + (found.max_write_without_response_size if found else _LEAST_PACKET)

    @property
    def frame_size(self) -> int:
        """Bytes of a frame that suits the link: of one packet, or the longest frame, which goes in
        several, where packets are short or nobody knows."""
        packet = self.mtu - _ATT_HEAD
        return min(LONGEST, packet) if packet >= LONGEST // 2 else LONGEST

    async def record(self) -> Record | None:
        """Return the newest record, None before the first one."""
        return gatt_values.record(await self._read(uuids.RECORD))

    async def state(self) -> NodeState:
        """Return what the node knows of itself."""
        return gatt_values.state(await self._read(uuids.STATE))

    async def energy(self) -> Energy:
        """Return the energy of the cell."""
        return gatt_values.energy(await self._read(uuids.ENERGY))

    async def ledger(self) -> dict[str, int]:
        """Return the lines of the ledger in pC."""
        return gatt_values.ledger(await self._read(uuids.LEDGER))

    async def configuration(self) -> dict[str, Any]:
        """Return the node's configuration without its secrets."""
        return gatt_values.configuration(await self._read(uuids.CONFIGURATION))

    async def device_information(self) -> DeviceInformation:
        """Return who made it and what it is called."""
        names = (uuids.MANUFACTURER, uuids.MODEL, uuids.SERIAL, uuids.FIRMWARE)
        return DeviceInformation(*[gatt_values.text(await self._read(name)) for name in names])

    async def battery(self) -> dict[str, battery_service.Value]:
        """Return what the Battery Service says, of the characteristics that there are."""
        found: dict[str, battery_service.Value] = {}
        for service in self._client.services:
            for each in service.characteristics:
                if each.uuid in battery_service.UUIDS and "read" in each.properties:
                    found |= battery_service.decode(each.uuid, await self._read(each.uuid))
        return found

    async def log(
        self, after: RecordKey = _BEFORE_ALL, count: int = _EVERYTHING
    ) -> AsyncIterator[Record]:
        """Yield the records that are newer than `after` = (life, boot, seq), oldest first.

        When it is over, `log_end` says what is left; `torn` counts records that were unreadable.
        """
        reassembly = LogReassembly()
        self.log_end = None
        pieces = await self._notifications(uuids.LOG_DATA, "send its log")
        request = frames.key_bytes(after, (await self.state()).has_lives)
        await self._write(uuids.LOG_REQUEST, request + count.to_bytes(2, "little"))
        while True:
            piece = await self._within(pieces.get(), self._answer_s, "send its log")
            found = reassembly.add(piece)
            self.torn = reassembly.torn
            if isinstance(found, LogEnd):
                self.log_end = found
                break
            if found is not None:
                yield found
        await self._within(self._client.stop_notify(uuids.LOG_DATA), self._answer_s, "answer")

    async def command(
        self, node: str, key: bytes, operation: int, payload: bytes, counter: int
    ) -> Reply:
        """Send one command with its MAC and return the reply; RefusedError unless it was done."""
        frame = frames.frame(node, key, counter, operation, payload)
        return await self._send_frame(frame, counter)

    async def crash_records(self, node: str, key: bytes, arrived: str = "") -> str:
        """Return the crash records that wait, a JSON array. arrived: such an answer, which the
        node may forget."""
        payload = crc32(arrived.encode()).to_bytes(4, "little") if arrived else b""
        return (await self.command(node, key, CRASHES, payload, 1)).text  # not counted

    async def encrypt(self, node: str, key: bytes) -> None:
        """Pair, if need be: commands go over the encrypted link from then on.

        The first of them has nothing to hide: a node takes none there while the link is open.
        Raises NodeError where there is no such link, as where one of the two lost its bond.
        """
        try:
            with suppress(NotImplementedError):  # macOS, which pairs when that one is refused
                await self._within(self._client.pair(), self._connect_s, "pair")
            self._command_uuid = uuids.SECURE_COMMAND
            await self.command(node, key, CRASHES, b"", 1)  # which nobody counts
        except NodeError as error:
            raise NodeError(
                f"{error}: if the node has dropped its bond with this host, drop the host's with "
                f"bluetoothctl remove {self.address}"
            ) from None

    async def configure(
        self, node: str, key: bytes, changes: dict[str, Any], counter: int
    ) -> Reply:
        """Change keys of the configuration: all of them or none; RefusedError says why not.

        counter: of the first frame.
        """
        last = None
        for number, payload in enumerate(frames.configure_payloads(changes, self.frame_size)):
            last = await self.command(node, key, CONFIGURE, payload, counter + number)
        assert last is not None  # JSON has two bytes at least
        return last

    async def _send_frame(self, frame: bytes, counter: int) -> Reply:
        replies = await self._notifications(uuids.REPLY, "answer")
        try:
            await self._write(self._command_uuid, frame)
            while True:
                value = await self._within(replies.get(), self._answer_s, "reply to a command")
                reply = gatt_values.reply(value)
                if reply.counter == counter or reply.status:
                    break
            if len(value) >= self.mtu - _ATT_HEAD:  # it may be cut
                reply = gatt_values.reply(await self._read(uuids.REPLY))
        finally:
            with suppress(NodeError):
                await self._within(self._client.stop_notify(uuids.REPLY), self._answer_s, "answer")
        if reply.status:
            raise RefusedError(
                f"{self.address} refused the command: {reply.text or f'status {reply.status}'}"
            )
        return reply

    async def _notifications(self, uuid: str, what: str) -> asyncio.Queue[bytes]:
        """Subscribe to a characteristic; return the queue that gets its values."""
        values: asyncio.Queue[bytes] = asyncio.Queue()
        subscribing = self._client.start_notify(
            uuid, lambda _sender, value: values.put_nowait(bytes(value))
        )
        await self._within(subscribing, self._answer_s, what)
        return values

    async def _read(self, uuid: str) -> bytes:
        if self._client.services.get_characteristic(uuid) is None:
            raise NodeError(f"{self.address} does not serve {uuid}")
        return bytes(
            await self._within(self._client.read_gatt_char(uuid), self._answer_s, "answer")
        )

    async def _write(self, uuid: str, value: bytes) -> None:
        await self._within(
            self._client.write_gatt_char(uuid, value, response=True), self._answer_s, "answer"
        )

    async def _within(self, work: Awaitable[Result], seconds: float, what: str) -> Result:
        """Await `work` until it is done, the deadline passes or the connection has ended."""
        task = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._disconnected.wait())
        try:
            await asyncio.wait((task, ended), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return _result(task, self.address, what)
            if ended.done():
                raise NodeError(f"{self.address} ended the connection before it could {what}")
            raise NodeError(f"{self.address} did not {what} within {seconds:g} s")
        finally:
            ended.cancel()
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task


def _result(task: "asyncio.Future[Result]", address: str, what: str) -> Result:
    try:
        return task.result()
    except BleakBluetoothNotAvailableError as error:
        raise AdapterError(f"Bluetooth cannot be used: {error.args[0]}") from None
    except TimeoutError:
        raise NodeError(f"{address} did not {what} in time") from None
    except asyncio.CancelledError:  # by the stack, whose connection is gone, and not by our caller
        raise NodeError(f"{address} ended the connection before it could {what}") from None
    except (BleakError, OSError, EOFError) as error:
        raise NodeError(f"{address} could not {what}: {error}") from None
