"""`select.poll` on the board's sockets in virtual time, and on its serial port."""

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:
    def __init__(self):
        self._streams = []

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        self.unregister(stream)
        self._streams.append((stream, eventmask))

    modify = register

    def unregister(self, stream):
        self._streams = [pair for pair in self._streams if pair[0] is not stream]

    def poll(self, timeout=-1):
        """Return the (stream, event) pairs that are ready within `timeout` ms."""
        writable = [
            (stream, POLLOUT)
            for stream, mask in self._streams
            if mask & POLLOUT and not getattr(stream, "awaits_data", False)
        ]
        if writable:
            return writable  # a few hundred bytes always fit into the send buffer
        if len(self._streams) != 1:
            raise NotImplementedError("the virtual board polls one stream at a time")
        stream = self._streams[0][0]
        ready = stream.await_data(None if timeout < 0 else timeout * 1000)
        return [(stream, self._streams[0][1])] if ready else []

    ipoll = poll
