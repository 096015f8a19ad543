"""When a board's Bluetooth sends: its advertising events and the events of its connections."""

import random
from dataclasses import dataclass

ADVERT, CONNECTION_EVENT = "advert", "connection event"  # what the radio does
_DELAY_US = 10_000  # advDelay: 0 to 10 ms on top of the interval; vol 6 part B, 4.4.2.2.1


@dataclass
class Advertising:
    """What is advertised, and when next."""

    interval_us: int
    connectable: bool
    next_us: int


@dataclass
class _Connection:
    interval_us: int
    next_us: int


class RadioSchedule:
    """Advertising and connections of one board. Times are true microseconds."""

    def __init__(self, seed: str) -> None:
        self.advertising: Advertising | None = None
        self.advertising_events = 0  # so far
        self.connection_events = 0
        self._connections: dict[int, _Connection] = {}
        self._random = random.Random(seed)

    def clear(self) -> None:
        """End advertising and connections."""
        self.advertising = None
        self._connections.clear()

    @property
    def connections(self) -> list[int]:
        """The numbers of the connections."""
        return sorted(self._connections)

    def connect(self, connection: int, interval_us: int, now_us: int) -> None:
        """Begin a connection, which ends advertising."""
        self._connections[connection] = _Connection(interval_us, now_us + interval_us)
        self.advertising = None

    def disconnect(self, connection: int) -> None:
        """End a connection, if there is one."""
        self._connections.pop(connection, None)

    def set_interval(self, connection: int, interval_us: int) -> None:
        """Let a connection, if there is one, have another interval from its next event on."""
        if connection in self._connections:
            self._connections[connection].interval_us = interval_us

    @property
    def next_us(self) -> int | None:
        """When the next advertising or connection event is due, None for never."""
        due = [each.next_us for each in self._connections.values()]
        if self.advertising:
            due.append(self.advertising.next_us)
        return min(due, default=None)

    @property
    def can_hear(self) -> bool:
        """Whether a peer may speak to the board at any time."""
        return bool(self._connections) or bool(self.advertising and self.advertising.connectable)

    def step(self, now_us: int) -> str:
        """Set the time of what comes after the event that is due; return its kind."""
        advertising = self.advertising
        for each in self._connections.values():
            is_first = advertising is None or each.next_us < advertising.next_us
            if is_first and each.next_us <= now_us:
                each.next_us += each.interval_us
                self.connection_events += 1
                return CONNECTION_EVENT
        if advertising is None:
            return CONNECTION_EVENT
        self.advertising_events += 1
        delay_us = self._random.randrange(_DELAY_US + 1)
        advertising.next_us = now_us + advertising.interval_us + delay_us
        return ADVERT
