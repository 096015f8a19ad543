"""Makes a board as new, but for the counters that its keys go with.

A number that was encrypted or signed with a key must never come again with that key. So the
counters outlive the erasing, and where one cannot be read its key must go.
"""

import json
import tempfile
from collections.abc import Container
from pathlib import Path

from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.counters import LOST
from filmgauge.store.journal import Journal
from filmgauge_host.errors import InputError
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardError, BoardLink
from filmgauge_host.serial.flash_plan import CONFIG, Contents, Wanted
from filmgauge_host.serial.raw_pages import RawPages
from filmgauge_host.serial.used_keys import key_hashes

_COUNTERS = {"/counter": "ble_key", "/commands": "command_key"}  # journal -> key
_COUNTER_BYTES = 4
# Retained memory outlives every reset of a port that has it; elsewhere it is RAM.
_FORGET = """\
import machine
if hasattr(machine, 'RTC') and hasattr(machine.RTC, 'memory'):
    machine.RTC().memory(b'')
"""


def check_erasable(
    link: BoardLink, contents: Contents, wanted: Wanted, new_hashes: Container[str] = ()
) -> list[str]:
    """Return the counters that must stay on the board.

    new_hashes: of keys that were checked before, in an erasing that was cut off. Raises InputError
    where a counter cannot be read and its key would go on.
    """
    files = BoardFiles(link)
    hashes = key_hashes(json.loads(wanted.config)) if wanted.config else {}
    staying = []
    for journal, key in _COUNTERS.items():
        slots = files.sizes(journal)
        if not slots:
            continue
        if _is_whole({path: files.read(path) for path in slots}):
            staying.append(journal)
        elif key in hashes and (CONFIG in contents.sizes or hashes[key] not in new_hashes):
            _check_key_is_new(
                f"{journal} on the board",
                key,
                _value(wanted.config, key),
                _old_value(files, contents, key),
            )
    return staying


def lost_counters(
    link: BoardLink, contents: Contents, wanted: Wanted, pages: RawPages | None
) -> list[str]:
    """Return the keys that must not go on: the node knows that their counters are lost."""
    files = BoardFiles(link)
    lost = []
    for journal, key in _COUNTERS.items():
        new = _value(wanted.config, key)
        if not new or _old_value(files, contents, key) not in (new, None):
            continue
        value = pages.number(journal) if pages else 0
        if not value:
            value = _number({path: files.read(path) for path in files.sizes(journal)})
        if value == LOST:
            lost.append(key)
    return lost


def _check_key_is_new(counter: str, key: str, new: str, old: str | None) -> None:
    if old is None:
        raise InputError(
            f"neither {counter} nor the {key} that goes with it can be read: format the flash as "
            "docs/flashing.md says, and make new keys with filmgauge provision --new-keys"
        )
    if new == old:
        raise InputError(
            f"{counter} cannot be read, and {key} must not go on without it: make a new one with "
            "filmgauge provision --new-keys"
        )


def erase(link: BoardLink, staying: list[str]) -> None:
    """Remove every file but those of `staying`, and what the board has in retained memory."""
    BoardFiles(link).remove_all(staying)
    link.run(_FORGET)


def _is_whole(slots: dict[str, bytes]) -> bool:
    """Return whether the firmware reads a counter from these files."""
    return _number(slots) > 0


def _number(slots: dict[str, bytes]) -> int:
    """Return the counter that the firmware reads from these files, 0 for none."""
    buffer = bytearray(_COUNTER_BYTES + OVERHEAD)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in slots.items():
            (Path(folder) / Path(path).name).write_bytes(content)
        found = Journal(folder, _COUNTER_BYTES).load(buffer)
    return int.from_bytes(buffer[HEAD_SIZE:][:_COUNTER_BYTES], "little") if found else 0


def _value(config: bytes | None, key: str) -> str:
    """Return a key in a configuration that has been checked."""
    return str(json.loads(config).get(key, "")).lower() if config else ""


def _old_value(files: BoardFiles, contents: Contents, key: str) -> str | None:
    """Return the key that the board has, None where nobody knows."""
    if CONFIG not in contents.sizes:
        return None
    try:
        return _value(files.read(CONFIG), key)
    except (BoardError, ValueError, AttributeError):
        return None
