"""Nodes for the tests of Bluetooth, written from docs/bluetooth.md alone, over bumble.

They are fast and can misbehave; the firmware itself is in tests/system.
"""

import asyncio
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from bumble import att, gatt
from bumble.core import UUID
from bumble.device import AdvertisingType, Connection

from filmgauge.record.record import Record
from filmgauge.uplink.ble import bthome
from filmgauge_sim.air.air import Air

OURS = "6F10{:04X}-9D3C-4B52-8E71-66696C6D6761"
PIECE = 19  # bytes of a record in a notification of 20
Read = gatt.Characteristic.Properties.READ
Write = gatt.Characteristic.Properties.WRITE
Notify = gatt.Characteristic.Properties.NOTIFY
READABLE, WRITEABLE = gatt.Characteristic.READABLE, gatt.Characteristic.WRITEABLE


def record(seq: int, boot: int = 1, **values: int) -> Record:
    """Return a plausible record; up_s follows from seq."""
    known = {
        "soc_ppm": 812_345,
        "shown_ppm": 810_000,
        "soc_sigma_ppm": 4_000,
        "stored_nah": 12_345,
        "voltage_uv": 2_104_000,
        "current_pa": -1_500_000,
        "temperature_cdeg": 2_150,
        "faults": 0,
    }
    return Record(**{"boot": boot, "seq": seq, "up_s": seq * 60, **known, **values})


@dataclass
class Misbehaviour:
    """What a node does wrong."""

    drop_after: int | None = None  # log pieces, then it disconnects, once
    mute: bool = False  # takes a connection and answers nothing on the log
    skips_piece: bool = False


@dataclass
class BleNode:
    """A node with a log. `report` makes a record and advertises it."""

    air: Air
    name: str
    address: str
    report_s: int = 3600
    capacity: int = 256
    command_key: bytes = bytes(range(16))
    ble_key: bytes | None = None
    log: list[Record] = field(default_factory=list)
    wrong: Misbehaviour = field(default_factory=Misbehaviour)
    made: list[Record] = field(default_factory=list)
    dropped: list[Record] = field(default_factory=list)
    counter: int = 7
    bthome_counter: int = 100
    connections: int = 0
    requests: list[tuple[int, int, int]] = field(default_factory=list)
    configured: dict[str, Any] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    boot: int = 1
    seq: int = -1

    def __post_init__(self) -> None:
        self.device = self.air.device(self.name, self.address)
        self._tasks: set[asyncio.Task[None]] = set()
        self._half = b""
        self._reply = struct.pack("<IB", 0, 0)
        self.device.on("connection", self._connected)
        self._serve()

    @property
    def newest(self) -> Record:
        return self.made[-1]

    def make(self, **values: int) -> Record:
        """Make the next record; it goes into the log, whose oldest makes room."""
        self.seq += 1
        made = record(self.seq, self.boot, **values)
        self.made.append(made)
        self.log.append(made)
        while len(self.log) > self.capacity:
            self.dropped.append(self.log.pop(0))
        return made

    def reboot(self) -> None:
        self.boot += 1
        self.seq = -1

    async def advertise(self, seconds: float, interval_ms: float = 500.0) -> None:
        """Advertise the newest record for a while and as long as somebody is connected."""
        await self._advertise(interval_ms)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while loop.time() < until_s:
            await asyncio.sleep(0.1)
        if self.device.is_advertising:
            await self.device.stop_advertising()

    async def _advertise(self, interval_ms: float) -> None:
        if self.device.is_advertising:
            await self.device.stop_advertising()
        if self.ble_key is None:
            data = bthome.plain(self.newest)
        else:
            from filmgauge.uplink.ble.aes import block_cipher

            self.bthome_counter += 1
            address = bytes.fromhex(self.address.replace(":", ""))
            data = bthome.encrypted(
                self.newest, block_cipher(self.ble_key), address, self.bthome_counter
            )
        await self.device.start_advertising(
            AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
            advertising_data=data,
            scan_response_data=self.response(),
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
        )

    def response(self) -> bytes:
        short = self.name[:12].encode()
        kind = 9 if len(self.name) <= 12 else 8
        boot, seq, up_s = self.newest.values()[:3]
        told = b"\xff\xff" + struct.pack("<BIII", 1, boot, seq, up_s)
        return bytes((len(short) + 1, kind)) + short + bytes((len(told) + 1, 0xFF)) + told

    # what is served

    def _serve(self) -> None:
        data = self._log_data = gatt.Characteristic(
            UUID(OURS.format(7)), Notify, gatt.Characteristic.Permissions(0)
        )
        reply = self._reply_value = gatt.Characteristic(
            UUID(OURS.format(10)),
            Read | Notify,
            READABLE,
            gatt.CharacteristicValue(read=lambda _: self._reply),
        )
        ours = gatt.Service(
            UUID(OURS.format(1)),
            [
                _readable(OURS.format(2), lambda: self.newest.to_bytes() if self.made else b""),
                _readable(OURS.format(3), lambda: struct.pack("<BB11q", 1, 11, *range(-5, 6))),
                _readable(OURS.format(4), lambda: struct.pack("<BII", 1, 22000, 0xFFFFFFFF)),
                _readable(OURS.format(5), self._state),
                _writable(OURS.format(6), self._request),
                data,
                _writable(OURS.format(8), self._command),
                reply,
                _readable(OURS.format(11), self._configuration),
            ],
        )
        battery = gatt.Service(UUID(0x180F), [_readable("2A19", lambda: b"\x51")])
        names = {
            "2A29": lambda: "filmgauge",
            "2A24": lambda: "stm32wb",
            "2A25": lambda: self.name,
            "2A26": lambda: "0.1.0",
        }
        about = gatt.Service(
            UUID(0x180A),
            [_readable(uuid, lambda told=told: told().encode()) for uuid, told in names.items()],
        )
        self.device.add_services([ours, battery, about])

    def _state(self) -> bytes:
        oldest = self.log[0].values()[:2] if self.log else [0, 0]
        newest = self.newest.values()[:3]
        return struct.pack(
            "<BIIIIHIIIIHH", 1, *newest, 0, len(self.log), *oldest, 40000, self.counter, 8, 0xFFFF
        )

    def _configuration(self) -> bytes:
        keys = {"node": self.name, "sample_s": self.report_s, "report_every": 1}
        return json.dumps(keys | self.configured).encode()

    def _connected(self, connection: Connection) -> None:
        self.connections += 1
        self._half = b""

    def _request(self, connection: Connection, value: bytes) -> None:
        boot, seq, count = struct.unpack("<IIH", value)
        self.requests.append((boot, seq, count))
        if not self.wrong.mute and count:
            task = asyncio.get_running_loop().create_task(
                self._send(connection, (boot, seq), count)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, connection: Connection, after: tuple[int, int], count: int) -> None:
        newer = [each for each in self.log if tuple(each.values()[:2]) > after]
        pieces = 0
        for each in newer[:count]:
            data = each.to_bytes()
            parts = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
            for number, part in enumerate(parts):
                if self.wrong.skips_piece and number == 2:
                    continue
                if self.wrong.drop_after is not None and pieces >= self.wrong.drop_after:
                    self.wrong.drop_after = None
                    await connection.disconnect()
                    return
                last = 0x80 if number == len(parts) - 1 else 0
                await self._notify(connection, self._log_data, bytes((number | last,)) + part)
                pieces += 1
        sent = min(count, len(newer))
        end = b"\xff" + struct.pack("<HH", sent, len(newer) - sent)
        await self._notify(connection, self._log_data, end)

    async def _notify(self, connection: Connection, to: Any, value: bytes) -> None:
        await self.device.gatt_server.notify_subscriber(connection, to, value, force=True)
        await asyncio.sleep(0.002)

    def _command(self, connection: Connection, value: bytes) -> None:
        body, mac = value[:-16], value[-16:]
        due = hmac.new(self.command_key, self.name.encode() + b"\0" + body, hashlib.sha256)
        _, operation, counter = struct.unpack_from("<BBI", value)
        if mac != due.digest()[:16]:
            self._answer(connection, counter, 1, "wrong MAC")
        elif counter <= self.counter:
            self._answer(connection, counter, 2, "counter was used before")
        else:
            self.counter = counter
            self._do(connection, counter, operation, body[6:])

    def _do(self, connection: Connection, counter: int, operation: int, payload: bytes) -> None:
        self.done.append(operation)
        if operation == 6:
            upto = struct.unpack("<II", payload)
            self.log = [each for each in self.log if tuple(each.values()[:2]) > upto]
        if operation == 5:
            offset, total = struct.unpack_from("<HH", payload)
            self._half = self._half[:offset] + payload[4:]
            if len(self._half) == total:
                keys = json.loads(self._half)
                if "sample_s" in keys and not 1 <= keys["sample_s"] <= 86400:
                    self._answer(connection, counter, 3, "sample_s must be 1 to 86400")
                    return
                self.configured |= keys
        self._answer(connection, counter, 0, "")

    def _answer(self, connection: Connection, counter: int, status: int, text: str) -> None:
        self._reply = struct.pack("<IB", counter, status) + text.encode()
        work = self._notify(connection, self._reply_value, self._reply)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _readable(uuid: str, value: Any) -> Any:
    read = gatt.CharacteristicValue(read=lambda _connection: value())
    return gatt.Characteristic(UUID(uuid), Read, READABLE, read)


def _writable(uuid: str, take: Any) -> Any:
    def read(_connection: Connection) -> bytes:  # bumble's server looks at no permission
        raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)

    return gatt.Characteristic(UUID(uuid), Write, WRITEABLE, gatt.CharacteristicValue(read, take))
