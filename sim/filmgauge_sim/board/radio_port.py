"""Between a board's Bluetooth and the air: the port, and what it is where there is no air."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

# Permissions of an attribute as MicroPython's flags number them
READ, WRITE_NO_RESPONSE, WRITE, NOTIFY, INDICATE = 0x02, 0x04, 0x08, 0x10, 0x20


@dataclass(frozen=True)
class Advertisement:
    """One advertising event. Legacy data of 31 bytes at most each."""

    at_us: int
    address: bytes  # 6 bytes as people write them
    random: bool  # a random static address, otherwise a public one
    data: bytes
    response: bytes
    connectable: bool


@dataclass(frozen=True)
class Attribute:
    """A characteristic or a descriptor: its UUID little-endian, and MicroPython's flags."""

    uuid: bytes
    flags: int
    descriptors: tuple["Attribute", ...] = ()


@dataclass(frozen=True)
class Service:
    """A GATT service."""

    uuid: bytes
    characteristics: tuple[Attribute, ...]


@dataclass(frozen=True)
class Security:
    """How a board pairs. io: capability as SMP numbers it, 3 for none."""

    bond: bool = False
    mitm: bool = False
    secure_connections: bool = True
    io: int = 3


class BoardStack(Protocol):
    """What a radio port reports to the board's Bluetooth. Handles are of attribute values."""

    def connected(
        self, connection: int, address_type: int, address: bytes, interval_us: int
    ) -> None: ...

    def disconnected(self, connection: int, address_type: int, address: bytes) -> None: ...

    def mtu_exchanged(self, connection: int, mtu: int) -> None: ...

    def written(self, connection: int, handle: int, value: bytes) -> None: ...

    def read_requested(self, connection: int, handle: int, answer: Callable[[int], None]) -> None:
        """A central reads: `answer` gets the ATT error, 0 for the value that is there then."""
        ...

    def value(self, handle: int) -> bytes: ...

    def indicated(self, connection: int, handle: int, status: int) -> None: ...

    def parameters_updated(
        self, connection: int, interval: int, latency: int, timeout: int
    ) -> None:
        """The connection has other parameters, in the units of the specification."""
        ...

    def encryption_changed(
        self, connection: int, encrypted: bool, authenticated: bool, bonded: bool
    ) -> None: ...

    def security(self) -> Security: ...

    def secret_requested(
        self, kind: int, index: int, key: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        """The stack needs a secret that the firmware keeps."""
        ...

    def secret_made(
        self, kind: int, key: bytes, value: bytes | None, answer: Callable[[bool], None]
    ) -> None:
        """The firmware is to keep a secret, or with None to forget it."""
        ...

    def passkey_requested(
        self, connection: int, action: int, number: int, answer: Callable[[int], None]
    ) -> None:
        """A pairing needs someone at the board."""
        ...


class RadioPort(Protocol):
    """A board's way to the air."""

    def start(self, stack: BoardStack, address: bytes, random: bool, name: str, mtu: int) -> None:
        """Begin to be there."""
        ...

    def stop(self) -> None:
        """Be gone: connections end by their supervision timeout."""
        ...

    def advertise(self, event: Advertisement) -> None:
        """Send one advertising event."""
        ...

    def set_name(self, name: str) -> None:
        """Give the board the name that Generic Access tells."""
        ...

    def pair(self, connection: int) -> None:
        """Ask the central to pair."""
        ...

    def stop_advertising(self) -> None:
        """Take no connection any more."""
        ...

    def register(self, services: Sequence[Service]) -> list[list[int]]:
        """Replace the services; return each one's handles, of values and descriptors in turn."""
        ...

    def notify(self, connection: int, handle: int, value: bytes) -> None:
        """Send a notification."""
        ...

    def indicate(self, connection: int, handle: int, value: bytes) -> None:
        """Send an indication; `BoardStack.indicated` tells the end of it."""
        ...

    def disconnect(self, connection: int) -> None:
        """End a connection."""
        ...

    def follow(self, now_us: int) -> None:
        """Note the board's time; unless others pace the air, let it go on to there."""
        ...

    def is_paced(self) -> bool:
        """Return whether others move the air, and the board waits for it."""
        ...

    def air_us(self) -> int:
        """Return the time that the air has reached."""
        ...

    def quiet_until_us(self) -> int | None:
        """Return until when nothing will come, None for ever."""
        ...


class NullRadio:
    """No air: nobody hears and nobody connects. Handles count as ATT has them."""

    def start(
        self, stack: BoardStack, address: bytes, random: bool, name: str, mtu: int
    ) -> None: ...

    def stop(self) -> None: ...

    def advertise(self, event: Advertisement) -> None: ...

    def set_name(self, name: str) -> None: ...

    def pair(self, connection: int) -> None: ...

    def stop_advertising(self) -> None: ...

    def register(self, services: Sequence[Service]) -> list[list[int]]:
        found: list[list[int]] = []
        last = 0
        for service in services:
            last += 1  # the service itself
            handles: list[int] = []
            for characteristic in service.characteristics:
                last += 2  # its declaration and its value
                handles.append(last)
                if characteristic.flags & (NOTIFY | INDICATE):
                    last += 1  # its client configuration
                for _ in characteristic.descriptors:
                    last += 1
                    handles.append(last)
            found.append(handles)
        return found

    def notify(self, connection: int, handle: int, value: bytes) -> None: ...

    def indicate(self, connection: int, handle: int, value: bytes) -> None: ...

    def disconnect(self, connection: int) -> None: ...

    def follow(self, now_us: int) -> None: ...

    def is_paced(self) -> bool:
        return False

    def air_us(self) -> int:
        return 0

    def quiet_until_us(self) -> int | None:
        return None
