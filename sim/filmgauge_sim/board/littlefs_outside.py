"""The board's littlefs seen from outside: the interpreter's own settings, on the same flash.

With these settings littlefs touches the flash in the same order here as under the interpreter,
which is why both runtimes cost the same virtual time (`tests/system/test_runtimes.py`).
"""

from littlefs import LittleFS, LittleFSError, UserContext

from filmgauge_sim.board.flash import BLOCK, Flash

# MicroPython's VfsLfs2: readsize = progsize = lookahead = 32, cache four times that.
_UNIT = 32
_CACHE = 4 * _UNIT
_BLOCK_CYCLES = 100


class FlashAccess(UserContext):
    """Carries littlefs block operations to flash, directly: nobody pays for them."""

    def __init__(self, flash: Flash) -> None:
        self._flash = flash

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        del cfg
        start = block * BLOCK + off
        return bytearray(self._flash.image[start : start + size])

    def prog(self, cfg: object, block: int, off: int, data: bytes) -> int:
        del cfg
        self._flash.program(block * BLOCK + off, bytes(data))
        return 0

    def erase(self, cfg: object, block: int) -> int:
        del cfg
        self._flash.erase(block)
        return 0

    def sync(self, cfg: object) -> int:
        del cfg
        return 0


class _Snapshot(UserContext):
    """Reads what was on a flash at one moment, whatever a board that runs writes meanwhile."""

    def __init__(self, flash: Flash) -> None:
        self._image = bytes(flash.image)

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        del cfg
        start = block * BLOCK + off
        return bytearray(self._image[start : start + size])


def mounted(context: UserContext, blocks: int) -> LittleFS:
    """Return the file system behind `context`, formatted first when there is none."""
    file_system = _file_system(context, blocks)
    try:
        file_system.mount()
    except LittleFSError:
        file_system.format()
        file_system.mount()
    return file_system


def _file_system(context: UserContext, blocks: int) -> LittleFS:
    return LittleFS(
        context=context,
        block_size=BLOCK,
        block_count=blocks,
        read_size=_UNIT,
        prog_size=_UNIT,
        cache_size=_CACHE,
        lookahead_size=_UNIT,
        block_cycles=_BLOCK_CYCLES,
        mount=False,
    )


def install(flash: Flash, files: dict[str, bytes]) -> None:
    """Write files (absolute path -> content) to the board, as a flashing tool does."""
    file_system = mounted(FlashAccess(flash), flash.blocks)
    for path, content in files.items():
        folder = path.strip("/").rpartition("/")[0]
        if folder:
            file_system.makedirs(folder, exist_ok=True)
        with file_system.open(path.lstrip("/"), "wb", buffering=0) as file:
            file.write(content)
    file_system.unmount()


def fetch(flash: Flash, path: str) -> bytes:
    """Return the content of a file on the board. Raises FileNotFoundError."""
    file_system = _file_system(_Snapshot(flash), flash.blocks)
    try:
        file_system.mount()
    except LittleFSError:
        raise FileNotFoundError(path) from None
    with file_system.open(path.lstrip("/"), "rb", buffering=0) as file:
        return file.read()


def listing(flash: Flash, path: str) -> list[str]:
    """Return the names in a directory on the board, none when it is not there."""
    file_system = _file_system(_Snapshot(flash), flash.blocks)
    try:
        file_system.mount()
        return file_system.listdir(path)
    except LittleFSError:
        return []
