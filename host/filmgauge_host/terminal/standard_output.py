"""Standard output whose failures are a sentence, as that of a full disk.

What writes to `sys.stdout` raises OutputError once `checked_output` is entered, whichever library
writes. That nobody reads any more is left to click, which then ends the program without a word.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filmgauge_host.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output cannot be written: {error.strerror}") from None


@contextmanager
def checked_output() -> Iterator[None]:
    """Check every write to standard output, and at the end that all of it has left; raise
    OutputError. What is left then is dropped."""
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):  # no test's
        sys.stdout = _checked(sys.stdout)
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # as `>&-` has it
                sys.stdout.flush()
    except OutputError:
        with open(os.devnull, "wb") as nowhere:  # for what the interpreter flushes as it ends
            os.dup2(nowhere.fileno(), 1)
        raise


def _checked(output: io.TextIOWrapper) -> io.TextIOWrapper:
    raw = _Output(output.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        raw if output.write_through else io.BufferedWriter(raw),  # python -u has no buffer
        output.encoding,
        output.errors,
        line_buffering=output.line_buffering,
        write_through=output.write_through,
    )
