"""Output to a pipe or a terminal that keeps its writer waiting for nobody.

    with spooled(sys.stdout.buffer) as file:
        file.write(...)

What is ahead of the reader waits in a temporary file: who writes may hold a transaction, and a
reader may stop for a day, as `less` does.
"""

import io
import os
import select
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from filmgauge_host.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PIECE = 65536  # bytes that are passed on at once


@contextmanager
def spooled(output: BinaryIO) -> Iterator[BinaryIO]:
    """Give a file to write; ends when all of it has been read. A file on a disk is given itself.

    Raises what writing to `output` raises, and OutputError where the temporary file cannot be
    written.
    """
    if output.seekable():
        yield output
        return
    output.flush()
    with _temporary_file() as held:
        spool = _Spool(cast("io.RawIOBase", getattr(output, "raw", output)), held)
        file = io.BufferedWriter(spool, _PIECE)
        try:
            yield file
            file.flush()
        except Exception:
            with suppress(Exception):
                file.flush()
                spool.finish()
            raise
        spool.finish()


class _Spool(io.RawIOBase):
    """Writes a temporary file, which a thread copies to `output`: past any buffer, for whose lock
    a program that is interrupted would wait."""

    def __init__(self, output: io.RawIOBase, file: io.FileIO) -> None:
        super().__init__()
        self._output = output
        self._file = file
        self._written = 0
        self._is_whole = False
        self._failure: Exception | None = None
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        if self._failure is not None:
            raise self._failure
        try:
            count = os.write(self._file.fileno(), data)
        except OSError as error:
            raise _unwritten(error) from None
        with self._news:
            self._written += count
            self._news.notify_all()
        return count

    def finish(self) -> None:
        """Return when all has been read; raise why not."""
        with self._news:
            self._is_whole = True
            self._news.notify_all()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        copied = 0
        try:
            while copied < self._available(copied):
                piece = os.pread(self._file.fileno(), _PIECE, copied)
                copied += len(piece)
                self._pass_on(memoryview(piece))
        except Exception as error:  # raised where it is written
            self._failure = error

    def _available(self, copied: int) -> int:
        """Wait for more than was copied, or for the end; return how much there is."""
        with self._news:
            self._news.wait_for(lambda: self._is_whole or self._written > copied)
            return self._written

    def _pass_on(self, piece: memoryview) -> None:
        while piece:
            count = self._output.write(piece)
            if count is None:  # it does not wait by itself
                select.select([], [self._output], [])
            piece = piece[count or 0 :]


def _temporary_file() -> io.FileIO:
    try:
        return cast("io.FileIO", tempfile.TemporaryFile(buffering=0))
    except OSError as error:
        raise _unwritten(error) from None


def _unwritten(error: OSError) -> OutputError:
    return OutputError(
        f"{tempfile.gettempdir()} cannot be written, where output waits for its reader:"
        f" {error.strerror}"
    )
