"""What happens, as server-sent events: `/api/events`, described in docs/page.md.

The ingest's thread only appends to a queue; a task of the page's own loop makes events of what
has come, ten times a second, each once for all readers. A reader that does not keep up loses its
queue and is sent `reset`: it asks for everything anew. The store is read beside the loop, in a
thread, since it may keep whoever asks waiting.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.nodes import NodeSnapshot, NodeState
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.web.page_data import PageData

_Described: TypeAlias = tuple[ReceivedRecord | Rejected, dict[str, Any]]
EventName: TypeAlias = Literal["record", "status", "refused", "alert", "server", "reset"]

_TICK_S = 0.1
_ROWS_EVERY = 5  # ticks: how often a node's row is sent at most
_STATES_EVERY = 10  # ticks: how often it is looked who has become late
_QUEUE = 2000  # events that wait for one reader
_RING = 4000  # events that a reader who comes back can still have
_ARRIVED = 20_000  # records between two ticks
_ALIVE_S = 15.0  # a comment after so long without events
_LINGER_S = 60.0  # events are made so long after the last reader has left


@dataclass(frozen=True, slots=True)
class Event:
    """One event. node: of whose it is, None for everybody. full: only for readers of its node;
    row: only for readers of all nodes; else for both."""

    number: int
    node: str | None
    audience: Literal["full", "row", "both"]
    text: bytes

    def concerns(self, node: str | None) -> bool:
        """Return whether a reader gets it: one of `node`, or of all for None."""
        if node is None:
            return self.audience != "full"
        return self.audience != "row" and self.node in (None, node)


class Reader:
    """One open stream. node: only of this one, None for all."""

    def __init__(self, node: str | None) -> None:
        self.node = node
        self._waiting: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, event: Event, reset: bytes) -> None:
        """Queue an event; a full queue becomes `reset`."""
        if not event.concerns(self.node):
            return
        if len(self._waiting) >= _QUEUE:
            self._waiting.clear()
            self._waiting.append(reset)
        self._waiting.append(event.text)
        self._ready.set()

    def put_text(self, text: bytes) -> None:
        """Queue what only this reader is sent."""
        self._waiting.append(text)
        self._ready.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._ready.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what waits, together, and a comment after a long silence."""
        while not self._closed:
            try:
                await asyncio.wait_for(self._ready.wait(), _ALIVE_S)
            except TimeoutError:
                yield b": alive\n\n"
                continue
            self._ready.clear()
            if self._waiting:
                chunk = b"".join(self._waiting)
                self._waiting.clear()
                yield chunk


class EventHub:
    """Makes events and hands them to the readers. `receive` may be called from any thread, all
    else belongs to the page's loop."""

    def __init__(self, data: PageData) -> None:
        self._data = data
        self._epoch = secrets.token_hex(4)  # numbers of another start mean nothing here
        self._number = 0
        self._readers: set[Reader] = set()
        self._ring: deque[Event] = deque(maxlen=_RING)
        self._arrived: deque[ReceivedRecord | Rejected] = deque(maxlen=_ARRIVED)
        self._alerts: deque[dict[str, Any]] = deque(maxlen=_ARRIVED)
        self._snapshots: dict[str, NodeSnapshot] = {}
        self._states: dict[str, NodeState] = {}
        self._server: dict[str, Any] = {}
        self._ticks = 0
        self._active_until_s = 0.0
        self._closed = False
        self._subscribing = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def receive(self, event: ReceivedRecord | Rejected) -> None:
        """Queue what an ingest has received; never waits."""
        self._arrived.append(event)

    def receive_alert(self, notification: Notification) -> None:
        """Queue what happened to an alert; never waits."""
        self._alerts.append(notification.to_dict())

    async def subscribe(self, node: str | None, last_id: str) -> AsyncIterator[bytes]:
        """Return the stream of a new reader; last_id: the last event it had, "" for none.

        The events since then come first, or `reset` where they are not all there any more.
        """
        async with self._subscribing:
            await self._catch_up()
            reader = Reader(node)
            missed = self._since(last_id)
            if missed is None:
                reader.put_text(self._reset())
            for event in missed or ():
                reader.put(event, self._reset())
            self._readers.add(reader)
        if self._closed:
            reader.close()
        return self._stream(reader)

    async def run(self) -> None:
        """Make events until `close`."""
        self._loop = asyncio.get_running_loop()
        while not self._closed:
            await asyncio.sleep(_TICK_S)
            if self._is_active():
                await self._tick()
            else:
                self._arrived.clear()
                self._alerts.clear()

    @property
    def is_closed(self) -> bool:
        """Whether all answers are to end soon; from any thread."""
        return self._closed

    def request_close(self) -> None:
        """Have all streams ended soon; from another thread."""
        self._closed = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for reader in self._readers:
            reader.close()

    async def _stream(self, reader: Reader) -> AsyncIterator[bytes]:
        try:
            async for chunk in reader.chunks():
                yield chunk
        finally:
            self._readers.discard(reader)

    def _is_active(self) -> bool:
        now_s = time.monotonic()
        if self._readers:
            self._active_until_s = now_s + _LINGER_S
        return now_s < self._active_until_s

    async def _catch_up(self) -> None:
        """After a time without readers begin with what is now: they ask for it themselves."""
        if not self._is_active():
            self._ring.clear()
            self._number += 1  # whatever a reader had before, something is between
            self._snapshots, self._states = await asyncio.to_thread(self._nodes), {}
            self._server = self._data.server()
            self._arrived.clear()
            self._alerts.clear()

    def _since(self, last_id: str) -> list[Event] | None:
        """Return the events after one, None where some of them are gone."""
        epoch, _, number = last_id.partition("-")
        if epoch != self._epoch or not number.isdigit():
            return None
        last = int(number)
        oldest = self._ring[0].number if self._ring else self._number + 1
        if last > self._number or last + 1 < oldest:
            return None
        return [event for event in self._ring if event.number > last]

    def _reset(self) -> bytes:
        return self._text("reset", self._number, self._data.server())

    async def _tick(self) -> None:
        self._ticks += 1
        await self._send_arrived()
        while self._alerts:
            alert = self._alerts.popleft()
            self._send("alert", alert["node"] or None, "both", alert)
        server = self._data.server()
        if server != self._server:
            self._server = server
            self._send("server", None, "both", server)
        with suppress(StorageError):  # `server` says what is wrong; rows are sent another time
            if self._ticks % _ROWS_EVERY == 0:
                await self._send_changed()
            if self._ticks % _STATES_EVERY == 0:
                await self._send_states()

    async def _send_arrived(self) -> None:
        watched = {reader.node for reader in self._readers} - {None}
        arrived = [self._arrived.popleft() for _ in range(len(self._arrived))]
        arrived = [each for each in arrived if isinstance(each, Rejected) or each.node in watched]
        if not arrived:
            return
        for event, data in await asyncio.to_thread(self._described, arrived):
            if isinstance(event, Rejected):
                self._send("refused", event.node, "both", data)
            else:
                self._send("record", event.node, "full", data)

    async def _send_changed(self) -> None:
        """Send the rows of nodes of which something has come."""
        before = self._snapshots
        after = await asyncio.to_thread(self._data.directory.nodes)
        if before is after:
            return
        changed = [node for name, node in after.items() if node is not before.get(name)]
        rows = await asyncio.to_thread(self._rows, changed)
        self._snapshots = after
        for node in changed:
            old = before.get(node.name)
            is_record = old is None or node.latest is not old.latest
            self._send_row("record" if is_record else "status", rows[node.name])

    async def _send_states(self) -> None:
        """Send the rows of nodes that have become late, or are so no more."""
        now_s = time.monotonic()
        nodes = self._snapshots
        states: dict[str, NodeState] = {name: node.state(now_s) for name, node in nodes.items()}
        changed = [
            name for name, state in states.items() if self._states.get(name, state) != state
        ]
        rows = await asyncio.to_thread(self._rows, [nodes[name] for name in changed])
        self._states = states
        for name in changed:
            self._send_row("status", rows[name])

    def _send_row(self, name: EventName, row: dict[str, Any]) -> None:
        self._send(name, row["node"], "row" if name == "record" else "both", row)

    def _nodes(self) -> dict[str, NodeSnapshot]:
        try:
            return self._data.directory.nodes()
        except StorageError:  # `server` says what is wrong
            return self._snapshots

    def _rows(self, nodes: Iterable[NodeSnapshot]) -> dict[str, dict[str, Any]]:
        return {node.name: self._data.row(node) for node in nodes}

    def _described(self, arrived: Iterable[ReceivedRecord | Rejected]) -> list[_Described]:
        """Return what can be told of events: of records nothing once the store fails."""
        described: list[_Described] = []
        is_readable = True
        for event in arrived:
            if isinstance(event, Rejected):
                described.append((event, self._data.rejected(event)))
            elif is_readable:
                try:
                    described.append((event, self._data.record(event)))
                except StorageError:
                    is_readable = False
        return described

    def _send(
        self,
        name: EventName,
        node: str | None,
        audience: Literal["full", "row", "both"],
        data: dict[str, Any],
    ) -> None:
        self._number += 1
        event = Event(self._number, node, audience, self._text(name, self._number, data))
        self._ring.append(event)
        reset: bytes = b""
        for reader in self._readers:
            reset = reset or self._reset()
            reader.put(event, reset)

    def _text(self, name: EventName, number: int, data: dict[str, Any]) -> bytes:
        # The encoder writes no line breaks, so that one `data` line holds it.
        head = f"event: {name}\nid: {self._epoch}-{number}\ndata: "
        return head.encode() + msgspec.json.encode(data) + b"\n\n"
