"""Errors that a user can do something about; the command line turns each into one sentence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_OURS = ("filmgauge", "filmgauge_sim", "filmgauge_host")


class FilmgaugeError(Exception):
    """A known failure: its text is one clear sentence, `exit_code` is the process's."""

    exit_code = 1


class InputError(FilmgaugeError, ValueError):
    """Something that the user gave is wrong: an address, a file, an option."""

    exit_code = 2


class NoBrokerError(FilmgaugeError):
    """The MQTT broker cannot be reached, does not start or refuses us."""

    exit_code = 3


class DataGapError(FilmgaugeError):
    """Records are missing from what was received."""

    exit_code = 4


class OutputError(FilmgaugeError):
    """Standard output cannot be written: its disk is full, say."""


class MissingPackageError(FilmgaugeError):
    """A package is not installed that an extra of filmgauge brings."""

    exit_code = 2

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs {package}, which is not installed: pip install 'filmgauge[{extra}]'"
        )


class UnfitError(FilmgaugeError):
    """Measured data are not of what was to be fitted to them."""


class BluetoothError(FilmgaugeError):
    """Bluetooth did not do what was asked of it."""


class AdapterError(BluetoothError):
    """There is no adapter that works."""


class NodeError(BluetoothError):
    """A node does not answer, ends the connection, or says what it must not."""


class UnreachableError(NodeError):
    """A node takes no connection."""


class RefusedError(BluetoothError):
    """A node refused a command and said why."""


def warn(sentence: str) -> None:
    """Say on standard error what needs attention and ends nothing, not even where it cannot be
    written."""
    with suppress(OSError):
        print(f"filmgauge: {sentence}", file=sys.stderr, flush=True)


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Name the extra that brings a package which turns out to be missing: `sim` or `lab`.

    As a context or as a decorator. Raises MissingPackageError; a module of filmgauge's own that
    is missing is a fault, and stays what it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", *_OURS):
            raise
        raise MissingPackageError(package, extra) from None
