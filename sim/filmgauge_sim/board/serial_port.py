"""A serial port as a host sees one: a pseudo terminal, and a name that leads to it.

The name stays when the cable is pulled and put back, as /dev/ttyUSB0 does; the pseudo terminal
behind it is another one each time. What is sent while no program has the port open is lost; one
that is slow to read gets everything, since the board waits for it.
"""

import os
import pty
import select
import tty
from pathlib import Path

_ROOM = 1 << 14  # bytes that may wait for a program to read them, before the board waits too
_CHUNK = 4096


class SerialPort:
    """The board's end of a port whose name is the symbolic link `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.received = 0  # bytes from the host, ever
        self._board = -1
        self._poll = select.poll()
        self._waiting = bytearray()

    @property
    def is_open(self) -> bool:
        """Whether the cable is in."""
        return self._board >= 0

    @property
    def can_read(self) -> bool:
        """Whether bytes may come: a program has the port open, or has left some."""
        return self.is_open and self._events() != select.POLLHUP

    @property
    def wants_to_write(self) -> bool:
        """Whether bytes wait for the host to read."""
        return bool(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether so much waits that the board has to wait as well."""
        return len(self._waiting) > _ROOM

    def fileno(self) -> int:
        """Return the board's end, for select."""
        return self._board

    def open(self) -> None:
        """Put the cable in."""
        self._board, host = pty.openpty()
        tty.setraw(host)
        os.set_blocking(self._board, False)
        self._poll.register(self._board, select.POLLIN)
        scratch = self.path.with_name(self.path.name + ".new")
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(os.ttyname(host))
        scratch.replace(self.path)
        os.close(host)

    def close(self) -> None:
        """Pull the cable: who has the port open loses it."""
        if not self.is_open:
            return
        self.path.unlink(missing_ok=True)
        self._poll.unregister(self._board)
        os.close(self._board)
        self._board = -1
        self._waiting.clear()

    def read(self) -> bytes:
        """Return what the host has sent, nothing if nothing."""
        try:
            data = os.read(self._board, _CHUNK)
        except OSError:  # nothing there, or nobody
            return b""
        self.received += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Send to the host."""
        if self.is_open:
            self._waiting += data
            self.flush()

    def flush(self) -> None:
        """Send as much as the host takes now; forget everything where no program listens."""
        if self._events() & select.POLLHUP:
            self._waiting.clear()
        while self._waiting:
            try:
                count = os.write(self._board, self._waiting[:_CHUNK])
            except OSError:
                return
            del self._waiting[:count]

    def _events(self) -> int:
        return next((events for _, events in self._poll.poll(0)), 0)
