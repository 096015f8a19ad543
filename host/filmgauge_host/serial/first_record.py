"""Waits for the first record of a node that was flashed."""

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.flash_plan import FlashError
from filmgauge_host.serial.launcher import FIRST_RECORD, REPORTED, TRIAL

_RECORD = FIRST_RECORD.encode()
_WAITS = b" waits: "  # of firmware/filmgauge/node.py
_BACK = b"launch: back to the version before"  # of firmware/update.py


def await_first_record(
    link: BoardLink,
    timeout_s: float,
    on_wait: Callable[[str], None],
    ask_after_s: float,
) -> dict[str, Any]:
    """Wait for the node's first record; return it as JSON has it.

    A port that vanishes in a reset may be back too late to bring it: after a silence of
    `ask_after_s` the board is asked once.
    Raises FlashError when the time is over, or when the board went back to what was before.
    """
    began_s = time.monotonic()
    output = b""
    last_line = ""
    asked = False
    while (left_s := timeout_s - (time.monotonic() - began_s)) > 0:
        output += link.listen(lambda new: b"\n" in new, min(left_s, 1.0))
        silent = not output and not last_line
        if silent and not asked and time.monotonic() - began_s > ask_after_s:
            asked = True
            if record := _ask(link, last_line):
                return record
        *lines, output = output.split(b"\n")
        for line in lines:
            if line.startswith(_RECORD):
                with contextlib.suppress(ValueError):
                    return json.loads(line[len(_RECORD) :])
            if line.startswith(_BACK):
                raise _went_back(last_line)
            last_line = line.decode(errors="replace").strip() or last_line
            if _WAITS in line:
                on_wait(last_line)
    last = f"; its last word: {last_line}" if last_line else ""
    raise FlashError(f"the node did not report within {timeout_s:.0f} s{last}")


def _ask(link: BoardLink, last_line: str) -> dict[str, Any] | None:
    """Ask the board for its first record, and let it run again.

    Raises FlashError when it went back to what was before meanwhile.
    """
    link.enter()
    files = BoardFiles(link)
    try:
        sizes = files.sizes()
        if REPORTED in sizes:
            return json.loads(files.read(REPORTED))
    except ValueError:
        return None
    finally:
        link.reset()
    if TRIAL not in sizes:
        raise _went_back(last_line)
    return None


def _went_back(last_line: str) -> FlashError:
    why = f": {last_line}" if last_line else ""
    return FlashError(
        f"the new version did not report, and the board went back to the one before{why}"
    )
