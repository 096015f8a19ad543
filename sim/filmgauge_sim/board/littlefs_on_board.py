"""The board's file system for firmware in this process: `open` and `os` over littlefs."""

from collections.abc import Iterator
from typing import Any, Protocol

from littlefs import LFSStat, LittleFS, LittleFSError, UserContext

from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import mounted
from filmgauge_sim.board.outcome import BoardStopped, Outcome
from filmgauge_sim.board.shims import _protocol

_ENOSPC = 28
_DIRECTORY, _REGULAR = 0x4000, 0x8000  # modes of `stat`
_READ_CHUNK = 256  # the interpreter reads a whole file in pieces of this size


class Link(Protocol):
    """The requests that flash needs."""

    def call(
        self, operation: int, small: int = 0, argument: int = 0, data: Any = b""
    ) -> bytes: ...

    elapsed_us: int  # not passed on yet


class BlockReads:
    """What littlefs reads, and pays for.

    count: of reads. noted: block -> what was in it when it was first read, None from the first
    write on. is_free: nobody pays.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.count = 0
        self.noted: dict[int, bytes] | None = None
        self.is_free = False

    def pay(self, reads: int) -> None:
        """Let the board's clock have what so many reads take, as if they came one by one. Raises
        BoardStopped."""
        link = self._link
        left_us = link.elapsed_us + reads * _protocol.READ_US
        while left_us > _protocol.LONGEST_UNTOLD_US:
            untold_us = _protocol.LONGEST_UNTOLD_US - link.elapsed_us
            told_us = link.elapsed_us + (untold_us // _protocol.READ_US + 1) * _protocol.READ_US
            link.elapsed_us = told_us
            link.call(_protocol.SLEEP_US)
            left_us -= told_us
        link.elapsed_us = left_us


class _PaidAccess(UserContext):
    """Block operations that cost what they cost on the board.

    stopped: what ended one, the board's stop or Ctrl-C; littlefs swallows what its operations
    raise, so whoever has called it raises this.
    """

    def __init__(self, flash: Flash, link: Link, reads: BlockReads) -> None:
        self._image = flash.image
        self._driver = flash.driver
        self._link = link
        self._reads = reads
        self.stopped: BaseException | None = None

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        if self.stopped is not None:
            return bytes(size)  # type: ignore[return-value]  a file left open is let go of
        reads, begin = self._reads, block * self._driver.block
        reads.count += 1
        if reads.noted is not None and block not in reads.noted:
            reads.noted[block] = self._image[begin : begin + self._driver.block]
        if not reads.is_free:
            try:
                reads.pay(1)
            except BaseException as stopped:
                self.stopped = stopped
        start = begin + off
        return self._image[start : start + size]  # type: ignore[return-value]  bytes will do

    def prog(self, cfg: object, block: int, off: int, data: bytes) -> int:
        return self._request(
            _protocol.FLASH_PROGRAM, block * self._driver.block + off, bytes(data)
        )

    def erase(self, cfg: object, block: int) -> int:
        if self._driver.page_in_ram:
            return 0
        return self._request(_protocol.FLASH_ERASE, block, b"")

    def sync(self, cfg: object) -> int:
        if not self._driver.page_in_ram:
            return 0
        return self._request(_protocol.FLASH_SYNC, 0, b"")

    def _request(self, operation: int, argument: int, data: bytes) -> int:
        """Pass a request on."""
        self._reads.noted = None
        if self.stopped is not None:
            return -5
        try:
            self._link.call(operation, 0, argument, data)
        except OSError:
            return -5
        except BaseException as stopped:
            self.stopped = stopped
            return -5
        return 0


class NoFileSystem(Exception):
    """The port cannot mount what is on the flash, and starts nothing."""


class BoardFiles:
    """`open`, and the functions that `os` of the board offers."""

    def __init__(self, flash: Flash, link: Link) -> None:
        self._flash = flash
        self._link = link
        self._open_files: list[Any] = []
        self.reads = BlockReads(link)
        self._access = _PaidAccess(flash, link, self.reads)
        self._file_system: LittleFS | None = None

    def mount(self) -> None:
        """Mount as a boot does."""
        if self._file_system is None or self._access.stopped is not None:
            self._mount_anew()  # what the old one still holds must never reach the flash
        else:
            self._file_system.unmount()
            self._file_system.mount()
            self._check_power()

    def abandon(self) -> None:
        """Leave files that are still open as a loss of power does: uncommitted, for good."""
        if not self._open_files:
            return
        if self._access.stopped is None:
            self._access.stopped = BoardStopped(
                Outcome(cause=None, reason="the board has stopped")
            )
        for raw in self._open_files:
            # littlefs would abort: its caches may hold what another one could not write. The next
            # boot has a file system of its own.
            _forget(raw)
        self._open_files.clear()

    def _mount_anew(self) -> None:
        self._access = _PaidAccess(self._flash, self._link, self.reads)
        self._file_system = None
        try:
            self._file_system = mounted(self._access, self._flash)
        except LittleFSError:
            self._check_power()
            raise NoFileSystem("MPY: can't mount flash") from None
        self._check_power()

    def open(self, path: str, mode: str = "r") -> "BoardFile":
        """Open a file. Raises OSError with the board's error numbers."""
        raw = self._do("open", path, mode.replace("b", "") + "b", buffering=0)
        self._open_files.append(raw)
        return BoardFile(self, raw, text="b" not in mode)

    def close(self, raw: Any) -> None:
        """Close a file of littlefs and commit it."""
        if raw in self._open_files:
            self._open_files.remove(raw)
            try:
                self.guarded(_close, raw)
            except OSError as error:
                if error.errno == _ENOSPC:
                    self._mount_anew()  # its caches hold what could not be written: it would abort
                raise

    def listdir(self, path: str = "/") -> list[str]:
        """Return the names in a directory."""
        return self._do("listdir", path)

    def ilistdir(self, path: str = "/") -> Iterator[tuple[str]]:
        """Yield a tuple for each entry of a directory, its name first."""
        for name in self.listdir(path):
            yield (name,)

    def stat(self, path: str) -> tuple[int, ...]:
        """Return the ten numbers of a file or directory; the time of a change is not kept."""
        found = self._do("stat", path)
        if found.type == LFSStat.TYPE_DIR:  # of which littlefs says no size, but leaves any number
            return (_DIRECTORY, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        return (_REGULAR, 0, 0, 0, 0, 0, found.size, 0, 0, 0)

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        self._do("mkdir", path)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._do("remove", path)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name; what had that name is gone."""
        self._do("rename", old, new.lstrip("/"))

    def guarded(self, action: Any, *arguments: Any, **options: Any) -> Any:
        """Do something with littlefs; turn its errors into the board's OSError."""
        try:
            result = action(*arguments, **options)
        except LittleFSError as error:
            self._check_power()
            raise OSError(-error.code, "") from None
        except OSError as error:
            self._check_power()
            cause = error.__cause__  # of FileNotFoundError and its like, which carry no number
            number = -cause.code if isinstance(cause, LittleFSError) else error.errno or 5
            raise OSError(number, "") from None
        self._check_power()
        return result

    def _do(self, action: str, path: str, *arguments: Any, **options: Any) -> Any:
        function = getattr(self._file_system, action)
        return self.guarded(function, path.lstrip("/") or "/", *arguments, **options)

    def _check_power(self) -> None:
        if self._access.stopped is not None:
            raise self._access.stopped


class BoardFile:
    """An open file with the methods of the board's file objects."""

    def __init__(self, files: BoardFiles, raw: Any, text: bool) -> None:
        self._files = files
        self._raw = raw
        self._text = text

    def __enter__(self) -> "BoardFile":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if not isinstance(error, BoardStopped):
            self.close()

    def read(self, count: int = -1) -> Any:
        """Return `count` bytes or characters, all of them for -1."""
        data = self._all() if count < 0 else self._files.guarded(self._raw.read, count)
        return data.decode() if self._text else data

    def write(self, data: Any) -> int:
        """Write bytes or text; return how much."""
        raw = data.encode() if isinstance(data, str) else bytes(data)
        return self._files.guarded(self._raw.write, raw)

    def close(self) -> None:
        """Close and commit."""
        self._files.close(self._raw)

    def _all(self) -> bytes:
        data = b""
        while chunk := self._files.guarded(self._raw.read, _READ_CHUNK):
            data += chunk
        return data


def _close(raw: Any) -> None:
    """Close a file of littlefs once and for all: closing it again after an error would abort."""
    try:
        raw.close()
    finally:
        _forget(raw)


def _forget(raw: Any) -> None:
    """Let a file be taken for closed, so that nothing closes it when it is collected."""
    setattr(raw, "__IOBase_closed", True)
