"""Runs the firmware's own code on a board to inspect it, and reads what it prints.

The code is `filmgauge/diagnosis` of the firmware. It goes over the serial port into the board's
memory, not onto its flash, and uses the drivers that are on the board.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal, get_args

from filmgauge.record.record import Record
from filmgauge_host.serial.board_link import (
    ARRIVED_DAMAGED,
    BoardError,
    BoardLink,
    LinkError,
    find_port,
)
from filmgauge_host.serial.firmware_damage import INCOMPATIBLE, check_firmware, is_of_modules

FirstLight = Literal["memory", "drive", "pulls", "parts", "wifi", "advertise", "radio_wake"]
Script = Literal["status", "readings", "backlog", "selftest", "saves", "saved"] | FirstLight

_SAVES = ("output", "backlog", "saves")
_SOURCES: dict[Script, tuple[str, ...]] = {
    "status": ("output", "backlog", "status"),
    "readings": ("output", "bus_lines", "sensor_probe"),
    "backlog": ("output", "backlog"),
    "selftest": ("output", "bus_lines", "sensor_probe", "selftest"),
    "saves": _SAVES,
    "saved": _SAVES,
    **dict.fromkeys(get_args(FirstLight), ("output", "bus_lines", "first_light")),
}
# Puts the firmware on the module path where a launcher does that at boot; elsewhere it is there.
_FIND_FIRMWARE = """\
try:
    import launch
    launch.mount()
except ImportError:
    pass
"""
_COLLECT = "import gc\ngc.collect()\n"
_OWN_IMPORTS = re.compile(r"^from filmgauge\.diagnosis\..*\n", re.MULTILINE)
_DOCSTRINGS = re.compile(r'^ *"""(?:[^"]|"(?!""))*"""\n', re.MULTILINE)
_MARK = "@"
_AT_ONCE = 32  # records a request: the board's watchdog is fed in between


@contextmanager
def interrupted(
    port: str | None, on_wait: Callable[[float], None] | None = None
) -> Iterator[BoardLink]:
    """Connect to the board at a port, the only one with USB unless given, and interrupt its
    firmware; afterwards it boots again."""
    with BoardLink(find_port(port)) as link:
        link.enter(on_wait)
        link.guard()
        try:
            yield link
        finally:
            link.reset()


def run_script(link: BoardLink, script: Script, *arguments: int | str) -> list[Any]:
    """Return the values that a script prints, in order. Raises LinkError, one sentence."""
    call = script_call(script, *arguments)
    try:
        load_script(link, script)
        printed = link.run(f"{call}\n")
    except BoardError as error:
        if is_of_modules(error.trace):
            check_firmware(link, error.trace)
        raise
    if INCOMPATIBLE in printed:  # of a module that is loaded where its errors are expected
        check_firmware(link, INCOMPATIBLE)
    lines = (line for line in printed.splitlines() if line.startswith(_MARK))
    try:
        return [json.loads(line.removeprefix(_MARK)) for line in lines]
    except ValueError:
        raise LinkError(ARRIVED_DAMAGED) from None


def script_call(script: Script, *arguments: int | str) -> str:
    """Return the code that runs a script once it is on a board."""
    return f"{script}({', '.join(map(repr, arguments))})"


def load_script(link: BoardLink, script: Script) -> None:
    """Bring a script into a board's memory. Raises LinkError."""
    try:
        for text in _sources(script):  # one by one: a board compiles them on its heap
            link.run(f"{text}\n{_COLLECT}")
    except BoardError as error:  # all that they do here is to import
        check_firmware(link, error.trace)
        raise


def merged(values: list[Any]) -> dict[str, Any]:
    """Return what a script printed line by line as one table."""
    table: dict[str, Any] = {}
    for value in values:
        table |= value
    return table


def read_backlog(link: BoardLink) -> tuple[list[Record], list[str]]:
    """Return the records that wait on a board, oldest first, and a sentence for each bad one."""
    records: list[Record] = []
    bad: list[str] = []
    begin = 0
    while True:
        head, *rows = run_script(link, "backlog", begin, _AT_ONCE)
        for name, text in rows:
            if not text:  # an interruption or a power cut has ended its wake before its content
                continue
            try:
                records.append(Record.from_bytes(bytes.fromhex(text)))
            except ValueError as error:
                bad.append(f"record {name}: {error}")
        begin += len(rows)
        if not rows or begin >= head["waiting"]:
            return records, bad


def _sources(script: Script) -> list[str]:
    """Return the texts that a script needs, without what only people read."""
    folder = files("filmgauge") / "diagnosis"
    texts = [(folder / f"{name}.py").read_text("utf-8") for name in _SOURCES[script]]
    return [_FIND_FIRMWARE, *(_DOCSTRINGS.sub("", _OWN_IMPORTS.sub("", text)) for text in texts)]
