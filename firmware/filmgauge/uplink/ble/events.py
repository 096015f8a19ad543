"""The radio of one report: what its interrupts tell, kept until the firmware looks.

The handler only notes: work is done outside of it. A write is read at once, since the next one
takes its place.
"""

import time

from filmgauge.compat import const

_CENTRAL_CONNECT = const(1)  # numbers of MicroPython's bluetooth
_CENTRAL_DISCONNECT = const(2)
_GATTS_WRITE = const(3)
_READ_REQUEST = const(4)
_MTU_EXCHANGED = const(21)
_CONNECTION_UPDATE = const(27)
_GET_SECRET = const(29)
_SET_SECRET = const(30)

DISCONNECTED = const(2)
WRITTEN = const(3)
READ = const(4)
MTU = const(21)

_MOST = const(8)  # events that wait; a peer that does not wait for replies loses some
_NOT_YET = const(0x0E)  # ATT: unlikely error


class Link:
    """`connection` is the handle of the central, None while there is none. central: that of the
    last one, which may leave at any moment: to the stack it is a number, and None is an error.

    handles: of the services, as gatt.py gives them. ready: whether values may be read.
    """

    def __init__(self, ble, board):
        self.ble = ble
        self._board = board
        self._begun_ms = time.ticks_ms()
        self._connected_at_ms = 0
        self.connected_ms = 0
        self.dozes = 0
        self.handles = ((), (), ())
        self.connection = self.central = None
        self.ready = False
        self.interval_us = 0  # of the connection; 0: not told
        self._events = []
        self._bonds = None
        ble.irq(self._interrupt)

    def next_event(self) -> "tuple | None":
        """Return what came first, None when there is nothing."""
        return self._events.pop(0) if self._events else None

    def doze(self, duration_ms: int) -> None:
        """Sleep, or until the radio has something to tell."""
        self.dozes += 1
        self._board.doze(duration_ms)

    def disconnected(self) -> None:
        """Note that there is no connection any more."""
        if self.connection is not None:
            self.connected_ms += self._board.clock_ms() - self._connected_at_ms
            self.connection = None

    def save_bonds(self) -> None:
        """Put into flash what the stack has given to keep."""
        if self._bonds is not None:
            try:
                self._bonds.save()
            except OSError as error:  # then the peer has to pair again
                print("filmgauge: bonds:", error)

    def awake_ms(self) -> int:
        """Return for how long the processor was awake so far: ticks stand still in sleep."""
        return time.ticks_diff(time.ticks_ms(), self._begun_ms)

    def _interrupt(self, event, data):
        if event == _READ_REQUEST:
            self._queue((READ,))
            return 0 if self.ready else _NOT_YET
        if event == _CENTRAL_CONNECT:
            self.connection = self.central = data[0]
            self._connected_at_ms = self._board.clock_ms()
        elif event == _CENTRAL_DISCONNECT:
            self.disconnected()
            self._events.append((DISCONNECTED,))
        elif event == _GATTS_WRITE:
            self._queue((WRITTEN, data[1], self.ble.gatts_read(data[1])))
        elif event == _MTU_EXCHANGED:
            self._events.append((MTU, data[1]))
        elif event == _CONNECTION_UPDATE:
            self.interval_us = data[1] * 1250
        elif event in (_GET_SECRET, _SET_SECRET):
            return self._secret(event, data)
        return None

    def _secret(self, event, data):
        """Give the stack a secret of a bond, or keep one; None and False for a failure."""
        try:
            if self._bonds is None:
                from filmgauge.store.bonds import Bonds  # who never bonds does not load it

                self._bonds = Bonds(pages=self._board.pages(bonds=True))
            kind, second, third = data
            if event == _GET_SECRET:
                return self._bonds.get(kind, second, None if third is None else bytes(third))
            return self._bonds.put(kind, bytes(second), None if third is None else bytes(third))
        except ValueError as error:
            print("filmgauge: bonds:", error)
            return None

    def _queue(self, event):
        if len(self._events) < _MOST:
            self._events.append(event)
