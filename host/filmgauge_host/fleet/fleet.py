"""A load of many nodes on one broker, from one thread.

    fleet = Fleet([parse_address(url)], nodes=1000, interval_s=1.0)
    fleet.run(60.0, stopped=lambda: False)
    print(fleet.counts())

Each node speaks what the firmware speaks: will, info, its newest record on `telemetry`, what had
to wait on `log`, and a status that announces the next report. None is lost: what the broker has
not acknowledged is sent again on the next connection.
"""

import heapq
import random
import selectors
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.fleet.connection import FleetConnection
from filmgauge_host.fleet.fleet_node import FleetNode
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.tcp_connection import connect_problem

_TICK_S = 0.05
_TEND_S = 5.0
_BACKOFF_S = (0.2, 5.0)  # first, longest; each is spread by half
_CONNECT_S = 5.0  # for the first node
_DRAIN_S, _QUIET_S = 30.0, 2.0
_SILENT = "does not answer"


@dataclass(frozen=True)
class FleetCounts:
    """made: records; acknowledged: by the broker; unacknowledged: made and not confirmed.
    reconnects: beyond the first connection of each node. refused: nodes that no broker has
    accepted; problem: why the last attempt failed, "" where all are connected. p50_ms, p99_ms:
    from publishing to its acknowledgement, None before the first."""

    nodes: int
    made: int
    acknowledged: int
    unacknowledged: int
    reconnects: int
    refused: int
    problem: str
    p50_ms: float | None
    p99_ms: float | None
    behind: int  # reports that were made late, because this machine was too slow


class Fleet:
    """addresses: of the brokers, or of several of one cluster: a node that loses one goes to the
    next. nodes: how many; interval_s: between two reports of a node. prefix: of their names.

    seed: of lives and charges; another one is another fleet of the same names.
    """

    def __init__(
        self,
        addresses: Sequence[BrokerAddress],
        nodes: int,
        interval_s: float,
        prefix: str = "fleet",
        seed: int = 1,
    ) -> None:
        self._addresses = list(addresses)
        self._interval_s = interval_s
        width = len(str(nodes - 1))
        names = [f"{prefix}-{number:0{width}}" for number in range(nodes)]
        self.nodes = [FleetNode(name, f"{seed} {name}") for name in names]
        self._draw = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._connections: dict[str, FleetConnection] = {}
        self._watched: dict[FleetConnection, tuple[int, int]] = {}  # descriptor and events
        self._backoff_s: dict[str, float] = {}
        self._connects = self._attempts = 0
        self._reached: set[str] = set()  # nodes that have had a connection
        self._accepted: set[str] = set()
        self._waits_s: list[float] = []
        self._behind = 0
        self._problem = ""

    def run(
        self,
        duration_s: float | None,
        stopped: Callable[[], bool],
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Report until the time is over or `stopped()`; then wait for the last acknowledgements,
        half a minute at most, or after the time until `stopped()`.

        say: gets a sentence where that takes long. Raises NoBrokerError when no node is accepted
        within five seconds.
        """
        begun = time.monotonic()
        due = [
            (begun + self._interval_s * self._draw.random(), number)
            for number in range(len(self.nodes))
        ]
        heapq.heapify(due)
        reconnect = [(begun + 2e-3 * number, number) for number in range(len(self.nodes))]
        heapq.heapify(reconnect)
        tend = begun + _TEND_S
        end = None if duration_s is None else begun + duration_s
        while not (is_stopped := stopped()):
            now = time.monotonic()
            if end is not None and now >= end:
                break
            self._report(due, begun, now)
            self._connect(reconnect, now)
            self._check_accepted(begun)
            if now >= tend:
                tend = now + _TEND_S
                for connection in list(self._connections.values()):
                    connection.tend()
            next_s = min(due[0][0], reconnect[0][0] if reconnect else now + _TICK_S)
            self._serve(max(0.0, min(_TICK_S, next_s - now)), reconnect)
        self._drain(reconnect, begun, (lambda: False) if is_stopped else stopped, say)

    def counts(self) -> FleetCounts:
        """Return what was made and what the broker has."""
        made = sum(node.made for node in self.nodes)
        waits = sorted(self._waits_s)
        return FleetCounts(
            len(self.nodes),
            made,
            len(waits),
            made - len(waits),
            self._connects - len(self._reached),
            len(self.nodes) - len(self._accepted),
            self._last_problem(),
            _quantile_ms(waits, 0.5),
            _quantile_ms(waits, 0.99),
            self._behind,
        )

    def close(self) -> None:
        """Disconnect all nodes."""
        for connection in list(self._connections.values()):
            self._forget(connection)
            connection.close()
        self._selector.close()

    def _check_accepted(self, begun: float) -> None:
        """Raise NoBrokerError when no node was accepted in time."""
        if not self._accepted and time.monotonic() > begun + _CONNECT_S:
            address = self._addresses[0]
            raise NoBrokerError(f"broker {address} {self._problem or _SILENT}")

    def _last_problem(self) -> str:
        """Return what is wrong with the broker, "" where it has accepted all nodes."""
        all_accepted = len(self._connections) == len(self._accepted) == len(self.nodes)
        return "" if all_accepted else self._problem or _SILENT

    def _report(self, due: list[tuple[float, int]], begun: float, now: float) -> None:
        while due[0][0] <= now:
            at, number = due[0]
            heapq.heapreplace(due, (at + self._interval_s, number))
            self._behind += now - at > self._interval_s
            node = self.nodes[number]
            node.report(int(now - begun))
            connection = self._connections.get(node.name)
            if connection is not None:
                connection.send()
                self._watch(connection)

    def _connect(self, reconnect: list[tuple[float, int]], now: float) -> None:
        while reconnect and reconnect[0][0] <= now:
            _, number = heapq.heappop(reconnect)
            node = self.nodes[number]
            address = self._addresses[(number + self._attempts) % len(self._addresses)]
            try:
                connection = FleetConnection(node, address, self._interval_s, self._waits_s.append)
            except OSError as error:
                self._attempts += 1
                self._problem = f"cannot be reached: {connect_problem(error)}"
                self._retry(reconnect, number)
                return  # each may take seconds: others go on meanwhile, and who stops it is heard
            self._connects += 1
            self._reached.add(node.name)
            self._connections[node.name] = connection
            self._watch(connection)

    def _retry(self, reconnect: list[tuple[float, int]], number: int) -> None:
        name = self.nodes[number].name
        wait_s = self._backoff_s.get(name, _BACKOFF_S[0])
        self._backoff_s[name] = min(2 * wait_s, _BACKOFF_S[1])
        wait_s *= 0.5 + self._draw.random()
        heapq.heappush(reconnect, (time.monotonic() + wait_s, number))

    def _serve(self, timeout_s: float, reconnect: list[tuple[float, int]]) -> None:
        """Wait for the sockets and do what they ask for; replace the connections that are lost."""
        for key, events in self._selector.select(timeout_s):
            connection: FleetConnection = key.data
            if events & selectors.EVENT_READ:
                connection.read()
            if events & selectors.EVENT_WRITE and not connection.lost:
                connection.write()
            if not connection.lost:
                self._watch(connection)
        for name, connection in list(self._connections.items()):
            if connection.accepted:
                self._accepted.add(name)
            if connection.lost:
                self._problem = connection.problem or self._problem
                self._forget(connection)
                del self._connections[name]
                self._retry(reconnect, self._number(connection.node))

    def _number(self, node: FleetNode) -> int:
        return int(node.name.rpartition("-")[2])

    def _watch(self, connection: FleetConnection) -> None:
        """Ask the selector for what the connection waits for."""
        events = selectors.EVENT_READ
        if connection.wants_write:
            events |= selectors.EVENT_WRITE
        wanted = (connection.fileno(), events)
        if self._watched.get(connection) == wanted:
            return
        self._forget(connection)
        if wanted[0] >= 0:
            self._selector.register(*wanted, connection)
            self._watched[connection] = wanted

    def _forget(self, connection: FleetConnection) -> None:
        watched = self._watched.pop(connection, None)
        if watched is not None:
            # epoll has dropped a descriptor that is closed already
            with suppress(KeyError, OSError, ValueError):
                self._selector.unregister(watched[0])

    def _drain(
        self,
        reconnect: list[tuple[float, int]],
        begun: float,
        stopped: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        until_s = time.monotonic() + _DRAIN_S
        quiet_s = until_s - _DRAIN_S + _QUIET_S
        while time.monotonic() < until_s and not stopped():
            if self._accepted and time.monotonic() > quiet_s:
                say(f"waiting for the last acknowledgements, {_DRAIN_S:g} s at most")
                quiet_s = until_s
            self._check_accepted(begun)
            self._connect(reconnect, time.monotonic())
            for connection in self._connections.values():
                connection.send()
                self._watch(connection)
            connected = self._connections
            if len(connected) == len(self.nodes) and all(
                connection.drained for connection in connected.values()
            ):
                return
            self._serve(_TICK_S, reconnect)


def _quantile_ms(ordered_s: list[float], share: float) -> float | None:
    if not ordered_s:
        return None
    return round(1000 * ordered_s[min(len(ordered_s) - 1, int(share * len(ordered_s)))], 3)
