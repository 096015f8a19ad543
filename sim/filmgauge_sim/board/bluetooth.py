"""A board's Bluetooth as MicroPython's `bluetooth` shows it: the state behind the shim.

Limits and error numbers are those observed on the real stack (NimBLE) through MicroPython.
"""

import random
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from filmgauge_sim.board.radio_port import (
    Advertisement,
    Attribute,
    NullRadio,
    RadioPort,
    Security,
    Service,
)
from filmgauge_sim.board.shims import _protocol

ENODEV, EBUSY, EINVAL, ENOTCONN, ENOMEM = 19, 16, 22, 107, 12
_MSYS_FULL = -18  # what NimBLE answers for advertising data that is too long, as Python shows it
_LEGACY_BYTES = 31  # Core specification, vol 6 part B, 2.3.1
_DELAY_US = 10_000  # advDelay: 0 to 10 ms on top of the interval; vol 6 part B, 4.4.2.2.1
_UNIT_US = 625  # of an advertising interval
_SHORTEST_US, _LONGEST_US = 20_000, 10_240_000
_INTERVAL_US = 1_250  # unit of a connection interval
_KEY_BYTES = 16  # of the encryption of a link
_VALUE_BYTES = 20  # of an attribute until its buffer is enlarged
_QUEUE_BYTES = 4096  # of notifications within one connection event (assumed: its buffers)
_LOOK_US = 1000  # how finely a sleep is cut while a peer may speak (assumed: the stack's ticks)
_LONGEST_LOOK_US = 10_000
_EVENT_US = 30_000  # a connection event (assumed interval)


ADVERT, CONNECTION_EVENT = "advert", "connection event"  # what the radio does


class RadioError(Exception):
    """The stack refuses: `number` is the errno that the board sees, negative for NimBLE's own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class _Value:
    data: bytes = b""
    room: int = _VALUE_BYTES
    appends: bool = False


@dataclass
class _Advertising:
    interval_us: int
    connectable: bool
    next_us: int


@dataclass
class _Connection:
    interval_us: int
    next_us: int


@dataclass
class Bluetooth:
    """The stack of one board from boot to boot. Times are true microseconds.

    address: 6 bytes as people write them, without the two bits that make it a random static one.
    """

    address: bytes
    seed: str
    antenna: RadioPort = field(default_factory=NullRadio)

    def __post_init__(self) -> None:
        self.address = bytes((self.address[0] | 0xC0,)) + self.address[1:]
        self._random = random.Random(f"{self.seed} bluetooth")
        self.active = False
        self.events = 0  # advertising events so far
        self.connection_events = 0
        self._reset()

    def _reset(self) -> None:
        self._advertising: _Advertising | None = None
        self._data = self._response = b""
        self._name, self._mtu = "MPY BLE", 256
        self._security = Security()
        self._secrets: dict[int, Callable[[bytes | None], None]] = {}
        self._passkeys: dict[tuple[int, int], Callable[[int], None]] = {}
        self._values: dict[int, _Value] = {}
        self._connections: dict[int, _Connection] = {}
        self._pending: deque[bytes] = deque()
        self._fresh = False
        self._answers: dict[int, Callable[[int], None]] = {}
        self._asked = 0
        self._queued: dict[int, int] = {}
        self._queue_us = 0

    # The clock of the board

    @property
    def next_us(self) -> int | None:
        """When the next advertising or connection event is due, None for never."""
        due = [each.next_us for each in self._connections.values()]
        if self._advertising:
            due.append(self._advertising.next_us)
        return min(due, default=None)

    @property
    def talks(self) -> bool:
        """Whether someone may speak to the board at any time."""
        return bool(self._connections) or bool(self._advertising and self._advertising.connectable)

    def tells_us(self, now_us: int) -> int | None:
        """Return the earliest time at which it may have something to tell, None for never."""
        if self._connections:
            quiet_us = self.antenna.quiet_until_us()
            latest_us = now_us + _LONGEST_LOOK_US
            if quiet_us is not None:
                latest_us = min(latest_us, quiet_us)
            return max(now_us + _LOOK_US, latest_us)
        if self._advertising and self._advertising.connectable:
            return self._advertising.next_us + _LOOK_US  # who connects does so upon it
        return None

    def send_due(self, now_us: int) -> str:
        """Let the event that is due happen and set the time of the next one; return its kind."""
        going = self._advertising
        for each in self._connections.values():
            is_first = going is None or each.next_us < going.next_us
            if is_first and each.next_us <= now_us:
                each.next_us += each.interval_us
                self.connection_events += 1
                return CONNECTION_EVENT
        if going is None:
            return CONNECTION_EVENT
        event = Advertisement(
            now_us, self.address, True, self._data, self._response, going.connectable
        )
        self.events += 1
        going.next_us = now_us + going.interval_us + self._random.randrange(_DELAY_US + 1)
        self.antenna.advertise(event)
        return ADVERT

    def interrupts(self) -> bool:
        """Return whether the firmware has something to handle that it was not told of yet."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def power_off(self) -> None:
        """Lose everything, as in reset or deep sleep."""
        if self.active:
            self.active = False
            self.antenna.stop()
        self._reset()

    # What the firmware calls

    def set_active(self, active: bool) -> bytes:
        """Switch the stack; return type and bytes of the address."""
        if active and not self.active:
            self.active = True
            self.antenna.start(self, self.address, True, self._name, self._mtu)
        elif not active:
            self.power_off()
        return b"\1" + self.address

    def configure(self, mtu: int, name: bytes, security: Security) -> None:
        """Set what peers see; the MTU counts from the next activation on."""
        self._name, self._mtu = name.decode(errors="replace"), mtu
        self._security = security
        if self.active:
            self.antenna.call(self._name)

    def pair(self, connection: int) -> None:
        """Ask a central to pair."""
        self._need_connection(connection)
        self.antenna.pair(connection)

    def passkey(self, connection: int, action: int, passkey: int) -> None:
        """Answer what a pairing asked of someone at the board."""
        self._need_connection(connection)
        answer = self._passkeys.pop((connection, action), None)
        if answer is None:
            raise RadioError(EINVAL)
        answer(passkey)

    def reply_secret(self, number: int, value: bytes | None) -> None:
        """Answer a question about a secret: None for no."""
        answer = self._secrets.pop(number, None)
        if answer is not None:
            answer(value)

    def advertise(
        self,
        now_us: int,
        interval_us: int,
        data: bytes | None,
        response: bytes | None,
        connectable: bool,
    ) -> None:
        """Begin, change or (interval 0) end advertising; None keeps the data of last time."""
        self._need_active()
        for given in (data, response):
            if given is not None and len(given) > _LEGACY_BYTES:
                raise RadioError(_MSYS_FULL)
        if not interval_us:
            self._advertising = None
            self.antenna.stop_advertising()
            return
        if not _SHORTEST_US <= interval_us <= _LONGEST_US:
            raise RadioError(EINVAL)
        self._data = self._data if data is None else data
        self._response = self._response if response is None else response
        whole_us = interval_us // _UNIT_US * _UNIT_US
        self._advertising = _Advertising(whole_us, connectable, now_us)

    def register(self, services: list[Service]) -> list[list[int]]:
        """Replace the services; return their handles."""
        self._need_active()
        if self._advertising is not None or self._connections:
            raise RadioError(EBUSY)
        found = self.antenna.register(services)
        self._values = {handle: _Value() for handles in found for handle in handles}
        return found

    def read(self, handle: int) -> bytes:
        """Return a value, nothing for a handle that is not known; one that appends is emptied."""
        self._need_active()
        value = self._values.get(handle)
        if value is None:
            return b""
        data = value.data
        if value.appends:
            value.data = b""
        return data

    def write(self, handle: int, data: bytes, update: bool) -> int:
        """Set a value, which makes room for it; return its length."""
        self._need_active()
        value = self._value(handle)
        value.data = data
        value.room = max(value.room, len(data))
        if update:
            for connection in sorted(self._connections):
                self.antenna.notify(connection, handle, data)
        return len(data)

    def set_buffer(self, handle: int, room: int, appends: bool) -> None:
        """Set how much a peer may write, and whether it is put behind what is there."""
        self._need_active()
        value = self._value(handle)
        value.room, value.appends = room, appends

    def notify(
        self, now_us: int, connection: int, handle: int, data: bytes | None, indicate: bool
    ) -> None:
        """Send a value, or `data`, to a peer."""
        self._need_connection(connection)
        value = self._value(handle).data if data is None else data
        if indicate:
            self.antenna.indicate(connection, handle, value)
            return
        if now_us - self._queue_us >= _EVENT_US:
            self._queued, self._queue_us = {}, now_us
        queued = self._queued.get(connection, 0) + len(value)
        if queued > _QUEUE_BYTES:
            raise RadioError(ENOMEM)
        self._queued[connection] = queued
        self.antenna.notify(connection, handle, value)

    def disconnect(self, connection: int) -> bool:
        """End a connection; return whether there was one."""
        self._need_active()
        if connection not in self._connections:
            return False
        self.antenna.disconnect(connection)
        return True

    def take_event(self) -> bytes:
        """Return the next interrupt: number, then the values of its tuple; nothing for none."""
        return self._pending.popleft() if self._pending else b""

    def reply(self, number: int, error: int) -> None:
        """Answer a READ_REQUEST."""
        answer = self._answers.pop(number, None)
        if answer is not None:
            answer(error)

    def _need_active(self) -> None:
        if not self.active:
            raise RadioError(ENODEV)

    def _need_connection(self, connection: int) -> None:
        self._need_active()
        if connection not in self._connections:
            raise RadioError(ENOTCONN)

    def _value(self, handle: int) -> _Value:
        if handle not in self._values:
            raise RadioError(EINVAL)
        return self._values[handle]

    # What the antenna tells

    def connected(
        self, connection: int, address_type: int, address: bytes, interval_us: int
    ) -> None:
        self._connections[connection] = _Connection(
            interval_us, self.antenna.air_us() + interval_us
        )
        self._advertising = None  # a connection ends it
        self._put(
            _protocol.IRQ_CENTRAL_CONNECT, struct.pack("<HB", connection, address_type) + address
        )

    def disconnected(self, connection: int, address_type: int, address: bytes) -> None:
        self._connections.pop(connection, None)
        packed = struct.pack("<HB", connection, address_type) + address
        self._put(_protocol.IRQ_CENTRAL_DISCONNECT, packed)

    def mtu_exchanged(self, connection: int, mtu: int) -> None:
        self._put(_protocol.IRQ_MTU_EXCHANGED, struct.pack("<HH", connection, mtu))

    def written(self, connection: int, handle: int, value: bytes) -> None:
        kept = self._values.get(handle)
        if kept is None:
            return
        kept.data = (kept.data + value if kept.appends else value)[: kept.room]
        self._put(_protocol.IRQ_GATTS_WRITE, struct.pack("<HH", connection, handle))

    def asked(self, connection: int, handle: int, answer: Callable[[int], None]) -> None:
        self._asked = self._asked + 1 & 0xFFFF
        self._answers[self._asked] = answer
        packed = struct.pack("<HHH", self._asked, connection, handle)
        self._put(_protocol.IRQ_GATTS_READ_REQUEST, packed)

    def value(self, handle: int) -> bytes:
        return self._values[handle].data

    def indicated(self, connection: int, handle: int, status: int) -> None:
        packed = struct.pack("<HHB", connection, handle, status)
        self._put(_protocol.IRQ_GATTS_INDICATE_DONE, packed)

    def updated(self, connection: int, interval: int, latency: int, timeout: int) -> None:
        if connection in self._connections:
            self._connections[connection].interval_us = interval * _INTERVAL_US
        packed = struct.pack("<HHHHH", connection, interval, latency, timeout, 0)
        self._put(_protocol.IRQ_CONNECTION_UPDATE, packed)

    def security(self) -> Security:
        return self._security

    def secured(self, connection: int, encrypted: bool, authenticated: bool, bonded: bool) -> None:
        size = _KEY_BYTES if encrypted else 0
        packed = struct.pack("<HBBBB", connection, encrypted, authenticated, bonded, size)
        self._put(_protocol.IRQ_ENCRYPTION_UPDATE, packed)

    def secret_wanted(
        self, kind: int, index: int, key: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        self._ask(_protocol.IRQ_GET_SECRET, kind, index, key, None, answer)

    def secret_made(
        self, kind: int, key: bytes, value: bytes | None, answer: Callable[[bool], None]
    ) -> None:
        self._ask(
            _protocol.IRQ_SET_SECRET, kind, 0, key, value, lambda kept: answer(kept is not None)
        )

    def passkey_wanted(
        self, connection: int, action: int, number: int, answer: Callable[[int], None]
    ) -> None:
        self._passkeys[connection, action] = answer
        self._put(_protocol.IRQ_PASSKEY_ACTION, struct.pack("<HBI", connection, action, number))

    def _ask(
        self,
        event: int,
        kind: int,
        index: int,
        key: bytes,
        value: bytes | None,
        answer: Callable[[bytes | None], None],
    ) -> None:
        self._asked = self._asked + 1 & 0xFFFF
        self._secrets[self._asked] = answer
        head = struct.pack("<HBBBB", self._asked, kind, index, len(key), value is not None)
        self._put(event, head + key + (value or b""))

    def _put(self, event: int, packed: bytes) -> None:
        self._pending.append(bytes((event,)) + packed)
        self._fresh = True


def services_in(packed: bytes) -> list[Service]:
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
