"""Files that are written wholly or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write to; it takes its place when the block ends well.

    Raises OSError with the name of ``path``.
    """
    # The ending stays: it tells a picture's format.
    scratch = path.with_name(f".part-{path.name}")
    try:
        yield scratch
        scratch.replace(path)
    except OSError as error:
        if error.filename == str(scratch):
            error.filename = str(path)
        raise
    finally:
        scratch.unlink(missing_ok=True)
