"""The flash of a Pico W as a flashing tool leaves it: MicroPython's image, and files in littlefs.

Source: MicroPython, ports/rp2: rp2_flash.c (the file system ends with the flash) and
modules/_boot.py (its settings).
"""

import re
from collections.abc import Mapping

from littlefs import LittleFS, LittleFSError, UserContext

from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.flash import PAGE
from filmgauge_sim.emulated.uf2 import ERASED, FLASH_BYTES, ImageError, read_uf2

_PROGRAM_UNIT = 256  # progsize
_READ_UNIT = 32  # readsize, and bytes of lookahead
_CACHE = 4 * _PROGRAM_UNIT
_BLOCK_CYCLES = 100
_DISK_VERSION = 0x00020000  # which every MicroPython mounts
_BANNER = re.compile(rb"MicroPython (v[\w.+-]+)")


def read_image(data: bytes, kind: BoardKind) -> tuple[bytes, str]:
    """Return the flash that MicroPython's UF2 file for a kind of board makes, and its version.

    Raises ImageError, one sentence.
    """
    flash = read_uf2(data)
    banner = _BANNER.search(flash)
    if banner is None:
        raise ImageError("it is not MicroPython")
    if kind.machine.encode() not in flash:
        raise ImageError(f"it is not for the board {kind.machine!r}")
    if file_system(flash, kind).strip(ERASED):
        raise ImageError("it reaches into the file system of the board")
    return flash, banner[1].decode()


def file_system(flash: bytes | bytearray, kind: BoardKind) -> bytes:
    """Return the part of a flash that is the board's file system."""
    return bytes(flash[_begin(kind) : FLASH_BYTES])


def with_files(flash: bytes, kind: BoardKind, files: Mapping[str, bytes]) -> bytes:
    """Return a flash with files (name -> content) in a new file system. Raises ImageError."""
    return flash[: _begin(kind)] + make_littlefs(files, kind.flash_pages)


def make_littlefs(files: Mapping[str, bytes], blocks: int) -> bytes:
    """Return a file system of so many blocks of 4 KiB with these files. Raises ImageError."""
    context = UserContext(blocks * PAGE)
    system = LittleFS(
        context=context,
        block_size=PAGE,
        block_count=blocks,
        read_size=_READ_UNIT,
        prog_size=_PROGRAM_UNIT,
        cache_size=_CACHE,
        lookahead_size=_READ_UNIT,
        block_cycles=_BLOCK_CYCLES,
        disk_version=_DISK_VERSION,
    )
    try:
        for path, content in files.items():
            with system.open(path.lstrip("/"), "wb", buffering=0) as file:
                file.write(content)
    except LittleFSError as error:
        raise ImageError(f"the files have no room in {blocks} blocks: {error}") from None
    system.unmount()
    return bytes(context.buffer)


def _begin(kind: BoardKind) -> int:
    return FLASH_BYTES - kind.flash_pages * PAGE
