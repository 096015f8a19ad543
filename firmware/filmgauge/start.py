"""The first module of the firmware: makes room, reads what the node is, and runs it, whatever
happens."""

import gc
import sys

from filmgauge.board import this_board
from filmgauge.compat import Namespace, const, unload

_COLLECT_EVERY = const(32768)  # bytes
_CONFIG = const("/config.json")
_PROFILE = const("/profile.bin")
_AFTER_FAILURE_MS = const(60000)
_READING = const(("filmgauge.config", "filmgauge.gauge.profile_format"))  # modules


def start(trial=None) -> None:
    """Run the node for ever; only a developer's Ctrl-C reaches the prompt. `trial` is that of a
    new version (launch.py)."""
    # Without this, what loading leaves behind splits the heap of a 64 KB board for good.
    gc.threshold(_COLLECT_EVERY)
    board = this_board()
    node = None
    while True:
        node, sleep_ms = _one_wake(board, node, trial is not None)
        if trial is not None and node is not None and node.reported:
            trial.passed(node.reported.to_json())
            trial = None
        board.sleep(sleep_ms)  # does not return where the board boots anew
        if trial is not None:
            trial.count_wake()


def _one_wake(board, node, on_trial):
    """Live through one wake, whatever happens; return the node, None after a failure, and how
    long to sleep in ms."""
    try:
        if node is None:
            config, profile = _read_config(), _read_profile()
            unload(_READING)
            from filmgauge.node import Node  # only now: what reading has left lies below it

            node = Node(board, config, profile, on_trial)
        return node, node.wake()
    except Exception as error:
        sys.print_exception(error)
    try:
        if node is not None:
            node.fail()
    except Exception as error:
        sys.print_exception(error)
    return None, _AFTER_FAILURE_MS


def _read_config():
    """Return the configuration without the tables by which it was checked."""
    from filmgauge.config import Config

    with open(_CONFIG, "rb") as file:
        return Namespace(**Config.from_json(file.read()).__dict__)


def _read_profile():
    """Return the cell profile, None when it cannot be read: the node then only counts."""
    from filmgauge.gauge.profile import Profile

    try:
        with open(_PROFILE, "rb") as file:
            return Profile.from_bytes(file.read())
    except (OSError, ValueError) as error:
        print("filmgauge: no profile:", error)
        return None
