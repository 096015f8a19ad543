"""What can go wrong with a node over Bluetooth; each text is one clear sentence."""

from filmgauge_host.errors import FilmgaugeError


class BleError(FilmgaugeError):
    """Bluetooth did not do what was asked of it."""


class AdapterError(BleError):
    """There is no adapter that works."""


class NodeError(BleError):
    """A node does not answer, ends the connection, or says what it must not."""


class RefusedError(BleError):
    """A node refused a command and said why."""


def explained(error: BaseException) -> str:
    """Return what bleak or the system says, in words."""
    if isinstance(error, FileNotFoundError):
        return "there is no system bus, so no BlueZ"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error.args[0]) if error.args else ""
    return text or type(error).__name__
