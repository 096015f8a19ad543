"""The deadlines of a connection, whatever the peer does."""

import time

from peer_contexts import peer_with, record
from scratch_files import unused_path

from filmgauge.gauge.ledger import Ledger
from filmgauge.uplink.ble import gatt
from filmgauge.uplink.ble.events import Link
from filmgauge.uplink.ble.gatt_server import GattServer

CONNECT, DISCONNECT, WRITE = 1, 2, 3
BATTERY, DEVICE, OWN = tuple(range(9)), tuple(range(20, 24)), tuple(range(100, 110))
if not hasattr(time, "ticks_ms"):  # CPython
    time.ticks_ms = lambda: int(time.monotonic() * 1000)
    time.ticks_diff = lambda end, begin: end - begin
PACE_MS = 15  # two intervals of 7.5 ms
MOST_MS = 600000


class Radio:
    """A stack with a peer that writes a log request that is too short, again and again, while
    time passes: asleep, and `cost_ms` for each reply."""

    def __init__(self, board, cost_ms):
        self._board = board
        self._cost_ms = cost_ms
        self._next_ms = board.now_ms
        self.handler = self.gatts_write = self.gatts_indicate = self._nothing
        self.fed_ms = self.unfed_ms = board.now_ms
        self.replies = 0

    def _nothing(self, *_):
        pass

    def irq(self, handler):
        self.handler = handler

    def gatts_read(self, handle):
        return b"short"

    def gatts_notify(self, connection, handle, data):
        self.replies += 1
        self.let_pass(self._cost_ms)

    def gap_disconnect(self, connection):
        self.handler(DISCONNECT, (connection, 0, b""))

    def let_pass(self, duration_ms):
        end_ms = self._board.now_ms + duration_ms
        assert end_ms < MOST_MS, "it stays for ever"
        while self._next_ms <= end_ms:
            self.handler(WRITE, (1, OWN[gatt.LOG_REQUEST]))
            self._next_ms += PACE_MS
        self._board.now_ms = end_ms


def served(parameter, made=Radio, **changes):
    """Serve the peer of a radio; return how long, the most without feeding a watchdog, and the
    replies."""
    peer = peer_with(unused_path(), 3)
    peer.show(record(2, faults=0, limits=0, soc_ppm=500000), peer.backlog, Ledger())
    for name, value in changes.items():
        setattr(peer.config, name, value)
    board = peer.board
    radio = made(board, parameter)
    link = Link(radio, board)
    fed = [board.now_ms]
    unfed_ms = 0

    def feed():
        nonlocal unfed_ms
        unfed_ms = max(unfed_ms, board.now_ms - fed[0])
        fed[0] = board.now_ms

    def doze(duration_ms):
        feed()
        radio.let_pass(duration_ms)

    board.feed, board.doze = feed, doze
    link.handles = BATTERY, DEVICE, OWN
    radio.handler(CONNECT, (1, 0, b""))
    begun_ms = board.now_ms
    GattServer(link, peer).serve()
    assert link.connection is None
    return board.now_ms - begun_ms, unfed_ms, radio.replies


def test_a_peer_that_writes_without_a_pause_is_left_in_time():
    for cost_ms in (1, PACE_MS - 1, PACE_MS + 1, 4 * PACE_MS):
        stayed_ms, unfed_ms, replies = served(cost_ms, ble_connected_ms=20000)
        assert 20000 <= stayed_ms <= 20000 + 2 * cost_ms
        assert unfed_ms <= 1000 + cost_ms
        assert replies > 100


class HastyRadio(Radio):
    """A stack whose peer leaves while its request is looked at, after so many of them; as in
    MicroPython a handle is a number, and a notification to no connection an error."""

    def __init__(self, board, stays):
        super().__init__(board, 1)
        self._stays = stays
        self._is_there = True
        self.gatts_write = self._write

    def _write(self, handle, _data):
        if handle == OWN[gatt.REPLY]:
            self._stays -= 1
            if self._stays < 0:
                self._leave()

    def gatts_notify(self, connection, _handle, _data):
        self._check(connection)
        if not self._is_there:
            raise OSError(128)  # ENOTCONN
        self.replies += 1
        self.let_pass(1)

    def gap_disconnect(self, connection):
        self._check(connection)
        was_there = self._is_there
        self._leave()
        return was_there

    def _leave(self):
        if self._is_there:
            self._is_there = False
            self.handler(DISCONNECT, (1, 0, b""))

    def _check(self, connection):
        if not isinstance(connection, int):
            raise TypeError("can't convert to int")


def test_a_peer_that_leaves_in_the_middle_costs_nothing():
    for stays in (0, 1, MOST_MS):
        _, _, replies = served(stays, HastyRadio, ble_connected_ms=20000)
        assert replies >= min(stays, 100)
