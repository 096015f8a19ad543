"""What is wrong with a board whose firmware cannot be loaded: there is none, or it is damaged."""

import json

from filmgauge_host.serial.board_link import BoardLink, LinkError

INCOMPATIBLE = "incompatible .mpy file"  # what an interpreter says of a module that is damaged
_ABSENT = "no module named 'filmgauge"
_NO_ROOM = "MemoryError"
# Without the launcher, which may not come to its end with such an archive.
_ASK = """\
import os
_has_archive = 'app.bin' in os.listdir('/')
try:
    import crash
    _failed = [text for _, text in crash.waiting()]
except Exception:
    _failed = []
print(repr((_has_archive, _failed)))
"""


def is_of_modules(trace: str) -> bool:
    """Return whether an error is of a module that could not be loaded."""
    return INCOMPATIBLE in trace or "ImportError" in trace


def check_firmware(link: BoardLink, trace: str) -> None:
    """Raise LinkError, one sentence, for an error that has come while the firmware was loaded;
    return where it had no room, which is no damage."""
    if _NO_ROOM in trace:
        return
    has_archive, failed = link.values(_ASK)[0]
    if _ABSENT in trace and not has_archive:
        raise LinkError("no firmware of filmgauge is on this board: filmgauge flash puts it there")
    cause = trace.strip().splitlines()[-1]
    raise LinkError(
        f"the firmware on this board is damaged or of another version ({cause}"
        + "".join(f"; failed before: {_in_words(text)}" for text in failed)
        + "): filmgauge flash puts it there again"
    )


def _in_words(text: str) -> str:
    record = json.loads(text)
    return f"{record.get('type')} at {record.get('at')}"
