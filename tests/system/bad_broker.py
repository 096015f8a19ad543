"""A way to a broker on which something is wrong: it carries bytes both ways, or does not."""

import contextlib
import random
import select
import socket
import struct
import threading
from typing import Self

MODES = ("refuses", "silent", "half open", "resets", "garbage", "byte by byte", "closes early")
_TICK_S = 0.02
_LINGER_0 = struct.pack("ii", 1, 0)


class BadWay:
    """Listens for nodes and carries them to a broker at `target`, as `mode` has it; None: well.

    refuses: who connects is reset; silent: who connects hears nothing; half open: the broker gets
    all, and nothing comes back; resets: the connection is reset with the first answer; garbage:
    random bytes come back; byte by byte: answers come one byte at a time; closes early: the broker
    is gone after its first answer. connections: how many there were.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.mode: str | None = None
        self.connections = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ended = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended = True
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        self._listener.settimeout(_TICK_S)
        while not self._ended:
            with contextlib.suppress(OSError):
                node, _ = self._listener.accept()
                self.connections += 1
                with node, contextlib.suppress(ConnectionError):
                    self._carry(node)

    def _carry(self, node: socket.socket) -> None:
        mode = self.mode
        if mode == "refuses":
            _reset(node)
            return
        with socket.create_connection(self._target) as broker:
            while not self._ended:
                ready, _, _ = select.select([node, broker], [], [], _TICK_S)
                for source in ready:
                    data = source.recv(4096)
                    if not data:
                        return
                    if source is node and mode != "silent":
                        broker.sendall(data)
                    elif source is broker and not self._answer(node, data, mode):
                        return

    def _answer(self, node: socket.socket, data: bytes, mode: str | None) -> bool:
        """Send an answer of the broker; return whether the connection goes on."""
        if mode in ("silent", "half open"):
            return True
        if mode == "resets":
            _reset(node)
            return False
        if mode == "byte by byte":
            node.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in data:
                node.sendall(bytes((byte,)))
            return True
        node.sendall(random.Random(len(data)).randbytes(600) if mode == "garbage" else data)
        return mode != "closes early"


def _reset(node: socket.socket) -> None:
    """Have closing end the connection with RST."""
    node.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
