"""Helper process that turns into one interpreter per boot: started by `launcher`, never imported.

It speaks over the socket that it gets as standard input and moves to descriptor 3: the host
writes BOOT, a forked child becomes the interpreter and uses the same descriptor for its requests,
and when the child is gone an EXITED frame follows; an answer that the child has not read is lost
with it. It stays single-threaded, so that forking is safe, and dies with the host.

An interpreter that gets the signal PARK stays what it is: a copy goes on from there, and another
one for each COPY that the host writes. Any other byte ends it, and the helper is there again.

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

BOOT, COPY, DROP = b"B", b"C", b"D"
PARK = signal.SIGUSR1
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINK = 3
_libc = ctypes.CDLL(None)
_prctl = _libc.prctl


def _die_with(parent: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _frame(operation: int, small: int, argument: int, mark: int = 0) -> bytes:
    return struct.pack(_protocol.REQUEST, operation, small, 0, argument & 0xFFFFFFFF, mark)


def _interpreter(executable: str, arguments: list[str]) -> Callable[[], None]:
    """Return what turns a process into the interpreter."""
    if executable:
        command = [executable, *arguments]
        return lambda: os.execv(executable, command)
    import micropython_module  # loaded once, inherited by every boot

    run_main, command = micropython_module.run_main, ["micropython", *arguments]
    return lambda: os._exit(run_main(command) & 255)


def _forget_unread() -> None:
    """Drop what a killed child has not read: its successor would take it for its own answer."""
    while _unread.poll(0) and os.read(_LINK, 65536):
        pass


def _forked(is_copy: bool) -> bool:
    """Fork; return True in the child, and False in the parent, once the child is gone."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _die_with(parent)
        os.write(_LINK, _frame(_protocol.STARTED, is_copy, os.getpid()))
        return True
    _, status = os.waitpid(child, 0)
    _reap_copies()
    _forget_unread()
    os.write(_LINK, _frame(_protocol.EXITED, 0, status, _protocol.EXIT_MARK))
    return False


def _reap_copies() -> None:
    """Wait for copies whose parent is gone: they are going, too."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


@ctypes.CFUNCTYPE(None, ctypes.c_int)
def _park(number: int) -> None:
    """Stay what the interpreter is now. In each copy this returns, to where the signal came."""
    try:
        while not _forked(is_copy=True):
            if os.read(_LINK, 1) != COPY:
                os._exit(0)
    except BaseException:  # or what is to be copied would go on itself
        os._exit(1)


def _serve(become_interpreter: Callable[[], None]) -> None:
    gc.disable()
    gc.freeze()
    while os.read(_LINK, 1) == BOOT:
        if _forked(is_copy=False):
            become_interpreter()


def main() -> None:
    host, rom, executable, *arguments = sys.argv[1:]
    os.dup2(0, _LINK)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _die_with(int(host))
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _unread.register(_LINK, select.POLLIN)
    become_interpreter = _interpreter(executable and os.path.abspath(executable), arguments)
    if not executable:
        _libc.signal(PARK, _park)  # in C, since it comes while none of Python's code runs
    os.chdir(rom)
    _serve(become_interpreter)


_unread = select.poll()

if __name__ == "__main__":
    main()
