"""What the air brings to a board's Bluetooth, as interrupts for its firmware.

An interrupt is its number and the packed values of its tuple, as the shim `bluetooth` takes them
apart. A question goes to the firmware with a number, under which it answers.
"""

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from filmgauge_sim.board.attribute_values import AttributeValues
from filmgauge_sim.board.radio_schedule import RadioSchedule
from filmgauge_sim.board.shims import _protocol

_INTERVAL_US = 1_250  # unit of a connection interval
_KEY_BYTES = 16  # of the encryption of a link


@dataclass(frozen=True)
class Security:
    """How a board pairs. io: capability as SMP numbers it, 3 for none."""

    bond: bool = False
    mitm: bool = False
    secure_connections: bool = True
    io: int = 3


class BluetoothEvents:
    """The board's end of a radio port. Handles are of attribute values.

    security: how the board pairs.
    """

    def __init__(self, schedule: RadioSchedule, values: AttributeValues) -> None:
        self._schedule = schedule
        self._values = values
        self.reset()

    def reset(self) -> None:
        """Forget everything, as in a boot."""
        self.security = Security()
        self._pending: deque[bytes] = deque()
        self._fresh = False
        self._asked = 0
        self._reads: dict[int, Callable[[int], None]] = {}
        self._secrets: dict[int, Callable[[bytes | None], None]] = {}
        self._passkeys: dict[tuple[int, int], Callable[[int], None]] = {}

    # What the firmware fetches and answers

    def is_fresh(self) -> bool:
        """Return whether something has come since the last call."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def next_interrupt(self) -> bytes:
        """Return the next interrupt, nothing for none."""
        return self._pending.popleft() if self._pending else b""

    def answer_read(self, number: int, error: int) -> None:
        """Answer a READ_REQUEST with an ATT error, 0 for yes."""
        answer = self._reads.pop(number, None)
        if answer is not None:
            answer(error)

    def answer_secret(self, number: int, value: bytes | None) -> None:
        """Answer a question about a secret: None for no."""
        answer = self._secrets.pop(number, None)
        if answer is not None:
            answer(value)

    def answer_passkey(self, connection: int, action: int, passkey: int) -> bool:
        """Answer what a pairing asked of someone at the board; return whether it did."""
        answer = self._passkeys.pop((connection, action), None)
        if answer is None:
            return False
        answer(passkey)
        return True

    # What the radio port reports

    def connected(
        self, connection: int, address_type: int, address: bytes, interval_us: int, now_us: int
    ) -> None:
        self._schedule.connect(connection, interval_us, now_us)
        packed = struct.pack("<HB", connection, address_type) + address
        self._put(_protocol.IRQ_CENTRAL_CONNECT, packed)

    def disconnected(self, connection: int, address_type: int, address: bytes) -> None:
        self._schedule.disconnect(connection)
        packed = struct.pack("<HB", connection, address_type) + address
        self._put(_protocol.IRQ_CENTRAL_DISCONNECT, packed)

    def mtu_exchanged(self, connection: int, mtu: int) -> None:
        self._put(_protocol.IRQ_MTU_EXCHANGED, struct.pack("<HH", connection, mtu))

    def written(self, connection: int, handle: int, value: bytes) -> None:
        if handle in self._values:
            self._values.write(handle, value)
            self._put(_protocol.IRQ_GATTS_WRITE, struct.pack("<HH", connection, handle))

    def read_requested(self, connection: int, handle: int, answer: Callable[[int], None]) -> None:
        """A central reads: `answer` gets the ATT error, 0 for the value that is there then."""
        number = self._next_question()
        self._reads[number] = answer
        packed = struct.pack("<HHH", number, connection, handle)
        self._put(_protocol.IRQ_GATTS_READ_REQUEST, packed)

    def value(self, handle: int) -> bytes:
        return self._values.get(handle)

    def indicated(self, connection: int, handle: int, status: int) -> None:
        packed = struct.pack("<HHB", connection, handle, status)
        self._put(_protocol.IRQ_GATTS_INDICATE_DONE, packed)

    def parameters_updated(
        self, connection: int, interval: int, latency: int, timeout: int
    ) -> None:
        """The connection has other parameters, in the units of the specification."""
        self._schedule.set_interval(connection, interval * _INTERVAL_US)
        packed = struct.pack("<HHHHH", connection, interval, latency, timeout, 0)
        self._put(_protocol.IRQ_CONNECTION_UPDATE, packed)

    def encryption_changed(
        self, connection: int, encrypted: bool, authenticated: bool, bonded: bool
    ) -> None:
        size = _KEY_BYTES if encrypted else 0
        packed = struct.pack("<HBBBB", connection, encrypted, authenticated, bonded, size)
        self._put(_protocol.IRQ_ENCRYPTION_UPDATE, packed)

    def secret_requested(
        self, kind: int, index: int, key: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        """The stack needs a secret that the firmware keeps."""
        self._ask(_protocol.IRQ_GET_SECRET, kind, index, key, None, answer)

    def secret_made(
        self, kind: int, key: bytes, value: bytes | None, answer: Callable[[bool], None]
    ) -> None:
        """The firmware is to keep a secret, or with None to forget it."""
        self._ask(
            _protocol.IRQ_SET_SECRET, kind, 0, key, value, lambda kept: answer(kept is not None)
        )

    def passkey_requested(
        self, connection: int, action: int, number: int, answer: Callable[[int], None]
    ) -> None:
        """A pairing needs someone at the board."""
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
        number = self._next_question()
        self._secrets[number] = answer
        head = struct.pack("<HBBBB", number, kind, index, len(key), value is not None)
        self._put(event, head + key + (value or b""))

    def _next_question(self) -> int:
        self._asked = self._asked + 1 & 0xFFFF
        return self._asked

    def _put(self, event: int, packed: bytes) -> None:
        self._pending.append(bytes((event,)) + packed)
        self._fresh = True
