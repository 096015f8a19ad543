"""What the bridge publishes beside records, in memory until the broker has it: what it retains of
nodes, and events.

    messages.add(OutgoingMessage("filmgauge/wall-1/status", text, is_retained=True))
    for message in messages.due():
        messages.mark_sent(packet_id, message)
    messages.acknowledge(packet_id)
    messages.send_again()  # over a new connection: what was not acknowledged
"""

import math
import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """until_s: on the monotonic clock; later it says nothing that is true. arrived: set when the
    broker has it."""

    topic: str
    payload: str
    is_retained: bool = False
    until_s: float = math.inf
    arrived: threading.Event = field(default_factory=threading.Event)


class OutgoingMessages:
    """`add` is safe to call from any thread; all else is for the one that publishes."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: list[OutgoingMessage] = []
        self._sent: dict[int, OutgoingMessage] = {}  # by packet id

    def add(self, message: OutgoingMessage) -> None:
        """Let a message wait, in place of what was to be retained under its topic."""
        with self._mutex:
            self._append(message)

    def due(self) -> list[OutgoingMessage]:
        """Return what waits and is still true; it waits no longer."""
        now_s = time.monotonic()
        with self._mutex:
            waiting, self._waiting = self._waiting, []
        return [each for each in waiting if now_s < each.until_s]

    def mark_sent(self, packet: int, message: OutgoingMessage) -> None:
        """Remember the packet with which a message has left."""
        self._sent[packet] = message

    def acknowledge(self, packet: int) -> None:
        """The broker has what left with a packet; another's packet is none of ours."""
        message = self._sent.pop(packet, None)
        if message is not None:
            message.arrived.set()

    def send_again(self) -> None:
        """Let all wait again that has left and was not acknowledged."""
        with self._mutex:
            unsure = [*self._sent.values(), *self._waiting]
            self._sent, self._waiting = {}, []
            for message in unsure:
                self._append(message)

    @property
    def is_under_way(self) -> bool:
        """Whether something has left that is not acknowledged yet."""
        return bool(self._sent)

    def _append(self, message: OutgoingMessage) -> None:
        if message.is_retained:
            self._waiting = [
                each
                for each in self._waiting
                if not each.is_retained or each.topic != message.topic
            ]
        self._waiting.append(message)
