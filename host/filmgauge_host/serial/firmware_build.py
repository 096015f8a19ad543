"""The firmware as a board gets it: bytecode of mpy-cross, or source."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.bytecode import CompileError, bytecode, bytecode_version
from filmgauge_sim.board.firmware_image import (
    BESIDE,
    beside_package,
    firmware_sources,
    rom,
    shortened,
)

_PACKAGE = "filmgauge/"
_STARTERS = (
    *BESIDE,
    "update.py",
    "launch.py",
)  # onto the board in this order: one imports the other
_MAIN = "main.py"
_BLUETOOTH = ("uplink/ble/", "board/stm32wb.", "store/bonds.")
_FOREIGN: dict[str, tuple[str, ...]] = {  # to each port: modules that it never imports
    "esp32": (*_BLUETOOTH, "board/rp2.", "board/light_sleep."),
    "rp2": (*_BLUETOOTH, "board/esp32.", "board/clock_block."),
    "stm32": ("uplink/mqtt/", "board/esp32.", "board/rp2.", "board/clock_block."),
}


_TWO_FIT_DEFLATED: tuple[Port, ...] = ("stm32",)  # 200 KB of file system


def wanted(
    port: Port,
    config: bytes | None,
    profile: bytes | None,
    source: bool = False,
    certificates: Mapping[str, bytes] = MappingProxyType({}),
) -> Wanted:
    """Return what shall be on a board of a port: this firmware with a node's own files.

    source: source text instead of bytecode. certificates: path -> content, of TLS. Raises
    FilmgaugeError where mpy-cross does not run.
    """
    try:
        return Wanted(
            archive=archive_of_port(port, source),
            start_files=start_files(source),
            bytecode=None if source else bytecode_version(),
            config=config,
            profile=profile,
            certificates=dict(certificates),
        )
    except CompileError as error:
        raise FilmgaugeError(str(error)) from None


def modules(source: bool = False) -> dict[str, bytes]:
    """Return the modules of the firmware: path in the archive -> bytecode, or source text."""
    texts = {path: text for path, text in firmware_sources().items() if path.startswith(_PACKAGE)}
    if source:
        return {path: text.encode() for path, text in texts.items()}
    return dict(_compiled(tuple(texts.items())))


def modules_of_port(port: Port, source: bool = False) -> dict[str, bytes]:
    """Return the modules without those that only other ports import: a version has to fit beside
    the one in place."""
    foreign = foreign_to(port)
    return {path: data for path, data in modules(source).items() if not path.startswith(foreign)}


def archive(port: Port, modules: Mapping[str, bytes]) -> Archive:
    """Return an archive as a port gets it."""
    return Archive(modules, deflated=port in _TWO_FIT_DEFLATED)


def archive_of_port(port: Port, source: bool = False) -> Archive:
    """Return this firmware as a port gets it. Raises CompileError."""
    return archive(port, modules_of_port(port, source))


def foreign_to(port: Port) -> tuple[str, ...]:
    """Return how the paths of modules begin that a port never imports."""
    return tuple(_PACKAGE + name for name in _FOREIGN[port])


def start_files(source: bool = False) -> dict[str, bytes]:
    """Return what stands outside of the archive: absolute path -> content."""
    starters = [_file(name, beside_package(name).read_text(), source) for name in _STARTERS]
    files = [*starters, (_MAIN, beside_package(_MAIN).read_bytes())]
    return {f"/{path}": content for path, content in files}


@lru_cache(maxsize=1)  # a process may put the same on many boards
def _compiled(texts: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    """Return the modules as a virtual board has them, which keeps them for the next time."""
    try:
        folder = rom(dict(texts)) / "app"
    except OSError:  # nothing can be kept here
        return dict(_file(path, text, False) for path, text in shortened(dict(texts)).items())
    files = sorted(folder.rglob("*.mpy"))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _file(path: str, text: str, source: bool) -> tuple[str, bytes]:
    if source:
        return path, text.encode()
    return path.removesuffix(".py") + ".mpy", bytecode(text, path)
