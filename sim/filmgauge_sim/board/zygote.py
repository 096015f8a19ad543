"""Helper process that turns into one interpreter per boot: started by `launcher`, never imported.

It speaks over the socket that it gets as standard input and moves to descriptor 3: the host
writes BOOT, a forked child becomes the interpreter and uses the same descriptor for its requests,
and when the child is gone an EXITED frame follows; an answer that the child has not read is lost
with it. It stays single-threaded, so that forking is safe, and dies with the host.

A page that either side writes to after the fork is copied first, so what a boot needs is made
before it.
"""

import ctypes
import gc
import os
import select
import signal
import struct
import sys
from collections.abc import Callable

from filmgauge_sim.board.shims import _protocol

BOOT = b"B"
_PR_SET_PDEATHSIG = 1
_LINK = 3
_prctl = ctypes.CDLL(None).prctl


def _die_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _frame(operation: int, argument: int, mark: int = 0) -> bytes:
    return struct.pack(_protocol.REQUEST, operation, 0, 0, argument & 0xFFFFFFFF, mark)


def _interpreter(executable: str, arguments: list[str]) -> Callable[[], None]:
    """Return what turns a process into the interpreter."""
    if executable:
        command = [executable, *arguments]
        return lambda: os.execv(executable, command)
    import micropython_module  # loaded once, inherited by every boot

    run_main, command = micropython_module.run_main, ["micropython", *arguments]
    return lambda: os._exit(run_main(command) & 255)


def _forget_unread(link: select.poll) -> None:
    """Drop what a killed child has not read: its successor would take it for its own answer."""
    while link.poll(0) and os.read(_LINK, 65536):
        pass


def _serve(become_interpreter: Callable[[], None]) -> None:
    link = select.poll()
    link.register(_LINK, select.POLLIN)
    gc.disable()
    gc.freeze()
    while os.read(_LINK, 1) == BOOT:
        child = os.fork()
        if child == 0:
            _die_with_parent()
            os.write(_LINK, _frame(_protocol.STARTED, os.getpid()))
            become_interpreter()
        _, status = os.waitpid(child, 0)
        _forget_unread(link)
        os.write(_LINK, _frame(_protocol.EXITED, status, _protocol.EXIT_MARK))


def main() -> None:
    host, rom, executable, *arguments = sys.argv[1:]
    os.dup2(0, _LINK)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _die_with_parent()
    if os.getppid() != int(host):
        return
    become_interpreter = _interpreter(executable and os.path.abspath(executable), arguments)
    os.chdir(rom)
    _serve(become_interpreter)


if __name__ == "__main__":
    main()
