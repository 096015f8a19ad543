"""The counter of the next command to each node, in a file: it never goes back, whoever sends.

    counters = CommandCounters(Path("nodes/counters.json"))
    first = counters.reserve("window-1", count=3)       # first, first + 1 and first + 2 are ours

A number is on the disk before a frame has it. Several processes of a host take turns.
"""

import json
from pathlib import Path

from filmgauge.store.counters import LOST
from filmgauge.uplink.commands import FARTHEST
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.errors import InputError, NodeError
from filmgauge_host.folder_lock import locked
from filmgauge_host.private_files import check_private
from filmgauge_sim.file_text import parse_json

COUNTERS_FILE = "counters.json"  # beside the registry of the nodes


class CommandCounters:
    """See the module. Only its owner can read the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self, node: str, count: int = 1, above: int = 0) -> int:
        """Return the first of `count` numbers that nobody else gets, greater than `above`, which
        the node has proven to have had. Raises InputError where there are none left."""
        with locked(self._path.parent):
            last = self._read()
            own = last.get(node, 0)
            first = _first(node, own, above or own, count)
            last[node] = max(own, first + count - 1)
            self._write(last)
        return first

    def reserve_unproven(self, node: str, count: int, said: int) -> int:
        """Return the first of `count` numbers behind the last that a node says it has had, which
        nothing proves. NodeError where it cannot have had that one.

        What it says is not added to what was sent from here, or a stranger would lead us to the
        last number step by step.
        """
        with locked(self._path.parent):
            last = self._read()
            own = last.get(node, 0)
            if said >= own + FARTHEST:
                raise NodeError(
                    f"{node} says that it has had command {said}, and {own} is the last that was"
                    f" sent from here: write that number into {self._path} if it is true"
                )
            first = _first(node, own, said, count)
            last[node] = own + count
            self._write(last)
        return first

    def last(self, node: str) -> int:
        """Return the last number that was reserved, 0 without any."""
        return self._read().get(node, 0)

    def _read(self) -> dict[str, int]:
        try:
            check_private(self._path)
            found = parse_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self._path} cannot be read: {error}") from None
        is_right = isinstance(found, dict) and all(type(each) is int for each in found.values())
        if not is_right:
            raise InputError(f"{self._path} must be an object of nodes and their counters")
        return found

    def _write(self, last: dict[str, int]) -> None:
        text = json.dumps(dict(sorted(last.items())), indent=1) + "\n"
        write_all({self._path: Content(text.encode(), 0o600)})


def _first(node: str, own: int, said: int, count: int) -> int:
    """Return the number behind ours and that of the node: behind its own alone where ours is so
    far ahead that it refuses it, as a new board under an old name does."""
    first = (said if own >= said + FARTHEST else max(own, said)) + 1
    if first + count > LOST:
        raise InputError(f"{node} has no counter left: give it a new command_key")
    return first
