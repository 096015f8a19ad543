"""A server on loopback: a thread for each connection, which does what the heir of it does."""

import contextlib
import socket
import threading

PATIENCE_S = 10.0  # far beyond every deadline in the tests


class TcpPeer:
    """Listens on a port of its own until closed. connections: how many there were."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            stream.settimeout(PATIENCE_S)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        with stream, contextlib.suppress(OSError):
            self.serve(stream)

    def serve(self, stream: socket.socket) -> None:
        """Talk to one client; the connection ends with this, and with OSError."""
        raise NotImplementedError
