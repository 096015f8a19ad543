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
from older_records import older_record

from filmgauge.record.record import Record
from filmgauge.uplink.ble import bthome
from filmgauge.uplink.commands import FARTHEST
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


def _key(made: Record) -> tuple[int, int, int]:
    values = made.values()
    return values[-1], values[0], values[1]


@dataclass
class Misbehaviour:
    """What a node does wrong."""

    drop_after: int | None = None  # log pieces, then it disconnects, once
    mute: bool = False  # takes a connection and answers nothing on the log
    no_values: bool = False  # advertises what is no secret: its number and a problem
    no_connection: bool = False  # takes none, as one that saves does
    no_service_data: bool = False  # advertises nothing but name and number
    skips_piece: bool = False


@dataclass
class BleNode:
    """A node with a log. `report` makes a record and advertises it."""

    air: Air
    name: str
    address: str
    report_s: int = 3600
    next_s: int = 0  # of a node that plans its reports
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
    requests: list[tuple[int, ...]] = field(default_factory=list)
    configured: dict[str, Any] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    update_states: list[str] = field(default_factory=list)  # that it has still to tell
    parts: list[bytes] = field(default_factory=list)  # of a version
    life: int = 0x8000_0007
    boot: int = 1
    seq: int = -1
    is_old: bool = False  # of the version before lives

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
        life = 0 if self.is_old else self.life
        made = record(self.seq, self.boot, life=life, **values)
        self.made.append(made)
        self.log.append(made)
        while len(self.log) > self.capacity:
            self.dropped.append(self.log.pop(0))
        return made

    def forget_all(self) -> None:
        """Begin a new life; records that waited are still there."""
        self.life -= 5
        self.boot = 0
        self.reboot()

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
        if self.wrong.no_service_data:
            data = b"\x02\x01\x06"
        elif self.wrong.no_values:
            data = bthome.without_values(self.newest)
        elif self.ble_key is None:
            data = bthome.plain(self.newest)
        else:
            from filmgauge.uplink.ble.aes import block_cipher

            self.bthome_counter += 1
            address = bytes.fromhex(self.address.replace(":", ""))
            data = bthome.encrypted(
                self.newest, block_cipher(self.ble_key), address, self.bthome_counter
            )
        kind = AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
        if self.wrong.no_connection:
            kind = AdvertisingType.UNDIRECTED_SCANNABLE
        await self.device.start_advertising(
            kind,
            advertising_data=data,
            scan_response_data=self.response(),
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
        )

    def response(self) -> bytes:
        length = 12 if self.is_old else 10
        short = self.name[:length].encode()
        kind = 9 if len(self.name) <= length else 8
        boot, seq, up_s = self.newest.values()[:3]
        told = b"\xff\xff" + self.newest.to_bytes()[:15]
        if self.is_old:
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
                _readable(OURS.format(2), lambda: self._bytes(self.newest) if self.made else b""),
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
        oldest = _key(self.log[0]) if self.log else (0, 0, 0)
        newest, up_s = _key(self.newest), self.newest.values()[2]
        rest = 40000, self.counter, 8, 0xFFFF
        if self.is_old:
            head = 1, *newest[1:], up_s, 0, len(self.log), *oldest[1:]
            return struct.pack("<BIIIIHIIIIHH", *head, *rest)
        head = 3, *newest, up_s, 0, len(self.log), *oldest
        if self.next_s:
            return struct.pack("<BIIIIIHIIIIIIHI", 4, *head[1:], *rest, self.next_s)
        return struct.pack("<BIIIIIHIIIIIIH", *head, *rest)

    def _configuration(self) -> bytes:
        keys = {"node": self.name, "sample_s": self.report_s, "report_every": 1}
        return json.dumps(keys | self.configured).encode()

    def _bytes(self, made: Record) -> bytes:
        return older_record(made, 3) if self.is_old else made.to_bytes()

    def _newer(self, key: tuple[int, ...]) -> list[Record]:
        """Return what is behind (life, boot, seq) in the log, whose lives follow each other."""
        upto = [at for at, each in enumerate(self.log) if _key(each)[0] == key[0]]
        behind = [at for at in upto if _key(self.log[at]) > key]
        return self.log[behind[0] if behind else upto[-1] + 1 :] if upto else self.log

    def _connected(self, connection: Connection) -> None:
        self.connections += 1
        self._half = b""

    def _request(self, connection: Connection, value: bytes) -> None:
        *after, count = struct.unpack("<IIH" if self.is_old else "<IIIH", value)
        key = (0, *after) if self.is_old else (after[0], after[1], after[2])
        self.requests.append((*key, count))
        if not self.wrong.mute and count:
            task = asyncio.get_running_loop().create_task(self._send(connection, key, count))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, connection: Connection, after: tuple[int, ...], count: int) -> None:
        newer = self._newer(after)
        pieces = 0
        for each in newer[:count]:
            data = self._bytes(each)
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
        elif operation == 10:  # which nobody counts
            self.parts.append(body[10:])
            self._answer(connection, counter, 0, "")
        elif counter <= self.counter:
            self._answer(connection, counter, 2, "counter was used before")
        elif counter > self.counter + FARTHEST:
            self._answer(connection, counter, 2, "counter is too far ahead")
        else:
            self.counter = counter
            self._do(connection, counter, operation, body[6:])

    def _do(self, connection: Connection, counter: int, operation: int, payload: bytes) -> None:
        self.done.append(operation)
        if operation == 6:
            upto = struct.unpack("<II" if self.is_old else "<III", payload)
            self.log = self._newer((0, *upto) if self.is_old else upto)
        if operation == 5:
            offset, total = struct.unpack_from("<HH", payload)
            self._half = self._half[:offset] + payload[4:]
            if len(self._half) == total:
                keys = json.loads(self._half)
                if "sample_s" in keys and not 1 <= keys["sample_s"] <= 86400:
                    self._answer(connection, counter, 3, "sample_s must be 1 to 86400")
                    return
                self.configured |= keys
        text = self.update_states.pop(0) if operation == 9 else ""
        self._answer(connection, counter, 0, text)

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
