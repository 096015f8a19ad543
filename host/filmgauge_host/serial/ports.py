"""Finds the serial port of a board."""

import serial.tools.list_ports

from filmgauge_host.errors import InputError


def find_port(given: str | None) -> str:
    """Return the port to use: the one that is given, or the only one with USB.

    Raises InputError when there is none or more than one to choose from.
    """
    if given is not None:
        return given
    found = sorted(port.device for port in serial.tools.list_ports.comports() if port.vid)
    if not found:
        raise InputError("no board with USB is connected: connect one, or name its --port")
    if len(found) > 1:
        raise InputError(f"there are {len(found)} ports: name one as --port: {', '.join(found)}")
    return found[0]
