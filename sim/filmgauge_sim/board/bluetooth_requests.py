"""The requests of the shim `bluetooth`, played on a board's Bluetooth."""

import struct
from collections.abc import Callable

from filmgauge_sim.board.bluetooth import Bluetooth
from filmgauge_sim.board.bluetooth_events import Security
from filmgauge_sim.board.radio_port import Attribute, Service
from filmgauge_sim.board.shims import _protocol

Handler = Callable[[int, int, bytes], bytes]


class RadioRequests:
    """Handlers by operation. `now_us` gives the board's true time; `start` starts its radio."""

    def __init__(
        self, bluetooth: Bluetooth, now_us: Callable[[], int], start: Callable[[], None]
    ) -> None:
        self._bluetooth = bluetooth
        self._now_us = now_us
        self._start = start
        self.handlers: dict[int, Handler] = {
            _protocol.BLE_ACTIVE: self._active,
            _protocol.BLE_CONFIG: self._config,
            _protocol.BLE_ADVERTISE: self._advertise,
            _protocol.BLE_SCAN: self._scan,
            _protocol.BLE_REGISTER: self._register,
            _protocol.BLE_READ: lambda _, handle, __: bluetooth.read(handle),
            _protocol.BLE_WRITE: self._write,
            _protocol.BLE_BUFFER: self._buffer,
            _protocol.BLE_NOTIFY: self._notify,
            _protocol.BLE_DISCONNECT: self._disconnect,
            _protocol.BLE_EVENT: lambda *_: bluetooth.events.next_interrupt(),
            _protocol.BLE_REPLY: self._reply,
            _protocol.BLE_PAIR: self._pair,
            _protocol.BLE_PASSKEY: self._passkey,
            _protocol.BLE_SECRET: self._secret,
        }

    def _active(self, small: int, argument: int, data: bytes) -> bytes:
        if small:
            self._start()
        return self._bluetooth.set_active(bool(small))

    def _config(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.configure(argument, bytes(data), _security(small))
        return b""

    def _advertise(self, small: int, argument: int, data: bytes) -> bytes:
        (length,) = struct.unpack_from("<H", data)
        given, response = bytes(data[2 : 2 + length]), bytes(data[2 + length :])
        self._bluetooth.advertise(
            self._now_us(),
            argument,
            given if small & _protocol.BLE_HAS_DATA else None,
            response if small & _protocol.BLE_HAS_RESPONSE else None,
            bool(small & _protocol.BLE_CONNECTABLE),
        )
        return b""

    def _scan(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.scan(self._now_us(), argument)
        return b""

    def _register(self, small: int, argument: int, data: bytes) -> bytes:
        found = self._bluetooth.register(_services_in(bytes(data)))
        packed = (struct.pack(f"<B{len(each)}H", len(each), *each) for each in found)
        return b"".join(packed)

    def _write(self, small: int, argument: int, data: bytes) -> bytes:
        return struct.pack("<H", self._bluetooth.write(argument, bytes(data), bool(small)))

    def _buffer(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.set_buffer(argument & 0xFFFF, argument >> 16, bool(small))
        return b""

    def _notify(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.notify(
            self._now_us(),
            argument >> 16,
            argument & 0xFFFF,
            bytes(data) if small & _protocol.BLE_HAS_DATA else None,
            bool(small & _protocol.BLE_INDICATE),
        )
        return b""

    def _disconnect(self, small: int, argument: int, data: bytes) -> bytes:
        return bytes((self._bluetooth.disconnect(argument),))

    def _reply(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.events.answer_read(argument, small)
        return b""

    def _pair(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.pair(argument)
        return b""

    def _passkey(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.passkey(argument, small, int.from_bytes(data, "little"))
        return b""

    def _secret(self, small: int, argument: int, data: bytes) -> bytes:
        self._bluetooth.events.answer_secret(argument, bytes(data) if small else None)
        return b""


def _security(bits: int) -> Security:
    return Security(
        bool(bits & _protocol.BLE_BOND),
        bool(bits & _protocol.BLE_MITM),
        bool(bits & _protocol.BLE_SECURE),
        bits >> 4,
    )


def _services_in(packed: bytes) -> list[Service]:
    """Read the services as the shim packs them.

    A service is `uuid, u8 characteristics`, a characteristic `uuid, u16 flags, u8 descriptors`, a
    descriptor `uuid, u16 flags`, a uuid its length and its bytes.
    """
    reader = _Reader(packed)
    services = []
    while reader.at < len(packed):
        uuid = reader.uuid()
        attributes = tuple(reader.attribute(nested=True) for _ in range(reader.number("<B")))
        services.append(Service(uuid, attributes))
    return services


class _Reader:
    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self.at = 0

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from(layout, self._packed, self.at)
        self.at += struct.calcsize(layout)
        return value

    def uuid(self) -> bytes:
        length = self.number("<B")
        self.at += length
        return self._packed[self.at - length : self.at]

    def attribute(self, nested: bool) -> Attribute:
        uuid, flags = self.uuid(), self.number("<H")
        count = self.number("<B") if nested else 0
        return Attribute(uuid, flags, tuple(self.attribute(False) for _ in range(count)))
