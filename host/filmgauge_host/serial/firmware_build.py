"""The firmware as a board gets it: bytecode of mpy-cross, or source."""

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_host.serial.launcher import firmware_file
from filmgauge_sim.board import bytecode
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
        bytecode=None if source else bytecode.bytecode_version(),
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


def _built(name: str, text: str, source: bool) -> bytes:
    if source:
        return text.encode()
    try:
        return bytecode.compiled(text, name)
    except bytecode.CompileError as error:
        raise CompileError(str(error)) from None
