"""Between a board's Bluetooth and the air."""

from collections.abc import Sequence
from dataclasses import dataclass

from filmgauge_sim.board.bluetooth_events import BluetoothEvents

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


class RadioPort:
    """A board's way to the air. This one leads nowhere: nobody hears and nobody connects."""

    def start(
        self, events: BluetoothEvents, address: bytes, random: bool, name: str, mtu: int
    ) -> None:
        """Begin to be there; what comes goes to `events`."""

    def stop(self) -> None:
        """Be gone: connections end by their supervision timeout."""

    def advertise(self, event: Advertisement) -> None:
        """Send one advertising event."""

    def set_name(self, name: str) -> None:
        """Give the board the name that Generic Access tells."""

    def pair(self, connection: int) -> None:
        """Ask the central to pair."""

    def stop_advertising(self) -> None:
        """Take no connection any more."""

    def register(self, services: Sequence[Service]) -> list[list[int]]:
        """Replace the services; return each one's handles, of values and descriptors in turn.

        They count as ATT has them.
        """
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

    def notify(self, connection: int, handle: int, value: bytes) -> None:
        """Send a notification."""

    def indicate(self, connection: int, handle: int, value: bytes) -> None:
        """Send an indication; `BluetoothEvents.indicated` reports the end of it."""

    def disconnect(self, connection: int) -> None:
        """End a connection."""

    def follow(self, now_us: int) -> None:
        """Know the board's time; unless others pace the air, let it go on to there."""

    def is_paced(self) -> bool:
        """Return whether others move the air, and the board waits for it."""
        return False

    def quiet_until_us(self) -> int | None:
        """Return until when nothing will come, None for ever."""
        return None
