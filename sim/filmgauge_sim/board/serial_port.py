"""A serial port as a host sees one: a pseudo terminal, and a name that leads to it.

The name stays when the cable is pulled and put back, as /dev/ttyUSB0 does; the pseudo terminal
behind it is another one each time.
"""

import os
import pty
import tty
from pathlib import Path

_MOST_WAITING = 1 << 16  # bytes that nobody reads; a port without a listener drops them
_CHUNK = 4096


class SerialPort:
    """The board's end of a port whose name is the symbolic link `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.received = 0  # bytes from the host, ever
        self.sent = 0
        self._board = -1
        self._host = -1  # kept open, so that the port stays when a program closes it
        self._waiting = bytearray()

    @property
    def is_open(self) -> bool:
        """Whether the cable is in."""
        return self._board >= 0

    @property
    def wants_to_write(self) -> bool:
        """Whether bytes wait for the host to read."""
        return bool(self._waiting)

    def fileno(self) -> int:
        """Return the board's end, for select."""
        return self._board

    def open(self) -> None:
        """Put the cable in."""
        self._board, self._host = pty.openpty()
        tty.setraw(self._host)
        os.set_blocking(self._board, False)
        scratch = self.path.with_name(self.path.name + ".new")
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(os.ttyname(self._host))
        scratch.replace(self.path)

    def close(self) -> None:
        """Pull the cable: who has the port open loses it."""
        if not self.is_open:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._board)
        os.close(self._host)
        self._board = self._host = -1
        self._waiting.clear()

    def read(self) -> bytes:
        """Return what the host has sent, nothing if nothing."""
        try:
            data = os.read(self._board, _CHUNK)
        except (BlockingIOError, OSError):
            return b""
        self.received += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Send to the host; what it does not read for long is lost."""
        if not self.is_open:
            return
        self._waiting += data
        del self._waiting[:-_MOST_WAITING]
        self.flush()

    def flush(self) -> None:
        """Send as much as the host takes now."""
        while self._waiting:
            try:
                count = os.write(self._board, self._waiting[:_CHUNK])
            except (BlockingIOError, OSError):
                return
            self.sent += count
            del self._waiting[:count]
