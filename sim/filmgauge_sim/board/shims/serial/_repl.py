"""The prompt of a board: boot.py, main.py, then the friendly and the raw REPL.

Written from what shared/runtime/pyexec.c and the ports' main.c of MicroPython do.
"""

import sys

import _console
import _link
import _protocol
import _rom_room  # noqa: F401
import machine

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = 1, 2, 3, 4, 5
_WINDOW = 128  # half the buffer that a port keeps for what it receives
_PROMPT = b">>> "
_MORE = b"... "
_PASTE = b"=== "

_globals = {"__name__": "__main__"}


class _SoftReset(Exception):
    """The prompt was left."""


def start():
    """Run the board's files, then its prompt; never returns."""
    machine.soft_reset = _soft_reset
    raw = bool(_link.call(_protocol.CONSOLE_MODE)[0])
    try:
        if _run_file("boot.py") and not raw:
            _run_file("main.py")
        while True:
            if raw:
                _raw()
            else:
                _friendly()
            raw = not raw
    except _SoftReset:
        _console.write(b"MPY: soft reboot\r\n")
        _link.call(_protocol.SOFT_RESET, 1 if raw else 0)


def _soft_reset():
    raise SystemExit


def _run_file(name):
    """Run a file if it is there; return whether it came to its end."""
    try:
        with open(name) as file:
            text = file.read()
    except OSError:
        return True
    return _execute(text, name, "exec", False)


def _execute(text, name, kind, tells_end):
    """Compile and run; return whether that went well. tells_end: as the raw REPL does."""
    error = None
    try:
        code = compile(text, name, kind)
        _console.interrupts(True)
        exec(code, _globals)
    except BaseException as raised:
        error = raised
    while True:
        try:
            _console.interrupts(False)
            break
        except KeyboardInterrupt as raised:  # it came at the very end
            error = raised
    if tells_end:
        _console.write(b"\x04")
    leaves = isinstance(error, SystemExit)
    if error is not None and not leaves:
        sys.print_exception(error)
    if tells_end:
        _console.write(b"\x04")
    if leaves:
        raise _SoftReset
    return error is None


def _raw():
    """Serve the raw REPL until Ctrl-B."""
    _console.write(b"raw REPL; CTRL-B to exit\r\n>")
    line = b""
    while True:
        data = _console.read(256)
        at = 0
        while at < len(data):
            byte = data[at]
            at += 1
            if byte > _CTRL_E:
                begun = at - 1
                while at < len(data) and data[at] > _CTRL_E:
                    at += 1
                line += data[begun:at]
            elif byte == _CTRL_A and line[:1] == b"\x05" and len(line) == 2:
                _console.give_back(data[at:])
                at = len(data)
                _paste(line[1:])
                line = b""
                _console.write(b">")
            elif byte == _CTRL_A:
                _console.write(b"raw REPL; CTRL-B to exit\r\n>")
                line = b""
            elif byte == _CTRL_B:
                _console.give_back(data[at:])
                _console.write(b"\r\n")
                return
            elif byte == _CTRL_C:
                line = b""
            elif byte == _CTRL_E:
                line += b"\x05"
            else:
                _console.give_back(data[at:])
                at = len(data)
                _console.write(b"OK")
                if not line:
                    _console.write(b"\r\n")
                    raise _SoftReset
                _execute(line, "<stdin>", "exec", True)
                line = b""
                _console.write(b">")


def _paste(kind):
    """Take a program with flow control and run it."""
    if kind != b"A":
        _console.write(b"R\x00")
        return
    _console.write(b"R\x01" + bytes((_WINDOW & 255, _WINDOW >> 8)) + b"\x01")
    parts = []
    left = _WINDOW
    while True:
        data = _console.read(left)
        end = _first_of(data, _CTRL_C, _CTRL_D)
        if end < 0:
            parts.append(data)
            left -= len(data)
            if not left:
                _console.write(b"\x01")
                left = _WINDOW
            continue
        parts.append(data[:end])
        _console.give_back(data[end + 1 :])
        _console.write(b"\x04")
        if data[end] == _CTRL_C:
            _console.write(b"\x04KeyboardInterrupt: \r\n\x04")
            return
        text = b"".join(parts)
        parts = data = None  # the program needs the room
        _execute(text, "<stdin>", "exec", True)
        return


def _first_of(data, one, other):
    for at in range(len(data)):
        if data[at] == one or data[at] == other:
            return at
    return -1


def _friendly():
    """Serve the friendly REPL until Ctrl-A."""
    _greet()
    while True:
        line = _line(_PROMPT)
        if line == _CTRL_A:
            _console.write(b"\r\n")
            return
        if line == _CTRL_B:
            _console.write(b"\r\n")
            _greet()
        elif line == _CTRL_D:
            _console.write(b"\r\n")
            raise _SoftReset
        elif line == _CTRL_E:
            _console.write(b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n")
            _pasted()
        elif isinstance(line, bytes) and line.strip():
            _continued(line)


def _greet():
    _console.write(
        (
            'MicroPython v%s (virtual); %s\r\nType "help()" for more information.\r\n'
            % (_console.release, _console.machine_name)
        ).encode()
    )


def _continued(line):
    """Read the rest of a statement and run it."""
    text = line
    while _is_open(text):
        more = _line(_MORE)
        if not isinstance(more, bytes):
            return
        text += b"\n" + more
        if not more.strip():
            break
    _execute(text, "<stdin>", "single", False)


def _is_open(text):
    opened = sum(text.count(each) for each in (b"(", b"[", b"{"))
    closed = sum(text.count(each) for each in (b")", b"]", b"}"))
    compound = text.split(b"\n")[0].rstrip().endswith((b":"))
    return opened > closed or text.endswith(b"\\") or compound


def _pasted():
    text = b""
    _console.write(_PASTE)
    while True:
        byte = _console.read(1)
        if byte == b"\x03":
            _console.write(b"\r\n")
            return
        if byte == b"\x04":
            _console.write(b"\r\n")
            _execute(text, "<stdin>", "exec", False)
            return
        text += b"\n" if byte == b"\r" else byte
        _console.write(b"\r\n" + _PASTE if byte == b"\r" else byte)


def _line(prompt):
    """Return a line of input, or the number of the control key that ended it."""
    _console.write(prompt)
    line = b""
    while True:
        byte = _console.read(1)
        if byte == b"\r":
            _console.write(b"\r\n")
            return line
        if byte == b"\x03":
            _console.write(b"\r\n")
            return _CTRL_C
        if byte[0] <= _CTRL_E and not line:
            return byte[0]
        if byte in (b"\x08", b"\x7f"):
            if line:
                line = line[:-1]
                _console.write(b"\x08\x1b[K")
        elif byte[0] >= 32:
            line += byte
            _console.write(byte)
