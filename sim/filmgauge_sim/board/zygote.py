"""Helper process that turns into one interpreter per boot: started by `launcher`, never imported.

It speaks over the socket that it gets as standard input and moves to descriptor 3: the host
writes BOOT, a forked child becomes the interpreter and uses the same descriptor for its requests,
and when the child is gone an EXITED frame follows; an answer that the child has not read is lost
with it. It stays single-threaded, so that forking is safe, and dies with the host.
"""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys

from filmgauge_sim.board.shims import _protocol

BOOT = b"B"
_PR_SET_PDEATHSIG = 1
_LINK = 3


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _frame(operation: int, argument: int, mark: int = 0) -> bytes:
    return struct.pack(_protocol.REQUEST, operation, 0, 0, argument & 0xFFFFFFFF, mark)


def _interpreter(executable: str, arguments: list[str]) -> None:
    """Become the interpreter; does not return."""
    if executable:
        os.execv(executable, [executable, *arguments])
    import micropython_module

    status = micropython_module.run_main(["micropython", *arguments])
    os._exit(status & 255)


def _forget_unread() -> None:
    """Drop what a killed child has not read: its successor would take it for its own answer."""
    link = socket.socket(fileno=os.dup(_LINK))
    with link, contextlib.suppress(BlockingIOError):
        while link.recv(65536, socket.MSG_DONTWAIT):
            pass


def _serve(executable: str, arguments: list[str]) -> None:
    while os.read(_LINK, 1) == BOOT:
        child = os.fork()
        if child == 0:
            _die_with_parent()
            os.write(_LINK, _frame(_protocol.STARTED, os.getpid()))
            _interpreter(executable, arguments)
        _, status = os.waitpid(child, 0)
        _forget_unread()
        os.write(_LINK, _frame(_protocol.EXITED, status, _protocol.EXIT_MARK))


def main() -> None:
    host, rom, executable, *arguments = sys.argv[1:]
    os.dup2(0, _LINK)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _die_with_parent()
    if os.getppid() != int(host):
        return
    if not executable:
        import micropython_module  # noqa: F401  loaded once, inherited by every boot
    executable = executable and os.path.abspath(executable)
    os.chdir(rom)
    _serve(executable, arguments)


if __name__ == "__main__":
    main()
