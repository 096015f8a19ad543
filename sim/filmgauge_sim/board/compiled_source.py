"""Source texts compiled for this process, which other processes find compiled: to compile the
firmware takes as long as five hours of a virtual node."""

import contextlib
import hashlib
import marshal
import os
import sys
import tempfile
from pathlib import Path
from types import CodeType

from filmgauge_sim.board.firmware_image import cache_directory


def compiled(path: str, text: str) -> CodeType:
    """Return a module's code; `path` names it in tracebacks. Raises SyntaxError."""
    about = f"{sys.version}\0{path}\0{text}"
    file = cache_directory("code") / hashlib.sha256(about.encode()).hexdigest()[:32]
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
        return marshal.loads(file.read_bytes())
    code = compile(text, path, "exec")
    with contextlib.suppress(OSError):  # without a cache it is only slower
        _write(file, marshal.dumps(code))
    return code


def _write(file: Path, data: bytes) -> None:
    """Write into a temporary file and rename it: a cache entry is whole or absent."""
    file.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=file.parent)
    try:
        with open(number, "wb") as scratch:
            scratch.write(data)
        os.replace(name, file)
    except OSError:
        os.unlink(name)
        raise
