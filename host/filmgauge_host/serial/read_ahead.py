"""A serial port that takes all that has come at once, for who reads byte by byte."""

import serial

MOST_AT_ONCE = 4096  # bytes of a board that never stops


class ReadAheadPort:
    """The face that a port has to mpremote's transport once it is open.

    That reads an answer byte by byte, and each byte costs two calls of the operating system and
    the sum of a deadline: most of what a processor has to do while a board is flashed.
    """

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._ahead = bytearray()
        self.timeout = port.timeout  # of a read, in seconds

    def read(self, size: int = 1) -> bytes:
        """Return so many bytes, fewer where they have not come within the timeout."""
        missing = size - len(self._ahead)
        if missing > 0:
            if self._port.timeout != self.timeout:
                self._port.timeout = self.timeout
            self._ahead += self._port.read(max(missing, min(self._port.in_waiting, MOST_AT_ONCE)))
        found = bytes(self._ahead[:size])
        del self._ahead[:size]
        return found

    @property
    def in_waiting(self) -> int:
        """How many bytes there are without waiting, or some of them."""
        return len(self._ahead) or self._port.in_waiting

    def inWaiting(self) -> int:
        """See `in_waiting`; mpremote calls it so."""
        return self.in_waiting

    def write(self, data: bytes) -> int | None:
        """Send it."""
        return self._port.write(data)

    def close(self) -> None:
        """Let the port go."""
        self._port.close()
