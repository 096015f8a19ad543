"""The board's littlefs seen from outside: the interpreter's own settings, on the same flash.

With these settings littlefs touches the flash in the same order here as under the interpreter,
which is why both runtimes cost the same virtual time (`tests/system/test_runtimes.py`). Every
port also writes the time of a change (`mtime`) beside the file; a virtual board does not, because
that would be the time of this machine, and no run would be the same again.
"""

import struct

from littlefs import LittleFS, LittleFSError, UserContext

from filmgauge_sim.board.flash import PAGE, Flash

# MicroPython's VfsLfs2: readsize = lookahead = 32, cache four times the larger of readsize and
# progsize.
_UNIT = 32
_BLOCK_CYCLES = 100
_SUPERBLOCKS = (0, 1)  # where ports/stm32/main.c looks for one
_MAGIC_AT, _SIZES_AT = 8, 24


class FlashAccess(UserContext):
    """Carries littlefs block operations to flash, directly: nobody pays for them."""

    def __init__(self, flash: Flash) -> None:
        self._flash = flash

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        del cfg
        start = block * self._flash.driver.block + off
        return bytearray(self._flash.image[start : start + size])

    def prog(self, cfg: object, block: int, off: int, data: bytes) -> int:
        del cfg
        self._flash.program(block * self._flash.driver.block + off, bytes(data))
        return 0

    def erase(self, cfg: object, block: int) -> int:
        del cfg
        if not self._flash.driver.page_in_ram:
            self._flash.erase(block)
        return 0

    def sync(self, cfg: object) -> int:
        del cfg
        self._flash.sync()
        return 0


class _Snapshot(UserContext):
    """Reads what was on a flash at one moment, whatever a board that runs writes meanwhile."""

    def __init__(self, flash: Flash) -> None:
        self._image = bytes(flash.image)
        self._block = flash.driver.block

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        del cfg
        start = block * self._block + off
        return bytearray(self._image[start : start + size])


def mounted(context: UserContext, flash: Flash, pages: int | None = None) -> LittleFS:
    """Return the file system behind `context`, made first when there is none.

    pages: how many a new one gets, all of them unless given. Raises LittleFSError where the port
    sees that there is one and cannot mount it.
    """
    file_system = _file_system(context, flash)
    try:
        file_system.mount()
    except LittleFSError:
        if found_bytes(flash) is not None:
            raise
        file_system = _file_system(context, flash, pages)
        file_system.format()
        file_system.mount()
    return file_system


def _file_system(context: UserContext, flash: Flash, pages: int | None = None) -> LittleFS:
    driver = flash.driver
    size = found_bytes(flash) or PAGE * (pages or flash.pages)
    return LittleFS(
        context=context,
        block_size=driver.block,
        block_count=size // driver.block,
        read_size=_UNIT,
        prog_size=driver.prog,
        cache_size=min(driver.block, 4 * max(_UNIT, driver.prog)),
        lookahead_size=_UNIT,
        block_cycles=_BLOCK_CYCLES,
        mount=False,
    )


def found_bytes(flash: Flash) -> int | None:
    """Return the size of the file system that a port with a page in RAM finds at boot; the others
    take all there is, and make a new one of what they cannot mount."""
    if not flash.driver.page_in_ram:
        return None
    for block in _SUPERBLOCKS:
        start = block * flash.driver.block
        head = bytes(flash.image[start : start + flash.driver.block])
        if head[_MAGIC_AT : _MAGIC_AT + 8] == b"littlefs":
            size, count = struct.unpack_from("<II", head, _SIZES_AT)
            return min(size * count, len(flash.image))
    return None


def install(flash: Flash, files: dict[str, bytes], pages: int | None = None) -> None:
    """Write files (absolute path -> content) to the board, as a flashing tool does; a new file
    system gets `pages`, all of them unless given."""
    file_system = mounted(FlashAccess(flash), flash, pages)
    for path, content in files.items():
        folder = path.strip("/").rpartition("/")[0]
        if folder:
            file_system.makedirs(folder, exist_ok=True)
        with file_system.open(path.lstrip("/"), "wb", buffering=0) as file:
            file.write(content)
    file_system.unmount()
    flash.sync()


class FilesAtRest:
    """The files on a board as they were at one moment."""

    def __init__(self, flash: Flash) -> None:
        self._file_system: LittleFS | None = _file_system(_Snapshot(flash), flash)
        try:
            self._file_system.mount()
        except LittleFSError:
            self._file_system = None

    def fetch(self, path: str) -> bytes:
        """Return the content of a file. Raises FileNotFoundError."""
        if self._file_system is None:
            raise FileNotFoundError(path)
        with self._file_system.open(path.lstrip("/"), "rb", buffering=0) as file:
            return file.read()

    def listing(self, path: str) -> list[str]:
        """Return the names in a directory, none when it is not there."""
        try:
            return self._file_system.listdir(path) if self._file_system else []
        except LittleFSError:
            return []


def fetch(flash: Flash, path: str) -> bytes:
    """Return the content of a file on the board. Raises FileNotFoundError."""
    return FilesAtRest(flash).fetch(path)


def listing(flash: Flash, path: str) -> list[str]:
    """Return the names in a directory on the board, none when it is not there."""
    return FilesAtRest(flash).listing(path)
