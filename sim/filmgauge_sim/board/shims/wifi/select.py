"""`select.poll` on the board's sockets, in virtual time."""

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:
    def __init__(self):
        self._sockets = []

    def register(self, socket, eventmask=POLLIN | POLLOUT):
        self.unregister(socket)
        self._sockets.append((socket, eventmask))

    modify = register

    def unregister(self, socket):
        self._sockets = [pair for pair in self._sockets if pair[0] is not socket]

    def poll(self, timeout=-1):
        """Return the (socket, event) pairs that are ready within `timeout` ms."""
        writable = [(socket, POLLOUT) for socket, mask in self._sockets if mask & POLLOUT]
        if writable:
            return writable  # a few hundred bytes always fit into the send buffer
        if len(self._sockets) != 1:
            raise NotImplementedError("the virtual board polls one socket at a time")
        socket = self._sockets[0][0]
        ready = socket.await_data(None if timeout < 0 else timeout * 1000)
        return [(socket, POLLIN)] if ready else []
